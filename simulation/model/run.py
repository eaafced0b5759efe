"""The searches, one after another, and what they came to; and the planted mistakes that they have to find."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from simulation.model.rights import laws as rights_laws
from simulation.model.rights.world import SCENARIOS as RIGHTS
from simulation.model.rights.world import World as RightsWorld
from simulation.model.rights.wrong import ALL as RIGHTS_WRONG
from simulation.model.search import FOR_EVER, Found, World, search
from simulation.model.sync import laws as sync_laws
from simulation.model.sync.world import SCENARIOS as SYNC
from simulation.model.sync.world import World as SyncWorld
from simulation.model.sync.wrong import ALL as SYNC_WRONG

LAWS: Final = {"sync": sync_laws.LAWS, "rights": (*rights_laws.LAWS, rights_laws.LIVENESS)}

Tell = Callable[[str], None]


class Searched(msgspec.Struct, frozen=True):
    """One search.

    Attributes:
        complete: these are all states that there are, however many steps one makes.
        seconds: of the processor.
        broken: the law that was broken, or ""; `trace` are the fewest steps that lead there.
        reached: how often rare things were met.
    """

    what: str
    scenario: str
    states: int
    transitions: int
    depth: int
    complete: bool
    seconds: float
    broken: str
    trace: tuple[str, ...]
    reached: dict[str, int]


class Mistake(msgspec.Struct, frozen=True):
    """What was done wrong on purpose, and which law a search saw broken by it; `trace` are the fewest steps to that."""

    mistake: str
    breaks: str
    found: bool
    states: int
    trace: tuple[str, ...]


def searches(what: str, depth: int | None, tell: Tell) -> Iterator[Searched]:
    """Search every scenario of "sync" or "rights"."""
    if what == "sync":
        for name, (units, left) in SYNC.items():
            world = SyncWorld(left, units=units)
            yield _searched(what, name, world, world.reached, depth, tell)
    else:
        for name, scenario in RIGHTS.items():
            of_rights = RightsWorld(scenario)
            yield _searched(what, name, of_rights, of_rights.reached, depth, tell)


def mistakes(what: str) -> Iterator[Mistake]:
    """Search with every planted mistake of "sync" or "rights" for the law that it breaks."""
    if what == "sync":
        for one in SYNC_WRONG:
            calm_every = int(one.breaks == sync_laws.LIVENESS)
            world = SyncWorld(one.left, one.box, one.centre, calm_every, one.units)
            yield _mistake(one.mistake, one.breaks, one.said, search(world))
    else:
        for wrong in RIGHTS_WRONG:
            of_rights = RightsWorld((1, wrong.left), wrong(), (wrong.breaks,), calm_every=1)
            yield _mistake(wrong.mistake, wrong.breaks, wrong.breaks, search(of_rights))


def _searched(
    what: str, name: str, world: World[Any], reached: Callable[[], dict[str, int]], depth: int | None, tell: Tell
) -> Searched:
    start = time.process_time()

    def on_the_way(states: int, deep: int) -> None:
        tell(f"{what}, {name}: {states:,} states, {deep} steps deep")

    found = search(world, FOR_EVER if depth is None else depth, tell=on_the_way)
    return Searched(
        what=what,
        scenario=name,
        states=found.states,
        transitions=found.transitions,
        depth=found.depth,
        complete=found.complete,
        seconds=round(time.process_time() - start, 1),
        broken=found.broken,
        trace=tuple(found.trace),
        reached=reached(),
    )


def _mistake(mistake: str, breaks: str, said: str, found: Found[Any]) -> Mistake:
    is_found = bool(found.broken) and said in found.broken
    return Mistake(mistake, breaks, is_found, found.states, tuple(found.trace))
