"""`machi device update`: its steps against a real unit and a real RAUC, ended anywhere and begun again."""

import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from device import updating
from device.errors import DeviceError, Exit, LostError
from device.ssh import Answer
from device.steps import State, Taken, take
from device.unit import HeldUnit, Unit
from device.updating import STEPS, Bundle, Work
from drivers.boot import Slot
from drivers.boot.sim import Fault
from drivers.clock.sim import Driver as Clock
from sync.technician import CHANGE, LOOK
from tests.appliance.live import LiveUnit
from tests.updates.board import Board
from tests.updates.wire import Wire, piece


@pytest.fixture
def wire(board: Board, unit: LiveUnit) -> Iterator[Wire]:
    with Wire(board, unit).held() as wire:
        yield wire


def work(wire: Wire, path: Path, ask: Callable[[Sequence[str], bytes], Answer] | None = None) -> Work:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    bundle = Bundle(digest, path.stat().st_size, functools.partial(piece, path))
    held = HeldUnit(wire)
    looked = Unit("lib01", ask or wire.ask)
    return Work(held, looked, bundle, may_be_older=False, clock=Clock(), updated=held.updated())


def away(board: Board, unit: LiveUnit, wire: Wire) -> Callable[[Sequence[str], bytes], Answer]:
    """Answer as a unit that starts anew: not at all, then with what its firmware has started."""
    state = {"asked": 0}

    def ask(words: Sequence[str], given: bytes = b"") -> Answer:
        state["asked"] += 1
        if state["asked"] == 1:
            raise LostError(Exit.NOT_FOUND, "切れました", "the connection was lost")
        if state["asked"] == 2:
            assert "--no-block reboot" in board.asked
            board.sim.start()
            done = board.unit("health", "--folder", unit.folder, "--patience", "3", "--well", "0.2")
            assert done.returncode == 0, done.stderr
        return wire.ask(words, given)

    return ask


def states(taken: Sequence[Taken]) -> list[tuple[str, State]]:
    return [(one.step, one.outcome.state) for one in taken]


def quiet(_line: str) -> None:
    pass


def test_a_unit_gets_a_new_system_and_saying_it_twice_changes_nothing(
    board: Board, unit: LiveUnit, wire: Wire, update: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updating, "CHUNK_BYTES", 100_000)
    planned = take(STEPS, work(wire, update), quiet, dry=True)
    assert [state for _, state in states(planned)] == [State.PLAN] * 4
    assert board.holds(Slot.B)[0] == b"system of b"

    half = work(wire, update)
    half.held.send(half.bundle.digest, 0, half.bundle.read(0, 100_000))
    with pytest.raises(DeviceError, match="100000 bytes of this bundle have come"):
        half.held.send(half.bundle.digest, 5, b"x")
    taken = take(STEPS, work(wire, update, away(board, unit, wire)), quiet)
    assert [state for _, state in states(taken)] == [State.OK] * 4, taken
    assert taken[0].outcome.en == f"{update.stat().st_size - 100_000:,} bytes sent", "what had come was not sent again"
    assert board.boot.look().primary is Slot.B
    assert board.holds(Slot.B)[0] == b"the new system"

    wire.asked.clear()
    again = take(STEPS, work(wire, update), quiet)
    assert [state for _, state in states(again)] == [State.SO] * 4
    assert set(wire.asked) <= set(LOOK), "nothing was changed"


def test_a_unit_that_went_back_says_why(board: Board, unit: LiveUnit, wire: Wire, update: Path) -> None:
    board.sim.fail(Fault.B_DEAD)
    taken = take(STEPS, work(wire, update, away(board, unit, wire)), quiet)
    assert states(taken)[-1] == ("trial", State.STOP)
    assert taken[-1].code == Exit.CHECK
    assert taken[-1].outcome.ja == "更新は取りやめ、前のシステムに戻りました: 新しいシステムが起動しませんでした"


def test_what_the_unit_refuses_is_said_in_its_own_words_and_the_copy_stays(
    board: Board, wire: Wire, update: Path
) -> None:
    board.sim.fail(Fault.NO_TRIAL)
    taken = take(STEPS, work(wire, update), quiet)
    assert states(taken) == [("copy", State.OK), ("installation", State.STOP)]
    assert taken[-1].code == Exit.REFUSED
    assert taken[-1].outcome.ja == "この基板のカーネルは、新しいシステムを一度だけ試すことができません"
    assert taken[-1].outcome.do_en == "write its card anew (docs/updates.md)"
    assert take(STEPS[:1], work(wire, update), quiet)[0].outcome.state is State.SO


@pytest.mark.threat("malicious technician")
@pytest.mark.parametrize("words", [["bundle", "../../etc/passwd", "0"], ["install", "../update.json", "newer"]])
def test_a_bundle_goes_where_bundles_go(wire: Wire, words: list[str]) -> None:
    answer = wire.ask(words, b"x")
    assert answer.code in (Exit.USAGE, Exit.NOT_FOUND), answer.err
    assert {"bundle", "install", "restart"} <= set(CHANGE), "and for whoever holds the unit only"
