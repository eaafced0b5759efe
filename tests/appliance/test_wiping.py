"""A unit's folder is wiped: in an order in which the power may go at any moment."""

from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.config import CONFIG_FILE, ENROLMENT_FILE, KEY_FILE
from appliance.wiping import WORD_FILE, erase, wipe

SECRET = b"the key of a journal"


class PowerCutError(Exception):
    pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a unit has, with a life that was put aside, and the uplink's folder beside it."""
    folder, beside = tmp_path / "unit", tmp_path / "uplink"
    for name in (CONFIG_FILE, ENROLMENT_FILE, KEY_FILE, "unit.pub", "journal.db", "journal.db-wal", WORD_FILE):
        write(folder / name)
    write(folder / "earlier" / "1" / "journal.db")
    write(folder / "trust" / "trust.toml")
    (folder / CONFIG_FILE).write_text('name = "lib01"\n[drivers.keystore]\nmake = "file"\npath = "unit.key"\n')
    write(beside / "tls.key")
    (folder / "tls").symlink_to(beside)
    return folder


def write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(SECRET)


def left(folder: Path) -> set[str]:
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_symlink()}
    return names | {path.name for path in (folder / "tls").resolve().iterdir()}


def until(count: int) -> Callable[[Path], None]:
    """Return how files go until the power does, in front of the one behind so many."""
    gone: list[Path] = []

    def take_away(path: Path) -> None:
        if len(gone) == count:
            raise PowerCutError
        gone.append(path)
        erase(path)

    return take_away


@pytest.mark.fault(
    "power cut while a unit is wiped for good",
    people="The unit serves nobody any more, before and after.",
    lost="nothing: the town held everything before the first file went",
    found="The last word is on the disk before anything goes; whoever asks once more has the rest wiped, and gets it.",
)
def test_the_power_may_go_before_any_file(folder: Path) -> None:
    count = 0
    while True:
        try:
            wipe(folder, until(count))
        except PowerCutError:
            there = left(folder)
            assert WORD_FILE in there
            assert count == 0 or ENROLMENT_FILE not in there, "no service starts on half a folder"
            assert KEY_FILE in there or "journal.db" not in there, "the key goes after what it signed"
            assert CONFIG_FILE in there or KEY_FILE not in there, "nobody would know where the key lies"
            count += 1
        else:
            break
    assert count > 1
    assert left(folder) == {WORD_FILE}


def test_what_is_small_is_overwritten_before_its_name_goes(folder: Path, tmp_path: Path) -> None:
    same = tmp_path / "the same blocks"
    same.hardlink_to(folder / KEY_FILE)
    wipe(folder)
    assert same.read_bytes() == bytes(len(SECRET))
