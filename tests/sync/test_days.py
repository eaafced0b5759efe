"""Days are counted since 1970-01-01, and written as dates."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.days import date_of, day_of, written


@given(st.dates())
def test_a_day_is_a_date_and_back(at: date) -> None:
    assert date_of(day_of(at)) == at
    assert written(day_of(at)) == at.isoformat()


def test_the_first_day_and_what_no_calendar_has() -> None:
    assert [written(day) for day in (-1, 0, 20_788)] == ["1969-12-31", "1970-01-01", "2026-12-01"]
    with pytest.raises(OverflowError):
        date_of(10_000_000)
