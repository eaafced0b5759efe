"""The till: what one unit has taken since it was last closed, its last lines, and the cash in its drawer.

A reader of its own beside the purses, for it is about no card. Reading it is the X report; the entry that begins its
sums again is the Z. It needs nobody but the unit itself, so a day can be closed without a network.
"""

from typing import Any, Final

import msgspec

from programs.coin.entries import Charge, CounterPay, Insured, InsuredVoid, Pay, ShopRefund, Undo, Void
from programs.coin.till.facts import Closing, DrawerCounted, DrawerOpened, Span, Sums, worth
from sync.entries import Entry
from sync.program import Fold
from sync.steps import Step, Steps

TILL_READER: Final = "coin-till"
LINES_KEPT: Final = 40

CHARGED: Final = "charge"
PAID: Final = "pay"
REFUNDED: Final = "refund"

Taken = Charge | Pay | Void | Undo | ShopRefund
"""The entries about money, which a closing adds up."""


class Line(msgspec.Struct, frozen=True):
    """A payment, a charge or a refund, as the person behind the counter finds it again.

    Attributes:
        entry: its place, boot/seq.
        what: "pay", "charge" or "refund".
        back: how much of it was given back here.
        returns: the last day on which some of it may be.
        of: of a refund, the payment.
        is_void: it was taken back.
        is_closed: a closing has added it up.
    """

    entry: str
    at_ms: int
    day: int
    what: str
    yen: int
    is_void: bool = False
    is_closed: bool = False
    back: int = 0
    returns: int = 0
    of: str = ""


class Closed(msgspec.Struct, frozen=True):
    """The last closing: its number, when it was, what it added up."""

    number: int
    at_ms: int
    day: int
    sums: Sums
    is_automatic: bool


class Drawer(msgspec.Struct, frozen=True):
    """The cash in a drawer (yen).

    Attributes:
        opening: the change that it was opened with.
        taken: what came in since it was opened, or counted last.
        counted: how often it was counted.
    """

    is_open: bool = False
    opening: int = 0
    taken: int = 0
    counted: int = 0

    @property
    def expected(self) -> int:
        return self.opening + self.taken


class Till(msgspec.Struct, frozen=True):
    """One life of one unit.

    Attributes:
        sums, covers: of the entries since the last closing.
        since_ms, since_day: when the first of those was.
        lines: the last payments and charges, as they were made, also of before the closing.
        last: the last closing, or None.
        latest: the latest day on which anything was done; a clock that is set back makes it no earlier one.
    """

    sums: Sums = Sums()
    covers: tuple[Span, ...] = ()
    since_ms: int = 0
    since_day: int = 0
    lines: tuple[Line, ...] = ()
    last: Closed | None = None
    latest: int = 0
    drawer: Drawer = Drawer()


def till_key(unit: str, life: int) -> str:
    return f"{unit}/{life}"


def key(entry: Entry) -> str:
    fact: Any = entry.fact
    return till_key(entry.unit, fact.life)


def place_of(entry: Entry) -> str:
    """Return how a line and what takes it back name an entry of their own unit."""
    return f"{entry.boot}/{entry.seq}"


def fold(till: Till, entry: Entry) -> Till:
    match entry.fact:
        case Charge() | Pay() | Void() | Undo() | ShopRefund() as fact:
            return _take(till, entry, fact)
        case Closing(number=number, day=day, sums=sums, is_automatic=is_automatic):
            lines = tuple(msgspec.structs.replace(line, is_closed=True) for line in till.lines)
            last = Closed(number, entry.at, day, sums, is_automatic)
            return Till(lines=lines, last=last, latest=max(till.latest, day), drawer=till.drawer)
        case DrawerOpened(counts=counts):
            drawer = Drawer(is_open=True, opening=worth(counts), counted=till.drawer.counted)
            return msgspec.structs.replace(till, drawer=drawer)
        case DrawerCounted():
            return msgspec.structs.replace(till, drawer=Drawer(counted=till.drawer.counted + 1))
        case _:
            return till


def _take(till: Till, entry: Entry, fact: Taken) -> Till:
    since = (till.since_ms, till.since_day) if till.covers else (entry.at, fact.day)
    return msgspec.structs.replace(
        till,
        sums=add(till.sums, fact),
        covers=_covered(till.covers, entry),
        since_ms=since[0],
        since_day=since[1],
        latest=max(till.latest, fact.day),
        lines=_lined(till.lines, entry, fact),
        drawer=msgspec.structs.replace(till.drawer, taken=till.drawer.taken + _cash(fact)),
    )


def add(sums: Sums, fact: Taken) -> Sums:
    """Return the sums with one entry more."""
    change = msgspec.structs.replace
    match fact:
        case Pay(yen=yen):
            return change(sums, payments=sums.payments + 1, paid=sums.paid + yen)
        case Void(yen=yen):
            return change(sums, voids=sums.voids + 1, voided=sums.voided + yen)
        case Charge(yen=yen):
            return change(sums, charges=sums.charges + 1, charged=sums.charged + yen)
        case Undo(yen=yen):
            return change(sums, undos=sums.undos + 1, undone=sums.undone + yen)
        case ShopRefund(yen=yen):
            return change(sums, refunds=(sums.refunds or 0) + 1, refunded=(sums.refunded or 0) + yen)


def _cash(fact: Taken) -> int:
    """Return by how much there is more cash in the drawer after an entry (yen)."""
    match fact:
        case Charge(yen=yen):
            return yen
        case Undo(yen=yen):
            return -yen
        case _:
            return 0


def _covered(covers: tuple[Span, ...], entry: Entry) -> tuple[Span, ...]:
    if covers and covers[-1].boot == entry.boot:
        return (*covers[:-1], msgspec.structs.replace(covers[-1], last=entry.seq))
    return (*covers, Span(entry.boot, entry.seq, entry.seq))


def _lined(lines: tuple[Line, ...], entry: Entry, fact: Taken) -> tuple[Line, ...]:
    change = msgspec.structs.replace
    match fact:
        case Pay(yen=yen, day=day, returns=returns):
            line = Line(place_of(entry), entry.at, day, PAID, yen, returns=returns)
        case Charge(yen=yen, day=day):
            line = Line(place_of(entry), entry.at, day, CHARGED, yen)
        case ShopRefund(yen=yen, day=day, of=of):
            line = Line(place_of(entry), entry.at, day, REFUNDED, yen, of=of)
            lines = tuple(change(one, back=one.back + yen) if one.entry == of else one for one in lines)
        case Void(of=of) | Undo(of=of):
            return tuple(change(one, is_void=True) if one.entry == of else one for one in lines)
    return (*lines, line)[-LINES_KEPT:]


_CARD: Final = "0a" * 16
_STEPS: Final = Steps("0c" * 32, 900, (Step(8, 1, "A" * 86 + "=="),))
_COUNTS: Final = (0, 1, 0, 5, 2, 10, 0, 0, 0, 0)

TILL: Final[Fold[Till]] = Fold(
    name=TILL_READER,
    kinds=(Charge, Pay, Void, Undo, ShopRefund, Insured, InsuredVoid, CounterPay, Closing, DrawerOpened, DrawerCounted),
    state=Till,
    empty=Till(),
    key=key,
    fold=fold,
    samples=(
        Charge(1, _CARD, 3000, "hall", 20_780, "card"),
        Pay(1, _CARD, 1280, "fish", 20_780, "card", 120),
        Void(1, _CARD, 1280, "fish", 20_780, "9f3c0a1b22d4e5f6/1", 120),
        Undo(1, _CARD, 3000, "hall", 20_780, "9f3c0a1b22d4e5f6/1"),
        ShopRefund(1, _CARD, 300, "fish", 20_780, "9f3c0a1b22d4e5f6/1", 30),
        Insured(1, _CARD, 900, "fish", 20_780, "card", 90),
        InsuredVoid(1, _CARD, 900, "fish", 20_780, "9f3c0a1b22d4e5f6/1", 90),
        CounterPay(1, _CARD, 900, "fish", 20_780, "card", 90, steps=_STEPS),
        Closing(1, "fish", 20_780, 1, (Span("9f3c0a1b22d4e5f6", 2, 9),), Sums(payments=3, paid=4_100)),
        DrawerOpened(1, "hall", 20_780, _COUNTS),
        DrawerCounted(1, "hall", 20_780, _COUNTS, 12_000),
    ),
    version=3,
    safe=lambda till: len(till.lines) <= LINES_KEPT and (bool(till.covers) or till.sums == Sums()),
)
