"""How a shop's code is put together: elements of id, length and value, templates of elements, and a checksum behind.

EMV QR Code Specification for Payment Systems, Merchant-Presented Mode, version 1.1 (EMVCo, November 2020), chapter 3
and section 4.7.3. What the elements mean is the business of `mpm`.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from drivers.scanner import BadCodeError, Element, crc16, elements
from programs.coin.codes.errors import CodeError, Why

BYTES_MAX: Final = 512  # the standard's 512 characters, fewer where they have several bytes each

_BEGINNING: Final = "000201"  # payload format indicator: always first, and there is no other version
_CHECKSUM: Final = "63"
_CHECKSUM_HEAD: Final = "6304"
_CHECKSUM_CHARS: Final = 4
_VALUE_CHARS: Final = range(1, 100)
_PLAIN: Final = re.compile(r"[ -~]*")  # "ans": the common character set of EMV Book 4, annex B
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # nothing that a screen could show


@dataclass(frozen=True)
class Parts:
    """A code or one of its templates, taken apart.

    Attributes:
        name: the id of the template; empty for the code itself.
        values: what is said, by id.
    """

    name: str
    values: Mapping[str, str]

    def template(self, tag: str) -> "Parts":
        """Take a template apart; it has nothing in it if it is not there.

        Raises:
            CodeError: LAYOUT, TWICE.
        """
        return _apart(tag, self.values[tag]) if tag in self.values else Parts(tag, {})

    def plain(self, tag: str, most: int) -> str:
        """Return a value of letters, digits and marks of ASCII ("ans"), or nothing if it is not there.

        Raises:
            CodeError: CHARACTERS, or LENGTH if it has more than `most`.
        """
        value = self.values.get(tag, "")
        if not _PLAIN.fullmatch(value):
            raise CodeError(Why.CHARACTERS, f"{self._called(tag)} may have letters of ASCII only")
        return self._fitting(tag, value, most)

    def shown(self, tag: str, most: int) -> str:
        """Return a value of any letters that a screen can show ("S"), or nothing if it is not there.

        Raises:
            CodeError: CHARACTERS, or LENGTH if it has more than `most`.
        """
        value = self.values.get(tag, "")
        if any(unicodedata.category(letter) in _UNSEEN for letter in value):
            raise CodeError(Why.CHARACTERS, f"{self._called(tag)} has characters that no screen shows")
        return self._fitting(tag, value, most)

    def expect(self, *tags: str) -> None:
        """Raise CodeError (MISSING) unless all of these are there."""
        if missing := [self._called(tag) for tag in tags if tag not in self.values]:
            raise CodeError(Why.MISSING, f"missing: {', '.join(missing)}")

    def only(self, tags: Collection[str]) -> tuple[Element, ...]:
        """Return what is there of these, by id."""
        return tuple(Element(tag, value) for tag, value in sorted(self.values.items()) if tag in tags)

    def _called(self, tag: str) -> str:
        return f"{self.name}/{tag}" if self.name else tag

    def _fitting(self, tag: str, value: str, most: int) -> str:
        if len(value) > most:
            raise CodeError(Why.LENGTH, f"{self._called(tag)} has {len(value)} characters; {most} is the most")
        return value


def take_apart(text: str) -> Parts:
    """Take a whole code apart, if its checksum is right.

    Raises:
        CodeError: CHARACTERS, TOO_LONG, FORM, CHECKSUM, LAYOUT, TWICE.
    """
    if (size := len(_bytes(text))) > BYTES_MAX:
        raise CodeError(Why.TOO_LONG, f"{size} bytes; {BYTES_MAX} is the most")
    if not text.startswith(_BEGINNING):
        raise CodeError(Why.FORM, "no payment code, or of a version that this reader does not know")
    counted = _counted(text[:-_CHECKSUM_CHARS])
    if not text.endswith(_CHECKSUM_HEAD + counted):
        raise CodeError(Why.CHECKSUM, f"the code does not end with {_CHECKSUM_HEAD}{counted}")
    code = _apart("", text)
    if tuple(code.values.items())[-1] != (_CHECKSUM, counted):
        raise CodeError(Why.LAYOUT, "the checksum is not the last element")
    return code


def put_together(values: Mapping[str, str]) -> str:
    """Return elements, by id; what is empty is left out.

    Raises:
        CodeError: LENGTH: a value is longer than 99 characters.
    """
    for tag, value in values.items():
        if value and len(value) not in _VALUE_CHARS:
            raise CodeError(Why.LENGTH, f"{tag} has {len(value)} characters; {_VALUE_CHARS[-1]} is the most")
    return "".join(f"{tag}{len(value):02}{value}" for tag, value in sorted(values.items()) if value)


def whole(values: Mapping[str, str]) -> str:
    """Return a whole code: how it begins, the elements by id, and the checksum.

    Raises:
        CodeError: CHARACTERS, LENGTH.
    """
    head = _BEGINNING + put_together(values) + _CHECKSUM_HEAD
    return head + _counted(head)


def network_of(template: str) -> str:
    """Return the name of the network that an account template begins with (4.7, id 00); empty if it has none.

    Nothing else is asked of a template: what is in another network's is that network's.
    """
    try:
        return next((part.value for part in elements(template) if part.tag == "00"), "")
    except BadCodeError:
        return ""


def _apart(name: str, text: str) -> Parts:
    try:
        found = elements(text)
    except BadCodeError as error:
        raise CodeError(Why.LAYOUT, f"template {name}: {error}" if name else str(error)) from error
    parts = Parts(name, {part.tag: part.value for part in found})
    if len(parts.values) < len(found):
        raise CodeError(Why.TWICE, f"template {name} says something twice" if name else "something is said twice")
    return parts


def _counted(head: str) -> str:
    return f"{crc16(_bytes(head)):04X}"


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise CodeError(Why.CHARACTERS, "half of a pair of UTF-16, which is no character") from error
