"""What the commands of the steps share: days as people write them, and files that cannot be what they should be."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import click

from central.cli.common import RefusedForSafetyError
from programs.steps.entries import SOURCE_PATTERN, SOURCES, tool
from sync import days


class FileError(RefusedForSafetyError):
    """Nothing was written; the message says what is wrong with the file (`lines`: with which), and what to do."""

    def __init__(self, ja: str, en: str, lines: Sequence[str] = ()) -> None:
        super().__init__("\n".join([f"{ja} 何も書いていません。 / {en} Nothing was written.", *lines]))


def day_of(text: str) -> int:
    """Return a day in days since 1970-01-01.

    Raises:
        ValueError: it is written in another way than 2026-12-15.
    """
    return days.day_of(date.fromisoformat(text))


class Day(click.ParamType[int]):
    """A day, as 2026-12-15."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return value if isinstance(value, int) else day_of(value)
        except ValueError:
            self.fail("日付は 2026-12-15 のように書いてください。 / write the day as 2026-12-15", param, ctx)


class Source(click.ParamType[str]):
    """Who counted: a kind of phone or device, or one of the office's tools by its name."""

    name = "source"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(SOURCE_PATTERN, str(value)):
            known = ", ".join((*SOURCES, tool("NAME")))
            self.fail(f"{known} のどれかを書いてください。 / write one of {known}", param, ctx)
        return str(value)


SOURCE: Final = Source()
DAY: Final = Day()
