"""Two shops that sell for coin, a treasurer, and a clock: the street on which settling is tried."""

from central import ledger
from central.centre import Centre
from drivers.clock.sim import Driver as Clock
from programs.coin.entries import Charge, Pay, Void
from programs.coin.settlement import bank, tables
from programs.coin.settlement.calendar import day_of
from programs.coin.settlement.counted import UNCOUNTED
from programs.coin.settlement.settle import Made, Wanted, settle, shop_holds
from programs.coin.settlement.statement import Statement, statement
from programs.coin.terms import Settling
from simulation.centre import SimCentre, name_place
from sync.entries import Fact
from sync.messages import OFFICE_STREAM
from sync.segment import Segment
from tests.central.pen import Pen

CARD = "0a" * 16
SETTLING = Settling()
TOWN = bank.account("0001", "001", "1", "0123456", "ミズホ", "トウキョウ")
FISH = bank.account("0005", "123", "1", "7654321")
NOVEMBER, DECEMBER = day_of("2026-11-30"), day_of("2026-12-15")
TODAY = day_of("2026-11-23")


class Street:
    """A fish shop and a bakery that sell for coin that was charged at their own counters."""

    def __init__(self, centre: Centre, clock: Clock) -> None:
        self.centre, self.clock = centre, clock
        self.pens = {place: Pen.enrolled(centre, f"{place}01", place) for place in ("fish", "bakery")}
        self.said = 0
        for place, pen in self.pens.items():
            pen.send(pen.begin(Charge(1, CARD, 1_000_000, place, TODAY, "card")))
        self.say(bank.payer("1234567890", "トウダイチョウ", TOWN), bank.shop("fish", "サカナヤ", FISH))

    def say(self, *facts: Fact) -> None:
        """Let the office say something."""
        with self.centre.reconciler.counted() as connection:
            self.centre.streams.append(connection, OFFICE_STREAM, facts)

    def sells(self, place: str, *yen: int, day: int = TODAY) -> Segment:
        """Let a shop sell; the segment is delivered by `deliver`, or never."""
        return self.pens[place].write(*(Pay(1, CARD, one, place, day, "card") for one in yen))

    def deliver(self, segment: Segment) -> str:
        """Bring a segment to the centre; return the id of its first entry without its unit."""
        self.pens[segment.unit[:-2]].send(segment)
        return f"{segment.boot}/{segment.first}"

    def sold(self, place: str, *yen: int, day: int = TODAY) -> str:
        return self.deliver(self.sells(place, *yen, day=day))

    def takes_back(self, place: str, yen: int, of: str, day: int = TODAY) -> None:
        self.deliver(self.pens[place].write(Void(1, CARD, yen, place, day, of)))

    def on(self, date: str) -> None:
        """Let it be noon of a day."""
        wanted = day_of(date) * 86_400_000 + 3 * 3_600_000
        self.clock.advance((wanted - self.clock.wall_ms()) / 1000)

    def settle(self, upto: int = NOVEMBER, **more: object) -> Made:
        return settle(self.centre, SETTLING, Wanted(upto, **more))  # type: ignore[arg-type]

    def statement(self, place: str, number: int = UNCOUNTED) -> Statement:
        with self.centre.reconciler.counted() as connection:
            return statement(connection, tables.office_books(connection), place, number, 540)

    def balance(self, account: str) -> int:
        with self.centre.reconciler.counted() as connection:
            assert ledger.total(connection) == 0
            return ledger.balance(connection, account)

    def owed(self, place: str) -> int:
        with self.centre.reconciler.counted() as connection:
            return shop_holds(connection, place)


def in_memory() -> tuple[SimCentre, Street]:
    clock = Clock()
    sim = SimCentre(clock, "settle")
    for place in ("fish", "bakery"):
        name_place(sim.centre, place)
    return sim, Street(sim.centre, clock)
