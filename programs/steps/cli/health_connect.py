"""What Android's Health Connect exports: a database (SQLite), inside a ZIP file, that people save from its settings.

Every app that counts writes rows of its own, and two apps write the same steps twice. So the rows of one app are added
up by day, and of the apps the one that counted most is taken. What was typed by hand into an app is left out.
"""

from contextlib import closing
from pathlib import Path
from typing import Final

import pysqlite3

from programs.steps.cli.asking import FileError

MAGIC: Final = b"SQLite format 3\0"
_DAY_MS: Final = 86_400_000
_MINUTE_MS: Final = 60_000
_TYPED: Final = 3  # recording_method of what was typed by hand
_NEEDED: Final = frozenset({"start_time", "count", "app_info_id"})
_STEPS_MAX: Final = 10**9
WORK_MAX: Final = 200_000  # some tens of seconds


def read(file: Path, offset_minutes: int, work_max: int = WORK_MAX) -> dict[int, int]:
    """Return the steps by day of a database that somebody brought.

    Args:
        offset_minutes: how far the town's clock is ahead of UTC, for rows that do not say their own day.
        work_max: how long SQLite may go on, in thousands of its instructions.

    Raises:
        FileError: it is none of Health Connect, or damaged.
    """
    work = iter(range(work_max))
    try:
        with closing(pysqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            # A stranger made it: nothing in it may run, and it may not keep us for ever.
            database.execute("PRAGMA trusted_schema = OFF")
            database.execute("PRAGMA cell_size_check = ON")
            database.set_progress_handler(lambda: next(work, None) is None, 1_000)
            rows = _rows(database, offset_minutes)
    except pysqlite3.Error as error:
        raise FileError(
            "ヘルスコネクトの書き出しを読めません。スマホでもう一度書き出してください。",
            f"This export of Health Connect cannot be read ({error}): export it again on the phone.",
        ) from error
    found: dict[int, int] = {}
    for day, steps in rows:
        if isinstance(day, int) and isinstance(steps, int) and 0 < steps < _STEPS_MAX:
            found[day] = max(found.get(day, 0), steps)
    return found


def _rows(database: pysqlite3.Connection, offset_minutes: int) -> list[tuple[object, object]]:
    columns = {str(row[1]) for row in database.execute("PRAGMA table_info(steps_record_table)")}
    if not columns >= _NEEDED:
        raise FileError(
            "ヘルスコネクトの歩数が入っていません。歩数の書き出しを選んでください。",
            "There are no steps of Health Connect in this file: choose its own export.",
        )
    # Only our own words are put together here, never the file's.
    by_clock = f"(start_time + {offset_minutes * _MINUTE_MS}) / {_DAY_MS}"
    day = f"COALESCE(local_date, {by_clock})" if "local_date" in columns else by_clock
    by_hand = f"WHERE recording_method IS NOT {_TYPED}" if "recording_method" in columns else ""
    asked = f"SELECT {day} AS day, SUM(count) FROM steps_record_table {by_hand} GROUP BY day, app_info_id"  # noqa: S608
    return list(database.execute(asked))
