"""A full disk is noticed before a touch is lost on it, and is over when there is room again."""

import pytest

from appliance.room import BALLAST, Room
from drivers.disk.sim import Driver as Disk

MIB = 1024 * 1024
RESERVE = 4 * MIB


def disk(free: int) -> Disk:
    return Disk(Disk.Options(size=free))


def test_the_reserve_is_taken_at_the_start() -> None:
    on = disk(16 * MIB)
    room = Room(on, RESERVE)
    assert room.enough()
    assert on.free_bytes() == 12 * MIB


@pytest.mark.fault("the unit's disk is full")
def test_it_is_given_up_when_the_rest_runs_out_and_taken_back_later() -> None:
    on = disk(16 * MIB)
    room = Room(on, RESERVE)
    on.reserve("pictures", 11 * MIB + 1)
    assert not room.enough(), "less than a quarter of the reserve is left"
    room.look()
    assert not room.enough(), "the reserve is for what must go on, not for touches"
    assert on.free_bytes() > 4 * MIB
    room.look()
    assert not room.enough()
    on.remove("pictures")
    room.look()
    assert room.enough()
    assert on.exists(BALLAST)


def test_a_disk_that_is_full_at_the_start() -> None:
    on = disk(16 * MIB)
    on.reserve("pictures", 13 * MIB)
    assert not Room(on, RESERVE).enough()
    assert not on.exists(BALLAST)


def test_a_reserve_from_the_last_start_is_the_same_one() -> None:
    on = disk(16 * MIB)
    Room(on, RESERVE)
    on.reserve("pictures", 8 * MIB)
    assert Room(on, RESERVE).enough()
    assert on.free_bytes() == 4 * MIB


def test_no_reserve_no_limit() -> None:
    on = disk(1)
    assert Room(on, 0).enough()
    assert not on.exists(BALLAST)
