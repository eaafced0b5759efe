"""New systems go out ring by ring: by an officer's word, after the ring before, and not while anybody went back."""

from collections.abc import Sequence

import msgspec
import pytest

from central import store
from central.bundles import Bundle
from central.centre import Centre
from central.console.books import Books
from central.incidents import close
from central.rings import NOT_OFFERED
from central.rollout import HinderedError, UnknownError, offered
from drivers.clock.sim import Driver as Clock
from sync.messages import Report
from sync.updates import Became, Hours, OfferState, RingSet, Stage
from tests.central.pen import Pen

NEXT, LATER = "0.2.0+202611291442.8e20d7f", "0.3.0+202612010900.1111111"
PI_4 = Bundle("machitap-pi-4-tap", NEXT, "ab" * 32, 1000)
PI_5 = Bundle("machitap-pi-5-tap", NEXT, "cd" * 32, 1001)
NIGHT = Hours(120, 270)
NAMES = ("bench01", "lib01", "lib02", "bus01")


class Units:
    """A town of four units on boards of one kind, in three rings."""

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        self.desk = centre.roll_outs
        self.pens = {name: Pen.enrolled(centre, name, seed=name) for name in NAMES}
        for name, pen in self.pens.items():
            self.runs(name, f"{PI_4.compatible} 0.1.0")
            pen.send(pen.begin())
        for ring in (RingSet(0, "bench", ("bench01",)), RingSet(1, "first", ("lib01", "lib02"))):
            self.desk.set_ring(ring)
        self.desk.set_ring(RingSet(2, "all", everybody=True))
        assert self.desk.add(PI_4)

    def runs(self, unit: str, image: str | None) -> None:
        self.centre.intake.holdings(self.pens[unit].peer, Report(image=image), "0a")

    def says(self, unit: str, *stages: Stage, why: str = "", version: str = NEXT) -> None:
        """Let a unit say what became of its last offer."""
        with store.reading(self.centre.engine) as connection:
            offer = offered(connection, unit)
        assert offer is not None
        facts = [Became(offer.number, version, stage, why) for stage in stages]
        self.pens[unit].send(self.pens[unit].write(*facts))
        self.centre.reconciler.catch_up()

    def stages(self, version: str = NEXT) -> dict[str, str]:
        return {unit.name: unit.stage(version) for unit in self.desk.picture().units}

    def refused(self, ring: int, version: str = NEXT, *, again: bool = False) -> list[str]:
        with pytest.raises(HinderedError) as refused:
            self.desk.offer(version, ring, NIGHT, again=again)
        assert all(one.ja and one.en for one in refused.value.why)
        return [one.about for one in refused.value.why]

    def offer(self, ring: int, *, again: bool = False) -> Sequence[str]:
        return self.desk.offer(NEXT, ring, NIGHT, again=again).told


@pytest.fixture
def url() -> str:
    """One database will do: what is asked of it here is asked of both elsewhere."""
    return "sqlite://"


@pytest.fixture
def units(centre: Centre) -> Units:
    return Units(centre)


def test_the_bench_gets_it_first_and_the_others_only_when_they_are_offered_it(units: Units) -> None:
    assert units.refused(1) == ["order"]
    assert units.desk.offer(NEXT, 0, NIGHT, dry=True).told == ("bench01",)
    assert set(units.stages().values()) == {NOT_OFFERED}
    assert units.offer(0) == ("bench01",)
    assert units.stages() == {"bench01": "offered", "bus01": NOT_OFFERED, "lib01": NOT_OFFERED, "lib02": NOT_OFFERED}
    units.says("bench01", Stage.FETCHED)
    assert units.stages()["bench01"] == "fetched"
    assert units.refused(1) == ["untried"], "it has not stayed anywhere yet"
    units.says("bench01", Stage.TRYING, Stage.KEPT)
    units.desk.turn()
    assert units.stages()["lib01"] == NOT_OFFERED, "no ring opens by itself"
    assert units.refused(2) == ["order"], "and none is passed over"
    assert units.offer(1) == ("lib01", "lib02")
    units.says("lib02", Stage.KEPT)
    assert units.offer(2) == ("bus01",), "whoever has it before him is told nothing new"


def test_a_unit_that_went_back_stops_everything_until_somebody_has_seen_to_it(units: Units, clock: Clock) -> None:
    units.offer(0)
    units.says("bench01", Stage.KEPT)
    units.offer(1)
    units.says("lib02", Stage.FETCHED)
    units.says("lib01", Stage.TRYING, Stage.BACK, why="reader")
    assert (units.desk.turn(), units.desk.turn()) == (1, 0)
    assert units.stages() == {"bench01": "kept", "bus01": NOT_OFFERED, "lib01": "back", "lib02": "held"}
    roll_out = units.desk.picture().roll_outs[NEXT]
    assert (roll_out.state, roll_out.back) == (OfferState.HELD, ("lib01",))
    (incident,) = Books(units.centre.engine, units.centre.town.register).incidents()
    assert (incident.unit, incident.kind, incident.detail["why"]) == ("lib01", "went back", "reader")

    assert units.refused(2) == ["went-back", "untried"]
    assert units.refused(1) == ["went-back"], "nor does the ring go on before somebody means it"
    assert units.refused(0, again=True) == ["went-back"], "once more is for those of that ring"
    clock.advance(1)
    assert set(units.offer(1, again=True)) == {"lib01", "lib02"}
    assert units.stages() == {"bench01": "kept", "bus01": NOT_OFFERED, "lib01": "offered", "lib02": "fetched"}
    with units.centre.engine.begin() as connection:
        assert close(connection, units.centre.streams, incident.n, "the reader's cable", clock.wall_ms())
    units.says("lib01", Stage.BACK, why="reader")
    assert units.desk.turn() == 1, "and once more it is held"
    units.desk.set_ring(RingSet(1, "first", ("lib02",)))
    assert units.offer(1) == ("lib02",), "without the unit that is broken, the ring goes on"
    units.says("lib02", Stage.KEPT)
    clock.advance(1)
    assert units.offer(2) == ("bus01",), "and so does the next one, of which it is: that is known"
    assert (units.centre.roll_outs.turn(), units.stages()["lib01"]) == (0, "back")


def test_whoever_goes_back_while_it_is_held_is_told_too(units: Units) -> None:
    units.offer(0)
    units.says("bench01", Stage.KEPT)
    units.offer(1)
    units.desk.stop(NEXT, OfferState.HELD)
    for unit in ("lib01", "lib02"):  # they had begun
        units.says(unit, Stage.TRYING, Stage.BACK, why="cut-off")
        assert units.desk.turn() == 1
    assert units.desk.picture().roll_outs[NEXT].back == ("lib01", "lib02")
    incidents = Books(units.centre.engine, units.centre.town.register).incidents()
    assert [one.unit for one in incidents] == ["lib01", "lib02"]


def test_what_is_held_goes_on_and_what_is_taken_back_does_not(units: Units) -> None:
    units.offer(0)
    assert units.desk.stop(NEXT, OfferState.HELD).told == ("bench01",)
    assert (units.stages()["bench01"], units.desk.stop(NEXT, OfferState.HELD).told) == ("held", ())
    assert units.offer(0) == ("bench01",)
    units.says("bench01", Stage.KEPT)
    units.offer(1)
    units.says("lib01", Stage.TRYING)
    assert units.desk.stop(NEXT, OfferState.WITHDRAWN).told == ("lib02",), "who has begun it ends it"
    assert units.stages() == {"bench01": "kept", "bus01": NOT_OFFERED, "lib01": "trying", "lib02": "withdrawn"}
    assert units.refused(1) == ["withdrawn"]
    with pytest.raises(UnknownError, match=LATER.replace("+", r"\+")):
        units.desk.offer(LATER, 0, NIGHT)


def test_each_board_gets_its_own_and_one_without_is_passed_over(units: Units) -> None:
    units.offer(0)
    units.says("bench01", Stage.KEPT)
    assert units.desk.add(PI_5)
    assert not units.desk.add(PI_5), "the same once more is no news"
    with pytest.raises(HinderedError):
        units.desk.add(msgspec.structs.replace(PI_5, digest="ef" * 32))
    units.runs("lib01", f"{PI_5.compatible} 0.1.0")
    units.runs("lib02", "machitap-zero-2-w-tap 0.1.0")
    done = units.desk.offer(NEXT, 1, NIGHT)
    assert (done.told, done.passed_over) == (("lib01",), ("lib02",))
    with store.reading(units.centre.engine) as connection:
        offer = offered(connection, "lib01")
    assert offer is not None
    assert (offer.digest, offer.compatible, offer.size) == (PI_5.digest, PI_5.compatible, PI_5.size)


def test_of_an_offer_the_furthest_counts_in_whichever_order_it_is_heard(units: Units) -> None:
    units.offer(0)
    units.says("bench01", Stage.KEPT)
    units.says("bench01", Stage.TRYING, Stage.FETCHED)
    assert units.stages()["bench01"] == "kept"
    before = units.centre.reconciler.digest()
    units.centre.reconciler.wipe()
    units.centre.reconciler.catch_up()
    assert units.centre.reconciler.digest() == before


def test_only_units_that_there_are_can_be_in_a_ring(units: Units) -> None:
    with pytest.raises(UnknownError, match="nobody99"):
        units.desk.set_ring(RingSet(1, "first", ("lib01", "nobody99")))
    with pytest.raises(UnknownError, match="7"):
        units.desk.offer(NEXT, 7, NIGHT)
