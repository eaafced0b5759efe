"""A unit says what of its unsent entries is about money: that is what an update waits for."""

from collections.abc import Iterator

import pytest

from appliance.care import Care
from appliance.readers import Readers
from appliance.status import Status, Timings, look
from appliance.symptoms import Limits
from drivers.power.none import Driver as NoPower
from programs.coin.rules import PAY
from programs.coin.till.acts import CLOSE
from sync.program import Act, Wish
from tests.programs.coin.street import Street


@pytest.fixture
def street() -> Iterator[Street]:
    street = Street()
    street.give("shop01", 5_000)
    yield street
    for unit in street.units.values():
        unit.stop()


def status(street: Street) -> Status:
    unit = street.units["shop01"].running
    care = Care(street.clock, NoPower(), unit.opened.journal, Limits(), lambda _spared: None)
    return look(unit, care, Readers(care), Timings())


def test_what_is_about_money_is_told_apart(street: Street) -> None:
    assert (status(street).unsent, status(street).unsent_money) == (0, 0)
    assert street.units["shop01"].running.staff.do(Act(CLOSE, is_sure=True)).message == "COI-050"
    assert (status(street).unsent, status(street).unsent_money) == (1, 0), "a closing adds up what is there already"
    assert street.hold("shop01", Wish(PAY, 300)) == "COI-020"
    assert status(street).unsent_money == 1
    street.clock.advance(60)
    assert street.hold("shop01", Wish(PAY, 200)) == "COI-020"
    assert status(street).unsent_money == 2
    street.talk("shop01")
    assert (status(street).unsent, status(street).unsent_money) == (0, 0)
