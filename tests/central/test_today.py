"""The three numbers with which the first page begins: of the town's day, and the same by a command."""

from central import store
from central.centre import Centre
from central.console.moment import Moment
from central.console.today import Today, today
from drivers.clock.sim import Driver as Clock
from programs.coin.entries import Pay
from programs.points.entries import Booked
from programs.visits.entries import Touch
from simulation.centre import name_place
from sync.entries import Entry, encode
from sync.messages import OFFICE_STREAM
from sync.program import DAY_MS, MINUTE_MS
from tests.central.pen import Pen
from tests.central.street import CARD, Street

OFFSET = 540


def seen(centre: Centre, now_ms: int) -> Today:
    centre.reconciler.catch_up()
    with store.reading(centre.engine) as connection:
        return today(connection, Moment(now_ms, OFFSET))


def test_a_day_is_the_towns_from_its_midnight_to_the_next(centre: Centre, clock: Clock) -> None:
    pen = Pen.enrolled(centre)
    pen.send(pen.begin())
    day = (clock.wall_ms() + OFFSET * MINUTE_MS) // DAY_MS
    midnight = day * DAY_MS - OFFSET * MINUTE_MS
    times = (midnight - 1, midnight, midnight + DAY_MS - 1, midnight + DAY_MS)
    facts = enumerate(times, pen.seq + 1)
    pen.send(
        pen.seal([encode(Entry("lib01", pen.boot, n, at, Touch(CARD, "library", day, "card"))) for n, at in facts])
    )
    assert seen(centre, midnight).touches == seen(centre, midnight + DAY_MS - 1).touches == 2
    assert seen(centre, midnight - 1).touches == seen(centre, midnight + DAY_MS).touches == 1


def test_payments_are_counted_and_points_are_those_that_were_given(centre: Centre, clock: Clock) -> None:
    for place in ("fish", "bakery"):
        name_place(centre, place)
    street = Street(centre, clock)
    street.deliver(
        street.pens["fish"].write(Pay(1, CARD, 500, "fish", 0, "card", points=50), Pay(1, CARD, 80, "fish", 0, "card"))
    )
    assert seen(centre, clock.wall_ms()) == Today(touches=0, payments=2, points=50)
    with centre.reconciler.counted() as connection:
        centre.streams.append(connection, OFFICE_STREAM, [Booked(CARD, 2026 * 12 + 10, 120)])
    assert seen(centre, clock.wall_ms()) == Today(touches=0, payments=2, points=170)
    assert seen(centre, clock.wall_ms() + DAY_MS) == Today(0, 0, 0)
