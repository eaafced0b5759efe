"""Everything that the console's pages and its JSON ask, made once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import sqlalchemy as sa

from central import drained, habits, heard, settings, store
from central.centre import Centre
from central.console.arrivals import Arrivals
from central.console.books import Books, IncidentLine
from central.console.by_hour import ByHour, by_hour
from central.console.moment import Moment
from central.console.proofs import Proofs
from central.console.today import Today, today
from central.console.town_map import SETTING, TownMap, recalled
from central.console.troubles import Seen, Trouble, troubles
from central.console.unit_file import UnitFile, read_unit_file
from central.console.words import Advice, Words
from central.reconcile import progress
from central.rings import UnitSeen
from central.rollout import unit_seen
from central.world import Room


@dataclass(frozen=True)
class Desk:
    """Where questions about the books are answered.

    `since_ms`: from when on this centre has listened; `room`: looks how much there is left on its disk.
    """

    centre: Centre
    words: Words
    books: Books
    arrivals: Arrivals
    proofs: Proofs
    since_ms: int
    room: Callable[[], Room | None]

    @classmethod
    def of(cls, centre: Centre, room: Callable[[], Room | None] = lambda: None) -> Self:
        engine, register, words = centre.engine, centre.town.register, Words()
        arrivals = Arrivals(engine, register, words)
        proofs, since_ms = Proofs(engine, centre.town.signer.public), centre.town.clock.wall_ms()
        return cls(centre, words, Books(engine, register), arrivals, proofs, since_ms, room)

    def moment(self) -> Moment:
        """Return the present, at the town."""
        return Moment(self.centre.town.clock.wall_ms(), self.books.town().utc_offset_minutes)

    def seen(self) -> Seen:
        """Return all that troubles follow from."""
        units, incidents, unheard = self.books.units(), self.incidents(), self.books.unheard()
        with store.reading(self.centre.engine) as connection:
            put_away = drained.lives(connection)
            return Seen(
                units=units,
                incidents=incidents,
                rhythms=heard.rhythms(connection),
                rough=habits.rough(connection),
                drained=frozenset(unit.name for unit in units if (unit.name, unit.epoch) in put_away),
                paying=habits.paying(connection),
                since_ms=self.since_ms,
                unheard=unheard,
                room=self.room(),
            )

    def incidents(self) -> list[tuple[IncidentLine, Advice]]:
        """Return what is open, each with what to do about it."""
        return [(one, self.words.advice(one.kind, one.means)) for one in self.books.incidents()]

    def troubles(self, seen: Seen, moment: Moment) -> list[Trouble]:
        """Return what a person should see to."""
        return troubles(seen, moment, self.words)

    def progress(self) -> tuple[int, int]:
        """Return how many segments arrived, and how many of these are not added up yet."""
        with store.reading(self.centre.engine) as connection:
            last = connection.execute(sa.select(sa.func.coalesce(sa.func.max(store.segment.c.n), 0))).scalar_one()
            added = connection.execute(sa.select(progress.c.n)).scalar() or 0
            return int(last), max(0, int(last) - int(added))

    def map(self) -> TownMap:
        """Return where the town's places are, as far as the office has said it."""
        with store.reading(self.centre.engine) as connection:
            return recalled(settings.get(connection, SETTING))

    def today(self, moment: Moment) -> Today:
        """Return what people did today."""
        with store.reading(self.centre.engine) as connection:
            return today(connection, moment)

    def by_hour(self, moment: Moment) -> ByHour:
        """Return how many touches there were in each hour of today and of the days before."""
        with store.reading(self.centre.engine) as connection:
            return by_hour(connection, moment)

    def figures(self) -> dict[str, dict[str, int]]:
        """Return the totals of every program."""
        return self.centre.reconciler.figures()

    def system(self, unit: str) -> UnitSeen | None:
        """Return which system a unit runs, and what it was offered."""
        with store.reading(self.centre.engine) as connection:
            return unit_seen(connection, unit)

    def unit_file(self, unit: str, epoch: int) -> UnitFile:
        return read_unit_file(self.centre.engine, unit, epoch)
