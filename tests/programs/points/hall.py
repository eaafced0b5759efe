"""A town with places, cards and a clock, in which points are tried: touches arrive when they are told to."""

from collections.abc import Sequence
from typing import Final

from central import ledger
from central.centre import Centre
from drivers.clock.sim import Driver as Clock
from programs.coin.entries import Pay, ShopRefund
from programs.points.activating import activate, propose
from programs.points.book import BOOK, Book
from programs.points.entries import Activated, Plan, Rule, Voided
from programs.points.rules import PROGRAM, History, given
from programs.points.settling import Outcome, settle
from programs.steps.entries import PEDOMETER, Struck, Walked
from programs.visits.entries import Touch
from simulation.centre import name_place, open_sim_centre
from sync.entries import Entry, Fact, encode
from sync.messages import TOWN_STREAM
from sync.program import DAY_MS, JAPAN_MINUTES, MINUTE_MS
from sync.segment import Segment
from tests.central.pen import Pen

CARD: Final = "0a" * 16
BOOT: Final = "9f3c0a1b22d4e5f6"


def entry(
    day: int, clock: str = "10:00", place: str = "library", *, card: str = CARD, unit: str = "", seq: int = 0
) -> Entry:
    """Return a touch at a time of day; each place has its own unit."""
    hour, minute = map(int, clock.split(":"))
    at = day * DAY_MS + (hour * 60 + minute - JAPAN_MINUTES) * MINUTE_MS
    return Entry(unit or f"{place}01", BOOT, seq or at // MINUTE_MS, at, Touch(card, place, day, "card"))


def pay(
    day: int, clock: str, yen: int, place: str = "fish", *, card: str = CARD, unit: str = "", seq: int = 0
) -> Entry:
    """Return a payment at a time of day."""
    at = entry(day, clock, place, seq=seq)
    return Entry(unit or at.unit, BOOT, at.seq, at.at, Pay(1, card, yen, place, day, "card"))


def back(of: Entry, yen: int, later: int = 1) -> Entry:
    """Return what gives some of a payment back, or all of it, so many minutes later."""
    fact = of.fact
    assert isinstance(fact, Pay)
    given_back = ShopRefund(1, fact.card, yen, fact.place, fact.day, f"{of.boot}/{of.seq}")
    return Entry(of.unit, BOOT, of.seq + later, of.at + later * MINUTE_MS, given_back)


def void(of: Entry, seq: int = 1) -> Entry:
    """Return the town's word that an entry gives no points."""
    return Entry(TOWN_STREAM, BOOT, seq, of.at + DAY_MS, Voided(str(of.id), PROGRAM.key(of), "山田", "佐藤"))


def walked(day: int, steps: int, by: str = PEDOMETER, *, at: int = 0, card: str = CARD, unit: str = "hall01") -> Entry:
    """Return what somebody's pedometer or phone says of a day; `at`: so many minutes after its end."""
    minute = (day + 1) * DAY_MS // MINUTE_MS + at
    return Entry(unit, BOOT, minute, minute * MINUTE_MS, Walked(card, day, steps, by, "card"))


def struck(day: int, by: str = PEDOMETER, *, at: int = 0, card: str = CARD) -> Entry:
    """Return the office's word that what a source said of a day does not count."""
    minute = (day + 1) * DAY_MS // MINUTE_MS + at
    return Entry("office", BOOT, minute, minute * MINUTE_MS, Struck(card, day, by, "a slip"))


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

    def wrote(self, unit: str, *facts: Fact) -> list[str]:
        """Let facts arrive from a unit, written now; return the ids of their entries."""
        if unit not in self.pens:
            pen = self.pens[unit] = Pen.enrolled(self.centre, unit, unit)
            pen.send(pen.begin())
        pen, now = self.pens[unit], self.clock.wall_ms()
        entries = [Entry(unit, pen.boot, seq, now, fact) for seq, fact in enumerate(facts, pen.seq + 1)]
        pen.send(pen.seal([encode(one) for one in entries]))
        return [str(one.id) for one in entries]

    def settle(self) -> Outcome:
        return settle(self.centre)

    def balance(self, card: str = CARD) -> int:
        with self.centre.reconciler.counted() as connection:
            return ledger.balance(connection, ledger.points(card))
