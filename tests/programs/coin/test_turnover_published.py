"""Of a published month, no competitor can tell what one shop took in: each tries, with what he knows of himself."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.hiding import K
from programs.coin.turnover.counting import Charge, Counted, Line
from programs.coin.turnover.documents import Public, document, public
from programs.coin.turnover.dominance import P, is_safe
from programs.coin.turnover.hiding import shown
from tests.programs.coin.test_turnover import card, month, paid
from tests.programs.visits.hall import NOVEMBER

SHOPS = ("bakery", "fish", "rice", "tea")
Sold = tuple[int, str, int, int]  # by whom, where, for how much, at which hour


def lines_of(sold: Iterable[Sold]) -> list[Line]:
    return [paid(who, place, yen, hour=hour) for who, place, yen, hour in sold]


def told(shares: Counter[str]) -> bool:
    """Tell whether somebody behind a sum knows another's share to within P percent, by subtracting his own from it."""
    whole = sum(shares.values())
    return any(
        share > 0 and whole - own - share < share * P / 100
        for name, share in shares.items()
        for other, own in (*shares.items(), ("a stranger", 0))
        if name != other
    )


def sums_of(lines: list[Line], seen: Public) -> Iterator[tuple[str, Counter[str]]]:
    """Yield every sum that is published of some shops or people, or that is what others leave, by whose shares."""
    if seen.yen is not None:
        yield "yen of shops", Counter({place: _yen(lines, place=place) for place in SHOPS})
        yield "yen of people", Counter({one: _yen(lines, card=one) for one in {line.card for line in lines}})
        yield "payments", Counter(line.place for line in lines)
    hours = {hour: Counter(line.place for line in lines if _hour(line) == hour) for hour in range(24)}
    if seen.at:
        there = {hour for (weekday, hour) in seen.at if weekday == _WEEKDAY}
        for hour in there:
            yield f"{hour}:00", hours[hour]
        yield "the other hours", sum((hours[hour] for hour in set(hours) - there), Counter())


_WEEKDAY = 6  # 2026-11-01


def _yen(lines: list[Line], **of: str) -> int:
    return sum(line.yen for line in lines if all(getattr(line, name) == value for name, value in of.items()))


def _hour(line: Line) -> int:
    return line.at_ms // 3_600_000 % 24


@pytest.mark.threat("somebody told from published figures")
@given(
    st.lists(
        st.tuples(
            st.integers(0, 9), st.sampled_from(SHOPS), st.sampled_from((100, 150, 900)), st.sampled_from((9, 10, 17))
        ),
        max_size=40,
    )
)
def test_no_competitor_can_tell_what_a_shop_took_in(sold: list[Sold]) -> None:
    lines = lines_of(sold)
    seen = public(month(lines))
    for name, shares in sums_of(lines, seen):
        assert not told(+shares), f"{name}: {shares}"
        assert name.startswith("yen") or _people(lines, name) >= K or not shares, name


def _people(lines: list[Line], name: str) -> int:
    hour = name.partition(":")[0]
    return len({line.card for line in lines if not hour.isdigit() or _hour(line) == int(hour)})


def fair(shops: Iterable[str] = SHOPS, hour: int = 10) -> list[Sold]:
    return [(who, place, 100, hour) for place in shops for who in range(8)]


def test_a_month_of_even_shops_is_published_and_one_of_two_is_not() -> None:
    seen = public(month(lines_of(fair())))
    assert (seen.yen, seen.payments, seen.shops, seen.people) == (3_200, 32, 4, 5)
    assert (seen.new, seen.returning) == (0, 5)
    assert public(month(lines_of(fair(SHOPS[:2])))) == Public(charged=0)
    large = [*fair(), *((who, "fish", 900, 11) for who in range(8))]
    assert public(month(lines_of(large))).yen is not None
    huge = [*large, *((who, "fish", 90_000, 11) for who in range(8))]
    assert public(month(lines_of(huge))) == Public(charged=0), "all the others together are not a fifth of it"
    rich = [*fair(), *((0, place, 90_000, 11) for place in SHOPS)]
    assert public(month(lines_of(rich))) == Public(charged=0), "what one person pays is no turnover of the town"


def test_an_hour_at_one_shop_is_hidden_and_another_with_it() -> None:
    seen = public(month(lines_of([*fair(), *fair(hour=12), *((who, "tea", 100, 15) for who in range(8))])))
    assert seen.payments == 72
    assert (_WEEKDAY, 15) not in seen.at
    assert len({hour for hour in range(24) if (_WEEKDAY, hour) in seen.at}) == 21, "both others are equally small"
    assert seen.at[0, 15] == 0


def test_hours_of_which_the_hidden_ones_would_tell_a_shop_are_hidden_all() -> None:
    usual = [*fair() * 3, *fair(hour=12) * 3]
    early = [(who, place, 100, 9) for place in SHOPS for who in range(5)]
    evening = [(who, "tea", 100, 15) for who in range(8)] * 10
    assert public(month(lines_of([*usual, *early]))).at[_WEEKDAY, 9] == 20
    seen = public(month(lines_of([*usual, *early, *evening])))
    assert (seen.payments, seen.at) == (292, {}), "all less the usual hours would be nearly what tea took in at 15:00"


def test_charges_are_published_of_five_people_of_whom_none_has_nearly_all() -> None:
    def charged(*yen: int) -> Counted:
        return month([], [Charge(card(who), "hall", one) for who, one in enumerate(yen)])

    assert public(charged(*[1_000] * 5)).charged == 5_000
    assert public(charged(*[1_000] * 4)).charged is None
    assert public(charged(100_000, *[1_000] * 9)).charged is None
    assert public(charged()).charged == 0


def test_the_rule_is_the_p_percent_rule() -> None:
    assert [is_safe(shares) for shares in ((), (5,), (5, 5), (100, 50, 20), (100, 50, 19), (100, 50, 10, 10))] == [
        True, False, False, True, False, True
    ]  # fmt: skip
    assert is_safe((-100, 50, -20)), "what was given back counts as much"


def test_the_document_has_no_shop_and_stays_byte_for_byte() -> None:
    counted = month(lines_of(fair()), [Charge(card(who), "hall", 1_000) for who in range(5)])
    assert shown(counted).shops.keys() == set(SHOPS)
    raw = document(NOVEMBER, counted)
    assert not any(place.encode() in raw for place in (*SHOPS, "hall"))
    assert raw.decode().splitlines() == [
        "month,figure,weekday,hour,value",
        "2026-11,yen,,,3200",
        "2026-11,payments,,,32",
        "2026-11,shops,,,4",
        "2026-11,people_at_least,,,5",
        "2026-11,new_at_least,,,0",
        "2026-11,returning_at_least,,,5",
        "2026-11,charged_yen,,,5000",
        "2026-11,payments_at,sun,10,32",
    ]
    few = list(csv.DictReader(io.StringIO(document(NOVEMBER, month(lines_of(fair(SHOPS[:2])))).decode())))
    assert {row["value"] for row in few if row["figure"] != "charged_yen"} == {"*"}
