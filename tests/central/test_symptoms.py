"""What a unit suffers from reaches the office in words, and decides nothing at the centre."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from central.centre import Centre, open_centre
from central.cli import central
from central.console.books import Books, UnitLine
from central.console.desk import Desk
from central.console.moment import Moment
from central.console.standing import LATE_MS, Standing, neediest_first, standing
from central.console.troubles import DAY_MS
from central.found import Plan, found
from central.world import SystemClock, SystemEntropy
from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place, open_sim_centre
from sync.messages import Report
from sync.symptoms import Grade, Symptom, What, spell
from tests.central.pen import Pen, touch

HOT = Symptom(What.HOT, Grade.ACT, 85)
WORN = Symptom(What.WEAR, Grade.SEE, 91)


@pytest.fixture
def pen() -> Iterator[Pen]:
    """One database is enough: what a unit says of itself is a text in a column."""
    centre = open_sim_centre(Clock(), "symptoms", "sqlite://")
    name_place(centre, "library")
    yield Pen.enrolled(centre)
    centre.engine.dispose()


def says(pen: Pen, *symptoms: Symptom, line: str = "") -> None:
    """Let a unit make contact."""
    pen.centre.intake.holdings(pen.peer, Report(symptoms=line or spell(symptoms)), "0b")


def lines(centre: Centre) -> list[UnitLine]:
    return Books(centre.engine, centre.town.register).units()


def stands(pen: Pen, *, later_ms: int = 0) -> Standing:
    desk = Desk.of(pen.centre)
    seen, moment = desk.seen(), Moment(pen.centre.town.clock.wall_ms() + later_ms, 540)
    (line,) = seen.units
    return standing(line, moment, desk.troubles(seen, moment))


def test_what_must_be_done_now_needs_somebody(pen: Pen) -> None:
    says(pen, WORN, HOT)
    (line,) = lines(pen.centre)
    assert line.symptoms == (WORN, HOT)
    found = stands(pen)
    assert found.name == "need"
    assert [(grade, say.ja) for grade, say in found.ill] == [
        (Grade.ACT, "端末の中が熱くなっています(85 ℃)。"),
        (Grade.SEE, "SDカードの寿命が近づいています(91 % 使いました)。"),
    ]


def test_what_can_wait_is_said_and_takes_nothing_from_a_unit_that_works(pen: Pen) -> None:
    says(pen, WORN)
    assert (stands(pen).name, len(stands(pen).ill)) == ("ok", 1)
    assert (stands(pen, later_ms=LATE_MS + 1).name, len(stands(pen, later_ms=LATE_MS + 1).ill)) == ("late", 1)
    says(pen)
    assert stands(pen).ill == ()


def test_of_two_units_that_work_the_one_that_will_need_somebody_comes_first(pen: Pen) -> None:
    says(Pen.enrolled(pen.centre, "zoo01", seed="zoo"), WORN)
    says(pen)
    desk = Desk.of(pen.centre)
    seen, moment = desk.seen(), desk.moment()
    judged = neediest_first(seen.units, moment, desk.troubles(seen, moment))
    assert [line.name for line, _ in judged] == ["zoo01", "lib01"]


def test_a_unit_that_nobody_knows_yet_and_is_silent_for_a_day_needs_somebody(pen: Pen) -> None:
    says(pen)
    assert stands(pen, later_ms=DAY_MS).name == "late"
    assert stands(pen, later_ms=DAY_MS + 1).name == "need"
    pen.centre.granter.drain("lib01", on=True)
    pen.centre.reconciler.catch_up()
    assert stands(pen, later_ms=DAY_MS + 1).name == "late", "it is being put away"


@pytest.mark.parametrize("line", ["damp.see.3", "of another kind", "hot.act", "," * 300])
def test_a_unit_of_another_version_is_heard_all_the_same(pen: Pen, line: str) -> None:
    pen.send(pen.begin(touch()))
    says(pen, line=line)
    (found,) = lines(pen.centre)
    assert found.contact_ms == pen.centre.town.clock.wall_ms()
    assert stands(pen).name == "ok"


def test_a_figure_that_stands_is_not_written_again_at_every_contact(pen: Pen) -> None:
    says(pen, WORN)
    (before,) = lines(pen.centre)
    pen.centre.town.clock.advance(1)  # type: ignore[attr-defined]
    says(pen, WORN)
    assert lines(pen.centre) == [before]


def test_the_command_says_below_a_unit_what_to_do(tmp_path: Path) -> None:
    world = SystemClock(), SystemEntropy()
    found(tmp_path / "town", Plan("todai", "灯台町", "Todai", "00", 8443, ("localhost",), 8080), *world)
    pen = Pen.enrolled(open_centre(tmp_path / "town", *world))
    says(pen, HOT)
    unit, below = CliRunner().invoke(central, ["status", str(tmp_path / "town")]).output.splitlines()
    assert unit.startswith("lib01")
    assert below.strip().startswith("act: it is hot inside (85 °C); keep it out of the sun")
