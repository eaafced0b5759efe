"""A Sony RC-S380 as it looks on the USB cable: bytes out, bytes in, below nfcpy's transport.

Written from what nfcpy's driver for the chip documents, and held against traces of real devices as far as there are any
(`test_nfc_replay.py`). What a real device does beyond that, its timing above all, nobody can learn from this.
"""

import time

import usb1  # type: ignore[import-untyped]

from tests.pcsc.picc import Picc

ACK = bytes.fromhex("0000ff00ff00")
_RESPONSES = {0x2A: b"\0", 0x20: b"\x11\x01", 0x22: b"\x00\x01", 0x00: b"\0", 0x02: b"\0"}
_IN_COMM_RF, _SWITCH_RF, _IN_SET_RF = 0x04, 0x06, 0x00
_TECHNOLOGIES = {b"\x03\x07\x0f\x07": "106B", b"\x02\x03\x0f\x03": "106A", b"\x01\x01\x0f\x01": "212F"}
_TIMED_OUT = bytes.fromhex("80000000")
_FORGETS_SECONDS = 0.005  # a shorter gap in the field does not reset a card for sure


class Rcs380:
    """The device, with at most one card on it, and a cable that can be pulled.

    Attributes:
        picc: the card.
        is_plugged, is_forbidden, opened: as `tests.pcsc.usb.Device` has them.
        is_hung: it takes commands and answers none.
        talks_nonsense: it answers every command with the answer to another.
        written: every frame that came from the host.
    """

    product, name = 0x06C3, "RC-S380/P"

    def __init__(self) -> None:
        self.picc: Picc | None = None
        self.is_plugged = True
        self.is_forbidden = False
        self.is_hung = False
        self.talks_nonsense = False
        self.written: list[bytes] = []
        self.opened = 0
        self._technology = ""
        self._off_at: float | None = None  # since when there is no field; sending anything turns it on
        self._out: list[bytes] = []

    # ------------------------------------------------------------------------------------------ the cable

    def pull(self) -> None:
        """Unplug it: the field goes with the power."""
        self.is_plugged = False
        self._off_at = self._off_at or time.monotonic()

    def write(self, frame: bytes) -> None:
        if not self.is_plugged:
            raise usb1.USBErrorNoDevice
        self.written.append(frame)
        if frame == ACK:
            self._out.clear()
            return
        if not self.is_hung:
            self._out += [ACK, _framed(self._obey(_unframed(frame)))]

    def read(self, timeout_ms: int) -> bytes:
        if not self.is_plugged:
            raise usb1.USBErrorNoDevice
        until = time.monotonic() + timeout_ms / 1000
        while not self._out:
            if timeout_ms and time.monotonic() > until:  # 0 waits for ever, as libusb does
                raise usb1.USBErrorTimeout
            if not self.is_plugged:
                raise usb1.USBErrorNoDevice
            time.sleep(0.002)
        return self._out.pop(0)

    # ------------------------------------------------------------------------------------------ the chip

    def _obey(self, command: bytes) -> bytes:
        assert command[0] == 0xD6
        code, data = command[1], command[2:]
        if self.talks_nonsense:
            return bytes((0xD7, 0x99))
        answer = bytes((0xD7, code + 1))
        if code == _IN_COMM_RF:
            return answer + self._in_comm_rf(data)
        if code == _IN_SET_RF:
            self._technology = _TECHNOLOGIES[data]
        if code == _SWITCH_RF:
            if self._off_at is None:
                self._off_at = time.monotonic()
            return answer + b"\0"
        return answer + _RESPONSES[code]

    def _in_comm_rf(self, data: bytes) -> bytes:
        wait_ms, frame = int.from_bytes(data[:2], "little") / 10, data[2:]
        off_at, self._off_at = self._off_at, None
        if self.picc and off_at is not None and time.monotonic() - off_at > _FORGETS_SECONDS:
            self.picc.field_off()
        heard = self.picc.hear(self._technology, frame) if self.picc else None
        if heard is None:
            time.sleep(wait_ms / 1000)
            return _TIMED_OUT
        return bytes(4) + b"\x08" + heard


def _framed(data: bytes) -> bytes:
    length = len(data).to_bytes(2, "little")
    return b"\0\0\xff\xff\xff" + length + bytes((-sum(length) & 0xFF,)) + data + bytes((-sum(data) & 0xFF, 0))


def _unframed(frame: bytes) -> bytes:
    assert frame[:5] == b"\0\0\xff\xff\xff", frame.hex()
    data = frame[8 : 8 + int.from_bytes(frame[5:7], "little")]
    assert frame == _framed(data), frame.hex()
    return data
