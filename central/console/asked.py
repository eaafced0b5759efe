"""What several pages are asked in their addresses, and what their tables for spreadsheets have in common."""

import csv
import io
from collections.abc import Iterable
from typing import Final

from central.console.brought import NotDoneError
from central.console.moment import Moment
from central.residents.days import read_day
from sync.days import day_of
from sync.program import day_begins_ms

BYTE_ORDER: Final = "\ufeff"  # spreadsheets see by it that this is UTF-8


def midnight(moment: Moment, text: str, *, after: bool = False) -> int | None:
    """Return when a day begins at the town, or ends; None for no day.

    Raises:
        NotDoneError: this is none.
    """
    if not text.strip():
        return None
    day = read_day(text)
    if day is None:
        raise NotDoneError("日付は 2026-12-01 のように 入れてください。", "Give a day as 2026-12-01.")
    return day_begins_ms(day_of(day) + after, moment.offset_minutes)


def sheet(head: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    """Return a table for a spreadsheet (CSV)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows(rows)
    return (BYTE_ORDER + text.getvalue()).encode()


def safe(text: str) -> str:
    """Keep a spreadsheet from taking what somebody wrote for a formula."""
    return f"'{text}" if text[:1] in tuple("=+-@\t\r") else text
