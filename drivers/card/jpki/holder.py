"""Who the holder is, by the signing certificate: name, address, birthday and sex in its subjectAltName.

Six otherNames under 1.2.392.200149.8.5.5 (公的個人認証サービス プロファイル仕様書, J-LIS): 1 name, 2 which of its
characters stand in for others, 3 sex, 4 birthday, 5 address, 6 which of its characters stand in for others. This is the
register of residents: it is shown to the person who asked for it, and never logged.
"""

from dataclasses import dataclass, field
from datetime import date

from cryptography import x509

from drivers.card.errors import NotReadableError
from drivers.card.validity import ERAS

_ARC = "1.2.392.200149.8.5.5."
_UTF8_STRING, _PRINTABLE_STRING, _LONG = 0x0C, 0x13, 0x80
_BIRTH_DIGITS = len("EYYYYMMDD")
_ORDINARY = "0"  # in a map: this character is as it should be


@dataclass(frozen=True)
class Holder:
    """What the certificate says. Nothing of it shows in `repr`, so that no log can hold it.

    Fields:
        name, address: as registered, in characters that every machine can show.
        birth: by the Western calendar; None if the register does not know it to the day.
        era: the era in which the register counts the birthday, 1 (明治) to 5 (令和), 0 not known.
        sex: "1" male, "2" female, "3" not known (as the certificate writes it).
        name_substitutes, address_substitutes: positions, from 0, of characters that stand in for ones that few
            machines can show (代替文字).
    """

    name: str = field(repr=False)
    address: str = field(repr=False)
    birth: date | None = field(repr=False)
    era: int = field(repr=False)
    sex: str = field(repr=False)
    name_substitutes: tuple[int, ...] = field(repr=False)
    address_substitutes: tuple[int, ...] = field(repr=False)


def holder(certificate: x509.Certificate) -> Holder:
    """Read the holder out of a signing certificate that has been believed.

    Raises:
        NotReadableError: it does not say who the holder is.
    """
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound as error:
        raise NotReadableError("the signing certificate does not say whose it is") from error
    said = {
        other.type_id.dotted_string.removeprefix(_ARC): _text(other.value)
        for other in names.get_values_for_type(x509.OtherName)
        if other.type_id.dotted_string.startswith(_ARC)
    }
    try:
        name, address = said["1"], said["5"]
        era, birth = _birth(said["4"])
        return Holder(name, address, birth, era, said["3"], _places(said.get("2", "")), _places(said.get("6", "")))
    except (KeyError, ValueError) as error:
        raise NotReadableError("the signing certificate does not say whose it is") from error


def _text(der: bytes) -> str:
    """Read one UTF8String or PrintableString (X.690, 8.23)."""
    if len(der) < 2 or der[0] not in {_UTF8_STRING, _PRINTABLE_STRING}:  # noqa: PLR2004 - tag and length
        raise NotReadableError("an attribute of the signing certificate is no text")
    header = 2 + (der[1] & ~_LONG if der[1] & _LONG else 0)
    length = int.from_bytes(der[2:header], "big") if der[1] & _LONG else der[1]
    value = der[header:]
    try:
        if len(value) == length:
            return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotReadableError("an attribute of the signing certificate is no text") from error
    raise NotReadableError("an attribute of the signing certificate is cut short")


def _birth(digits: str) -> tuple[int, date | None]:
    """Read EYYYYMMDD: the era and the Western date; zeros where the register does not know.

    Raises:
        ValueError: these are no nine digits.
    """
    if len(digits) != _BIRTH_DIGITS or not (digits.isascii() and digits.isdigit()):
        raise ValueError("nine digits are needed")
    era = int(digits[0])
    if era > len(ERAS):
        raise ValueError("an era that has not begun")
    try:
        return era, date(int(digits[1:5]), int(digits[5:7]), int(digits[7:]))
    except ValueError:  # only the year is known, or not even that
        return era, None


def _places(substitutes: str) -> tuple[int, ...]:
    return tuple(at for at, mark in enumerate(substitutes) if mark != _ORDINARY)
