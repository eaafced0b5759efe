"""Where a card's money should lie, by what is known of the card and of the units; no clock, no disk, no town."""

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.placement import ROUND, Habit, Site, Terms, changes, place, rates

PLENTY = 10**9
SHOP = Site("shop", popularity=0.3, outages=1 / 7, away=0.02, room=PLENTY)
CAFE = Site("cafe", popularity=0.2, outages=1 / 1.5, away=0.2, room=PLENTY)
BUS = Site("bus", popularity=0.1, outages=1.0, away=1.0, room=PLENTY)
SITES = (BUS, CAFE, SHOP)
EVERYTHING = Terms(share=1.0)


def habit(amount: int = 9000, days: float = 60, usual: float = 1200, **visits: int) -> Habit:
    return Habit(amount, visits, days, usual)


def test_money_lies_where_the_card_is_used_and_cannot_ask() -> None:
    found = place(habit(shop=5, cafe=20, bus=0), SITES, EVERYTHING)
    assert found["cafe"] > found.get("shop", 0)
    found = place(habit(bus=20, shop=5), SITES, EVERYTHING)
    assert found["bus"] > found.get("shop", 0)


def test_the_last_money_is_not_put_on_a_bus_that_is_hardly_taken() -> None:
    """What was put there first by a ranking of outages alone was missing everywhere else."""
    assert "bus" not in place(habit(1500, shop=20, bus=1), SITES, EVERYTHING)
    assert place(habit(9000, shop=20, bus=1), SITES, EVERYTHING)["bus"] >= 1200


def test_a_share_stays_free_for_who_asks() -> None:
    assert sum(place(habit(10_000, bus=30, cafe=30), SITES, Terms(share=0.7)).values()) <= 7000


def test_a_unit_holds_no_more_than_it_may() -> None:
    full = [msgspec.structs.replace(BUS, room=700), CAFE, SHOP]
    assert place(habit(bus=30), full, EVERYTHING)["bus"] <= 700
    assert "bus" not in place(habit(bus=30), [msgspec.structs.replace(BUS, room=0), SHOP], EVERYTHING)


def test_who_has_little_still_has_something_where_nobody_can_be_asked() -> None:
    assert place(habit(600, bus=30), SITES, EVERYTHING) == {"bus": 600}
    assert place(habit(0, bus=30), SITES, EVERYTHING) == {}


def test_of_a_stranger_is_expected_what_others_do() -> None:
    expected = rates(habit(days=0), SITES)
    assert expected["shop"] == pytest.approx(3 * expected["bus"])
    known = rates(habit(days=97, shop=48), SITES)
    assert known["shop"] == pytest.approx(0.49 * (48 + 0.6) / 50)
    assert known["shop"] > 100 * known["bus"] > 0


@settings(max_examples=200, deadline=None)
@given(
    amount=st.integers(0, 50_000),
    visits=st.dictionaries(st.sampled_from(["bus", "cafe", "shop", "gone"]), st.integers(0, 400)),
    days=st.floats(0, 4000),
    usual=st.floats(1, 1e6),
    share=st.floats(0, 1),
    outages=st.floats(0.001, 50),
    away=st.floats(0, 1),
    room=st.integers(0, 10_000),
)
def test_whatever_is_known_no_more_is_placed_than_there_is(
    amount: int,
    visits: dict[str, int],
    days: float,
    usual: float,
    share: float,
    outages: float,
    away: float,
    room: int,
) -> None:
    odd = Site("shop", 0.3, outages, away, room)
    found = place(Habit(amount, visits, days, usual), (BUS, CAFE, odd), Terms(share=share))
    assert sum(found.values()) <= amount * share
    assert found.get("shop", 0) <= room
    assert all(placed > 0 for placed in found.values())
    assert all(math.isfinite(rate) for rate in rates(Habit(amount, visits, days, usual), SITES).values())


def test_bits_are_round_amounts() -> None:
    assert all(
        placed % ROUND == 0 for placed in place(habit(20_000, bus=9, cafe=9, shop=9), SITES, EVERYTHING).values()
    )


def test_little_differences_are_not_worth_a_word() -> None:
    assert changes({"shop": 1000, "bus": 2000}, {"shop": 1500, "bus": 1500}, 5000, least=600) == ({}, {})
    assert changes({"shop": 1000}, {"bus": 600}, 5000, least=600) == ({"bus": 600}, {"shop": 1000})


def test_what_is_asked_back_is_not_granted_before_it_has_come() -> None:
    assert changes({"shop": 3000}, {"desk": 3000}, 0, least=600) == ({"desk": 3000}, {})
    assert changes({"shop": 3000}, {"desk": 3000}, 1000, least=600) == ({"desk": 3000}, {"shop": 1000})


def test_the_greatest_lack_is_made_good_first() -> None:
    assert changes({"shop": 800, "bus": 2000}, {}, 2500, least=600) == ({}, {"bus": 2000})
