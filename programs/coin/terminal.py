"""The counters of the coin: a shop that is paid, and a desk that takes in cash."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from appliance.counter import Counter, Told
from programs.coin.counter.deciding import CardCounter, asks
from programs.coin.counter.facts import USE, Heard
from programs.coin.entries import Charge, CounterPay, Pay, ShopRefund, Undo, Void, money
from programs.coin.online.facts import PaidOnline
from programs.coin.papers import CoinPapers
from programs.coin.rules import CHARGE, PAY, PROGRAM, REFUND, SET_PIN, VOID
from programs.coin.terms import TERMS_KEY, TERMS_READER, Agreed
from programs.coin.till.acts import CLOSE, COUNT_DRAWER, OPEN_DRAWER, is_late
from programs.coin.till.facts import Sums
from programs.coin.till.fold import Closed, Drawer, Line, Till
from sync.entries import Entry, Fact
from sync.program import Decision, Moment, Program, Result, Wish
from sync.rights import RIGHTS, Grant, Moves, Right, right_key

PRACTICE_YEN: Final = 20_000


class Sheet(msgspec.Struct, frozen=True):
    """What the person behind a counter of the coin reads: the X report, the last lines, and what waits to be sent.

    Attributes:
        day: today, by the town's calendar.
        sums: what was taken since the last closing.
        lines: the newest first: everything since the last closing that is still kept, and what can still be taken or
            given back.
        last: the last closing, or None.
        is_late: something of an earlier day is not closed yet.
        drawer: the cash that should be there.
        waiting, waiting_yen: payments and charges that the centre has not heard yet, and what they add up to.
        step_yen, ceiling_yen: the town's terms for charging.
        refund_days: so long after a payment some of it may be given back here; 0: never.
    """

    day: int
    sums: Sums
    lines: tuple[Line, ...]
    last: Closed | None
    is_late: bool
    drawer: Drawer
    waiting: int
    waiting_yen: int
    step_yen: int
    ceiling_yen: int
    refund_days: int


class _Coin:
    """What both have in common."""

    program: Program[Any] = PROGRAM
    spends: bool = True
    papers = CoinPapers()
    wishes: tuple[str, ...] = ()
    page: str = "/counter"
    acts: tuple[str, ...] = (CLOSE,)

    def steps(self, wish: Wish, card: str, value: int, unit: str, life: int, state: Callable[[str, str], Any]) -> int:
        if wish.what != PAY or wish.about:
            return 1
        right: Right = state(RIGHTS, right_key(unit, life, money(card)))
        known, gate, seated, touches = (state(reader, key) for reader, key in asks(unit, life, card))
        counter = CardCounter(known, gate, seated, touches, state(RIGHTS, right_key(unit, life, USE)))
        return 1 if right.amount >= wish.amount else counter.steps_for(wish.amount, value)

    def for_practice(self, state: Callable[[str, str], Any]) -> Sequence[Fact]:
        agreed: Agreed = state(TERMS_READER, TERMS_KEY)
        return (agreed.terms,)

    def practice_money(self, card: str, unit: str, life: int) -> Sequence[Fact]:
        return (Grant(unit, life, money(card), PRACTICE_YEN),)

    def recorded(self, entry: Entry) -> Decision | None:
        match entry.fact:
            case Pay(yen=yen):
                return Decision(Result.OK_PAY, "COI-021", values={"yen": yen})
            case Charge(yen=yen):
                return Decision(Result.OK_PAY, "COI-032", values={"yen": yen})
            case Void(yen=yen):
                return Decision(Result.OK_PAY, "COI-044", values={"yen": yen})
            case Undo(yen=yen):
                return Decision(Result.OK_PAY, "COI-048", values={"yen": yen})
            case ShopRefund(yen=yen):
                return Decision(Result.OK_PAY, "COI-076", values={"yen": yen})
            case _:
                return None

    def told(self, entry: Entry) -> Told | None:
        """A payment from a resident's page: out of the centre's books, so nothing is written here."""
        fact = entry.fact
        if not isinstance(fact, PaidOnline):
            return None
        values: dict[str, int | str] = {"yen": fact.yen}
        now, later = (Decision(Result.OK_PAY, message, values=values) for message in ("COI-026", "COI-027"))
        return Told(fact.bill, now, later)

    def sheet(self, states: Sequence[Any], moment: Moment, waiting: Sequence[Fact]) -> Sheet:
        till, agreed = _typed(*states)
        unheard = [fact for fact in waiting if isinstance(fact, Moves) and not isinstance(fact, Heard)]
        return Sheet(
            day=moment.day,
            sums=till.sums,
            lines=tuple(line for line in reversed(till.lines) if _is_shown(line, moment)),
            last=till.last,
            is_late=is_late(till, moment),
            drawer=till.drawer,
            waiting=len(unheard),
            waiting_yen=sum(fact.yen if isinstance(fact, CounterPay) else abs(fact.moves[1]) for fact in unheard),
            step_yen=agreed.terms.step_yen,
            ceiling_yen=agreed.terms.ceiling_yen,
            refund_days=agreed.terms.refund_days,
        )


def _is_shown(line: Line, now: Moment) -> bool:
    return not line.is_closed or line.day == now.day or (line.returns >= now.day and not line.is_void)


def _typed(till: Till, agreed: Agreed) -> tuple[Till, Agreed]:
    return till, agreed


class Shop(_Coin):
    """A countertop: the amount first, then the card."""

    wishes = (PAY, VOID, REFUND)


class Desk(_Coin):
    """Where cash becomes coin, and where the town's own fees are paid."""

    wishes = (CHARGE, PAY, VOID, REFUND, SET_PIN)
    acts = (CLOSE, OPEN_DRAWER, COUNT_DRAWER)


COUNTERS: Final[dict[str, Counter]] = {"shop": Shop(), "desk": Desk()}
