"""A Sony RC-S380 as it looks on the USB cable: bytes out, bytes in, below nfcpy's transport.

Written from what nfcpy's driver for the chip documents and from traces that its users have published (issue 11 of
nfcpy has the first frames of a real device). Takes the place of libusb, so that everything above it is the real code.
What a real device does beyond that, its timing above all, nobody can learn from this.
"""

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Self

import usb1  # type: ignore[import-untyped]

from tests.pcsc.picc import Picc

VENDOR, PRODUCT = 0x054C, 0x06C3
ACK = bytes.fromhex("0000ff00ff00")
_RESPONSES = {0x2A: b"\0", 0x20: b"\x11\x01", 0x22: b"\x00\x01", 0x00: b"\0", 0x02: b"\0"}
_IN_COMM_RF, _SWITCH_RF, _IN_SET_RF = 0x04, 0x06, 0x00
_TECHNOLOGIES = {b"\x03\x07\x0f\x07": "106B", b"\x02\x03\x0f\x03": "106A", b"\x01\x01\x0f\x01": "212F"}
_TIMED_OUT = bytes.fromhex("80000000")
_IN, _OUT = 0x81, 0x02
_FORGETS_SECONDS = 0.005  # a shorter gap in the field does not reset a card for sure


class Rcs380:
    """The device, with at most one card on it, and a cable that can be pulled.

    Attributes:
        picc: the card.
        is_plugged: the cable is in.
        is_forbidden: this user may not open it.
        is_hung: it takes commands and answers none.
        talks_nonsense: it answers every command with the answer to another.
        written: every frame that came from the host.
    """

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


# ---------------------------------------------------------------------------------------------- instead of libusb


class _Endpoint:
    def __init__(self, address: int) -> None:
        self._address = address

    def getAddress(self) -> int:  # noqa: N802 - as libusb1 calls it, here and below
        return self._address

    def getAttributes(self) -> int:  # noqa: N802
        return int(usb1.TRANSFER_TYPE_BULK)

    def getMaxPacketSize(self) -> int:  # noqa: N802
        return 64


class _Handle:
    def __init__(self, chip: Rcs380) -> None:
        self._chip = chip

    def claimInterface(self, _: int) -> None:  # noqa: N802
        self._chip.opened += 1

    def close(self) -> None:
        self._chip.opened -= 1

    def bulkRead(self, _: int, length: int, timeout: int) -> bytes:  # noqa: N802
        data = self._chip.read(timeout)
        assert len(data) <= length
        return data

    def bulkWrite(self, _: int, data: bytes, timeout: int) -> None:  # noqa: N802
        del timeout
        if data:  # an empty packet only ends a transfer
            self._chip.write(data)


class _UsbDevice:
    def __init__(self, chip: Rcs380) -> None:
        self._chip = chip

    def getVendorID(self) -> int:  # noqa: N802
        return VENDOR

    def getProductID(self) -> int:  # noqa: N802
        return PRODUCT

    def getBusNumber(self) -> int:  # noqa: N802
        return 1

    def getDeviceAddress(self) -> int:  # noqa: N802
        return 7

    def getManufacturer(self) -> str:  # noqa: N802
        return "SONY"

    def getProduct(self) -> str:  # noqa: N802
        return "RC-S380/P"

    def iterSettings(self) -> Iterator[Any]:  # noqa: N802
        yield SimpleNamespace(iterEndpoints=lambda: iter((_Endpoint(_OUT), _Endpoint(_IN))))

    def open(self) -> _Handle:
        if self._chip.is_forbidden:
            raise usb1.USBErrorAccess
        return _Handle(self._chip)


class Libusb:
    """What nfcpy uses of the module `usb1`, with one device on the bus."""

    def __init__(self, chip: Rcs380) -> None:
        outer = self

        class Context:
            def __enter__(self) -> Self:
                return self

            def __exit__(self, *_: object) -> None:
                pass

            def getDeviceList(self, **_: object) -> list[_UsbDevice]:  # noqa: N802
                return [_UsbDevice(outer.chip)] if outer.chip.is_plugged else []

            def exit(self) -> None:
                pass

        self.chip = chip
        self.USBContext = Context

    def __getattr__(self, name: str) -> object:
        return getattr(usb1, name)
