"""The town offers a system: a served centre over HTTPS, a unit with its uplink, a board whose RAUC writes files."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from central.bundles import FOLDER as BUNDLES_FOLDER
from central.bundles import Bundle, BundleError
from central.centre import Centre
from central.console.books import Books
from central.rollout import HinderedError
from drivers.boot import Slot
from drivers.boot.sim import Fault
from sync.accounts import Role
from sync.updates import Hours, Offered, OfferState, RingSet
from tests.appliance.live import Done, change, machi, said, wait_until
from tests.appliance.uplink.serving import CalledUnit, Served, let_in, serving
from tests.central.visiting import visitor
from tests.updates import keys
from tests.updates.board import NAME, NEXT, Board, built

A, B = Slot.A, Slot.B
UNIT = "lib01"
LATER, LAST = "0.3.0+202612010900.1111111", "0.4.0+202612020900.2222222"
AT_ONCE = Hours(0, 0)
HEALTH = ("--patience", "1", "--well", "0.2")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("central")) as served:
        yield served


@pytest.fixture(scope="module")
def centre(served: Served) -> Centre:
    """The same centre in this process, as a command line has it."""
    return served.centre


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory, served: Served, centre: Centre) -> Iterator[CalledUnit]:
    """A unit that looks for its image, and for what root keeps, where each test has a board; nobody runs it yet."""
    unit = let_in(tmp_path_factory.mktemp("units") / UNIT, served, served.port)
    change(unit.folder, ("interval_s = 0.5", "interval_s = 0.2\nupdate_kib_s = 100_000"))
    config, board = unit.folder / "unit.toml", unit.folder.parent / "board"
    config.write_text(f'updates = "{board}/machi-update"\nimage = "{board}/updates.toml"\n{config.read_text()}')
    centre.roll_outs.set_ring(RingSet(0, "bench", (UNIT,)))
    centre.roll_outs.set_ring(RingSet(1, "all", everybody=True))
    yield unit
    unit.clean_up()


@pytest.fixture
def board(signer: keys.Keys, caller: CalledUnit) -> Iterator[Board]:
    """A fresh board under the unit, which serves and calls."""
    folder = caller.folder.parent / "board"
    with Board(folder, signer).serving() as board:
        caller.start()
        caller.call()
        yield board
        caller.hang_up()
        caller.stop()
    shutil.rmtree(folder)


def office(served: Served, verb: str, *words: str | Path) -> dict[str, Any]:
    done = machi("central", "update", verb, served.folder, *words, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return said(done)


def added(centre: Centre, board: Board, path: Path) -> Bundle:
    assert centre.bundles is not None
    bundle = centre.bundles.add(path, board.keys.authority)
    centre.roll_outs.add(bundle)
    return bundle


def comes(centre: Centre, unit: CalledUnit, version: str, stage: str, why: str = "") -> None:
    """Wait until the office knows how a version stands at the unit."""

    def found() -> tuple[str, str]:
        (seen,) = centre.roll_outs.picture().units
        return seen.stage(version), seen.why(version)

    wait_until(lambda: found() == (stage, why), lambda: f"{found()}\n{unit.called()}\n{unit.said()}", every_s=0.2)


def console(served: Served, page: str) -> str:
    with visitor(served.folder, Role.TECHNICIAN) as browser:
        return browser.get(page).raise_for_status().text


def offered(board: Board, unit: CalledUnit) -> Done:
    """Do what systemd does every few minutes."""
    return board.unit("offered", "--folder", unit.folder, "--json")


def hatch(unit: CalledUnit) -> dict[str, Any]:
    """Return what the unit has heard of the town's last offer."""
    heard: dict[str, Any] = json.loads(unit._ask("/update"))
    return heard


def hears(unit: CalledUnit, state: OfferState) -> None:
    wait_until(lambda: hatch(unit)["offer"]["state"] == state, unit.called)


def found(board: Board, unit: CalledUnit) -> str:
    done = offered(board, unit)
    assert done.returncode == 0, done.stderr
    return str(said(done)["found"])


def refused(board: Board, unit: CalledUnit) -> list[str]:
    """Return why it is not installed; whoever reads has it in words, and nothing was written."""
    done = offered(board, unit)
    assert done.returncode == 6, done.stdout + done.stderr
    assert (board.holds(B)[0], done.stderr[:7]) == (b"system of b", "Error: ")
    return [one["about"] for one in said(done)["refused"]]


def fetched(unit: CalledUnit) -> list[str]:
    folder = unit.folder / "tls" / "update"
    return sorted(path.suffix for path in folder.iterdir()) if folder.exists() else []


def test_a_unit_fetches_what_its_ring_is_offered_and_keeps_it(
    board: Board, caller: CalledUnit, served: Served, centre: Centre, update: Path
) -> None:
    kept = office(served, "add", update, "--keyring", board.keys.authority)
    assert (kept["compatible"], kept["version"], kept["new"]) == (NAME, NEXT, True)
    assert (served.folder / BUNDLES_FOLDER / f"{kept['digest']}.raucb").read_bytes() == update.read_bytes()
    assert found(board, caller) == "nothing", "nobody is offered it yet"

    assert office(served, "offer", NEXT, "--ring", "0", "--at-once")["told"] == [UNIT]
    comes(centre, caller, NEXT, "fetched")
    done = offered(board, caller)
    assert done.returncode == 0, done.stderr + board.said()
    assert (said(done)["stage"], said(done)["restart"], board.asked) == ("trying", True, ["--no-block reboot"])
    assert "centre" in said(done)["worked"]["parts"], "a unit that cannot be reached any more is to go back"
    assert board.holds(B) == (b"the new system", f"new {NEXT}".encode())
    comes(centre, caller, NEXT, "trying")
    assert found(board, caller) == "nothing", "it is tried once"

    assert board.sim.start() is B
    assert board.unit("health", "--folder", caller.folder, *HEALTH).returncode == 0
    comes(centre, caller, NEXT, "kept")
    wait_until(lambda: fetched(caller) == [], "what was kept is taken away")
    (shown,) = office(served, "status")["units"]
    assert (shown["ring"], shown["offered"], shown["stage"], shown["image"]) == (0, NEXT, "kept", NAME)


def test_a_unit_that_goes_back_stops_the_roll_out(
    board: Board, caller: CalledUnit, served: Served, centre: Centre, bundle_of: Callable[[str], Path]
) -> None:
    added(centre, board, bundle_of(LATER))
    centre.roll_outs.offer(LATER, 0, AT_ONCE)
    comes(centre, caller, LATER, "fetched")
    assert offered(board, caller).returncode == 0
    board.sim.fail(Fault.FLAG_LOST)
    assert board.sim.start() is A
    assert board.unit("health", "--folder", caller.folder, *HEALTH).returncode == 0
    comes(centre, caller, LATER, "back", "not-started")
    wait_until(lambda: Books(centre.engine, centre.town.register).incidents(), "the office is told")
    assert centre.roll_outs.picture().roll_outs[LATER].state is OfferState.HELD
    with pytest.raises(HinderedError, match="did not come up"):
        centre.roll_outs.offer(LATER, 1, AT_ONCE)
    shown = console(served, f"/units/{UNIT}")
    assert all(
        words in shown
        for words in (LATER, "前に戻りました", "新しいシステムが起動しませんでした", "The roll-out is held")
    )
    done = machi("central", "update", "status", served.folder)
    assert (done.returncode, "新しいシステムが起動しませんでした" in done.stdout) == (2, True)
    assert found(board, caller) == "nothing", "nobody tries it once more by himself"
    assert centre.roll_outs.offer(LATER, 0, AT_ONCE, again=True).told == (UNIT,)
    comes(centre, caller, LATER, "fetched")


@pytest.mark.threat("poisoned update")
def test_what_the_town_does_not_mean_never_reaches_a_slot(
    board: Board, caller: CalledUnit, centre: Centre, bundle_of: Callable[[str], Path], tmp_path: Path
) -> None:
    assert centre.bundles is not None
    stranger = built(tmp_path / "stranger", keys.made(tmp_path / "keys", "Somebody else"), LAST)
    with pytest.raises(BundleError, match="nobody whom this keyring names has signed it"):
        centre.bundles.add(stranger, board.keys.authority)
    bundle = added(centre, board, bundle_of(LAST))

    centre.roll_outs.offer(LAST, 0, _not_now())
    comes(centre, caller, LAST, "fetched")
    assert found(board, caller) == "not-now"
    centre.roll_outs.stop(LAST, OfferState.HELD)
    hears(caller, OfferState.HELD)
    assert found(board, caller) == "held"
    centre.roll_outs.offer(LAST, 0, AT_ONCE)
    hears(caller, OfferState.OPEN)
    whole = caller.folder / "tls" / "update" / f"{bundle.digest}.raucb"
    whole.write_bytes(stranger.read_bytes())
    assert refused(board, caller) == ["bytes"], "whoever has the uplink has no slot"
    comes(centre, caller, LAST, "refused", "bytes")

    centre.roll_outs.offer(LAST, 0, AT_ONCE, again=True)
    comes(centre, caller, LAST, "fetched")
    centre.roll_outs.stop(LAST, OfferState.WITHDRAWN)
    wait_until(lambda: fetched(caller) == [], "what is taken back is not kept")
    assert found(board, caller) == "nothing"

    other = Offered(UNIT, 1 << 50, OfferState.OPEN, LAST, "machitap-pi-4-kiosk", bundle.digest, bundle.size, AT_ONCE)
    with centre.reconciler.counted() as connection:
        centre.streams.append_for(connection, UNIT, [other])
    comes(centre, caller, LAST, "refused", "compatible")
    assert (fetched(caller), found(board, caller)) == ([], "nothing"), "not a byte of it is fetched"
    board.sim.fail(Fault.NO_TRIAL)
    with centre.reconciler.counted() as connection:
        fits = msgspec.structs.replace(other, number=other.number + 1, compatible=NAME, size=bundle.size + 1)
        centre.streams.append_for(connection, UNIT, [fits])
    wait_until(lambda: hatch(caller)["offer"]["number"] == fits.number, caller.called)
    assert refused(board, caller) == ["trial"], "a board that cannot try it says so at once"
    comes(centre, caller, LAST, "refused", "trial")


def _not_now() -> Hours:
    """Return hours that are over, or far away, whenever the test runs."""
    minute = (int(time.time()) // 60 + 540) % 1440
    return Hours((minute + 600) % 1440, (minute + 660) % 1440)
