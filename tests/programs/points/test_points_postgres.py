"""Payments, steps and voids over PostgreSQL: the questions are the same, and so are the books."""

import pytest

from programs.coin.entries import Pay, ShopRefund
from programs.points.entries import Once, Rule
from programs.points.previewing import preview
from programs.points.voiding import answer, ask, requests
from programs.steps.entries import LIST, PEDOMETER, Walked
from programs.steps.importing import take
from tests.central.conftest import emptied
from tests.postgres import Postgres
from tests.programs.points.hall import CARD, Hall


@pytest.mark.postgres
def test_the_same_points_are_booked_in_postgresql(postgres_server: Postgres) -> None:
    hall = Hall(emptied(postgres_server.url))
    rules = (Rule("ten", 10), Rule("fish", 2, per_yen=100, once=Once.TOUCH), Rule("walk", 7, steps=8_000))
    plan = hall.decide(*rules, Rule("first", 50, from_yen=1, first_visit=True)).plan
    day = hall.today
    hall.sleep(2)
    late = hall.touched((day, "10:00"), (day, "11:00"))
    paid, _ = hall.wrote("fish01", *(Pay(1, CARD, yen, "fish", day, "card") for yen in (1_000, 500)))
    hall.wrote("hall01", Walked(CARD, day, 9_000, PEDOMETER, "card"), Walked(CARD, day, 100, PEDOMETER, "card"))
    take(hall.centre, LIST, {CARD: {day: 8_000}})
    of = hall.arrives(late)
    hall.settle()
    assert hall.balance() == 10 + 30 + 7 + 50
    hall.wrote("fish01", ShopRefund(1, CARD, 1_000, "fish", day, paid.partition("/")[2]))
    ask(hall.centre, of, "試験", "山田")
    answer(hall.centre, of, "佐藤", is_yes=True)
    assert hall.settle().used == {"ten": 10, "fish": 10, "walk": 7, "first": 50}
    with hall.centre.reconciler.counted() as connection:
        assert [one.state for one in requests(connection)] == ["void"]
        assert preview(connection, plan, day, day).points == 77
    hall.centre.engine.dispose()
