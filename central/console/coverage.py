"""Of how much of a month the centre has heard: so that silence is not read as absence."""

from collections.abc import Collection, Iterable

import msgspec
import sqlalchemy as sa

from central import store
from central.branches import Branches
from central.console.books import where
from central.console.moment import Say
from sync.facts import UnitState
from sync.messages import Report
from sync.program import DAY_MS

SILENT_MS = DAY_MS  # of a month that is not over: whoever was heard since yesterday


class Coverage(msgspec.Struct, frozen=True):
    """What is there of a month.

    Attributes:
        units: that serve people there; those whose life is over do not count.
        complete: of these, those that have told everything of the month.
        missing: entries that others said were waiting; how many more there are, nobody knows.
        lost: entries that are lost for good, of whichever day.
        silent: the units that have not told everything, by name.
    """

    units: int = 0
    complete: int = 0
    missing: int = 0
    lost: int = 0
    silent: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        return self.units == self.complete


def coverage(
    connection: sa.Connection, until_ms: int, now_ms: int, counters: Collection[str], place: str | None = None
) -> Coverage:
    """Return what is there of the time before a moment.

    Args:
        counters: of the units that serve one of these.
        place: of those at one place only.
    """
    known = connection.execute(sa.select(store.unit).order_by(store.unit.c.name)).mappings()
    alive = (row for row in known if row["state"] != UnitState.CLOSED)
    here = [row for row in alive if _is_here(connection, row["name"], counters, place)]
    heard_since = until_ms if until_ms <= now_ms else now_ms - SILENT_MS
    waiting = {row["name"]: _waiting(row, until_ms) for row in here}
    silent = [
        row["name"]
        for row in here
        if row["contact_ms"] is None or row["contact_ms"] < heard_since or waiting[row["name"]]
    ]
    return Coverage(
        len(here), len(here) - len(silent), sum(waiting.values()), _lost(connection, waiting), tuple(silent)
    )


def _is_here(connection: sa.Connection, unit: str, counters: Collection[str], place: str | None) -> bool:
    stands = where(connection, unit)
    return stands.counter in counters and place in (None, stands.place)


def _waiting(row: sa.RowMapping, until_ms: int) -> int:
    """Return how many entries a unit had still to send at its last contact, if the oldest is of that time."""
    report = msgspec.json.decode(row["report"], type=Report) if row["report"] else Report()
    is_of_then = report.oldest_ms is None or report.oldest_ms < until_ms
    return report.unsent if is_of_then else 0


def _lost(connection: sa.Connection, units: Iterable[str]) -> int:
    writers = set(connection.execute(sa.select(store.hole.c.writer).distinct()).scalars())
    lost = (gap for unit in sorted(writers.intersection(units)) for gap in Branches(connection, unit, 0).lost())
    return sum(gap.last - gap.first + 1 for gap in lost)


def of_coverage(found: Coverage) -> Say:
    """Say how much there is, so that silence is not read as absence."""
    missing_ja = f"、未着 {found.missing:,}件" if found.missing else ""
    missing_en = f", {found.missing:,} entries missing" if found.missing else ""
    lost_ja = f"、失われた記録 {found.lost:,}件" if found.lost else ""
    lost_en = f", {found.lost:,} entries lost" if found.lost else ""
    return Say(
        f"{found.complete}/{found.units}台{missing_ja}{lost_ja}",
        f"{found.complete} of {found.units} units{missing_en}{lost_en}",
    )
