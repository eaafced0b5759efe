"""A real centre, with a desk and two shops whose hands we lead, and a resident who is known to the town."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from central import ledger
from central.centre import Centre
from drivers.clock.sim import Driver as Clock
from programs.coin.entries import Charge, Pay, Void, money
from programs.coin.lots import books
from programs.coin.lots.fold import Purse
from simulation.centre import name_place, open_sim_centre
from sync.entries import Entry, Fact, encode
from sync.program import DAY_MS, MINUTE_MS, town_day
from sync.segment import Segment
from tests.central.pen import Pen

JAPAN_MINUTES = 540


@dataclass
class Hall:
    """The town hall: its centre, and whoever writes to it."""

    clock: Clock
    centre: Centre
    card: str
    pens: dict[str, Pen] = field(default_factory=dict)

    @property
    def what(self) -> str:
        return money(self.card)

    @property
    def today(self) -> int:
        return town_day(self.clock.wall_ms(), JAPAN_MINUTES)

    def write(self, unit: str, *facts: Fact) -> str:
        """Let a unit write and deliver; return the id of its last entry."""
        if unit not in self.pens:
            self.pens[unit] = Pen.enrolled(self.centre, unit, unit)
            self.pens[unit].send(self.pens[unit].begin())
        self.pens[unit].send(self.sealed(unit, *facts))
        return f"{unit}/{self.pens[unit].boot}/{self.pens[unit].seq}"

    def sealed(self, unit: str, *facts: Fact) -> Segment:
        """Let a unit write, at noon of the day that a fact names, and deliver nothing yet."""
        pen = self.pens[unit]
        numbered = enumerate(facts, pen.seq + 1)
        return pen.seal([encode(Entry(unit, pen.boot, seq, self._noon(fact), fact)) for seq, fact in numbered])

    def _noon(self, fact: Fact) -> int:
        return getattr(fact, "day", self.today) * DAY_MS + DAY_MS // 2 - JAPAN_MINUTES * MINUTE_MS

    def charge(self, yen: int, unit: str = "desk01", day: int | None = None, card: str | None = None) -> str:
        return self.write(unit, Charge(1, card or self.card, yen, "hall", self.day(day), "card"))

    def pay(self, yen: int, unit: str = "desk01", day: int | None = None) -> str:
        return self.write(unit, Pay(1, self.card, yen, "fish", self.day(day), "card"))

    def void(self, yen: int, of: str, day: int | None = None) -> str:
        unit, _, entry = of.partition("/")
        return self.write(unit, Void(1, self.card, yen, "fish", self.day(day), entry))

    def day(self, day: int | None) -> int:
        return self.today if day is None else day

    def balance(self, account: str) -> int:
        with self.centre.reconciler.counted() as connection:
            assert ledger.total(connection) == 0
            return ledger.balance(connection, account)

    @property
    def purse(self) -> Purse:
        with self.centre.reconciler.counted() as connection:
            found = books.purse(connection, self.what)
            assert found.yen == books.worth(connection, self.what)
        return found

    @property
    def left(self) -> dict[str, int]:
        """What is left on the card, by source."""
        found: dict[str, int] = {}
        for lot in self.purse.lots:
            found[lot.source] = found.get(lot.source, 0) + lot.left
        return found


def open_hall() -> Hall:
    clock = Clock()
    centre = open_sim_centre(clock, "lots")
    name_place(centre, "library")
    return Hall(clock, centre, centre.registrar.card("pass", "hanako"))


@pytest.fixture
def hall() -> Iterator[Hall]:
    opened = open_hall()
    yield opened
    opened.centre.engine.dispose()
