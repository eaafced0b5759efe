"""The oracle sees what it is there to see: the evidence is tampered with after a good day, and it has to say so."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from appliance.feedback import Shown
from central import store
from drivers.disk.sim import quiet
from programs.visits.office import visit
from simulation.deeds import Setting
from simulation.oracle import findings
from simulation.people import RAN_OUT
from simulation.plan import draw
from simulation.town import SimTown
from sync.program import Result


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
