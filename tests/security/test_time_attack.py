"""Somebody who sets clocks: order and books do not notice, and no card comes back to life."""

from datetime import UTC, date, datetime

import pytest

from drivers.card.sim.plan import Fault
from drivers.clock import Confidence
from drivers.clock.sim import Driver as Clock
from simulation.deeds import Setting
from simulation.run import play
from sync.program import Result
from tests.security.conftest import Hand, Place

DAY_S = 86_400
BACK = {"11 days": -11 * DAY_S, "two years": -730 * DAY_S, "before 1970": -60 * 365 * DAY_S}
ENDS = date(2026, 12, 31)

pytestmark = pytest.mark.usefixtures("power_cuts")


def go_to(clock: Clock, day: date) -> None:
    at = datetime(day.year, day.month, day.day, 3, tzinfo=UTC)
    clock.advance(at.timestamp() - clock.wall_ms() / 1000)


@pytest.mark.threat(
    "time attack",
    control="Order comes from the chain and never from a clock. Dates on cards are checked by the later of the unit's "
    "clock and the time that the town signed last, and so is the certificate of the town's server. Tickets and device "
    "certificates run out by the town's clock.",
    residual="A unit whose clock nothing vouches for checks no dates. Between two contacts with the town, a clock can "
    "be set back as far as the last one. A wrong clock puts visits on the wrong day, and one that is far ahead refuses "
    "cards as run out until it is set right. The town's own clock is believed.",
)
@pytest.mark.parametrize("back", BACK)
def test_a_card_that_ran_out_is_not_revived_by_setting_the_clock_back(town: Place, card: Hand, back: str) -> None:
    clock = Clock()
    unit, mine = town.unit(clock=clock), card(expires=ENDS)
    shown = unit.tap(mine)
    assert shown
    assert shown.result is Result.OK_POINTS
    for each in (clock, town.clock):
        go_to(each, date(2027, 1, 2))
    assert unit.sync(town.road(unit.peer))
    clock.jump(BACK[back], Confidence.SYNCED)
    entries = unit.running.opened.journal.tip
    for _ in range(2):  # the second time after a restart
        shown = unit.tap(mine)
        assert shown
        assert (shown.result, shown.message) == (Result.REFUSED, "TAP-032")
        assert unit.running.opened.journal.tip == entries
        unit.stop()
        unit.start()
        entries = unit.running.opened.journal.tip
    fresh = unit.tap(card())
    assert fresh
    assert fresh.result is Result.OK_POINTS, "everybody else is served as ever"


@pytest.mark.threat("time attack")
def test_a_pass_that_begins_later_is_not_accused(town: Place, card: Hand) -> None:
    """Whatever the clock says, nobody is called a forger for it."""
    clock = Clock()
    unit = town.unit(clock=clock)
    clock.jump(-20 * 365 * DAY_S, Confidence.SYNCED)
    shown = unit.tap(card())
    assert shown
    assert (shown.result, shown.message) == (Result.HELP, "TAP-035")
    assert unit.sync(town.road(unit.peer))
    again = unit.tap(card())
    assert again
    assert again.result is Result.OK_POINTS, "the town has said what day it is"


@pytest.mark.threat("time attack")
def test_a_clock_far_ahead_refuses_and_recovers(town: Place, card: Hand) -> None:
    clock = Clock()
    unit, mine = town.unit(clock=clock), card(expires=ENDS)
    clock.jump(400 * DAY_S, Confidence.SYNCED)
    shown = unit.tap(mine)
    assert shown
    assert shown.message == "TAP-032"
    assert unit.sync(town.road(unit.peer))
    clock.jump(-400 * DAY_S)
    shown = unit.tap(mine)
    assert shown
    assert shown.result is Result.OK_POINTS, "what the town says is believed, not how late it was here"


@pytest.mark.threat("time attack")
def test_a_clock_that_nothing_vouches_for_checks_no_dates_and_says_so(town: Place, card: Hand) -> None:
    """This is what remains: a person can always be served."""
    clock = Clock(Clock.Options(confidence=Confidence.UNKNOWN))
    unit = town.unit(clock=clock)
    shown = unit.tap(card(Fault.EXPIRED))
    assert shown
    assert shown.result is Result.OK_POINTS
    (body,) = unit.running.opened.journal.select("SELECT body FROM entry WHERE seq = 1")[0]
    assert '"clock":"unknown"' in body, "the books know of every boot how far its clock could be believed"


@pytest.mark.threat("time attack")
def test_clocks_that_jump_by_days_change_neither_order_nor_books() -> None:
    outcome, town = play(Setting("to and fro", days=3, units=3, faults="clocks"))
    assert town
    assert outcome.figures["jump"] > 5
    assert outcome.figures["1970"] > 0
    at = [
        at
        for box in town.boxes
        for (at,) in box.unit.running.opened.journal.select("SELECT body ->> '$.at' FROM entry")
    ]
    assert min(at) < DAY_S * 1000 * 2 < max(at) - 5 * DAY_S * 1000, "no clock went to 1970: this seed tried nothing"
    assert at != sorted(at)
    assert not outcome.findings, "neither order nor books change, and a wrong clock is nobody's fault"
