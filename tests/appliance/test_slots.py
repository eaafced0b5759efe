"""RAUC's questions, answered by a board that knows one primary and one trial: every order of them is safe."""

import itertools
from pathlib import Path

import pytest

from appliance.slots import SlotError, Slots
from drivers.boot import Boots, Slot
from drivers.boot.sim import Driver as Sim
from drivers.boot.sim import Fault

A, B = Slot.A, Slot.B
BEFORE = ((), ("try b",), ("try b", "start"), ("try b", "start", "b good"))


@pytest.fixture
def board(tmp_path: Path) -> Sim:
    return Sim(Sim.Options(str(tmp_path)))


def test_an_installation_as_rauc_asks_for_it(board: Sim) -> None:
    slots = Slots(board)
    assert (slots.current(), slots.primary(), slots.is_good(A), slots.is_good(B)) == (A, A, True, False)
    slots.mark_bad(B)
    slots.start_next(B)
    assert (slots.current(), slots.primary(), slots.is_good(B)) == (A, B, True)
    assert board.start() is B
    assert (slots.current(), slots.primary()) == (B, A), "nobody has said yet that it is good"
    slots.mark_good(B)
    assert (slots.primary(), slots.is_good(A)) == (B, True), "and one can go back"
    assert board.start() is B


def test_a_slot_that_is_written_is_started_by_nobody(board: Sim) -> None:
    slots = Slots(board)
    slots.start_next(B)
    slots.mark_bad(B)
    assert board.look() == Boots(A, A, A, is_armed=False)
    assert (slots.is_good(B), board.start()) == (False, A)


def test_nobody_calls_good_what_does_not_run_or_bad_what_does(board: Sim) -> None:
    slots = Slots(board)
    with pytest.raises(SlotError, match="does not run"):
        slots.mark_good(B)
    with pytest.raises(SlotError, match="the only one that is known to run"):
        slots.mark_bad(A)
    slots.mark_good(A)
    slots.start_next(B)
    with pytest.raises(SlotError, match="the only one that is known to run"):
        slots.mark_bad(A)
    assert board.start() is B
    slots.mark_bad(A)
    assert board.look() == Boots(B, B, B, is_armed=False)


def test_the_primary_needs_no_trial(board: Sim) -> None:
    slots = Slots(board)
    slots.start_next(B)
    slots.start_next(A)
    assert (slots.primary(), board.start()) == (A, A)


def test_whatever_is_asked_in_whichever_order_a_slot_that_was_seen_to_run_is_started(tmp_path: Path) -> None:
    """Every row of two out of what RAUC or a person may ask, before and after a trial; B comes up or not."""
    asks = {
        "try a": lambda slots: slots.start_next(A),
        "try b": lambda slots: slots.start_next(B),
        "a good": lambda slots: slots.mark_good(A),
        "b good": lambda slots: slots.mark_good(B),
        "a bad": lambda slots: slots.mark_bad(A),
        "b bad": lambda slots: slots.mark_bad(B),
        "start": None,
    }
    rows = [(*before, *row) for before in BEFORE for row in itertools.product(asks, repeat=2)]
    for number, (row, is_dead) in enumerate(itertools.product(rows, (False, True))):
        board = Sim(Sim.Options(str(tmp_path / str(number))))
        if is_dead:
            board.fail(Fault.B_DEAD)
        seen = {A}
        for name in row:
            ask = asks[name]
            if ask is None:
                seen.add(board.start())
                continue
            try:
                ask(Slots(board))
            except SlotError:
                continue
        assert board.look().primary in seen, row
        board.lose_power()
        assert board.start() in seen, row
