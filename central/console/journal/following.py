"""One payment followed through, or whatever else belongs together: each entry with every clock that has seen it."""

from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from central import store
from central.console import trails
from central.console.arrivals import Arrival, Cursor
from central.console.books import IncidentLine, incident_line
from central.console.desk import Desk
from central.console.moment import Say
from central.console.roles import Roles
from central.console.trails import Moved, Step, Trail
from sync.entries import EntryId
from sync.facts import Boot
from sync.messages import is_stream

ALONE: Final = Say("この記録", "this entry")
_LATE_MS: Final = 60_000
_CLOCKS: Final = {
    "synced": Say("合っていた", "synchronised"),
    "held": Say("電池で持っていた", "held by its battery"),
    "unknown": Say("確かでない", "nothing vouched for it"),
}
_CENTRES: Final = Say("町の時計", "the centre's own")
_NOT_HELD: Final = Say("起動の記録がまだありません", "its start is not held")
OTHER_ORDER: Final = Say(
    "端末の時計の順と、町に届いた順がちがいます。お金の計算は、どちらの順にもよりません。",
    "The units' clocks and the order of arrival differ. No sum depends on either.",
)


class Stage(msgspec.Struct, frozen=True):
    """One entry of what is followed.

    Attributes:
        clock: how far the writer's clock could be believed when this run of it began.
        order: its place in the order of arrival: the delivery, and which entry of it.
        holds: it is as it was written, checked just now.
        moved: what it moved in the ledger.
        is_late: it arrived a minute or more after it was written. is_own: the centre wrote it.
    """

    step: Step
    told: Arrival
    clock: Say
    order: str
    holds: bool
    moved: Sequence[Moved]

    @property
    def is_late(self) -> bool:
        return self.told.received_ms - self.told.at_ms >= _LATE_MS

    @property
    def is_own(self) -> bool:
        return is_stream(self.step.entry.unit)


class Followed(msgspec.Struct, frozen=True):
    """What belongs together, in the order in which it came.

    Attributes:
        hidden: so many more entries belong to it that are not for the visitor's roles.
        incidents: what a person had to look at in the runs in which these were written.
    """

    what: Say
    stages: Sequence[Stage]
    says: Sequence[Say]
    hidden: int
    incidents: Sequence[IncidentLine]


def follow(desk: Desk, place: EntryId, roles: Roles) -> Followed | None:
    """Follow what an entry belongs to, as far as it is for these roles; None if it is not held and added up."""
    with store.reading(desk.centre.engine) as connection:
        entry = trails.stored(connection, place)
        if entry is None:
            return None
        found = trails.trail(connection, entry) or Trail(ALONE.ja, ALONE.en, (Step(place, ALONE.ja, ALONE.en),))
        mine = [step for step in found.steps if step.roles & roles]
        stages = [stage for step in mine if (stage := _stage(connection, desk, step))]
        incidents = _incidents(connection, [stage.step.entry for stage in stages])
    stages.sort(key=_in_order)
    clocks = [stage.told.at_ms for stage in stages]
    says = [*found.says, *([OTHER_ORDER] if clocks != sorted(clocks) else [])]
    return Followed(Say(found.ja, found.en), stages, says, len(found.steps) - len(mine), incidents)


def _in_order(stage: Stage) -> tuple[int, int]:
    cursor = Cursor.parse(stage.told.cursor)
    return cursor.n, cursor.seq


def _stage(connection: sa.Connection, desk: Desk, step: Step) -> Stage | None:
    told, proof = desk.arrivals.one(step.entry), desk.proofs.proof(step.entry)
    if told is None or proof is None:
        return None
    order = f"{Cursor.parse(told.cursor).n}-{step.entry.seq - proof.first + 1}"
    return Stage(step, told, _clock(connection, step.entry), order, proof.holds, trails.moved(connection, step.entry))


def _clock(connection: sa.Connection, place: EntryId) -> Say:
    """Return what vouched for the clock of the run in which an entry was written."""
    if is_stream(place.unit):
        return _CENTRES
    began = trails.stored(connection, EntryId(place.unit, place.boot, 1))
    fact = began.fact if began else None
    return _CLOCKS.get(fact.clock, Say(fact.clock, fact.clock)) if isinstance(fact, Boot) else _NOT_HELD


def _incidents(connection: sa.Connection, places: Sequence[EntryId]) -> list[IncidentLine]:
    """Return the incidents about the runs in which entries were written, the oldest first."""
    table, boots = store.incident, {place.boot for place in places}
    writers = sorted({place.unit for place in places if not is_stream(place.unit)})
    rows = connection.execute(sa.select(table).where(table.c.unit.in_(writers)).order_by(table.c.n)).mappings()
    return [incident_line(row) for row in rows if any(boot in row["detail"] for boot in boots)]
