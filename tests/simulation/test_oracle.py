"""The oracle sees what it is there to see: the evidence is tampered with after a good day, and it has to say so."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from appliance.feedback import Shown
from central import store
from drivers.disk.sim import quiet
from programs.coin.entries import ShopRefund
from programs.coin.online.facts import PaidOnline
from programs.coin.rules import CHARGE, PAY
from programs.visits.tables import visit
from simulation import books
from simulation.deeds import Setting
from simulation.oracle import findings
from simulation.people import RAN_OUT, Box
from simulation.plan import draw
from simulation.town import SimTown
from sync.program import Result, Wish


@pytest.fixture
def town() -> SimTown:
    """A town after a good day."""
    setting = Setting("good", days=1, units=2, faults="quiet")
    with quiet():
        town = SimTown(setting)
        town.live(draw(setting))
    assert findings(town) == []
    return town


def kinds(town: SimTown) -> set[str]:
    return {found.kind for found in findings(town)}


def change(town: SimTown, statement: sa.sql.Executable) -> None:
    with town.centre.centre.engine.begin() as connection:
        connection.execute(statement)


def noted(town: SimTown) -> int:
    """Return the place of the last touch that somebody believes in."""
    return max(at for at, touch in enumerate(town.people.touches) if touch.noted)


def test_a_segment_that_is_gone(town: SimTown) -> None:
    last = sa.select(sa.func.max(store.segment.c.n)).where(store.segment.c.writer == "unit00").scalar_subquery()
    change(town, sa.delete(store.segment).where(store.segment.c.n == last))
    assert {"lost", "not in step", "wrong total"} <= kinds(town)


def test_a_payment_from_a_page_that_is_nowhere_or_there_twice(town: SimTown) -> None:
    town.people.paid["ab" * 16] = 500
    assert kinds(town) == {"lost"}
    paid = PaidOnline("ab" * 16, town.name_of(0), town.name_of(1), 500, "hall", "unit00", 1)
    centre = town.centre.centre
    with centre.engine.begin() as connection:
        for _ in range(2):
            centre.streams.append_for(connection, "unit00", [paid])
    assert "paid twice" in kinds(town)


def test_what_a_counter_has_given_back_it_has_not_to_get() -> None:
    """Nobody in a simulated town asks for a refund, so nobody has heard of this one; but the money is right."""
    setting = Setting("good", days=1, units=2, faults="quiet", shops=2)
    with quiet():
        town = SimTown(setting)
        town.live(draw(setting))
    charged = next(touch for touch in town.people.touches if touch.wish.what == CHARGE and touch.noted)
    desk = town.boxes[charged.box]
    sale = desk.touch(town.cards[charged.card], charged.card, wish=Wish(PAY, 500))
    town.note(sale)
    assert sale.said
    of = sale.said.entry.removeprefix(f"{desk.name}/")
    back = ShopRefund(sale.life, town.name_of(charged.card), 200, desk.place, sale.day, of)
    desk.unit.running.opened.journal.append([back])
    desk.sync()
    town.reconciler.catch_up()
    assert kinds(town) == {"unbeeped"}
    town.end()


def test_an_entry_that_nobody_heard(town: SimTown) -> None:
    del town.people.touches[noted(town)]
    assert "unbeeped" in kinds(town)


def test_an_entry_that_was_heard_with_other_bytes(town: SimTown) -> None:
    at = noted(town)
    touch = town.people.touches[at]
    assert touch.said
    town.people.touches[at] = replace(touch, said=_structs_replace(touch.said, hash="00" * 32))
    assert "other bytes" in kinds(town)


def test_a_beep_without_a_receipt(town: SimTown) -> None:
    at = noted(town)
    touch = town.people.touches[at]
    assert touch.said
    town.people.touches[at] = replace(touch, said=_structs_replace(touch.said, entry=""))
    assert "no receipt" in kinds(town)


def test_a_beep_for_a_stranger(town: SimTown) -> None:
    at = noted(town)
    town.people.touches[at] = replace(town.people.touches[at], card=-1)
    assert "wrong answer" in kinds(town)


def test_a_beep_for_a_card_that_ran_out_where_there_was_a_clock(town: SimTown) -> None:
    at = noted(town)
    town.people.touches[at] = replace(town.people.touches[at], card=RAN_OUT)
    assert "wrong answer" in kinds(town)
    town.people.touches[at] = replace(town.people.touches[at], has_clock=False)
    assert "wrong answer" not in kinds(town)


def test_a_touch_that_was_answered_as_another(town: SimTown) -> None:
    at = noted(town)
    touch = town.people.touches[at]
    assert touch.said
    other = Result.OK_POINTS if touch.said.result is Result.ALREADY else Result.ALREADY
    town.people.touches[at] = replace(touch, said=_structs_replace(touch.said, result=other))
    assert "wrong answer" in kinds(town)


@pytest.mark.parametrize("message", ["VIS-011", "VIS-020"])
def test_what_a_box_says_of_a_touch_in_the_dark_and_takes_with_it(town: SimTown, message: str) -> None:
    """Nobody can know whether that touch counted, unless what was said later has come to the centre."""
    at = max(at for at, touch in enumerate(town.people.touches) if touch.said and touch.said.message == "VIS-010")
    touch = town.people.touches[at]
    assert touch.said
    said = _structs_replace(touch.said, message=message, result=Result.ALREADY)
    gone = _structs_replace(said, entry=f"{touch.unit}/{'0' * 16}/7")
    town.people.touches[at] = replace(touch, said=gone)
    assert "wrong answer" in kinds(town), "there was no touch in the dark"
    dark = replace(touch, said=None, cut=True, wall_ms=touch.wall_ms - 1)
    town.people.touches.insert(at, dark)
    assert "wrong answer" not in kinds(town)
    town.people.touches[at + 1] = replace(touch, said=said)
    assert "wrong answer" in kinds(town), "this came to the centre, and so would have what was before it"
    town.people.touches[at : at + 2] = [replace(dark, day=touch.day - 1), replace(touch, said=gone)]
    assert ("wrong answer" in kinds(town)) == (message == "VIS-020"), "another day counts for itself"


def test_a_touch_that_waited(town: SimTown) -> None:
    at = noted(town)
    town.people.touches[at] = replace(town.people.touches[at], waited_s=0.4)
    assert "wrong answer" in kinds(town)


def test_a_card_that_was_stopped_long_ago(town: SimTown) -> None:
    touch = town.people.touches[noted(town)]
    town.people.stopped.append((0, touch.card, True))
    town.people.boxes[touch.box].synced.insert(0, 1)
    assert "wrong answer" in kinds(town)


def test_an_alarm_for_nothing(town: SimTown) -> None:
    row = {"unit": "unit00", "kind": "clone", "opened_ms": 0, "detail": "{}"}
    change(town, sa.insert(store.incident).values(row))
    assert "false alarm" in kinds(town)


def test_a_thief_that_nobody_noticed(town: SimTown) -> None:
    town.people.boxes[0].mishaps.append("its key was stolen")
    assert "unnamed" in kinds(town)


def in_turns(town: SimTown) -> Box:
    """Let a second box have made a third of what a unit sent, between two others; the office was told something."""
    change(
        town, sa.insert(store.incident).values({"unit": "unit00", "kind": "rollback", "opened_ms": 0, "detail": "{}"})
    )
    arrived = books.read(town.centre.centre.engine).arrived
    own = [t for t in town.people.touches if t.unit == "unit00" and t.said and t.said.entry in arrived]
    numbers = sorted({arrived[t.said.entry] for t in own if t.said})
    assert len(numbers) > 2, "it has to have sent at least three times"
    double = Box("unit00", "library", mishaps=["it is a double"])
    town.people.boxes.append(double)
    town.people.touches = [
        replace(t, box=len(town.people.boxes) - 1)
        if t in own and t.said and numbers[0] < arrived[t.said.entry] < numbers[-1]
        else t
        for t in town.people.touches
    ]
    return double


def test_a_double_that_writes_in_turns_and_is_called_something_else(town: SimTown) -> None:
    in_turns(town)
    assert "unnamed" in kinds(town)


def test_entries_that_both_of_a_double_hold_say_nothing_of_whose_turn_it_was(town: SimTown) -> None:
    double = in_turns(town)
    number = len(town.people.boxes) - 1
    double.brought = frozenset(t.said.entry for t in town.people.touches if t.box == number and t.said)
    assert "unnamed" not in kinds(town)


def test_what_was_there_before_a_copy_and_is_told_again_is_no_sign_of_two(town: SimTown) -> None:
    own = [t for t in town.people.touches if t.unit == "unit00" and t.said and t.said.entry]
    double = Box("unit00", "library", mishaps=["it is a double"])
    town.people.boxes.append(double)
    number = len(town.people.boxes) - 1
    town.people.touches = [replace(t, box=number) if t is own[-1] else t for t in town.people.touches]
    assert "unnamed" in kinds(town), "both have written, and nobody was told"
    double.brought = frozenset(t.said.entry for t in own[:-1] if t.said)
    assert "unnamed" not in kinds(town)


def test_who_was_let_in_since_is_no_third_machine(town: SimTown) -> None:
    in_turns(town)
    number = len(town.people.boxes) - 1
    last = max(at for at, touch in enumerate(town.people.touches) if touch.box == number)
    town.people.boxes.append(Box("unit00", "library", since=town.people.touches[last].at + 1))
    town.people.touches = [
        replace(touch, box=number + 1) if touch.box == 0 and at > last else touch
        for at, touch in enumerate(town.people.touches)
    ]
    assert "unnamed" not in kinds(town)


def test_books_that_were_changed(town: SimTown) -> None:
    change(town, sa.update(visit).values(touches=visit.c.touches + 1))
    assert {"wrong total", "replay"} <= kinds(town)


def test_a_unit_that_still_has_something_to_send(town: SimTown) -> None:
    town.boxes[0].touch(town.cards[0], 0)
    assert "queue" in kinds(town)


def test_a_life_that_went_on_after_it_was_closed(town: SimTown) -> None:
    town.people.boxes[0].closed_at, town.people.boxes[0].closed_n = 0, 0
    assert "after closing" in kinds(town)


def _structs_replace(said: Shown, **changes: Any) -> Shown:

    return msgspec.structs.replace(said, **changes)
