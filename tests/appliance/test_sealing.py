"""A unit's secrets are sealed, opened and laid open again, and the power may go at every step of it."""

import base64
import itertools
import queue
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from appliance import durable, locked, sealed, sealing, wiping
from appliance.config import (
    ENROLMENT_FILE,
    KEY_FILE,
    Config,
    Screen,
    card_key,
    driver,
    read_config,
    read_enrolment,
    read_life,
)
from appliance.enrol import begin, own_key
from appliance.locked import wait
from appliance.sealed import LockedError
from appliance.sealing import open_all, seal, sealable, unseal
from appliance.setup import write_config
from appliance.updates import Kept, Note, Stage
from appliance.uplink.certificate import Tls
from appliance.wiping import wipe
from drivers.boot import Slot
from drivers.keystore.file import create
from drivers.seal.sim import Driver as Board
from sync.messages import Enrolment
from tests.ports import free_port

NAMES = ("unit.key", "card.key", "device.key")
CARD_KEY = base64.b64encode(bytes(range(32))).decode()
GIVEN = Enrolment("todai", "lib01", 1, "certificate", "ca", "dG93bg==", CARD_KEY, ())


class PowerCutError(Exception):
    pass


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A unit that was let in, with a life before that was put aside."""
    folder = tmp_path / "unit"
    write_config(folder, "lib01", "sim", "", 0, test=True)
    for place in (folder, folder / "earlier" / "1"):
        place.mkdir(parents=True, exist_ok=True)
        create(place / KEY_FILE)
        durable.write(place / ENROLMENT_FILE, msgspec.json.encode(GIVEN))
    Tls(folder / "tls").request("lib01")
    monkeypatch.chdir(folder)
    return Path()


def secrets(folder: Path) -> list[bytes]:
    """Return what no copy of a card may show."""
    paths = [*folder.rglob(KEY_FILE), folder / "tls/device.key"]
    lines = [path.read_bytes().splitlines()[1] for path in paths]
    return [*lines, CARD_KEY.encode(), bytes(range(32))]


def lying_in(folder: Path, needles: list[bytes]) -> set[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path) for path in files if any(needle in path.read_bytes() for needle in needles)}


def works(folder: Path, board: Board, monkeypatch: pytest.MonkeyPatch) -> tuple[bytes, str, bytes]:
    """Return what a unit does with each of its secrets, as its services would have them from systemd."""
    given = folder / "given"
    given.mkdir(exist_ok=True)
    for name in NAMES:
        path = folder / ("tls" if name == "device.key" else "") / name
        hidden = sealed.sealed(path)
        (given / name).write_bytes(board.open(name, hidden.read_bytes()) if hidden.exists() else b"-")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    try:
        public = driver(Config("lib01"), "keystore").public
        request = x509.load_pem_x509_csr(Tls(folder / "tls").request("lib01").encode())
        device = request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return public, card_key(folder, read_enrolment(folder)), device
    finally:
        shutil.rmtree(given)
        monkeypatch.delenv("CREDENTIALS_DIRECTORY")


def test_nothing_that_a_thief_can_use_lies_on_the_card(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needles, before = secrets(folder), works(folder, Board(), monkeypatch)
    assert len(lying_in(folder, needles)) == 5, "the search itself is tried"
    seal(folder, Board())
    assert lying_in(folder, needles) == set()
    assert works(folder, Board(), monkeypatch) == before
    found = open_all(folder, Board())
    assert (found.sealed, found.locked, found.clear) == (NAMES, (), ())


def test_on_another_board_nothing_opens_and_it_is_said_why(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seal(folder, Board())
    run = folder / "run"
    run.mkdir()
    assert open_all(folder, Board(), run).sealed == NAMES
    assert sorted(path.name for path in run.iterdir()) == sorted([*NAMES, "why"])
    found = open_all(folder, Board(Board.Options(board="another")), run)
    assert (found.sealed, found.locked) == ((), NAMES)
    assert "not sealed on this board" in found.why
    assert [path.name for path in run.iterdir()] == ["why"], "systemd is given nothing that it would stumble over"
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    for read in (lambda: driver(Config("lib01"), "keystore"), lambda: card_key(folder, read_enrolment(folder))):
        with pytest.raises(LockedError, match="machi unit enrol --again") as caught:
            read()
        assert "もとに戻してください" in str(caught.value)
    assert read_enrolment(folder).unit == "lib01", "who it is can be read all the same"


def cut_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the power go in front of the step behind so many: of those that write, and of those that take away."""
    steps = itertools.count()

    def step(do: Callable[..., Any]) -> Callable[..., Any]:
        def done(*args: Any, **options: Any) -> Any:
            if next(steps) == count:
                raise PowerCutError
            return do(*args, **options)

        return done

    monkeypatch.setattr(durable, "write", step(durable.write))
    monkeypatch.setattr(sealing, "erase", step(wiping.erase))
    monkeypatch.setattr(Path, "hardlink_to", step(Path.hardlink_to))


@pytest.mark.fault(
    "power cut while a unit's keys are sealed",
    people="Nothing: the next start goes on, and serves.",
    lost="nothing",
    found="What lies in the clear counts until its sealed form was read back and opened; then it is written over.",
)
def test_the_power_may_go_at_any_step(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In both directions, and each time everything works, and goes on to the end."""
    needles, before = secrets(folder), works(folder, Board(), monkeypatch)
    for move, ends_in in ((seal, 0), (unseal, 5)):
        for count in itertools.count():
            shutil.copytree(folder, folder / "../try", symlinks=True)
            with monkeypatch.context() as patch:
                patch.chdir(folder / "../try")
                cut_after(count, patch)
                try:
                    move(Path(), Board())
                    break
                except PowerCutError:
                    pass
                finally:
                    patch.undo()
            monkeypatch.chdir(folder / "../try")
            assert works(Path(), Board(), monkeypatch) == before, f"{move.__name__}, cut in front of step {count}"
            move(Path(), Board())
            assert works(Path(), Board(), monkeypatch) == before
            assert len(lying_in(Path(), needles)) == ends_in
            monkeypatch.chdir("../unit")
            shutil.rmtree("../try")
        assert count > 5
        shutil.rmtree("../try", ignore_errors=True)
        move(folder, Board())


def test_a_new_life_puts_what_is_sealed_aside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seal(folder, Board())
    key = own_key(folder, "code")
    begin(folder, msgspec.structs.replace(GIVEN, epoch=2), read_life(folder), "2", lambda _: None)
    assert {path.name for path in (folder / "earlier/2").iterdir()} >= {"unit.key.sealed", "card.key.sealed"}
    assert driver(read_config(folder), "keystore").public == key.public
    needles = [(folder / KEY_FILE).read_bytes().splitlines()[1], CARD_KEY.encode()]
    seal(folder, Board())
    assert lying_in(folder, needles) == set()
    assert works(folder, Board(), monkeypatch)[0] == key.public


def test_a_uplinks_key_that_opens_nowhere_does_not_stand_in_the_way_of_a_new_life(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(folder, Board())
    tls = Tls(folder / "tls")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(LockedError):
        tls.request("lib01")
    tls.let_go()
    assert "BEGIN CERTIFICATE REQUEST" in tls.request("lib01")
    assert (folder / "tls/device.key.sealed.old").exists()


def test_nothing_is_sealed_under_a_system_on_trial(tmp_path: Path) -> None:
    """The one before, to which it may go back, would find no key."""
    config = Config("lib01", updates=str(tmp_path))
    assert sealable(config)
    for stage in Stage:
        Kept(tmp_path).set_note(Note(stage, Slot.B, "2", "1", 0))
        assert sealable(config) == (stage not in (Stage.TRYING, Stage.LOOKING))


def test_wiping_takes_sealed_keys_too_and_the_journals_among_the_last(folder: Path) -> None:
    seal(folder, Board())
    gone: list[str] = []

    def take_away(path: Path) -> None:
        gone.append(path.name)
        path.unlink()

    wipe(folder, take_away)
    assert gone[-2:] == ["unit.key.sealed", "unit.toml"]
    assert not any(path.is_file() for path in folder.rglob("*"))


def test_a_unit_whose_keys_do_not_open_says_so_and_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: queue.SimpleQueue[None] = queue.SimpleQueue()
    config = Config("lib01", screen=Screen(free_port()))
    monkeypatch.setattr(locked, "AGAIN_S", 0.3)
    monkeypatch.setattr(locked, "_KICK_S", 0.1)
    seen: list[dict[str, Any]] = []

    def look() -> float:
        if not seen:
            with urlopen(f"http://127.0.0.1:{config.screen.port}/view") as answer:
                seen.append(msgspec.json.decode(answer.read()))
        return time.monotonic()

    clock = driver(config, "clock")
    monkeypatch.setattr(type(clock), "mono", lambda _: look())
    assert wait(config, "unit.key is sealed", stopped), "nobody has ended it: it is tried again"
    assert "鍵が開かない" in seen[0]["closed"]["ja"]
    stopped.put(None)
    assert not wait(config, "unit.key is sealed", stopped)
