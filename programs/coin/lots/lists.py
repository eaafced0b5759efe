"""Lists that the office gives from: CSV as spreadsheets write it, in UTF-8 or Shift_JIS, with a line of headings."""

import csv
import hashlib
import io
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec

from programs.coin.lots.days import day_of
from programs.coin.lots.facts import Given, Source

HEADINGS: Final = {
    "カード": "card",
    "金額": "yen",
    "残高": "yen",
    "種類": "source",
    "理由": "reason",
    "期限": "expires",
    "番号": "id",
    "商品券": "issue",
    "日付": "day",
    "内容": "text",
}
SOURCES: Final = (Source.PREMIUM, Source.GRANT)
Made = TypeVar("Made")
_ENCODINGS: Final = ("utf-8-sig", "cp932")
_HASH_DIGITS: Final = 16


class ListError(Exception):
    """This is no list; the message says what is missing."""


class LineError(ValueError):
    """A line cannot be read; the message says which, and why."""


class Line(msgspec.Struct, frozen=True):
    """One line of a list: which of the file, and its fields by their English headings."""

    number: int
    fields: dict[str, str]

    def must(self, name: str) -> str:
        """Return a field that must not be empty.

        Raises:
            ValueError: it is.
        """
        if not self.fields.get(name):
            raise ValueError(f"there is no {name}")
        return self.fields[name]

    @property
    def expires(self) -> int:
        """Return the last day on which what it says is good; 0, if it names none."""
        return day_of(text) if (text := self.fields.get("expires", "")) else 0


def digest(content: bytes) -> str:
    """Return what a file is called if its lines have no ids of their own."""
    return hashlib.sha256(content).hexdigest()[:_HASH_DIGITS]


def lines(content: bytes, needs: Sequence[str]) -> list[Line]:
    """Read a list.

    Args:
        needs: the headings that it must have, in English; each may stand there in Japanese as well.

    Raises:
        ListError: it is no text, or headings are missing.
    """
    rows = csv.reader(io.StringIO(_text(content), newline=""), strict=True)
    try:
        headings = [HEADINGS.get(name.strip(), name.strip().lower()) for name in next(rows, [])]
        if missing := [name for name in needs if name not in headings]:
            raise ListError(f"the first line must name the columns {', '.join(needs)}; {', '.join(missing)} is missing")
        return [
            Line(rows.line_num, dict(zip(headings, (field.strip() for field in row), strict=False)))
            for row in rows
            if any(field.strip() for field in row)
        ]
    except csv.Error as error:
        raise ListError(f"line {rows.line_num}: {error}") from error


def _text(content: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ListError("this is no text in UTF-8 or Shift_JIS; save it as CSV")


def read(listed: Sequence[Line], make: Callable[[Line], Made]) -> list[Made]:
    """Make of every line what it says.

    Raises:
        LineError: of all lines that cannot be read, one sentence each.
    """
    made: list[Made] = []
    whys: list[str] = []
    for line in listed:
        try:
            made.append(make(line))
        except ValueError as error:
            whys.append(f"line {line.number}: {error}")
    if whys:
        raise LineError("\n".join(whys))
    return made


def gifts(content: bytes, fund: str) -> list[tuple[int, Given]]:
    """Return what a list gives, with the numbers of its lines.

    Args:
        fund: the fund that pays; the one called as the source is, if "".

    Raises:
        ListError, LineError: as `lines` and `read`.
    """
    name = digest(content)
    listed = lines(content, ("card", "yen", "source", "reason"))
    found = read(listed, lambda line: _gift(line, name, fund))
    return list(zip((line.number for line in listed), found, strict=True))


def _gift(line: Line, file: str, fund: str) -> Given:
    source = source_of(line.must("source"))
    return Given(
        card=line.must("card").lower(),
        yen=yen_of(line.must("yen")),
        source=source,
        fund=fund or source,
        reason=line.must("reason"),
        day=0,
        expires=line.expires,
        issue=line.fields.get("issue", ""),
        ref=f"id:{given}" if (given := line.fields.get("id", "")) else f"list:{file}/{line.number}",
    )


def source_of(text: str) -> Source:
    """Read where money comes from.

    Raises:
        ValueError: it is none of the sources.
    """
    if text.lower() not in SOURCES:
        raise ValueError(f'"{text}" is no source; write {" or ".join(SOURCES)}')
    return Source(text.lower())


def yen_of(text: str) -> int:
    """Read an amount: 3000, or 3,000 or ¥3,000 as spreadsheets write it.

    Raises:
        ValueError: it is no whole number of yen.
    """
    try:
        return int(text.lstrip("¥\N{FULLWIDTH YEN SIGN}").replace(",", ""))
    except ValueError as error:
        raise ValueError(f'"{text}" is no amount in whole yen') from error
