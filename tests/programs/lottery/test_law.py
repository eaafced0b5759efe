"""The ceilings of 景品表示法, at their edges."""

from typing import Any

import msgspec
import pytest

from programs.lottery import law
from programs.lottery.entries import Prize
from programs.lottery.law import Ceilings, ceilings
from programs.lottery.rules import _RULES


@pytest.mark.parametrize(
    ("asked", "most"),
    [
        (("open", 0, 0), Ceilings(None, None)),
        (("joint", 10_000_000, 0), Ceilings(300_000, 300_000)),
        (("general", 10_000_000, 500), Ceilings(10_000, 200_000)),
        (("general", 10_000_000, 4_999), Ceilings(99_980, 200_000)),
        (("general", 10_000_000, 5_000), Ceilings(100_000, 200_000)),
    ],
)
def test_ceilings(asked: tuple[str, int, int], most: Ceilings) -> None:
    assert ceilings(*asked) == most


def warned(**change: Any) -> str:
    usual = {"prizes": (Prize("旅行", "A journey", 300_000, 1),), "sales_yen": 10_000_000}
    rules = msgspec.structs.replace(_RULES, **(usual | change))
    return " ".join(one.en for one in law.warnings(rules))


def test_what_is_at_the_ceiling_is_allowed_and_what_is_above_is_not() -> None:
    assert warned() == ""
    assert "dearest is 300,001" in warned(prizes=(Prize("旅行", "A journey", 300_001, 1),))
    assert "worth 300,000 yen (3 %" in warned(prizes=(Prize("旅行", "A journey", 150_001, 2),))
    assert "worth 100,000 yen; the dearest" in warned(basis="general", purchase_yen=5_000)
    assert "say purchase_yen" in warned(basis="general", purchase_yen=0)


def test_a_draw_that_takes_points_is_not_an_open_one() -> None:
    assert "no open draw" in warned(basis="open")
    assert warned(basis="open", cost_points=0, sales_yen=0) == ""


def test_the_stricter_result_stands_beside_a_joint_draw() -> None:
    rules = msgspec.structs.replace(_RULES, prizes=(Prize("旅行", "A journey", 250_000, 1),), sales_yen=10_000_000)
    assert law.warnings(rules) == ()
    assert "2 %" in law.beside(rules)[0].en
