"""Who can be paid from a page: places with a machine that will say so there, and whether it can be reached now."""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec
import sqlalchemy as sa

from central import shelves, store
from central.granting import IN_REACH_MS
from central.places import called
from central.reconcile import said
from central.refusal import RefusedError
from central.resident.purse import Shop
from programs.coin.bills import LABEL_CHARS
from sync.directory import Said, unit_key
from sync.entries import BAD_JSON
from sync.facts import UnitSet, UnitState
from sync.messages import ONE_UNIT, Report
from sync.tree import ends_from_text

TILLS: Final = ("shop", "desk")

# Made here, in one thread: msgspec 0.22 crashes if several threads are the first to read a struct.
_SAID: Final = msgspec.json.Decoder(Said)
_REPORT: Final = msgspec.json.Decoder(Report)
_UNITS: Final = sa.select(said.c.state).where(said.c.key.startswith(unit_key(""), autoescape=True)).order_by(said.c.key)


class Till(msgspec.Struct, frozen=True):
    """A machine behind which somebody takes payments. `contact_ms`: when it called last, or None."""

    unit: str
    place: str
    contact_ms: int | None

    def in_reach(self, now_ms: int) -> bool:
        return self.contact_ms is not None and abs(now_ms - self.contact_ms) < IN_REACH_MS


def tills(connection: sa.Connection) -> list[Till]:
    """Return the machines that serve, by name."""
    asked = sa.select(store.unit.c.name, store.unit.c.contact_ms).where(store.unit.c.state == UnitState.ACTIVE)
    contact = {row.name: row.contact_ms for row in connection.execute(asked)}
    return [
        Till(here.name, here.place, contact[here.name])
        for here in _stands(connection)
        if here.counter in TILLS and here.name in contact
    ]


def till_at(connection: sa.Connection, place: str, unit: str, now_ms: int) -> Till | None:
    """Return the machine that has to hear of a payment: the one that is named, or the best of those at a place."""
    there = [one for one in tills(connection) if one.place == place and unit in {"", one.unit[:LABEL_CHARS]}]
    return min(there, key=lambda one: (not one.in_reach(now_ms), one.unit), default=None)


def shop(connection: sa.Connection, till: Till, now_ms: int) -> Shop:
    """Return a machine's shop, as a resident sees it."""
    place = called(connection, till.place)
    return Shop(till.place, place.name, place.name_en, till.in_reach(now_ms))


def shops(connection: sa.Connection, now_ms: int) -> list[Shop]:
    """Return all shops, by the reading of their names."""
    best: dict[str, Till] = {}
    for one in tills(connection):
        if one.place not in best or one.in_reach(now_ms):
            best[one.place] = one
    kana = {place: called(connection, place).kana for place in best}
    return [shop(connection, best[place], now_ms) for place in sorted(best, key=lambda place: (kana[place], place))]


def lacks(connection: sa.Connection, unit: str) -> Callable[[str, int], bool]:
    """Return what tells whether a unit has not said yet that it holds an entry (boot, seq) of the journal for it."""
    asked = sa.select(store.unit.c.report).where(store.unit.c.name == unit)
    report = connection.execute(asked).scalar()
    try:
        ends = ends_from_text(_REPORT.decode(report).heard) if report else []
        missed = shelves.missed(connection, ONE_UNIT + unit, ends, shelves.EVERYTHING) if ends else None
    except (*BAD_JSON, ValueError, RefusedError):
        missed = None
    if missed is None:
        return lambda _boot, _seq: True
    spans = [(one.boot, one.first, one.last) for one in missed]
    return lambda boot, seq: any(boot == of and first <= seq <= last for of, first, last in spans)


def _stands(connection: sa.Connection) -> Iterator[UnitSet]:
    for state in connection.execute(_UNITS).scalars():
        if isinstance(fact := _SAID.decode(state).fact, UnitSet):
            yield fact
