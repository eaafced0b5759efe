"""When shops are paid: the days of real months, with their weekends, holidays and leap years."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs.coin.settlement.calendar import (
    DateError,
    closing_after,
    closing_before,
    day_of,
    is_closing,
    is_working,
    iso,
    month_day,
    pay_day,
    period,
)
from programs.coin.terms import BEFORE, Settling

TWICE = Settling()
MONTHLY = Settling(closes=(31,))


@pytest.mark.parametrize(
    ("settling", "last", "paid"),
    [
        (TWICE, "2026-10-15", "2026-11-02"),  # 31 October is a Saturday
        (TWICE, "2026-10-31", "2026-11-16"),  # 15 November is a Sunday
        (TWICE, "2026-11-15", "2026-11-30"),
        (TWICE, "2026-11-30", "2026-12-15"),
        (TWICE, "2026-12-15", "2027-01-04"),  # banks are closed from 31 December to 3 January
        (Settling(if_closed=BEFORE), "2026-12-15", "2026-12-30"),
        (Settling(if_closed=BEFORE), "2026-10-15", "2026-10-30"),
        (Settling(holidays=(day_of("2026-11-16"),)), "2026-10-31", "2026-11-17"),
        (MONTHLY, "2026-11-30", "2027-01-04"),
        (MONTHLY, "2027-01-31", "2027-03-01"),  # 28 February is a Sunday
        (MONTHLY, "2028-01-31", "2028-02-29"),
        (Settling(closes=(10, 20, 31)), "2026-12-10", "2026-12-21"),
    ],
)
def test_a_period_is_paid_on_the_closing_day_that_follows_or_the_next_working_day(
    settling: Settling, last: str, paid: str
) -> None:
    assert iso(pay_day(settling, day_of(last))) == paid


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2026-11-15", "2026-11-01", "2026-11-15"),
        ("2026-11-16", "2026-11-16", "2026-11-30"),
        ("2026-11-30", "2026-11-16", "2026-11-30"),
        ("2028-02-29", "2028-02-16", "2028-02-29"),
        ("2027-02-20", "2027-02-16", "2027-02-28"),
    ],
)
def test_a_month_has_two_halves(day: str, first: str, last: str) -> None:
    found = period(TWICE, day_of(day))
    assert (iso(found.first), iso(found.last)) == (first, last)


def test_a_closing_day_that_a_month_does_not_have_is_its_last() -> None:
    late = Settling(closes=(30,))
    assert [is_closing(late, day_of(day)) for day in ("2027-02-28", "2027-03-30", "2027-03-31")] == [True, True, False]


@given(
    closes=st.lists(st.integers(1, 31), min_size=1, max_size=4).map(tuple),
    day=st.integers(20_000, 40_000),
    if_closed=st.sampled_from(["before", "after"]),
    holidays=st.lists(st.integers(20_000, 40_000), max_size=5).map(tuple),
)
def test_every_day_is_in_one_period_and_is_paid_when_banks_are_open(
    closes: tuple[int, ...], day: int, if_closed: str, holidays: tuple[int, ...]
) -> None:
    settling = Settling(closes=closes, if_closed=if_closed, holidays=holidays)  # type: ignore[arg-type]
    found = period(settling, day)
    assert found.first <= day <= found.last
    assert period(settling, found.last + 1).first == found.last + 1
    assert (closing_before(settling, found.last + 1), closing_after(settling, found.first - 1)) == (found.last,) * 2
    assert is_working(settling, pay_day(settling, found.last))


@pytest.mark.parametrize("text", ["", "gestern", "2026-02-30", "15", "20261215T00"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(DateError, match="write it as 2026-12-15"):
        day_of(text)


def test_days_are_written_as_people_write_them() -> None:
    assert (iso(20_780), month_day(20_780)) == ("2026-11-23", (11, 23))
    assert iso(10**15) == str(10**15), "what a broken clock says is shown as it is"
