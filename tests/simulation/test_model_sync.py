"""The real code of unit and centre in every order of events up to a bound; planted mistakes are all found."""

from collections import defaultdict

import pytest

from simulation.model.search import search
from simulation.model.sync.laws import LAWS, LIVENESS
from simulation.model.sync.world import Left, World
from simulation.model.sync.wrong import ALL, Wrong

# `machi simulate model` lets more happen; these are all states that there are if no more than this does.
SMALL: dict[str, tuple[Left, int, int, tuple[str, ...]]] = {
    "messages and power": (Left(touches=1, asks=1, restarts=1, crashes=1), 2, 280, ()),
    "a disk put back": (
        Left(touches=1, asks=2, put_back=1),
        1,
        190,
        ("centres with the incident rollback", "units that knew that something is gone"),
    ),
    "a disk copied": (
        Left(touches=1, asks=2, copies=1),
        1,
        450,
        ("centres with the incident clone", "units that froze"),
    ),
    "a machine woken twice": (Left(touches=1, asks=1, twins=1), 2, 140, ()),
    "another life": (Left(touches=1, asks=1, lives=1), 2, 120, ()),
    "a restored centre": (Left(touches=1, asks=1, restores=1), 2, 150, ()),
}
"""What may happen; how many units take part; how many states there are at least; what has to be met."""

# The fewest steps in which each mistake can show itself, in the order of `ALL`.
STEPS = (1, 2, 3, 2, 4, 8, 2, 4, 6, 4, 4, 5, 8, 5, 12, 0)


@pytest.mark.parametrize("name", SMALL)
def test_no_order_of_events_breaks_a_law(name: str) -> None:
    left, units, states, rare = SMALL[name]
    world = World(left, units=units, calm_every=50)
    found = search(world)
    assert not found.broken, f"{found.broken}\n" + "\n".join(found.trace)
    assert found.complete, "these have to be all states that there are"
    assert found.states >= states, "this search has looked at too little"
    assert found.transitions > 4 * states
    reached = world.reached()
    assert reached["calm days"] > 1
    assert all(reached[name] for name in rare)


def test_a_search_can_be_repeated() -> None:
    def searched() -> tuple[int, int, int]:
        found = search(World(Left(touches=1, asks=1, put_back=1)), depth=5)
        return found.states, found.transitions, found.depth

    assert searched() == searched()


def test_states_that_are_taken_for_one_lead_to_the_same_states() -> None:
    """What has to be believed of a search that visits each state once."""
    world = World(Left(touches=1, asks=2, put_back=1), units=1)
    frontier = [world.start()]
    seen = set(frontier)
    behind: dict[bytes, set[frozenset[bytes]]] = defaultdict(set)
    while frontier:
        state = frontier.pop()
        after = {following for _, following in world.steps(state)}
        behind[world.key(state)].add(frozenset(map(world.key, after)))
        frontier += after - seen
        seen |= after
    assert len(seen) > 5 * len(behind), "nothing was taken for one"
    assert all(len(ways) == 1 for ways in behind.values())


@pytest.mark.parametrize(("wrong", "steps"), list(zip(ALL, STEPS, strict=True)), ids=[one.mistake for one in ALL])
def test_every_mistake_is_found_in_the_fewest_steps(wrong: Wrong, steps: int) -> None:
    calm_every = int(wrong.breaks == LIVENESS)
    found = search(World(wrong.left, wrong.box, wrong.centre, calm_every, wrong.units), states=1_000)
    assert wrong.said in found.broken, f"not found: {wrong.mistake}"
    assert len(found.trace) == steps, "\n".join(found.trace)


def test_every_law_can_be_broken() -> None:
    assert {one.breaks for one in ALL} == set(LAWS)
