"""`machi central unit neighbour`: who is told what, and again when a unit begins another life."""

from collections.abc import Iterator

import pytest

from central.centre import Centre
from central.neighbours import NeighbourError
from drivers.clock.sim import Driver as Clock
from drivers.keystore.sim import Driver as Keystore
from simulation.centre import name_place, open_sim_centre
from simulation.unit import enrol
from sync.messages import text
from sync.neighbours import KeepSet, NeighbourSet, Party

AT = "192.168.1.20:4710"


@pytest.fixture
def centre() -> Iterator[Centre]:
    made = open_sim_centre(Clock(), "neighbours")
    name_place(made, "library")
    for unit in ("lib01", "shop01", "desk01"):
        let_in(made, unit, 1)
    yield made
    made.engine.dispose()


def let_in(centre: Centre, unit: str, life: int) -> Party:
    key = Keystore(Keystore.Options(f"{unit}/{life}"))
    enrol(centre, unit, "library", key)
    return Party(unit, life, text(key.public))


def party(unit: str, life: int = 1) -> Party:
    return Party(unit, life, text(Keystore(Keystore.Options(f"{unit}/{life}")).public))


def test_both_are_told_with_the_others_key(centre: Centre) -> None:
    kept = centre.neighbours.name("lib01", "shop01", AT, 100)
    assert kept.neighbour == NeighbourSet("lib01", party("shop01"), AT)
    assert kept.shares == (KeepSet("shop01", party("lib01"), 100),)
    assert centre.neighbours.turn() == 0
    assert centre.neighbours.of("shop01").neighbour is None


def test_another_keeper_takes_over_and_the_one_before_keeps_what_it_has(centre: Centre) -> None:
    centre.neighbours.name("lib01", "shop01", AT, 100)
    kept = centre.neighbours.name("lib01", "desk01", AT, 50)
    assert kept.neighbour == NeighbourSet("lib01", party("desk01"), AT)
    assert {share.keeper: share.mib for share in kept.shares} == {"shop01": 0, "desk01": 50}
    kept = centre.neighbours.nobody("lib01")
    assert kept.neighbour == NeighbourSet("lib01", None)
    assert {share.keeper: share.mib for share in kept.shares} == {"shop01": 0, "desk01": 0}


def test_whoever_begins_another_life_is_named_by_its_new_key(centre: Centre) -> None:
    centre.neighbours.name("lib01", "shop01", AT, 100)
    centre.neighbours.name("shop01", "lib01", AT, 70)
    fresh = let_in(centre, "shop01", 2)
    assert centre.neighbours.turn() == 2
    assert centre.neighbours.of("lib01").neighbour == NeighbourSet("lib01", fresh, AT)
    assert centre.neighbours.of("shop01").shares == (KeepSet("lib01", fresh, 70),)
    assert centre.neighbours.of("lib01").shares == (KeepSet("shop01", party("lib01"), 100),)
    assert centre.neighbours.turn() == 0, "once"


def test_only_a_life_that_is_over_may_be_forgotten(centre: Centre) -> None:
    centre.neighbours.name("lib01", "shop01", AT, 100)
    with pytest.raises(NeighbourError, match="life 1 of lib01 is not over"):
        centre.neighbours.forget("lib01", 1)
    let_in(centre, "lib01", 2)
    centre.neighbours.turn()
    (share,) = centre.neighbours.forget("lib01", 1).shares
    assert share.forget == 1
    with pytest.raises(NeighbourError):
        centre.neighbours.forget("lib01", 2)
    (share,) = centre.neighbours.name("lib01", "shop01", AT, 200).shares
    assert (share.mib, share.forget) == (200, 1), "what may be forgotten stays so"
    centre.enroller.close("lib01", "scrapped")
    assert centre.neighbours.forget("lib01", 2).shares[0].forget == 2


def test_what_cannot_be_is_refused_in_both_languages(centre: Centre) -> None:
    for unit, keeper in (("lib01", "lib01"), ("lib01", "nobody"), ("nobody", "lib01")):
        with pytest.raises(NeighbourError, match=r"[ぁ-ん].*\n.*[a-z]"):
            centre.neighbours.name(unit, keeper, AT, 100)
    centre.enroller.close("shop01", "stolen")
    with pytest.raises(NeighbourError, match="shop01 is not enrolled, or its life is over"):
        centre.neighbours.name("lib01", "shop01", AT, 100)
    assert centre.neighbours.of("lib01").neighbour is None
