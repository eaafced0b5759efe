"""A town with places, cards and a clock, in which points are tried: touches arrive when they are told to."""

from collections.abc import Sequence
from typing import Final

from central import ledger
from central.centre import Centre
from drivers.clock.sim import Driver as Clock
from programs.points.activating import activate, propose
from programs.points.book import BOOK, Book
from programs.points.entries import Activated, Plan, Rule
from programs.points.rules import PROGRAM, History, given
from programs.points.settling import Outcome, settle
from programs.visits.entries import Touch
from simulation.centre import name_place, open_sim_centre
from sync.entries import Entry, encode
from sync.messages import TOWN_STREAM
from sync.program import DAY_MS, JAPAN_MINUTES, MINUTE_MS
from sync.segment import Segment
from tests.central.pen import Pen

CARD: Final = "0a" * 16
BOOT: Final = "9f3c0a1b22d4e5f6"


def entry(
    day: int, clock: str = "10:00", place: str = "library", *, card: str = CARD, unit: str = "", seq: int = 1
) -> Entry:
    """Return a touch at a time of day; each place has its own unit."""
    hour, minute = map(int, clock.split(":"))
    at = day * DAY_MS + (hour * 60 + minute - JAPAN_MINUTES) * MINUTE_MS
    return Entry(unit or f"{place}01", BOOT, seq, at, Touch(card, place, day, "card"))


def book(*rules: Rule, starts: int = 0, at: int = 1) -> Book:
    """Return a book in which these rules count."""
    said = Activated(Plan(starts, rules), "0a" * 6, "山田", "佐藤")
    return BOOK.fold(Book(), Entry(TOWN_STREAM, BOOT, 1, at, said))


def said(rules: Book, touches: Sequence[Entry]) -> list[int | None]:
    """Return what is said of each touch when it happens, by somebody who has heard of all those before."""
    histories: dict[str, History] = {}
    found = []
    for one in touches:
        key = PROGRAM.key(one)
        histories[key] = PROGRAM.fold(histories.get(key, History()), one)
        found.append(given(histories[key], rules, one))
    return found


class Hall:
    """The centre, and units whose journals are written by hand."""

    def __init__(self, *url: str) -> None:
        """`url`: of an empty database; one in memory if left out."""
        self.clock = Clock()
        self.centre: Centre = open_sim_centre(self.clock, "points", *url)
        self.pens: dict[str, Pen] = {}
        for place in ("library", "hall"):
            name_place(self.centre, place)

    @property
    def today(self) -> int:
        return (self.clock.wall_ms() + JAPAN_MINUTES * MINUTE_MS) // DAY_MS

    def sleep(self, days: int = 1) -> None:
        self.clock.advance(days * 86_400)

    def decide(self, *rules: Rule, good_months: int = 0) -> Activated:
        """Put a plan into force that starts tomorrow, and let tomorrow come."""
        plan = Plan(self.today + 1, rules, good_months)
        made = activate(self.centre, propose(self.centre, plan, "山田").id, "佐藤")
        self.sleep()
        return made

    def touched(self, *times: tuple[int, str], place: str = "library", card: str = CARD) -> Segment:
        """Let a card be touched; return the segment, which has not arrived."""
        unit = f"{place}01"
        if unit not in self.pens:
            pen = self.pens[unit] = Pen.enrolled(self.centre, unit, unit)
            pen.send(pen.begin())
        pen = self.pens[unit]
        first = pen.seq + 1
        entries = [entry(day, clock, place, card=card) for day, clock in times]
        return pen.seal(
            [encode(Entry(unit, pen.boot, seq, one.at, one.fact)) for seq, one in enumerate(entries, first)]
        )

    def arrives(self, segment: Segment) -> str:
        """Bring a segment in; return the id of its first entry."""
        self.pens[segment.unit].send(segment)
        return f"{segment.unit}/{segment.boot}/{segment.first}"

    def settle(self) -> Outcome:
        return settle(self.centre)

    def balance(self, card: str = CARD) -> int:
        with self.centre.reconciler.counted() as connection:
            return ledger.balance(connection, ledger.points(card))
