"""The specification of rights: every order of events up to a bound, and every planted mistake found."""

import json

import pytest
from click.testing import CliRunner

from simulation.model.cli import model
from simulation.model.rights.laws import LAWS, LIVENESS
from simulation.model.rights.state import State
from simulation.model.rights.world import SCENARIOS, World
from simulation.model.rights.wrong import ALL, AnswersFirst, IgnoresTheCounter, Wrong
from simulation.model.search import Found, search

STATES = 12_000  # of each; `machi simulate model` visits all

# The fewest steps in which each mistake can show itself. A search that needs more has lost its way.
STEPS = {
    "TakesAgain": 5,
    "RemembersWhatItHolds": 5,
    "SkipsLines": 3,
    "IgnoresTheLife": 6,
    "VoidsAgain": 4,
    "BeepsFirst": 4,
    "AnswersFirst": 9,
    "IgnoresTheCounter": 5,
    "CountsLate": 5,
    "CountsOnlyPayments": 10,
    "NumbersInMemory": 3,
    "TakesTheOldCentresWord": 12,
    "ReclaimsByTheClock": 7,
    "RaisesFirst": 7,
    "LowersNothing": 5,
    "LendsWhatIsPromised": 6,
    "BooksAgain": 3,
    "LastWins": 7,
    "HearsADeadLife": 4,
    "ReusesALostUnit": 7,
    "GrantsBeforeItHeard": 10,
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_order_of_events_breaks_a_law(name: str) -> None:
    world = World(SCENARIOS[name])
    found = search(world, states=STATES)
    assert not found.broken, "\n".join(found.trace)
    assert found.complete or found.states == STATES, "this search has looked at too little"
    assert found.states > 11_000
    assert world.reached()["calm days"] > 500


def test_all_states_of_a_small_town_are_visited_and_what_is_rare_is_met() -> None:
    """A bound that lets nothing bad happen proves nothing."""
    met: set[str] = set()
    for name in ("an old disk and another life", "a copy and another life"):
        world = World(SCENARIOS[name], calm_every=5)
        found = search(world)
        assert (found.complete, found.broken) == (True, "")
        met |= world.reached().keys()
    assert met > {
        "a recall that comes too late",
        "a box that froze",
        "two journals under one name",
        "more paid than charged, by a copy",
        "a fund that paid",
    }


@pytest.mark.parametrize("wrong", ALL, ids=lambda wrong: wrong.__name__)
def test_every_mistake_is_found_in_the_fewest_steps(wrong: type[Wrong]) -> None:
    found: Found[State] = search(World((1, wrong.left), wrong(), (wrong.breaks,), calm_every=1))
    assert found.broken == wrong.breaks, f"not found: {wrong.mistake}"
    assert len(found.trace) == STEPS[wrong.__name__], "\n".join(found.trace)


@pytest.mark.parametrize(
    ("law", "wrong"),
    [("I4 no yen is in two places", AnswersFirst), ("I5 copied disks are noticed, and only those", IgnoresTheCounter)],
)
def test_laws_that_are_broken_before_money_is_lost(law: str, wrong: type[Wrong]) -> None:
    found: Found[State] = search(World((1, wrong.left), wrong(), (law,)))
    assert found.broken == law
    assert len(found.trace) < STEPS[wrong.__name__]


def test_every_law_can_be_broken() -> None:
    shown = {"I4 no yen is in two places", "I5 copied disks are noticed, and only those"}
    assert {one.breaks for one in ALL} | shown == {*LAWS, LIVENESS}


@pytest.mark.parametrize("wrong", ALL, ids=lambda wrong: wrong.__name__)
def test_without_its_mistake_each_protocol_is_right(wrong: type[Wrong]) -> None:
    """So what is found is the mistake, and not what may happen besides."""
    found: Found[State] = search(World((1, wrong.left), watched=(*LAWS, LIVENESS)), states=3_000)
    assert not found.broken, "\n".join(found.trace)
    assert found.complete or found.states == 3_000


def test_the_command_tells_how_far_it_looked() -> None:
    told = CliRunner().invoke(model, ["--what", "rights", "--depth", "4", "--json"])
    document = json.loads(told.stdout)
    assert (told.exit_code, document["good"]) == (0, True)
    assert [found["scenario"] for found in document["searches"]] == list(SCENARIOS)
    assert all((found["depth"], found["complete"]) == (4, False) for found in document["searches"])
    assert document["states"] == sum(found["states"] for found in document["searches"]) > 1_000
    assert len(document["mistakes"]) == len(ALL)
