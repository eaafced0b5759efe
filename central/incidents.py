"""What the office has to look at: branches, forks, clones, copied disks. Nothing here loses or changes a fact.

A clone and a fork stop the unit at once, by an order in its own stream; everything else waits for a person.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central import shelves, store
from central.attach import Event, Fork
from central.streams import Streams
from sync.entries import Entry
from sync.facts import Order, UnitState
from sync.messages import is_stream
from sync.segment import Segment

KINDS: Final = {
    Event.ROLLBACK: "a disk was put back in time; both branches are counted",
    Event.DAMAGE: "a journal was damaged; it says itself what is lost",
    Event.CLONE: "two machines write under one name; the unit is suspended",
    Event.RESTART: "a journal begins anew although there was one; what was not sent before is lost",
    "fork": "two different entries under one number; both are kept, the unit is suspended",
    "same step": "two payments bear one step of a card's counter; both are counted, and the card was copied",
    "unproven": "a unit wrote a payment that the card never signed; it was taken back",
    "went back": "a unit went back to its system of before; the roll-out of the new one is held",
    "old fence": "this unit speaks from an older state of its disk than was heard before",
}


class Incidents:
    """Opens incidents within a transaction of the intake."""

    def __init__(self, connection: sa.Connection, streams: Streams, now_ms: int) -> None:
        self._connection = connection
        self._streams = streams
        self._now_ms = now_ms

    def look_at(self, segment: Segment, event: Event, epoch: int) -> None:
        """Note what a new branch means; stop the unit if two machines write.

        Nobody but the centre has the key to its own journals. They branch where it was restored, and no more than that.
        """
        if is_stream(segment.unit):
            event = Event.ROLLBACK
        place = f"{segment.unit}/{segment.boot}/{segment.first}"
        self.note(segment.unit, event, {"at": place})
        if event is Event.CLONE:
            self.suspend(segment.unit, epoch, KINDS[event])

    def fork(self, segment: Segment, fork: Fork, ours: bytes | None, packed: bytes, epoch: int) -> None:
        """Keep both sides of a fork, and stop the unit. `ours`: the packed segment that holds our side."""
        detail = {"at": f"{segment.unit}/{fork.boot}/{fork.seq}", "held": fork.ours, "offered": fork.theirs}
        evidence = msgspec.msgpack.encode({"held": ours, "offered": packed})
        self.note(segment.unit, "fork", detail, evidence)
        self.suspend(segment.unit, epoch, KINDS["fork"])

    def note(self, unit: str, kind: str, detail: dict[str, Any], evidence: bytes | None = None) -> None:
        """Open an incident, unless the very same one is open already."""
        table = store.incident
        text = msgspec.json.encode(detail).decode()
        same = sa.select(table.c.n).where(
            table.c.unit == unit, table.c.kind == kind, table.c.detail == text, table.c.closed_ms.is_(None)
        )
        if self._connection.execute(same).first() is None:
            self._connection.execute(
                sa.insert(table).values(unit=unit, kind=kind, opened_ms=self._now_ms, detail=text, evidence=evidence)
            )

    def suspend(self, unit: str, epoch: int, reason: str) -> None:
        """Take nothing more from a unit in this life, and tell it so."""
        table = store.unit
        changed = self._connection.execute(
            sa.update(table)
            .where(table.c.name == unit, table.c.epoch == epoch, table.c.state == UnitState.ACTIVE)
            .values(state=UnitState.SUSPENDED)
        )
        if changed.rowcount:
            order = Order(name=unit, epoch=epoch, state=UnitState.SUSPENDED, reason=reason)
            self._streams.append_for(self._connection, unit, [order])

    def obey(self, entries: Iterable[Entry]) -> None:
        """Let a unit stand as strictly as it was ordered: a restored centre is given back what it had said itself."""
        table = store.unit
        for order in (entry.fact for entry in entries if isinstance(entry.fact, Order)):
            weaker = [state for state in UnitState if state.strictness < order.state.strictness]
            same_life = table.c.name == order.name, table.c.epoch == order.epoch
            self._connection.execute(
                sa.update(table).where(*same_life, table.c.state.in_(weaker)).values(state=order.state)
            )


def open_ones(connection: sa.Connection) -> list[sa.RowMapping]:
    """Return the incidents that nobody has closed, oldest first."""
    table = store.incident
    asked = sa.select(table).where(table.c.closed_ms.is_(None)).order_by(table.c.n)
    return list(connection.execute(asked).mappings())


def close(connection: sa.Connection, streams: Streams, number: int, because: str, now_ms: int) -> sa.RowMapping | None:
    """Close an incident: a person has looked. Ends that no longer grow are not waited for, and the unit is told.

    A unit that was suspended stays so: it needs new keys, and so a new life.
    """
    shelves.lock(connection)
    table = store.incident
    row = connection.execute(sa.select(table).where(table.c.n == number)).mappings().one_or_none()
    if row is None or row["closed_ms"] is not None:
        return None
    connection.execute(sa.update(table).where(table.c.n == number).values(closed_ms=now_ms, closed_because=because))
    ends = sa.select(store.branch).where(store.branch.c.writer == row["unit"], store.IS_END)
    found = connection.execute(ends.order_by(store.branch.c.grown_n)).mappings().all()
    for silent in found[:-1]:
        connection.execute(
            sa.update(store.branch)
            .where(store.branch.c.writer == row["unit"], store.branch.c.boot == silent["boot"])
            .values(settled=1)
        )
    unit = connection.execute(sa.select(store.unit).where(store.unit.c.name == row["unit"])).mappings().one_or_none()
    if unit and unit["state"] == UnitState.ACTIVE:
        order = Order(name=row["unit"], epoch=unit["epoch"], state=UnitState.ACTIVE, reason=because)
        streams.append_for(connection, row["unit"], [order])
    return row
