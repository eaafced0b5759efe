"""A list of steps (CSV) with card, date and steps: what a clerk wrote down, or another reader of pedometers gave."""

import csv
import io
import re
from typing import Final

from programs.steps.cli.asking import FileError, day_of
from programs.steps.entries import PLAUSIBLE_MAX

COLUMNS: Final = ["card", "date", "steps"]
_CARD: Final = re.compile(r"[0-9a-f]{32}")
_TOLD_MAX: Final = 20  # lines with mistakes


def read(raw: bytes) -> dict[str, dict[int, int]]:
    """Return the steps by card and day.

    Raises:
        FileError: some lines are wrong; the message names each of them and says why.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp932", "replace")  # as spreadsheets save it
    rows = csv.DictReader(io.StringIO(text, newline=""))
    try:
        if rows.fieldnames != COLUMNS:
            raise FileError(
                f"1行目を {','.join(COLUMNS)} にしてください。", f"The first line must be {','.join(COLUMNS)}."
            )
        return _all(rows)
    except csv.Error as error:
        raise FileError("表(CSV)として読めません。", f"This cannot be read as a table ({error}).") from error


def _all(rows: "csv.DictReader[str]") -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    seen: dict[tuple[str, int], int] = {}
    wrong: list[str] = []
    for row in rows:
        number = rows.line_num
        try:
            card, day, steps = _line(row)
        except ValueError as error:
            wrong.append(f"{number}行目: {error}")
            continue
        if before := seen.get((card, day)):
            wrong.append(
                f"{number}行目: {before}行目と同じ人の同じ日です / the same person and day as in line {before}"
            )
            continue
        seen[card, day] = number
        found.setdefault(card, {})[day] = steps
    if wrong:
        more = [f"ほかに {len(wrong) - _TOLD_MAX}行 / and {len(wrong) - _TOLD_MAX} more"] * (len(wrong) > _TOLD_MAX)
        raise FileError("下の行を直してください。", "Mend these lines.", [*wrong[:_TOLD_MAX], *more])
    return found


def _line(row: dict[str, str | None]) -> tuple[str, int, int]:
    card, date, steps = (str(row[name] or "").strip() for name in COLUMNS)
    if not _CARD.fullmatch(card) or None in row:
        raise ValueError(
            "カードの番号(32文字)、日付、歩数の3つだけを書きます / card (32 characters), date and steps only"
        )
    try:
        day = day_of(date)
    except ValueError:
        raise ValueError(f"日付「{date}」は 2026-12-15 のように / write {date!r} as 2026-12-15") from None
    if not steps.isdecimal() or not 1 <= int(steps) <= PLAUSIBLE_MAX:
        told = f"1 … {PLAUSIBLE_MAX:,}"
        raise ValueError(f"歩数「{steps}」は {told} の数字で / {steps!r} is no number of steps ({told})")
    return card, day, int(steps)
