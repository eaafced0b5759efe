"""Two machines that woke up from one image and write on in the same boot: found at the first contact of either."""

import pytest
import sqlalchemy as sa

from central import store
from sync.messages import Why
from tests.appliance.conftest import touch
from tests.appliance.uplink.conftest import Town, Watched, go
from tests.central.pen import Pen


@pytest.fixture
def twin(town: Town) -> Pen:
    """The hand of a machine that has the unit's key, boot and head, when both are in sync with the centre."""
    town.write(1)
    go(town)
    tip = town.unit.running.opened.journal.tip
    assert tip is not None
    head = bytes.fromhex(tip.hash)
    return Pen(town.centre, "lib01", town.unit.keystore, tip.boot, tip.seq, head, fence="")


def found(town: Town) -> set[str]:
    with store.reading(town.centre.engine) as connection:
        return set(connection.execute(sa.select(store.incident.c.kind)).scalars())


def test_a_twin_that_is_further_hides_nothing(town: Town, twin: Pen) -> None:
    """The centre holds the twin's entries under the very numbers of ours, and more."""
    twin.send(twin.write(touch(1), touch(2), touch(3)))
    town.write(1)
    done = go(town)
    assert done.problem is not None
    assert done.problem.type == Why.FORK
    assert "fork" in found(town)
    assert "other entries" in town.unit.running.hatch.standing.frozen


def test_what_was_shown_and_got_lost_is_shown_again(town: Town, twin: Pen) -> None:
    twin.send(twin.write(touch(1), touch(2)))
    town.write(1)
    town.road.weather.request_lost = 0.6
    for _ in range(20):
        town.unit.sync(town.road)
    assert town.road.lost > 5, "the weather was too good: this test tried nothing"
    assert "fork" in found(town)


def test_a_twin_of_which_nothing_differs_yet_makes_no_round_endless(town: Town, watched: Watched) -> None:
    """The answer to our last entry was lost, and the twin, which has it too, has written on."""
    town.write(1)
    go(town)
    town.write(1)
    tip = town.unit.running.opened.journal.tip
    assert tip is not None
    question = town.unit.running.hatch.question()
    packed = town.unit.running.hatch.answer(town.road.holdings(question.report, question.nonce))
    assert packed is not None
    town.road.post(packed, "", "")
    twin = Pen(town.centre, "lib01", town.unit.keystore, tip.boot, tip.seq, bytes.fromhex(tip.hash))
    twin.send(twin.write(touch(1), touch(2)))
    for _ in range(4):
        assert go(town, watched).delivered <= 1, "our last entry at the most, for the centre to compare"
    assert "fork" not in found(town)
    assert "other entries" in town.unit.running.hatch.standing.frozen
