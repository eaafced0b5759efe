"""From "something answers in the field" to a card that takes commands: ISO/IEC 14443 type A and B, and FeliCa.

A card that knows no commands of ISO/IEC 7816 has an identifier at least. It is asked for as through any PC/SC reader,
with `FF CA 00 00 00`, and the answers to reset are made up by the rules of PC/SC part 3, so that nobody above has to
know which kind of reader there is.
"""

from dataclasses import dataclass
from enum import Enum
from functools import reduce
from operator import xor
from typing import Protocol

from drivers.reader._iso_dep import GarbledError, IsoDep

_FRAME_SIZES = (16, 24, 32, 40, 48, 64, 96, 128, 256)  # by FSCI; 9 and above are not used here
_OUR_FRAME_CODE, _OUR_SMALL_FRAME_CODE = 8, 7  # 256 and 128 bytes
_OUR_FRAME_MAX = 256
_FWI_DEFAULT, _FWI_MAX = 4, 14
_CARRIER_HZ = 13.56e6
_ACTIVATION_SECONDS = 0.03
_PRESENCE_SECONDS = 0.05
_ISO_DEP_IN_SAK = 0x20
_SENSB_BYTES = 12
_UID_FULL = bytes.fromhex("FFCA0000")
_OK, _WRONG_LENGTH, _UNKNOWN = b"\x90\x00", b"\x67\x00", b"\x6d\x00"
_STORAGE_CARD = bytes.fromhex("804F0CA000000306")  # PC/SC part 3, 3.1.3.2.3: then standard, name, four zeros
_STANDARD_A, _STANDARD_F, _NAME_FELICA = b"\x03", b"\x11", b"\x00\x3b"


class Kind(Enum):
    A = "A"
    B = "B"
    FELICA = "F"


@dataclass(frozen=True, slots=True)
class Found:
    """What has answered. `greeting`: SEL_RES of a type A card, SENSB_RES of a type B card, SENSF_RES of FeliCa."""

    kind: Kind
    identifier: bytes
    greeting: bytes


class Radio(Protocol):
    """A device with an antenna."""

    @property
    def frame_max(self) -> int:
        """The longest frame that it sends or receives, check sum included."""

    def find(self) -> Found | None:
        """Turn the field off and on again, and return the first thing that answers; the field then stays on.

        Raises:
            ReaderError: the device has gone.
        """

    def exchange(self, frame: bytes, seconds: float) -> bytes:
        """Send one frame and return the next, both without check sums.

        Raises:
            NoAnswerError, GarbledError: the card was not heard, or not understood.
            ReaderError: the device has gone.
        """


class Tag:
    """One card in the field, from activation until it goes or the field is turned off."""

    def __init__(self, found: Found, atr: bytes, dep: IsoDep | None) -> None:
        self.found = found
        self.atr = atr
        self.is_lost = False  # it has stopped to answer; only turning the field off helps
        self._dep = dep

    def transmit(self, command: bytes, seconds: float) -> bytes:
        """As `IsoDep.transmit`; a card without such commands answers as a reader would for it."""
        if command.startswith(_UID_FULL):
            return self.found.identifier + _OK if command[4:] == b"\0" else _WRONG_LENGTH
        return self._dep.transmit(command, seconds) if self._dep else _UNKNOWN

    def is_there(self, radio: Radio) -> bool:
        """Look whether this very card is still there; two looks, as one can go wrong."""
        for _ in range(2):
            if self._dep and not self.is_lost:
                seen = self._dep.is_there(_PRESENCE_SECONDS)
            else:
                found = radio.find()
                seen = found is not None and (found.kind, found.identifier) == (self.found.kind, self.found.identifier)
            if seen:
                return True
        return False


def activate(radio: Radio, found: Found) -> Tag:
    """Make a card that was found ready for commands.

    Raises:
        NoAnswerError, GarbledError: it does not answer as the standard asks.
    """
    if found.kind is Kind.B:
        return _activate_b(radio, found)
    if found.kind is Kind.A and found.greeting[0] & _ISO_DEP_IN_SAK:
        return _activate_a(radio, found)
    if found.kind is Kind.FELICA:
        return Tag(found, _storage_atr(_STANDARD_F, _NAME_FELICA), None)
    return Tag(found, _storage_atr(_STANDARD_A, b"\0\0"), None)


def _activate_a(radio: Radio, found: Found) -> Tag:
    """Ask for the answer to select (ISO/IEC 14443-4, 5)."""
    ats = radio.exchange(bytes((0xE0, _our_frame_code(radio) << 4)), _ACTIVATION_SECONDS)
    if not ats or ats[0] != len(ats):
        raise GarbledError("an answer to select of a wrong length")
    format_byte = ats[1] if len(ats) > 1 else 0x02  # without one: 32 bytes, and nothing else
    at, parts = 2, {}
    for bit in (0x10, 0x20, 0x40):
        if format_byte & bit:
            parts[bit] = ats[at : at + 1]
            at += 1
    waits = parts.get(0x20, b"")
    fwi = waits[0] >> 4 if waits else _FWI_DEFAULT
    return Tag(found, _card_atr(ats[at:]), _dep(radio, format_byte & 0x0F, fwi))


def _activate_b(radio: Radio, found: Found) -> Tag:
    """Choose this card (ISO/IEC 14443-3, 7.10), with 106 kbit/s both ways and no number of its own."""
    if len(found.greeting) < _SENSB_BYTES:
        raise GarbledError("an answer to request of a wrong length")
    attrib = b"\x1d" + found.identifier + bytes((0x00, _our_frame_code(radio), 0x01, 0x00))
    answer = radio.exchange(attrib, _ACTIVATION_SECONDS)
    if not answer:
        raise GarbledError("an empty answer to ATTRIB")
    application, protocol = found.greeting[5:9], found.greeting[9:12]
    historical = application + protocol + bytes((answer[0] & 0xF0,))
    return Tag(found, _card_atr(historical), _dep(radio, protocol[1] >> 4, protocol[2] >> 4))


def _our_frame_code(radio: Radio) -> int:
    return _OUR_FRAME_CODE if radio.frame_max >= _OUR_FRAME_MAX else _OUR_SMALL_FRAME_CODE


def _dep(radio: Radio, frame_code: int, fwi: int) -> IsoDep:
    frame_max = min(_FRAME_SIZES[min(frame_code, len(_FRAME_SIZES) - 1)], radio.frame_max)
    wait = 4096 / _CARRIER_HZ * 2 ** (fwi if fwi <= _FWI_MAX else _FWI_DEFAULT)
    return IsoDep(radio.exchange, frame_max, wait + 49_152 / _CARRIER_HZ)


def _card_atr(historical: bytes) -> bytes:
    """PC/SC part 3, 3.1.3.2.3.1."""
    historical = historical[:15]
    return _with_check(bytes((0x3B, 0x80 | len(historical), 0x80, 0x01)) + historical)


def _storage_atr(standard: bytes, name: bytes) -> bytes:
    return _with_check(bytes.fromhex("3B8F8001") + _STORAGE_CARD + standard + name + bytes(4))


def _with_check(atr: bytes) -> bytes:
    return atr + bytes((reduce(xor, atr[1:]),))
