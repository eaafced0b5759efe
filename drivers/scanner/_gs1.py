"""GS1 element strings: application identifiers and their values, as GS1-128, GS1 DataMatrix and GS1 QR Code hold them.

GS1 General Specifications: 7.8 (how strings are put together), 7.8.5 (identifiers whose length is fixed; a value of any
other length ends with FNC1, which a scanner sends as the character GS), 7.9.1 (check digits), 7.11 (which characters).
"""

import re
from typing import Final

from drivers.scanner._element import BadCodeError, Element

_FNC1: Final = "\x1d"
_VALUE_MAX: Final = 90
_CHARACTERS: Final = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+")  # ISO/IEC 646 subset, GS1 table 82

# How long an element is, identifier included, by the first two digits of the identifier (figure 7.8.5-2).
_FIXED: Final = {
    "00": 20, "01": 16, "02": 16, "03": 16, "04": 18,
    **dict.fromkeys(("11", "12", "13", "14", "15", "16", "17", "18", "19"), 8),
    "20": 4,
    **dict.fromkeys(("31", "32", "33", "34", "35", "36"), 10),
    "41": 16,
}  # fmt: skip
# How long an identifier is, by its first two digits (section 3.2); those that are missing are not assigned.
_IDENTIFIER: Final = {
    **dict.fromkeys(
        ("00", "01", "02", "03", "10", "11", "12", "13", "15", "16", "17", "20", "21", "22", "30", "37"), 2
    ),
    **dict.fromkeys(("90", "91", "92", "93", "94", "95", "96", "97", "98", "99"), 2),
    **dict.fromkeys(("23", "24", "25", "40", "41", "42", "71"), 3),
    **dict.fromkeys(("31", "32", "33", "34", "35", "36", "39", "43", "70", "72", "80", "81", "82"), 4),
}
_WITH_CHECK_DIGIT: Final = frozenset({"00", "01", "02", "03", "410", "411", "412", "413", "414", "415", "416", "417"})


def read(text: str) -> tuple[Element, ...]:
    """Take an element string apart.

    Raises:
        BadCodeError: an identifier is not known, a value is cut short, or a check digit is wrong.
    """
    found: list[Element] = []
    rest = text.removeprefix(_FNC1)
    if not rest:
        raise BadCodeError("nothing is said")
    while rest:
        identifier = rest[: _IDENTIFIER.get(rest[:2], 0)]
        if not (identifier.isascii() and identifier.isdigit()):
            raise BadCodeError(f"no application identifier at {rest[:4]!r}")
        value, rest = _value(identifier, rest)
        found.append(Element(identifier, value))
    return tuple(found)


def _value(identifier: str, rest: str) -> tuple[str, str]:
    fixed = _FIXED.get(identifier[:2])
    if fixed:
        value, rest = rest[len(identifier) : fixed], rest[fixed:]
        if len(identifier) + len(value) < fixed or not (value.isascii() and value.isdigit()):
            raise BadCodeError(f"({identifier}) is cut short, or not a number")
        rest = rest.removeprefix(_FNC1)  # not needed here, and allowed
    else:
        value, _, rest = rest[len(identifier) :].partition(_FNC1)
        if not 1 <= len(value) <= _VALUE_MAX or not _CHARACTERS.fullmatch(value):
            raise BadCodeError(f"({identifier}) is empty, too long, or has a character that GS1 does not")
    if identifier in _WITH_CHECK_DIGIT and check_digit(value[:-1]) != int(value[-1]):
        raise BadCodeError(f"({identifier}) has a wrong check digit")
    return value, rest


def check_digit(digits: str) -> int:
    """Return the check digit of a GTIN, SSCC or GLN: weights 3 and 1 from the right (section 7.9.1)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return -total % 10
