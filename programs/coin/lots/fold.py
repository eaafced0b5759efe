"""Which lots a card's money is made of: a fold over everything that flowed in and out, in its order.

What comes in makes a lot; what goes out takes from the lot that runs out first, and of those that run out together
from the oldest. What is taken back lies again where it came from. So every yen is in one lot, and all lots together
are what the ledger says is on the card. Arithmetic only.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from programs.coin.lots.flow import Flow, in_order

GUARANTEE: Final = "fund/guarantee"
EXPIRED: Final = "issuer/expired"
_SUSPENSE: Final = "suspense/"
_CASH: Final = ("cash/", "issuer/bank")
_NEVER: Final = 2**53

Part = tuple[str, int]
"""A lot, and how much of it."""


class Lot(msgspec.Struct, frozen=True):
    """Money that came in together.

    Attributes:
        id: the entry that made it.
        day, expires: when it came, and the last day on which it is good (0: for ever).
        yen, left: how much came, and what is left of it.
    """

    id: str
    source: str
    day: int
    expires: int
    yen: int
    left: int

    def has_run_out(self, day: int) -> bool:
        return 0 < self.expires < day

    @property
    def was_paid_for(self) -> bool:
        return self.source == "cash"


class Line(msgspec.Struct, frozen=True):
    """One flow, and which lots it touched; what it took of a lot is below zero."""

    flow: Flow
    parts: tuple[Part, ...]


class Purse(msgspec.Struct, frozen=True):
    """The money of a card, lot by lot as they came. `owed`: what was paid although nobody had it, by a copied disk."""

    lots: tuple[Lot, ...] = ()
    owed: int = 0
    history: tuple[Line, ...] = ()

    @property
    def yen(self) -> int:
        return sum(lot.left for lot in self.lots) - self.owed


def fold(flows: Iterable[Flow]) -> dict[str, Purse]:
    """Return the purses that flows make, by what they are called.

    Args:
        flows: all of these purses, and of those that money was moved from or to; in any order.
    """
    purses: dict[str, _Open] = {}
    for flow in in_order(flows):
        purse = purses.setdefault(flow.what, _Open())
        if flow.yen < 0:
            purse.goes(flow)
        else:
            purse.comes(flow, _moved(purses, flow))
        purse.make_good()
    return {what: purse.closed() for what, purse in purses.items()}


def _moved(purses: dict[str, "_Open"], flow: Flow) -> list[tuple[Lot, int]]:
    """Return which parts of which lots the same entry has just taken out of another purse."""
    giver = next((purse for what, purse in purses.items() if flow.other.startswith(f"{what}/")), None)
    return [(giver.lots[lot], yen) for lot, yen in giver.taken.get(flow.entry, ())] if giver else []


class _Open:
    """A purse while flows go through it."""

    def __init__(self) -> None:
        self.lots: dict[str, Lot] = {}
        self.taken: dict[str, list[Part]] = {}  # by entry: what it has taken, and nobody has put back
        self._owed: dict[str, Flow] = {}  # by entry: what nobody had yet; below zero
        self._aside: list[Flow] = []  # what went to suspense
        self._history: list[tuple[Flow, list[Part]]] = []

    def comes(self, flow: Flow, moved: list[tuple[Lot, int]]) -> None:
        parts: list[Part] = []
        rest = flow.yen
        for entry in self._entries_put_back(flow):
            back = self._put_back(entry, rest)
            rest -= sum(yen for _, yen in back)
            parts += back
        for lot, yen in moved:
            parts.append(self._add(lot, share := min(yen, rest)))
            rest -= share
        if rest:
            parts.append(
                self._add(Lot(flow.entry, flow.detail.source, flow.detail.day, flow.detail.expires, 0, 0), rest)
            )
        self._history.append((flow, [(lot, yen) for lot, yen in parts if lot and yen]))

    def goes(self, flow: Flow) -> None:
        parts = self._take(flow, -flow.yen)
        if lacking := -flow.yen - sum(yen for _, yen in parts):
            self._owed[flow.entry] = msgspec.structs.replace(flow, yen=-lacking)
        if flow.other.startswith(_SUSPENSE):
            self._aside.append(flow)
        self._history.append((flow, [(lot, -yen) for lot, yen in parts]))

    def make_good(self) -> None:
        """Let what nobody had be paid out of what has come since."""
        for entry, flow in list(self._owed.items()):
            paid = sum(yen for _, yen in self._take(flow, -flow.yen))
            self._owed[entry] = msgspec.structs.replace(flow, yen=flow.yen + paid)
            if not self._owed[entry].yen:
                del self._owed[entry]

    def closed(self) -> Purse:
        history = tuple(Line(flow, tuple(parts)) for flow, parts in self._history)
        return Purse(tuple(self.lots.values()), -sum(flow.yen for flow in self._owed.values()), history)

    def _entries_put_back(self, flow: Flow) -> list[str]:
        """Return which entries this flow takes back: the one that it names, or what had been set aside."""
        if flow.detail.of:
            return [flow.detail.of]
        return [aside.entry for aside in self._aside if flow.other in (aside.other, GUARANTEE)]

    def _put_back(self, entry: str, yen: int) -> list[Part]:
        """Put back what an entry took, the last first; what it owes is owed no more, as of the lot ""."""
        parts: list[Part] = []
        if flow := self._owed.pop(entry, None):
            parts.append(("", forgiven := min(-flow.yen, yen)))
            if flow.yen + forgiven:
                self._owed[entry] = msgspec.structs.replace(flow, yen=flow.yen + forgiven)
            yen -= forgiven
        took = self.taken.get(entry, [])
        while took and yen:
            lot, there = took.pop()
            parts.append(self._add(self.lots[lot], back := min(there, yen), is_new=False))
            if there > back:
                took.append((lot, there - back))
            yen -= back
        return parts

    def _add(self, lot: Lot, yen: int, *, is_new: bool = True) -> Part:
        here = self.lots.get(lot.id) or msgspec.structs.replace(lot, yen=0, left=0)
        self.lots[lot.id] = msgspec.structs.replace(here, yen=here.yen + yen * is_new, left=here.left + yen)
        return lot.id, yen

    def _take(self, flow: Flow, yen: int) -> list[Part]:
        parts: list[Part] = []
        for lot in sorted((lot for lot in self.lots.values() if lot.left), key=lambda lot: _turn(lot, flow)):
            if not yen:
                break
            share = min(lot.left, yen)
            self.lots[lot.id] = msgspec.structs.replace(lot, left=lot.left - share)
            parts.append((lot.id, share))
            yen -= share
        self.taken.setdefault(flow.entry, []).extend(parts)
        return parts


def _turn(lot: Lot, flow: Flow) -> tuple[bool, bool, bool, int, int]:
    """Return by what lots are sorted for something that goes out; between equals the one that came first.

    A lot that is named comes before all. In cash only goes back what came in cash, as long as there is some. Then what
    runs out soonest. What had run out that day comes last, and yet it comes: a unit let somebody pay, so it counts.
    """
    is_named = lot.id == flow.detail.of
    in_cash = flow.other.startswith(_CASH) and lot.was_paid_for
    is_late = lot.has_run_out(flow.detail.day) != (flow.other == EXPIRED)
    return not is_named, not in_cash, is_late, lot.expires or _NEVER, lot.day
