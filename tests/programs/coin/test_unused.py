"""What was on cards at the end of a day: by what had arrived by then, and the same whenever it is asked."""

from datetime import date

import pytest

from programs.coin.law import DUTIES, SECURED_FROM_YEN, Law, Regime, is_base_date, previous_base_date
from programs.coin.procedures.unused import NotOverError, unused
from programs.coin.rules import CHARGE, PAY
from programs.coin.terms import Terms
from sync.program import DAY_MS, MINUTE_MS, Wish
from tests.programs.coin.street import Street

JAPAN_MS = 540 * MINUTE_MS


def today(street: Street) -> int:
    return (street.clock.wall_ms() + JAPAN_MS) // DAY_MS


def to_midnight(street: Street, before_s: float = 0) -> None:
    """Let the time pass until so many seconds before midnight in the town."""
    street.clock.advance((DAY_MS - (street.clock.wall_ms() + JAPAN_MS) % DAY_MS) / 1000 - before_s)


def test_what_arrived_by_midnight_counts_and_what_came_later_does_not(street: Street) -> None:
    day = today(street)
    street.give("shop01", 1600)
    street.hold("shop01", Wish(PAY, 600))
    street.talk("shop01")
    street.hold("shop01", Wish(PAY, 500))
    street.centre.centre.losses.give_up("shop02", stolen=False, reason="flooded")
    to_midnight(street, before_s=1)
    street.hold("desk01", Wish(CHARGE, 3000))
    street.talk("desk01")
    with pytest.raises(NotOverError):
        unused(street.centre.centre, day, day - 1)
    to_midnight(street)
    found = unused(street.centre.centre, day, day - 1)
    assert (found.yen, found.since) == (4400, {"cash": 5000, "shop": -600})
    street.talk("shop01")
    to_midnight(street)
    assert unused(street.centre.centre, day, day - 1) == found, "whenever it is asked"
    later = unused(street.centre.centre, day + 1, day)
    assert (later.yen, later.since) == (3900, {"shop": -500})


def test_what_is_in_suspense_is_unused_as_well(street: Street) -> None:
    street.give("shop01", 1600)
    day = today(street)
    street.centre.centre.losses.give_up("shop01", stolen=False, reason="flooded")
    to_midnight(street)
    found = unused(street.centre.centre, day, day - 1)
    assert (found.yen, found.since) == (2000, {"cash": 2000})


def test_half_is_secured_by_whoever_has_to_once_it_is_more_than_ten_million() -> None:
    for regime, duties in DUTIES.items():
        law = Law(regime)
        assert law.to_secure(SECURED_FROM_YEN) == 0
        assert law.to_secure(SECURED_FROM_YEN + 1) == (5_000_001 if duties.secures else 0)
    assert [name for name, duties in DUTIES.items() if duties.reports] == ["third-party", "own-shop"]
    assert not DUTIES[Regime.THIRD_PARTY].may_give_cash
    assert DUTIES[Regime.SIX_MONTHS].months == 6


def test_the_town_says_which_regime_counts(street: Street) -> None:
    day = today(street)
    street.centre.centre.registrar.say([Terms(law=Law(Regime.THIRD_PARTY))])
    to_midnight(street)
    found = unused(street.centre.centre, day, day - 1)
    assert (found.regime, found.reports, found.to_secure) == ("third-party", True, 0)


@pytest.mark.parametrize(
    ("day", "before"),
    [
        (date(2027, 3, 31), date(2026, 9, 30)),
        (date(2027, 9, 30), date(2027, 3, 31)),
        (date(2027, 1, 1), date(2026, 9, 30)),
        (date(2027, 4, 1), date(2027, 3, 31)),
        (date(2027, 12, 31), date(2027, 9, 30)),
    ],
)
def test_base_dates(day: date, before: date) -> None:
    assert previous_base_date(day) == before
    assert is_base_date(before)
    assert not is_base_date(date(2027, 6, 30))
