"""Payment codes that a merchant shows: EMV QR Code Specification for Payment Systems, Merchant-Presented Mode 1.1.

Elements of two digits for the tag, two for the length in characters, and the value (section 3). The last is tag 63, a
checksum over everything before its value (ISO/IEC 13239, polynomial 1021, starting at FFFF, section 4.7.3).
"""

import binascii
from typing import Final

from drivers.scanner._element import BadCodeError, Element

_BEGINNING: Final = "000201"  # payload format indicator, which is always first and always 01
_CHECKSUM: Final = "63"
_HEADER: Final = 4
_TEMPLATES: Final = frozenset(str(tag) for tag in (*range(26, 52), 62, 64, *range(80, 100)))  # section 4.2
_REQUIRED: Final = ("52", "53", "58", "59", "60")  # table 3.4: what every code must have


def claims(text: str) -> bool:
    """Tell whether this says that it is such a code."""
    return text.startswith(_BEGINNING)


def read(text: str) -> tuple[Element, ...]:
    """Take a code apart.

    Raises:
        BadCodeError: it is cut short, its checksum is wrong, or something that must be there is missing.
    """
    found = elements(text)
    if found[-1].tag != _CHECKSUM:
        raise BadCodeError("the checksum is not at the end")
    said, counted = found[-1].value, f"{crc16(text[: -len(found[-1].value)].encode()):04X}"
    if said.upper() != counted:
        raise BadCodeError(f"the checksum is wrong: {counted} was expected")
    tags = [element.tag for element in found]
    if len(set(tags)) < len(tags):
        raise BadCodeError("something is said twice")
    if missing := [tag for tag in _REQUIRED if tag not in tags]:
        raise BadCodeError(f"missing: {', '.join(missing)}")
    return tuple(
        Element(element.tag, element.value, elements(element.value)) if element.tag in _TEMPLATES else element
        for element in found
    )


def crc16(data: bytes) -> int:
    """Return the checksum: CRC-16 with polynomial 1021, starting at FFFF, not reflected."""
    return binascii.crc_hqx(data, 0xFFFF)


def elements(text: str) -> tuple[Element, ...]:
    """Take a code, or one of its templates, apart, whatever it says.

    Raises:
        BadCodeError: there is something in it that is no element, or one that is empty or cut short.
    """
    found: list[Element] = []
    at = 0
    while at < len(text):
        header = text[at : at + _HEADER]
        if len(header) < _HEADER or not (header.isascii() and header.isdigit()):
            raise BadCodeError(f"no element at character {at}")
        length = int(header[2:])
        value = text[at + _HEADER : at + _HEADER + length]
        if len(value) < length or not length:
            raise BadCodeError(f"element {header[:2]} is cut short")
        found.append(Element(header[:2], value))
        at += _HEADER + length
    return tuple(found)
