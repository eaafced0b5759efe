"""A town with a draw, cards that have points, and stands whose orders arrive when they are told to."""

from typing import Final

from central import ledger
from central.centre import Centre
from drivers.clock.sim import Driver as Clock
from programs.lottery.entries import Ordered, Prize, Tickets
from programs.lottery.office import tickets_of
from programs.lottery.running import Plan, announce
from programs.points.entries import Booked
from simulation.centre import name_place, open_sim_centre
from sync.entries import Entry, encode
from sync.facts import CardState
from sync.messages import OFFICE_STREAM
from sync.program import town_day
from sync.segment import Segment
from tests.central.pen import Pen

DRAW: Final = "winter"
ANNE, BERT = "0a" * 16, "0b" * 16
DAY_S: Final = 86_400


class Fair:
    """The centre, on the day before the closing."""

    def __init__(self, cap: int = 3, url: str = "sqlite://") -> None:
        self.clock = Clock()
        self.centre: Centre = open_sim_centre(self.clock, "fair", url)
        name_place(self.centre, "hall")
        for card in (ANNE, BERT):
            self.centre.registrar.set_card(card, CardState.ACTIVE)
        self.close_s = self.clock.wall_ms() // 1000 + DAY_S
        prizes = (Prize("ます寿し", "Trout sushi", 3_000, 1),)
        plan = Plan(
            DRAW, "冬の抽選会", "Winter draw", "joint", prizes, self.close_s, 12_000_000, cost_points=100, cap=cap
        )
        announce(self.centre, plan)
        self.pens: dict[str, Pen] = {}

    def earn(self, card: str, points: int) -> None:
        with self.centre.reconciler.counted() as connection:
            month = 2026 * 12 + 10
            self.centre.streams.append(connection, OFFICE_STREAM, [Booked(card, month, points)])

    def ordered(self, *orders: tuple[str, int], at_s: int = 0, unit: str = "stand01") -> Segment:
        """Let cards order at a stand, from a time on a second apart; return the segment, which has not arrived."""
        if unit not in self.pens:
            pen = self.pens[unit] = Pen.enrolled(self.centre, unit, unit)
            pen.send(pen.begin())
        pen, at = self.pens[unit], (at_s or self.clock.wall_ms() // 1000) * 1000
        facts = [Ordered(DRAW, card, count, "hall", town_day(at, 540), "card") for card, count in orders]
        numbered = enumerate(facts, pen.seq + 1)
        return pen.seal([encode(Entry(unit, pen.boot, seq, at + 1000 * seq, fact)) for seq, fact in numbered])

    def arrives(self, segment: Segment) -> None:
        self.pens[segment.unit].send(segment)

    def points(self, card: str) -> int:
        with self.centre.reconciler.counted() as connection:
            assert ledger.total(connection) == 0
            assert ledger.shortfall(connection) == 0
            return ledger.balance(connection, ledger.points(card))

    def tickets(self) -> list[Tickets]:
        with self.centre.reconciler.counted() as connection:
            return tickets_of(connection, DRAW)
