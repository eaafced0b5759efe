"""The specification of rights as something to be searched, and how far it is."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from simulation.model.rights import laws
from simulation.model.rights.rules import Rules
from simulation.model.rights.state import Left, State, start
from simulation.model.rights.steps import Step, steps

SCENARIOS: Final[Mapping[str, tuple[int, Left]]] = {
    "messages and power": (2, Left(grants=3, recalls=1, payments=2, voids=1, cash=1, cuts=1)),
    "disks put back": (2, Left(grants=2, recalls=1, payments=2, put_back=2)),
    "a disk copied": (2, Left(grants=2, recalls=1, payments=2, clones=1)),
    "lives of a unit": (2, Left(grants=3, recalls=1, payments=2, closings=2, funds=1)),
    "an old disk and another life": (1, Left(grants=2, recalls=1, payments=2, put_back=1, closings=1, funds=1)),
    "a copy and another life": (1, Left(grants=2, recalls=1, payments=2, clones=1, closings=1, funds=1)),
    "a restored centre": (2, Left(grants=3, recalls=1, payments=2, restores=1)),
}
"""The yen on the card at the start, and what may happen how often. Each can be searched to its end."""

_RARE: Final[Mapping[str, Callable[[State], bool]]] = {
    "a recall that comes too late": lambda state: any("n" in box.journal for box in state.boxes),
    "a box that froze": lambda state: any(box.frozen for box in state.boxes),
    "two journals under one name": lambda state: any(one.branched for one in state.books.accounts),
    "more paid than charged, by a copy": lambda state: state.paid > state.charged + state.books.fund,
    "a fund that paid": lambda state: state.books.fund > 0,
    "a restored centre that heard everybody": lambda state: state.books.restored > 0 and not state.books.unheard,
}
"""What a search has to meet, or it has tried nothing."""


class World:
    """Rights under certain rules, in one scenario.

    Args:
        watched: the laws to hold every state against.
        calm_every: of so many states one is followed through a calm day.
    """

    def __init__(
        self,
        scenario: tuple[int, Left],
        rules: Rules | None = None,
        watched: Iterable[str] = (*laws.LAWS, laws.LIVENESS),
        calm_every: int = 20,
    ) -> None:
        self._scenario = scenario
        self._rules = rules or Rules()
        self._laws = [(name, laws.LAWS[name]) for name in watched if name in laws.LAWS]
        self._calm_every = calm_every if laws.LIVENESS in watched else 0
        self._visited = self._calm_days = 0
        self._met: Counter[str] = Counter()

    def reached(self) -> dict[str, int]:
        """Return how often rare things were met, among the states of which one in a few is looked at closely."""
        return {"calm days": self._calm_days, **dict(sorted(self._met.items()))}

    def start(self) -> State:
        return start(*self._scenario)

    def steps(self, state: State) -> Iterable[Step]:
        return steps(state, self._rules)

    def key(self, state: State) -> State:
        return state

    def broken(self, state: State) -> str:
        for name, holds in self._laws:
            if not holds(state):
                return name
        self._visited += 1
        if not self._calm_every or self._visited % self._calm_every:
            return ""
        self._calm_days += 1
        self._met.update(name for name, is_met in _RARE.items() if is_met(state))
        return "" if laws.comes_home(state, self._rules) else laws.LIVENESS
