"""Some of the planted bugs, found in earnest; `make mutants` looks for all of them."""

import pytest

from tests.mutants.bugs import Bug, read_bugs
from tests.mutants.ground import copy_with, run
from tests.mutants.hunt import TESTS, TOWN, Limits, look_for

FEW = Limits(seeds=2, days=1)
EASY = ("no full synchronisation", "a restart looks like a rollback", "the place is counted, not read")


@pytest.mark.parametrize("name", EASY)
def test_the_town_finds(name: str) -> None:
    (bug,) = (bug for bug in read_bugs() if bug.name == name)
    found = look_for(bug, FEW)
    assert (found.by, found.name) == (TOWN, name)


def test_a_test_finds_what_no_town_can_see() -> None:
    (bug,) = (bug for bug in read_bugs() if bug.name == "the file is moved before its log")
    found = look_for(bug, FEW)
    assert found.by == TESTS
    assert found.how == "tests/drivers/test_disk_file.py::test_a_move_that_stops_half_way_leaves_the_file_with_its_log"


def test_what_is_found_where_nothing_is_planted_makes_the_search_senseless() -> None:
    own = Bug(
        name="every touch is the first",
        people="Nobody is ever told that today's visit was counted already.",
        file="programs/visits/rules.py",
        old="    if tap.place in day.places:\n",
        new="    if tap.place not in tap.place:\n",
        expected="town",
        tests=(),
    )
    with copy_with(own) as house:
        done = run(house, "tests.mutants", "--seeds", "1", "--days", "1", seconds=120)
    assert done.code == 3, done.errors
    assert "nothing was planted, and yet the town found: wrong answer" in done.errors
