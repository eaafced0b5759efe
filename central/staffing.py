"""Who may sign in behind the counters of a place: said to each of its units alone, in that unit's own journal.

So a disk that is stolen holds the kept PINs of one place. Every word says the whole list, and the last one counts.
"""

from collections.abc import Callable

import msgspec
import sqlalchemy as sa

from central import shelves, store
from central.reconcile import Reconciler, statements
from central.streams import Streams
from sync.directory import staff_key, unit_key
from sync.facts import UnitSet, UnitState
from sync.staff import PEOPLE_MAX, Person, StaffSet


class StaffingError(Exception):
    """This cannot be said; the message says why, and nothing was."""


class Staffing:
    """Says who works where."""

    def __init__(self, streams: Streams, reconciler: Reconciler) -> None:
        self._streams = streams
        self._reconciler = reconciler

    def at(self, place: str) -> dict[str, StaffSet | None]:
        """Return what each unit at a place was told last; None for one that was told nothing."""
        with self._reconciler.counted() as connection:
            return _told(connection, place)

    def change(self, place: str, change: Callable[[StaffSet], StaffSet]) -> dict[str, StaffSet]:
        """Tell every unit at a place a changed list; one that stands there newly hears of everybody.

        Raises:
            StaffingError: no unit stands there, or there are too many people.
        """
        with self._reconciler.counted() as connection:
            told = _told(connection, place)
            if not told:
                raise StaffingError(f'no unit stands at "{place}"; look at: machi central status')
            before = next((said for said in told.values() if said), StaffSet(min(told)))
            after = change(before)
            if len(after.people) > PEOPLE_MAX:
                raise StaffingError(f"{PEOPLE_MAX} people can sign in at one place; take somebody off first")
            said = {unit: msgspec.structs.replace(after, of=unit) for unit in told}
            for unit, fact in said.items():
                self._streams.append_for(connection, unit, [fact])
            return said


def put(said: StaffSet, person: Person) -> StaffSet:
    """Return a list with somebody on it, in the place of whoever had that number.

    Raises:
        StaffingError: the card is somebody else's already.
    """
    others = tuple(one for one in said.people if one.number != person.number)
    if person.card and any(one.card == person.card for one in others):
        raise StaffingError("this card signs somebody else in already; take it off them first")
    return msgspec.structs.replace(said, people=tuple(sorted((*others, person), key=lambda one: one.number)))


def take_off(said: StaffSet, number: int) -> StaffSet:
    """Return a list without a number.

    Raises:
        StaffingError: nobody has it, or nobody would be left where somebody has to sign in.
    """
    people = tuple(one for one in said.people if one.number != number)
    if len(people) == len(said.people):
        raise StaffingError(f"nobody has number {number} there")
    if said.needed and not people:
        raise StaffingError("nobody would be left who could sign in, and somebody has to; say --no-sign-in first")
    return msgspec.structs.replace(said, people=people)


def _told(connection: sa.Connection, place: str) -> dict[str, StaffSet | None]:
    shelves.lock(connection)
    asked = sa.select(store.unit.c.name).where(store.unit.c.state != UnitState.CLOSED).order_by(store.unit.c.name)
    units = list(connection.execute(asked).scalars())
    keys = [key for unit in units for key in (unit_key(unit), staff_key(unit))]
    said = {key: one.fact for key, one in statements(connection, keys).items()}
    there = [unit for unit in units if isinstance(of := said.get(unit_key(unit)), UnitSet) and of.place == place]
    found = {unit: said.get(staff_key(unit)) for unit in there}
    return {unit: fact if isinstance(fact, StaffSet) else None for unit, fact in found.items()}
