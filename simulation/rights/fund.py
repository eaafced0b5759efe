"""The fund that stands in out of reach, in plain arithmetic: what `programs/coin/insured` does, for the sketch."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from central.habits import Use
from programs.coin.tending import PLACES
from programs.coin.terms import Insuring
from simulation.rights.season import DAY_MS

TERMS: Final = Insuring(is_on=True)


class Fund:
    """Promises, and what cards owe for them (yen)."""

    def __init__(self, cards: int) -> None:
        self.owed = [0] * cards
        self._backed: dict[str, Sequence[int]] = {}
        self._promised: dict[str, Counter[int]] = {}
        self._first_day: dict[tuple[int, str], int] = {}

    def note_payment(self, card: int, name: str, at_ms: int) -> None:
        """Note on which day a card first paid at a unit out of its own money."""
        self._first_day.setdefault((card, name), at_ms // DAY_MS)

    def cut_off(self, name: str, elsewhere: Sequence[int]) -> None:
        """Let a unit be out of reach; it was told a moment ago what every card has elsewhere."""
        self._backed[name] = [
            max(0, min(TERMS.card_yen, yen) - owed) for yen, owed in zip(elsewhere, self.owed, strict=True)
        ]
        self._promised[name] = Counter()

    def promise(self, card: int, name: str, yen: int, at_ms: int, uses: Mapping[str, Use]) -> bool:
        """Tell whether the fund stands in for a payment at a unit out of reach; if so, that is a promise."""
        first = self._first_day.get((card, name))
        if first is None or first >= at_ms // DAY_MS or name not in _places(uses):
            return False
        promised = self._promised[name]
        left = min(self._backed[name][card] - promised[card], TERMS.unit_yen - promised.total())
        if yen > min(left, TERMS.card_yen):
            return False
        promised[card] += yen
        return True

    def bring_back(self, name: str) -> None:
        """Let the centre hear what was promised; cards owe it from now on."""
        del self._backed[name]
        for card, yen in self._promised.pop(name).items():
            self.owed[card] += yen


def _places(uses: Mapping[str, Use]) -> Sequence[str]:
    """Return where a card has paid most often."""
    paid = sorted((-use.paid, name) for name, use in uses.items() if use.paid)
    return [name for _, name in paid[:PLACES]]
