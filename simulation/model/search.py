"""Breadth-first search: visits every state within a bound once, and tells the shortest way to a broken one."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

State = TypeVar("State")

FOR_EVER: Final = 1 << 30
_TELL_EVERY: Final = 10_000


class World(Protocol[State]):
    """What is searched. `steps` yields what may happen next, in words, and the state that follows."""

    def start(self) -> State: ...

    def steps(self, state: State) -> Iterable[tuple[str, State]]: ...

    def key(self, state: State) -> Hashable:
        """Return the same for two states exactly if nothing that matters tells them apart."""

    def broken(self, state: State) -> str:
        """Return which law a state breaks, in words, or ""."""


@dataclass
class Found(Generic[State]):
    """What a search came to.

    Attributes:
        states: how many different ones were visited; each was held against the laws.
        transitions: how many steps were tried.
        depth: the most steps from the start.
        complete: nothing is left behind the bound: these are all states that there are.
        broken: the law that was broken, or "".
        trace: the steps that lead there; there is no shorter way.
    """

    states: int = 0
    transitions: int = 0
    depth: int = 0
    complete: bool = False
    broken: str = ""
    trace: list[str] = field(default_factory=list)


def search(
    world: World[State],
    depth: int = FOR_EVER,
    states: int = FOR_EVER,
    tell: Callable[[int, int], None] = lambda _states, _depth: None,
) -> Found[State]:
    """Visit every state within `depth` steps of the start, until a law is broken.

    Args:
        states: stop at so many states, wherever that is.
        tell: called now and then with how many states there are and how deep the search is.
    """
    first = world.start()
    seen = {world.key(first)}
    came: list[tuple[int, str]] = [(-1, "")]  # for each state, in the order found, the one before it and the step
    found: Found[State] = Found(states=1, broken=world.broken(first))
    frontier = [(0, first)]
    while frontier and not found.broken and found.depth < depth:
        nearer, frontier = frontier, []
        for number, state in nearer:
            for step, after in world.steps(state):
                found.transitions += 1
                key = world.key(after)
                if key in seen:
                    continue
                seen.add(key)
                came.append((number, step))
                frontier.append((found.states, after))
                found.states += 1
                if found.states % _TELL_EVERY == 0:
                    tell(found.states, found.depth + 1)
                found.broken = world.broken(after)
                if found.broken or found.states >= states:
                    found.depth += 1
                    found.trace = _trace(came, found.states - 1) if found.broken else []
                    return found
        found.depth += bool(frontier)
    found.complete = not frontier
    return found


def _trace(came: list[tuple[int, str]], number: int) -> list[str]:
    steps: list[str] = []
    while number > 0:
        number, step = came[number]
        steps.append(step)
    return steps[::-1]
