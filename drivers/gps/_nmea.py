"""Sentences of NMEA 0183 (IEC 61162-1), and the two of them that say where and when: GGA and RMC.

Written here because it is small: of the format this needs two sentences, and needs them strict. A sentence without a
checksum, without a hemisphere or with anything but digits in a number is none, and no place in the Gulf of Guinea.
"""

import calendar
import re
from typing import Final

import msgspec

from drivers.gps import Quality

_LINE_MAX: Final = 120  # the standard says 82; receivers that say more digits go somewhat beyond
_KNOT_MPS: Final = 1852 / 3600
_CENTURY: Final = 2000
_SENTENCE: Final = re.compile(rb"\$([A-Z]{2})([A-Z]{3}),([\x20-\x7e]*)\*([0-9A-Fa-f]{2})")
_PLACE: Final = re.compile(r"(\d{2,3})([0-5]\d(?:\.\d+)?)")
_TIME: Final = re.compile(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d)(?:\.(\d{1,6}))?")
_DATE: Final = re.compile(r"(\d\d)(\d\d)(\d\d)")
_NUMBER: Final = re.compile(r"\d{1,6}(?:\.\d{1,6})?")
_GGA_FIELDS, _RMC_FIELDS = 14, 11
_MONTHS: Final = 12
_QUALITIES: Final = {  # GGA field 6
    "1": Quality.PLAIN, "2": Quality.BETTER, "3": Quality.BETTER, "4": Quality.BETTER, "5": Quality.BETTER,
    "6": Quality.GUESSED, "7": Quality.GUESSED, "8": Quality.GUESSED,
}  # fmt: skip
_MODES: Final = {"A": Quality.PLAIN, "E": Quality.GUESSED, "M": Quality.GUESSED, "S": Quality.GUESSED}  # RMC field 12


class BadSentenceError(ValueError):
    """A line that is no whole sentence. `is_begun`: it looks like the rest of one."""

    def __init__(self, *, is_begun: bool) -> None:
        super().__init__("no whole sentence")
        self.is_begun = is_begun


class Told(msgspec.Struct, frozen=True):
    """What one sentence says; what it does not say is None.

    Attributes:
        kind: "GGA" or "RMC".
        time: of the day, as it was written: sentences about the same moment have the same.
        day: Unix seconds at its beginning.
        place: latitude and longitude in degrees, or None if the receiver has no fix.
    """

    kind: str
    time: str
    day: int | None = None
    place: tuple[float, float] | None = None
    quality: Quality = Quality.PLAIN
    hdop: float | None = None
    satellites: int | None = None
    speed_mps: float | None = None


def read(line: bytes) -> Told | None:
    """Read one line without its end; None: a good sentence of another kind.

    Raises:
        BadSentenceError: it is cut short, or its checksum is wrong, or a number in it is none.
    """
    found = _SENTENCE.fullmatch(line)
    if not found:
        raise BadSentenceError(is_begun=_is_begun(line))
    _, kind, body, checksum = found.groups()
    if checksum_of(line[1 : line.rindex(b"*")]) != int(checksum, 16):
        raise BadSentenceError(is_begun=True)
    fields = body.decode("ascii").split(",")
    match kind:
        case b"GGA" if len(fields) >= _GGA_FIELDS:
            return _gga(fields)
        case b"RMC" if len(fields) >= _RMC_FIELDS:
            return _rmc(fields)
        case b"GGA" | b"RMC":
            raise BadSentenceError(is_begun=True)
    return None


def checksum_of(between: bytes) -> int:
    """Return the checksum: all characters between $ and *, put together by exclusive or."""
    total = 0
    for byte in between:
        total ^= byte
    return total


def utc_ms(told: Told) -> int | None:
    """Return Unix milliseconds, if the sentence has a day."""
    found = _TIME.fullmatch(told.time)
    if told.day is None or not found:
        return None
    hours, minutes, seconds, fraction = found.groups()
    thousandths = int((fraction or "0").ljust(3, "0")[:3])
    return (told.day + int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * 1000 + thousandths


def _gga(fields: list[str]) -> Told:
    quality = _QUALITIES.get(fields[5])
    return Told(
        "GGA",
        _checked(_TIME, fields[0]),
        place=_place(fields[1:5]) if quality else None,
        quality=quality or Quality.PLAIN,
        satellites=int(_checked(_NUMBER, fields[6]) or 0) if fields[6].isdigit() else None,
        hdop=_number(fields[7]),
    )


def _rmc(fields: list[str]) -> Told:
    is_valid = fields[1] == "A"
    knots = _number(fields[6])
    mode = fields[11] if len(fields) > _RMC_FIELDS else "A"
    return Told(
        "RMC",
        _checked(_TIME, fields[0]),
        day=_day(fields[8]),
        place=_place(fields[2:6]) if is_valid else None,
        quality=_MODES.get(mode, Quality.BETTER),
        speed_mps=None if knots is None else knots * _KNOT_MPS,
    )


def _place(fields: list[str]) -> tuple[float, float]:
    """Read ddmm.mmmm, N or S, dddmm.mmmm, E or W."""
    lat, north, lon, east = fields
    if north not in ("N", "S") or east not in ("E", "W"):
        raise BadSentenceError(is_begun=True)
    return (_degrees(lat, 2, 90) * (1 if north == "N" else -1), _degrees(lon, 3, 180) * (1 if east == "E" else -1))


def _degrees(text: str, digits: int, most: int) -> float:
    found = _PLACE.fullmatch(text)
    if not found or len(found[1]) != digits:
        raise BadSentenceError(is_begun=True)
    degrees = int(found[1]) + float(found[2]) / 60
    if degrees > most:
        raise BadSentenceError(is_begun=True)
    return degrees


def _day(text: str) -> int | None:
    if not text:
        return None
    found = _DATE.fullmatch(text)
    if not found:
        raise BadSentenceError(is_begun=True)
    day, month, year = (int(part) for part in found.groups())
    if not (1 <= month <= _MONTHS and 1 <= day <= calendar.monthrange(_CENTURY + year, month)[1]):
        raise BadSentenceError(is_begun=True)
    return calendar.timegm((_CENTURY + year, month, day, 0, 0, 0))


def _number(text: str) -> float | None:
    return float(_checked(_NUMBER, text)) if text else None


def _checked(pattern: re.Pattern[str], text: str) -> str:
    """Return the text if it is as it should be, or empty; a receiver that knows nothing yet says nothing."""
    if text and not (text.isascii() and pattern.fullmatch(text)):
        raise BadSentenceError(is_begun=True)
    return text


def _is_begun(line: bytes) -> bool:
    """Tell whether this is part of a sentence: printable characters, and the one that begins one."""
    return b"$" in line and line.isascii() and line.decode("ascii").isprintable()


class Lines:
    """Cuts a stream of bytes into lines; one that is too long to be a sentence is cut, and so will not be one."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes; return the lines that they complete, without their ends, and none of more than 120 bytes."""
        lines: list[bytes] = []
        for part in data.splitlines(keepends=True):
            self._kept += part.rstrip(b"\r\n")
            if part[-1:] in (b"\r", b"\n") or len(self._kept) > _LINE_MAX:
                if self._kept:
                    lines.append(bytes(self._kept[:_LINE_MAX]))
                self._kept.clear()
        return lines

    def forget(self) -> None:
        self._kept.clear()
