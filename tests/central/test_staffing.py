"""The office names who may sign in at a place, as a person types it: to its units alone, and no PIN in the clear."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from central.centre import Centre, open_centre
from central.cli import central
from central.reconcile import statement
from central.staffing import StaffingError
from central.store import reading
from central.world import SystemClock, SystemEntropy
from sync.directory import staff_key
from sync.pins import KeptPin, matches
from sync.staff import PEOPLE_MAX, Person, Role, StaffSet
from tests.central.test_commands import NAMES, machi

CARD = "60033bab2dcddc48b295070670d111d3"
PIN = "2580\n2580\n"


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A town with two tills at the fishmonger's and one at the bakery."""
    folder = tmp_path / "town"
    machi("init", folder, *NAMES)
    for unit, place in (("shop01", "fish"), ("shop02", "fish"), ("shop03", "bakery")):
        machi("unit", "add", folder, unit, "--place", place, "--counter", "shop")
    return folder


def typed(*words: object, given: str = "") -> Result:
    return CliRunner().invoke(central, [str(word) for word in words], input=given)


def opened(town: Path) -> Centre:
    centre = open_centre(town, SystemClock(), SystemEntropy())
    centre.reconciler.prepare()
    centre.reconciler.catch_up()
    return centre


def said(town: Path, unit: str) -> StaffSet | None:
    with reading(opened(town).engine) as connection:
        fact = statement(connection, staff_key(unit)).fact
    return fact if isinstance(fact, StaffSet) else None


def test_somebody_is_named_at_every_unit_of_a_place_and_nowhere_else(town: Path) -> None:
    done = typed("person", town, "fish", 3, "--name", "はる", "--pin", given=PIN)
    assert done.exit_code == 0, done.output
    assert "2580" not in done.output
    for unit in ("shop01", "shop02"):
        told = said(town, unit)
        assert told is not None
        (person,) = told.people
        assert (told.of, told.needed, person.number, person.name, person.role) == (unit, False, 3, "はる", Role.CLERK)
        assert person.pin is not None
        assert matches("2580", person.pin)
    assert said(town, "shop03") is None


def test_what_is_not_said_stays_as_it_was(town: Path) -> None:
    typed("person", town, "fish", 3, "--name", "はる", "--pin", given=PIN)
    before = said(town, "shop01")
    assert typed("person", town, "fish", 3, "--supervisor", "--card", CARD).exit_code == 0
    after = said(town, "shop01")
    assert before is not None
    assert after is not None
    assert after.people == (msgspec.structs.replace(before.people[0], role=Role.SUPERVISOR, card=CARD),)
    assert typed("person", town, "fish", 3, "--card", "none", "--clerk").exit_code == 0
    assert said(town, "shop01") == before
    assert typed("person", town, "fish", 3, "--remove").exit_code == 0
    assert said(town, "shop01") == StaffSet("shop01")


def test_signing_in_is_switched_on_only_where_somebody_can(town: Path) -> None:
    assert typed("staff", town, "fish", "--sign-in").exit_code == 6
    typed("person", town, "fish", 1, "--supervisor", "--card", CARD)
    assert typed("staff", town, "fish", "--sign-in").exit_code == 0
    told = said(town, "shop02")
    assert told is not None
    assert told.needed
    assert typed("person", town, "fish", 1, "--remove").exit_code == 6, "nobody would be left"
    assert typed("staff", town, "fish", "--no-sign-in").exit_code == 0
    assert typed("person", town, "fish", 1, "--remove").exit_code == 0


def test_a_till_that_came_later_is_shown_and_hears_with_the_next_word(town: Path) -> None:
    typed("person", town, "fish", 1, "--card", CARD)
    machi("unit", "add", town, "shop04", "--place", "fish", "--counter", "shop")
    shown = msgspec.json.decode(typed("staff", town, "fish", "--json").output)
    assert shown["units"]["shop04"] == "not told"
    assert shown["units"]["shop01"] == {
        "sign_in": False,
        "people": [{"number": 1, "name": "", "role": "clerk", "pin": False, "card": CARD}],
    }
    typed("staff", town, "fish", "--no-sign-in")
    told = said(town, "shop04")
    assert told is not None
    assert len(told.people) == 1


@pytest.mark.parametrize(
    ("words", "given", "ends"),
    [
        (("fish", 3), "", 6),  # no way to sign in
        (("fish", 3, "--pin"), "1234\n1234\n", 2),
        (("fish", 3, "--pin"), "12\n12\n", 2),
        (("fish", 3, "--card", "nobody's"), "", 2),
        (("fish", 3, "--card", CARD, "--name", "さ" * 17), "", 2),
        (("harbour", 3, "--card", CARD), "", 6),
        (("fish", 3, "--remove"), "", 6),
        (("fish", 0, "--card", CARD), "", 2),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_said(
    town: Path, words: tuple[object, ...], given: str, ends: int
) -> None:
    done = typed("person", town, *words, given=given)
    assert done.exit_code == ends, done.output
    assert said(town, "shop01") is None


def test_a_card_signs_in_one_person_and_a_place_has_no_more_people_than_fit(town: Path) -> None:
    typed("person", town, "fish", 1, "--card", CARD)
    assert typed("person", town, "fish", 2, "--card", CARD).exit_code == 6
    centre = opened(town)
    many = tuple(Person(number, card=f"{number:032x}") for number in range(1, PEOPLE_MAX + 2))
    with pytest.raises(StaffingError, match="40 people"):
        centre.staffing.change("fish", lambda told: msgspec.structs.replace(told, people=many))
    pin = KeptPin("0a" * 16, "0a" * 32)
    full = tuple(
        Person(number, "さ" * 16, Role.SUPERVISOR, pin, f"{number:032x}")
        for number in range(9_999, 9_999 - PEOPLE_MAX, -1)
    )
    centre.staffing.change("fish", lambda told: msgspec.structs.replace(told, people=full))
    told = said(town, "shop01")
    assert told is not None
    assert len(told.people) == PEOPLE_MAX, "as many as that fit one entry"
