"""Four shops and a desk whose units write by their own clocks, and an autumn in which everything happens."""

from central.centre import Centre
from drivers.clock.sim import Driver as Clock
from programs.coin.entries import Charge, Insured, InsuredVoid, Pay, ShopRefund, Undo, Void
from programs.coin.insight import Asked, Insight, read
from programs.coin.lots.facts import Given, Source
from programs.coin.lots.giving import give
from programs.coin.procedures.circulation import Month, months, months_done
from programs.coin.procedures.trading import pay
from programs.coin.publishing import feed
from programs.coin.refunds.facts import Refund
from programs.coin.remedies import Compensated, Repaid
from programs.coin.turnover.books import counted
from programs.coin.turnover.counting import Counted
from simulation.centre import name_place
from sync.entries import Entry, Fact, encode
from sync.facts import UnitSet
from sync.messages import OFFICE_STREAM
from sync.program import town_day
from tests.central.pen import Pen
from tests.programs.visits.hall import OFFSET, at, card

SHOPS = ("fish", "bakery", "tea", "rice")


class Market:
    """A place to charge at, and the shops."""

    def __init__(self, centre: Centre, clock: Clock) -> None:
        self.centre, self.clock = centre, clock
        self.pens = {}
        for place in (*SHOPS, "hall"):
            name_place(centre, place)
            self.pens[place] = Pen.enrolled(centre, f"{place}01", place)
            counter = "desk" if place == "hall" else "shop"
            centre.registrar.say([UnitSet(f"{place}01", place, counter)])
            self.pens[place].send(self.pens[place].begin())

    def on(self, text: str) -> None:
        self.clock.advance((at(text) - self.clock.wall_ms()) / 1000)

    def writes(self, place: str, text: str, *facts: Fact) -> str:
        """Let a unit write facts at a time by its clock, and bring them; return the first one's boot and seq."""
        pen = self.pens[place]
        first = pen.seq + 1
        entries = [Entry(pen.unit, pen.boot, seq, at(text) + seq, fact) for seq, fact in enumerate(facts, first)]
        pen.send(pen.seal([encode(entry) for entry in entries]))
        return f"{pen.boot}/{first}"

    def charged(self, text: str, people: range, yen: int = 5_000, place: str = "hall") -> str:
        day = town_day(at(text), OFFSET)
        return self.writes(place, text, *(Charge(1, card(who), yen, place, day, "card") for who in people))

    def paid(self, text: str, people: range, place: str, yen: int = 300) -> str:
        day = town_day(at(text), OFFSET)
        return self.writes(place, text, *(Pay(1, card(who), yen, place, day, "card") for who in people))

    def asked(self, month: int | None = None, change: int | None = None) -> Insight:
        with self.centre.reconciler.counted() as connection:
            return read(connection, Asked(month, change), self.clock.wall_ms(), OFFSET)

    def feed(self) -> dict[str, bytes]:
        with self.centre.reconciler.counted() as connection:
            return feed(connection)

    def books(self, first: int, last: int) -> tuple[list[Month], list[Month], dict[int, Counted]]:
        """Return months by arrival, months by when it was done, and what was counted of each of these."""
        with self.centre.reconciler.counted() as connection:
            done = {month: counted(connection, month, OFFSET) for month in range(first, last + 1)}
            return months(connection), months_done(connection, last, last - first + 1), done


def autumn(market: Market) -> None:
    """Let everything happen that moves a shop's money, some of it brought a month late."""
    october, november = (town_day(at(text), OFFSET) for text in ("2026-10-05T10:00", "2026-11-09T10:00"))
    market.charged("2026-10-05T09:00", range(30))
    market.paid("2026-10-05T10:00", range(20), "fish")
    market.paid("2026-10-06T12:00", range(10, 30), "bakery", 450)
    mistyped = market.paid("2026-10-07T12:00", range(3, 4), "bakery", 4_500)
    market.writes("bakery", "2026-10-07T12:01", Void(1, card(3), 4_500, "bakery", october + 2, mistyped))
    undone = market.charged("2026-10-08T09:00", range(5, 6), 9_000)
    market.writes("hall", "2026-10-08T09:05", Undo(1, card(5), 9_000, "hall", october + 3, undone))
    market.on("2026-11-05T09:00")
    late = market.paid("2026-10-31T18:00", range(8), "tea", 200)
    promised = market.writes("rice", "2026-11-09T10:00", Insured(1, card(7), 800, "rice", november, "card"))
    market.writes("rice", "2026-11-09T10:05", InsuredVoid(1, card(7), 800, "rice", november, promised))
    market.writes("rice", "2026-11-10T10:00", Insured(1, card(8), 700, "rice", november + 1, "card"))
    market.writes("tea", "2026-11-11T10:00", ShopRefund(1, card(0), 150, "tea", november + 2, late))
    market.on("2026-11-20T09:00")
    market.paid("2026-11-20T10:00", range(40, 46), "fish", 100)  # who had not charged yet, as far as anybody has heard
    give(market.centre, [Given(card(1), 1_000, Source.GRANT, "grant", "gift", november)], to_anybody=True)
    pay(market.centre, "fish", "bakery", 400, "flour")
    with market.centre.reconciler.counted() as connection:
        back = Refund(f"fish01/{market.pens['fish'].boot}/4", card(2), "fish", 120, 0, "broken")
        right = Compensated("tea01", 1, "tea", 500, "receipts"), Repaid("tea01", 1, "tea", 90)
        market.centre.streams.append(connection, OFFICE_STREAM, [back, *right])
    market.on("2026-12-01T12:00")
    market.charged("2026-11-20T08:00", range(40, 46))
    market.on("2026-12-10T09:00")
