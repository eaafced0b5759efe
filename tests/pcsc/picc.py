"""The card's side of ISO/IEC 14443: a virtual card that answers frames as an antenna would carry them.

Frames come and go without check sums. What is written here follows the standard, not our reader: block numbers by
rules C to E of ISO/IEC 14443-4, 7.5.4, and what is sent again by rules 10 to 13.
"""

import time
from collections.abc import Callable
from typing import Literal

from drivers.card.sim.others import VirtualCard

Kind = Literal["A", "B", "F"]
UID = bytes.fromhex("04A1B2C3")
PUPI = bytes.fromhex("5E1F00D1")
IDM = bytes.fromhex("0101060123456789")
SENSB_RES = b"\x50" + PUPI + bytes.fromhex("000005E0 B381A1")
SENSF_RES = b"\x01" + IDM + bytes.fromhex("0120220427674EFF 12FC")
ATS = bytes.fromhex("0C 78 80 A0 02") + b"machi\x01\x02"
_OURS = {"A": "106A", "B": "106B", "F": "212F"}
_ACK, _NAK = 0xA2, 0xB2
_PLEA = bytes.fromhex("F201")
_PLEA_SECONDS = 0.05


class Picc:
    """One card.

    Attributes:
        delay_ms: how much longer it takes over each command; it pleads for time meanwhile.
        is_mute: it answers nothing that comes after its activation.
        exchanges_left: so many commands are answered, then the card goes in the middle of the next.
        frames: what was received, by technology.
    """

    def __init__(self, card: VirtualCard, kind: Kind = "B", part_max: int = 253) -> None:
        self.card = card
        self.kind = kind
        self.delay_ms = 0
        self.is_mute = False
        self.exchanges_left: int | None = None
        self.is_gone = False
        self.pleads_in_answers = False
        self.frames: list[bytes] = []
        self._part_max = part_max
        self._forget()

    def _forget(self) -> None:
        self._is_active = False
        self._number = 1
        self._command = b""
        self._answer = b""
        self._sent = b""
        self._after_plea: Callable[[], bytes | None] | None = None
        self._ready_at = 0.0

    def field_off(self) -> None:
        if self._is_active:
            self.card.power_off()
        self._forget()

    def hear(self, technology: str, frame: bytes) -> bytes | None:
        """Return what comes back, or None for silence."""
        if self.is_gone or technology != _OURS[self.kind]:
            return None
        self.frames.append(frame)
        if not self._is_active:
            return self._wake(frame)
        if self.is_mute or self.kind == "F":
            return None
        block = self._block(frame)
        if block is None:
            return None
        self._sent = block
        return block

    def _wake(self, frame: bytes) -> bytes | None:
        check = bytes((UID[0] ^ UID[1] ^ UID[2] ^ UID[3],))
        replies = {
            "A": {b"\x26": b"\x04\x00", b"\x93\x20": UID + check, b"\x93\x70" + UID + check: b"\x20"},
            "B": {b"\x05\x00\x10": SENSB_RES},
            "F": {b"\x06\x00\xff\xff\x01\x00": bytes((len(SENSF_RES) + 1,)) + SENSF_RES},
        }
        if frame in replies[self.kind]:
            return replies[self.kind][frame]
        activation = {"A": b"\xe0\x80", "B": b"\x1d" + PUPI + b"\x00\x08\x01\x00"}
        if frame != activation.get(self.kind):
            return None
        self._is_active = True
        self.card.power_on()
        return ATS if self.kind == "A" else b"\x00"

    def _block(self, frame: bytes) -> bytes | None:  # noqa: PLR0911 - one for each rule
        control, number = frame[0], frame[0] & 1
        if control & 0xE2 == 0x02:  # a part of a command
            self._number ^= 1
            self._command += frame[1:]
            if control & 0x10:
                return bytes((_ACK | self._number,))
            command, self._command = self._command, b""
            return self._serve(command)
        if control & 0xEE == _ACK & 0xEE or control & 0xFE == _NAK:
            if number == self._number:
                return self._sent  # rule 11
            if control & 0xFE == _NAK:
                return bytes((_ACK | self._number,))  # rule 12
            self._number ^= 1
            return self._part(plead=self.pleads_in_answers)
        if frame == _PLEA and self._after_plea:
            return self._plea()
        if frame == b"\xc2":
            self.field_off()
            return b"\xc2"
        return None

    def _serve(self, command: bytes) -> bytes | None:
        if self.exchanges_left is not None:
            self.exchanges_left -= 1
            if self.exchanges_left < 0:
                self.is_gone = True
                return None
        self._answer = self.card.transmit(command)
        if not self.delay_ms:
            return self._part()
        self._ready_at = time.monotonic() + self.delay_ms / 1000
        self._after_plea = self._part
        return self._plea()

    def _plea(self) -> bytes | None:
        """Ask for more time until the answer is ready."""
        left = self._ready_at - time.monotonic()
        if left > 0:
            time.sleep(min(left, _PLEA_SECONDS))
            return _PLEA
        ready, self._after_plea = self._after_plea, None
        return ready() if ready else None

    def _part(self, *, plead: bool = False) -> bytes | None:
        """Give out the next part of the answer."""
        if plead:
            self._ready_at, self._after_plea = time.monotonic() + _PLEA_SECONDS, self._part
            return _PLEA
        part, self._answer = self._answer[: self._part_max], self._answer[self._part_max :]
        return bytes((0x02 | (0x10 if self._answer else 0) | self._number,)) + part
