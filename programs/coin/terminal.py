"""The counters of the coin: a shop that is paid, and a desk that takes in cash."""

from typing import Any, Final

from appliance.counter import Counter
from programs.coin.entries import Charge, Pay, Void
from programs.coin.papers import CoinPapers
from programs.coin.rules import CHARGE, PAY, PROGRAM, VOID
from sync.entries import Entry
from sync.program import Decision, Program, Result


class _Coin:
    """What both have in common."""

    program: Program[Any] = PROGRAM
    spends: bool = True
    papers = CoinPapers()
    wishes: tuple[str, ...] = ()

    def recorded(self, entry: Entry) -> Decision | None:
        match entry.fact:
            case Pay(yen=yen):
                return Decision(Result.OK_PAY, "COI-021", values={"yen": yen})
            case Charge(yen=yen):
                return Decision(Result.OK_PAY, "COI-032", values={"yen": yen})
            case Void(yen=yen):
                return Decision(Result.OK_PAY, "COI-044", values={"yen": yen})
            case _:
                return None


class Shop(_Coin):
    """A countertop: the amount first, then the card."""

    wishes = (PAY, VOID)


class Desk(_Coin):
    """Where cash becomes coin, and where the town's own fees are paid."""

    wishes = (CHARGE, PAY, VOID)


COUNTERS: Final[dict[str, Counter]] = {"shop": Shop(), "desk": Desk()}
