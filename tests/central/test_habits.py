"""What entries tell of habits and roads, and that it comes back the same when it is added up anew."""

import pytest
import sqlalchemy as sa

from central import habits
from central.centre import Centre
from central.habits import LATE_MS, USUAL, Use
from central.store import branch, reading
from drivers.clock.sim import Driver as Clock
from programs.coin.entries import Charge, Pay, Void, money
from sync.facts import Applied, Place
from sync.messages import ONE_UNIT
from sync.program import DAY_MS
from sync.rights import Lacked, Returned
from tests.central.pen import AT, Pen, touch

CARD = "0a" * 16
WHAT = money(CARD)


def charge(yen: int) -> Charge:
    return Charge(1, CARD, yen, "hall", 20_780, "card")


def pay(yen: int) -> Pay:
    return Pay(1, CARD, yen, "fish", 20_780, "card")


def test_payments_are_counted_where_they_were_made_and_where_they_could_not_be(pen: Pen) -> None:
    void = Void(1, CARD, 1000, "fish", 20_780, f"{1:016x}/2")
    pen.send(pen.begin(charge(9000), pay(1000), pay(2500), void, Returned(1, WHAT, 500), Lacked(1, WHAT, 300)))
    pen.centre.reconciler.catch_up()
    with reading(pen.centre.engine) as connection:
        assert habits.uses(connection, WHAT) == {"lib01": Use(3, 2, 3500)}
        assert habits.stocks(connection, "coin") == {"lib01": (3, 9000 - 3500 + 1000 - 500)}


def test_news_come_in_order_and_each_once(pen: Pen) -> None:
    others = [f"{card:02x}" * 16 for card in (1, 2, 3)]
    pen.send(pen.begin(*(Charge(1, card, 1000, "hall", 20_780, "card") for card in others)))
    pen.send(pen.write(charge(1000)))
    pen.centre.reconciler.catch_up()
    seen: list[str] = []
    with reading(pen.centre.engine) as connection:
        n, what = 0, ""
        while some := habits.news(connection, n, what, 2):
            seen += [what for _, what in some]
            n, what = some[-1]
    assert seen == [*map(money, others), WHAT]


def send_after(pen: Pen, clock: Clock, late_ms: float, count: int = 10) -> None:
    """Deliver touches that were made so long ago."""
    segment = pen.write(*[touch()] * count) if pen.boot else pen.begin(*[touch()] * count)
    clock.jump((AT + late_ms - clock.wall_ms()) / 1000)
    pen.send(segment)


def road(pen: Pen) -> habits.Road:
    pen.centre.reconciler.catch_up()
    with reading(pen.centre.engine) as connection:
        return habits.roads(connection)["lib01"]


def test_a_unit_whose_entries_come_at_once_is_well_connected(pen: Pen, clock: Clock) -> None:
    for _ in range(20):
        send_after(pen, clock, 1000)
    assert road(pen).away < USUAL.away
    assert road(pen).outages == USUAL.outages


def test_what_comes_late_was_written_out_of_reach_and_a_backlog_is_one_outage(pen: Pen, clock: Clock) -> None:
    for part in range(20):
        send_after(pen, clock, LATE_MS + 1000 * (part + 1))
    one = road(pen)
    assert one.away == pytest.approx((200 + USUAL.away * 10) / 210)
    assert one.outages == pytest.approx((1 + USUAL.outages * 7) / 7, rel=0.01)
    send_after(pen, clock, 3 * LATE_MS)
    assert road(pen).outages > one.outages


def test_a_clock_that_is_years_behind_is_no_outage(pen: Pen, clock: Clock) -> None:
    send_after(pen, clock, 400 * DAY_MS)
    assert road(pen).away < USUAL.away


def recalled(centre: Centre) -> dict[tuple[str, int], int]:
    centre.reconciler.catch_up()
    with reading(centre.engine) as connection:
        return habits.open_recalls(connection, WHAT)


def test_a_recall_is_open_until_the_unit_has_heard_it(pen: Pen) -> None:
    centre = pen.centre
    pen.send(pen.begin(charge(9000)))
    centre.granter.recall(WHAT, "lib01", 2000)
    centre.granter.recall(WHAT, "lib01", 500)
    assert recalled(centre) == {("lib01", 1): 2500}
    stream = ONE_UNIT + "lib01"
    (tip,) = _tips(centre, stream)
    before = Applied(stream, Place(tip.boot, tip.seq - 2, tip.hash))
    pen.send(pen.write(before))
    assert recalled(centre) == {("lib01", 1): 2500}, "it has only heard what was said before"
    pen.send(pen.write(Applied(stream, Place(tip.boot, tip.seq, tip.hash)), Returned(1, WHAT, 2500)))
    assert recalled(centre) == {}


def _tips(centre: Centre, stream: str) -> list[sa.Row[tuple[str, int, str]]]:
    asked = sa.select(branch.c.boot, branch.c.seq, branch.c.hash).where(branch.c.writer == stream)
    with reading(centre.engine) as connection:
        return list(connection.execute(asked))


def test_habits_come_back_the_same(pen: Pen, clock: Clock) -> None:
    pen.send(pen.begin(charge(9000), pay(1000)))
    send_after(pen, clock, 2 * LATE_MS)
    pen.centre.granter.recall(WHAT, "lib01", 2000)
    reconciler = pen.centre.reconciler
    reconciler.catch_up()
    before = reconciler.digest()
    assert {"habit_thing", "habit_use", "habit_stock", "habit_asked_back", "habit_road"} <= before.keys()
    reconciler.wipe()
    reconciler.catch_up()
    assert reconciler.digest() == before
