"""Deliveries are stored together, answered when they are durable, and none suffers from what is wrong with another."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from central import store
from central.centre import Centre
from central.intake import Delivery, Intake
from central.refusal import RefusedError
from central.writer import TOGETHER_MAX, Writer
from sync.messages import Holdings, Why, open_signed
from tests.central.beside import numbers, packed, pens
from tests.central.pen import Pen, touch


@pytest.fixture
def url(shared_url: str) -> str:
    return shared_url


def delivery(pen: Pen, segment: bytes) -> Delivery:
    return Delivery(pen.peer, pen.centre.intake.verify(segment), "", "07")


def first_of(pen: Pen) -> Delivery:
    return delivery(pen, packed(pen.begin(touch())))


def opened(pen: Pen, answer: object) -> Holdings:
    assert isinstance(answer, bytes), answer
    return open_signed(answer, Holdings, pen.centre.town.signer.public)


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(60):
            await work()

    asyncio.run(limited())


@contextmanager
def commits(engine: sa.Engine) -> Iterator[list[sa.Connection]]:
    """Note every commit."""
    seen: list[sa.Connection] = []

    def note(connection: sa.Connection) -> None:
        seen.append(connection)

    sa.event.listen(engine, "commit", note)
    yield seen
    sa.event.remove(engine, "commit", note)


def units_held(centre: Centre) -> set[str]:
    with store.reading(centre.engine) as connection:
        writers = connection.execute(sa.select(store.segment.c.writer)).scalars()
        return {writer for writer in writers if writer.startswith("unit")}


def test_what_arrives_meanwhile_is_stored_with_one_commit(centre: Centre) -> None:
    all_pens = pens(centre, TOGETHER_MAX + 1)
    deliveries = [first_of(pen) for pen in all_pens]

    async def work() -> None:
        writer = Writer(centre.intake)
        with commits(centre.engine) as seen:
            answers = await asyncio.gather(*(writer.deliver(one) for one in deliveries))
        assert len(seen) == 2, "as many as fit, and then the one that is left"
        for pen, answer in zip(all_pens, answers, strict=True):
            held = opened(pen, answer)
            assert (held.unit, [head.seq for head in held.heads]) == (pen.unit, [2])

    run(work)
    assert units_held(centre) == {pen.unit for pen in all_pens}


def test_an_answer_means_that_it_is_durable(centre: Centre) -> None:
    """Whoever gets an answer finds his segment there, by another connection, at this very moment."""
    some = pens(centre, 5)
    deliveries = [first_of(pen) for pen in some]

    async def work() -> None:
        writer = Writer(centre.intake)

        async def deliver(pen: Pen, one: Delivery) -> None:
            await writer.deliver(one)
            assert pen.unit in units_held(centre)

        await asyncio.gather(*(deliver(pen, one) for pen, one in zip(some, deliveries, strict=True)))

    run(work)


def test_one_units_segments_are_acknowledged_in_their_order(centre: Centre) -> None:
    (pen,) = pens(centre, 1)
    segments = [packed(pen.begin()), *(packed(pen.write(touch(day))) for day in range(TOGETHER_MAX + 5))]
    deliveries = [delivery(pen, segment) for segment in segments]
    reached: list[int] = []

    async def work() -> None:
        writer = Writer(centre.intake)

        async def deliver(one: Delivery) -> None:
            reached.append(opened(pen, await writer.deliver(one)).heads[0].seq)

        await asyncio.gather(*map(deliver, deliveries))

    run(work)
    assert reached == list(range(1, len(segments) + 1))


def test_one_that_is_refused_does_not_hold_up_the_others(centre: Centre) -> None:
    early, *others = pens(centre, 4)
    early.begin(touch())
    deliveries = [first_of(others[0]), delivery(early, packed(early.write(touch()))), *map(first_of, others[1:])]

    async def work() -> None:
        writer = Writer(centre.intake)
        with commits(centre.engine) as seen:
            answers = await asyncio.gather(*(writer.deliver(one) for one in deliveries), return_exceptions=True)
        assert len(seen) == 1
        refused = answers.pop(1)
        assert isinstance(refused, RefusedError)
        assert refused.problem.type == Why.GAP
        assert [opened(pen, answer).unit for pen, answer in zip(others, answers, strict=True)] == [
            pen.unit for pen in others
        ]

    run(work)
    assert units_held(centre) == {pen.unit for pen in others}


def test_one_that_nobody_foresaw_fails_alone(centre: Centre) -> None:
    """What a carrier brings of a unit whose row is gone makes the store itself stumble, not refuse."""
    gone, carrier, *others = pens(centre, 5)
    poison = Delivery(carrier.peer, first_of(gone).signed, "", "07")
    deliveries = [first_of(others[0]), poison, *map(first_of, others[1:])]
    with centre.engine.begin() as connection:
        connection.execute(sa.delete(store.unit).where(store.unit.c.name == gone.unit))

    async def work() -> None:
        writer = Writer(centre.intake)
        answers = await asyncio.gather(*(writer.deliver(one) for one in deliveries), return_exceptions=True)
        assert isinstance(answers.pop(1), sa.exc.NoResultFound)
        assert [opened(pen, answer).heads[0].seq for pen, answer in zip(others, answers, strict=True)] == [2, 2, 2]
        assert opened(carrier, await writer.deliver(first_of(carrier))).heads[0].seq == 2, "the writer goes on"

    run(work)
    assert units_held(centre) == {carrier.unit, *(pen.unit for pen in others)}


class Slow(Intake):
    """A real intake that stores only when it is let."""

    def __init__(self, centre: Centre) -> None:
        super().__init__(centre.engine, centre.town, centre.streams)
        self.began, self.go_on = threading.Event(), threading.Event()
        self.together: list[int] = []

    def store(self, deliveries: Any) -> list[bytes | RefusedError]:
        self.together.append(len(deliveries))
        self.began.set()
        assert self.go_on.wait(30)
        return super().store(deliveries)


@pytest.mark.parametrize("who_hangs_up", [0, 2], ids=["while it is stored", "while it waits"])
def test_a_caller_who_hangs_up_takes_nobody_with_him(centre: Centre, who_hangs_up: int) -> None:
    some = pens(centre, 4)
    deliveries = [first_of(pen) for pen in some]
    slow = Slow(centre)

    async def work() -> None:
        writer = Writer(slow)
        first = asyncio.create_task(writer.deliver(deliveries[0]))
        await asyncio.to_thread(slow.began.wait, 30)
        callers = [first, *(asyncio.create_task(writer.deliver(one)) for one in deliveries[1:])]
        await asyncio.sleep(0)
        callers[who_hangs_up].cancel()
        slow.go_on.set()
        answers = await asyncio.gather(*callers, return_exceptions=True)
        assert isinstance(answers[who_hangs_up], asyncio.CancelledError)
        for number, answer in enumerate(answers):
            if number != who_hangs_up:
                assert opened(some[number], answer).heads[0].seq == 2
        again = opened(some[who_hangs_up], await writer.deliver(deliveries[who_hangs_up]))
        assert again.heads[0].seq == 2, "who hung up asks again, and is told"

    run(work)
    assert slow.together == [1, 3, 1], "those who came while the first was stored were stored together"
    assert units_held(centre) == {pen.unit for pen in some}


def test_a_fault_of_the_database_reaches_everybody_who_waits(centre: Centre) -> None:
    some = pens(centre, 3)
    deliveries = [first_of(pen) for pen in some]

    def rename(old: str, new: str) -> None:
        with centre.engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")

    async def work() -> None:
        writer = Writer(centre.intake)
        rename("segment", "elsewhere")
        answers = await asyncio.gather(*(writer.deliver(one) for one in deliveries), return_exceptions=True)
        assert [isinstance(answer, sa.exc.DBAPIError) for answer in answers] == [True, True, True]
        rename("elsewhere", "segment")
        assert units_held(centre) == set(), "nothing was stored, and nobody was told otherwise"
        again = await asyncio.gather(*(writer.deliver(one) for one in deliveries))
        assert [opened(pen, answer).heads[0].seq for pen, answer in zip(some, again, strict=True)] == [2, 2, 2]

    run(work)


def test_whatever_else_writes_waits_for_its_turn(centre: Centre) -> None:
    (pen,) = pens(centre, 1)
    one = first_of(pen)
    slow = Slow(centre)
    stored_before: list[set[str]] = []

    async def work() -> None:
        writer = Writer(slow)
        delivering = asyncio.create_task(writer.deliver(one))
        await asyncio.to_thread(slow.began.wait, 30)
        other = asyncio.create_task(writer.do(lambda: stored_before.append(units_held(centre))))
        await asyncio.sleep(0.05)
        assert stored_before == []
        slow.go_on.set()
        await asyncio.gather(delivering, other)

    run(work)
    assert stored_before == [{pen.unit}]
    assert numbers(centre.engine) == sorted(numbers(centre.engine))
