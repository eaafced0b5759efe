"""The scanner port: a code was held before the window, and this is what it said.

A driver reports by calling a listener, from its own thread; the listener returns at once. What a code says is read by
`parse`, which is pure: the same bytes give the same scan, and no bytes make it fail. A scan with `trouble` is a code
that is not what it claims to be (a checksum is wrong): show it to nobody as good.
"""

import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from drivers.scanner import _emv, _gs1
from drivers.scanner._element import BadCodeError, Element
from drivers.scanner._emv import crc16, elements

__all__ = [
    "BadCodeError",
    "Element",
    "Event",
    "Kind",
    "Listener",
    "Scan",
    "Scanned",
    "Scanner",
    "ScannerCame",
    "ScannerLeft",
    "Unreadable",
    "Why",
    "crc16",
    "elements",
    "parse",
]


class Kind(StrEnum):
    TEXT = "text"
    EMV = "emv"  # a payment code shown by a merchant (EMVCo QRCPS, merchant-presented mode; JPQR is one)
    GS1 = "gs1"  # element strings with application identifiers (GS1 General Specifications)
    BINARY = "binary"  # no text in UTF-8 or Shift_JIS


class Scan(msgspec.Struct, frozen=True):
    """One code.

    Attributes:
        text: what it says, without the symbology identifier; empty for `BINARY`.
        symbology: the identifier that the scanner put before it (ISO/IEC 15424: "]Q1"), or empty if it puts none.
        elements: the parts of an `EMV` or `GS1` code, in their order.
        trouble: why it is not what it claims to be; empty if nothing speaks against it.
    """

    kind: Kind
    text: str
    symbology: str = ""
    elements: tuple[Element, ...] = ()
    trouble: str = ""


class Why(StrEnum):
    """Why bytes came and no scan."""

    NOISE = "noise"  # no text: another speed than the scanner's, or a code that holds no text
    TORN = "torn"  # the line fell silent, or went away, in the middle of a code
    TOO_LONG = "too long"


class Scanned(msgspec.Struct, frozen=True):
    scan: Scan


class Unreadable(msgspec.Struct, frozen=True):
    """The scanner sent something that is no scan. `count`: how many bytes of it."""

    why: Why
    count: int


class ScannerCame(msgspec.Struct, frozen=True):
    pass


class ScannerLeft(msgspec.Struct, frozen=True):
    """The scanner is not there; the driver goes on looking for it. Reported at the start too, if so."""

    why: str


Event = Scanned | Unreadable | ScannerCame | ScannerLeft
Listener = Callable[[Event], None]


class Scanner(Protocol):
    def start(self, listener: Listener) -> None:
        """Begin to report. Returns at once."""

    def stop(self) -> None:
        """Report nothing more, let go of the device, end every thread."""


_SYMBOLOGY: Final = re.compile(rb"\][A-Za-z][0-9A-Za-z]")  # ISO/IEC 15424: flag, code character, modifier
_GS1_SYMBOLOGIES: Final = frozenset({"]C1", "]e0", "]d2", "]Q3", "]J1"})  # GS1 General Specifications, 7.8.1
_FNC1: Final = "\x1d"
_SPACES: Final = frozenset("\t\n\r\x1c\x1d\x1e\x1f")


def parse(raw: bytes) -> Scan:
    """Read what a code says. Never fails: what is no text is `BINARY`, and what is wrong is said in `trouble`."""
    found = _SYMBOLOGY.match(raw)
    symbology = found.group().decode() if found else ""
    text = _text(raw[len(symbology) :])
    if text is None:
        return Scan(Kind.BINARY, "", symbology)
    if _emv.claims(text):
        return _structured(Kind.EMV, text, symbology, _emv.read)
    if symbology in _GS1_SYMBOLOGIES or text.startswith(_FNC1):
        return _structured(Kind.GS1, text, symbology, _gs1.read)
    return Scan(Kind.TEXT, text, symbology)


def _structured(kind: Kind, text: str, symbology: str, read: Callable[[str], tuple[Element, ...]]) -> Scan:
    try:
        return Scan(kind, text, symbology, read(text))
    except BadCodeError as error:
        return Scan(kind, text, symbology, trouble=str(error))


def _text(raw: bytes) -> str | None:
    """Read UTF-8, else Shift_JIS as it is used (Windows-31J), which is what QR codes in Japan hold."""
    for encoding in ("utf-8", "cp932"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if all(letter in _SPACES or unicodedata.category(letter) not in {"Cc", "Co", "Cn"} for letter in text):
            return text
    return None
