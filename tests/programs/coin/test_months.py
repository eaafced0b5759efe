"""Days of the town's calendar and their months: held against Python's own calendar, and total for every integer."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from sync.days import date_of, day_of
from sync.months import first_day, later, month_of, written


@given(st.dates())
def test_months_are_those_of_the_calendar(on: date) -> None:
    month = month_of(day_of(on))
    assert month == on.year * 12 + on.month - 1
    assert date_of(first_day(month)) == on.replace(day=1)
    assert written(month) == f"{on.year:04}-{on.month:02}"


@given(st.integers(-(2**53), 2**53))
def test_any_day_has_a_month(day: int) -> None:
    month = month_of(day)
    assert first_day(month) <= day < first_day(month + 1)


def test_the_same_date_months_later_or_the_last_of_a_shorter_month() -> None:
    def after(text: str, months: int) -> str:
        return date_of(later(day_of(date.fromisoformat(text)), months)).isoformat()

    assert after("2026-11-29", 6) == "2027-05-29"
    assert after("2026-08-31", 6) == "2027-02-28"
    assert after("2027-08-31", 6) == "2028-02-29"
    assert after("2026-12-15", 2) == "2027-02-15"
