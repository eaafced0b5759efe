"""Backups and restores that are killed, told to stop, or find a bad or full disk: whole, or not there at all."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa

from central.backups.manifest import BOOKS_FILE, MANIFEST_FILE
from tests.central.backups.backed_up import Town, left_in, looked_at
from tests.central.serving import MACHI
from tests.central.test_commands import CHECK_FAILED, EXISTS, document, machi

KILLED, INTERRUPTED, DISK = -9, 130, 8
BACKUPS = ("fsync:signal=KILL:when=2", "fsync:signal=KILL:when=8", "/rename:signal=KILL:when=1")
CALLS = "/^(fsync|rename(at2?)?)$"


def struck(log: Path, *words: object, inject: str = "", on: tuple[str, ...] = ()) -> int:
    """Run `machi central …` with its system calls watched, and perhaps struck; return how it ended."""
    blow = ["-e", f"inject={inject}"] if inject else []
    watched = ["strace", "-f", "-qq", "-y", "-s", "4096", "-o", str(log), "-e", f"trace={CALLS},pwrite64", *blow, *on]
    done = subprocess.run(
        [*watched, str(MACHI), "central", *map(str, words)],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done.returncode


def whole(usb: Path) -> list[Path]:
    return [path for path in sorted(usb.iterdir()) if not path.name.startswith(".")]


@pytest.mark.fault(
    "a backup of the centre is cut off, or its disk is bad or full",
    people="Nothing.",
    lost="that backup; what was whole before stays, also where it would have made room for it",
    found="By the exit code. What was cut off has a name that nobody takes for a backup, and goes with the next one.",
)
@pytest.mark.parametrize("inject", BACKUPS)
def test_a_killed_backup_looks_like_none_and_the_next_one_clears_it_away(
    town: Town, tmp_path: Path, inject: str
) -> None:
    usb = tmp_path / "usb"
    before = town.back_up(usb)
    assert struck(tmp_path / "log", "backup", town.folder, "--to", usb, inject=inject) == KILLED
    assert any(name.startswith(".todai-") for name in left_in(usb)), "it was in the middle of it"
    assert whole(usb)[0] == before
    for path in whole(usb)[1:]:  # the name may be given already
        assert document("restore", path, "--verify", "--keys", town.keys)["good"] is True
    assert document("backup", town.folder, "--to", usb, "--keep", 2)["backup"]
    assert not any(name.startswith(".") for name in left_in(usb))


STOPPED = {
    "told to stop": ("fsync:signal=TERM:when=6", INTERRUPTED),
    "a bad disk": ("fsync:error=EIO:when=9", DISK),
    "a full disk": ("pwrite64:error=ENOSPC:when=2+", DISK),
}


@pytest.mark.fault("a backup of the centre is cut off, or its disk is bad or full")
@pytest.mark.parametrize(("inject", "ends"), STOPPED.values(), ids=STOPPED)
def test_a_backup_that_cannot_be_finished_leaves_nothing(town: Town, tmp_path: Path, inject: str, ends: int) -> None:
    usb = tmp_path / "usb"
    before = town.back_up(usb)
    assert struck(tmp_path / "log", "backup", town.folder, "--to", usb, "--keep", 1, inject=inject) == ends
    assert left_in(usb) == [before.name], "nor is an older one removed for it"


def test_a_backup_is_on_the_disk_before_it_has_its_name(town: Town, tmp_path: Path) -> None:
    usb, log = tmp_path / "usb", tmp_path / "log"
    usb.mkdir()
    assert struck(log, "backup", town.folder, "--to", usb) == 0
    (made,) = whole(usb)
    before, part, _ = synced(log, made)
    assert {part, *(part / one.relative_to(made) for one in made.rglob("*"))} <= before
    assert (made / MANIFEST_FILE).is_file()


def test_a_restored_folder_is_on_the_disk_before_it_has_its_name(town: Town, backup: Path, tmp_path: Path) -> None:
    to, log = tmp_path / "again", tmp_path / "log"
    assert struck(log, "restore", backup, "--keys", town.keys, "--to", to) == 0
    before, part, after = synced(log, to)
    names = {one.relative_to(to) for one in to.rglob("*")} - {Path("central.toml")} | {Path("central.toml.part")}
    assert {part, *(part / name for name in names)} <= before
    assert to in after, "what makes it a centre is named last"


def synced(log: Path, path: Path) -> tuple[set[Path], Path, set[Path]]:
    """Return what was synced before a folder got its name, its name until then, and what was synced afterwards."""
    calls = log.read_text()
    renamed = re.search(rf'rename\("([^"]+)", "{re.escape(str(path))}"\)', calls)
    assert renamed, calls
    before, after = (
        {Path(name) for name in re.findall(r"fsync\(\d+<([^>]+)>\) += 0", part)}
        for part in (calls[: renamed.start()], calls[renamed.end() :])
    )
    assert path.parent in after
    return before, Path(renamed[1]), after


RESTORES = ("fsync:signal=KILL:when=4", "/rename:signal=KILL:when=1", "/rename:signal=KILL:when=2")


@pytest.mark.fault("centre restored from a backup")
@pytest.mark.parametrize("inject", RESTORES)
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_killed_restore_is_no_centre_and_can_be_done_again(
    town: Town, backup: Path, tmp_path: Path, request: pytest.FixtureRequest, kind: str, inject: str
) -> None:
    database = "sqlite" if kind == "sqlite" else request.getfixturevalue("databases")("town_after")
    to = tmp_path / "again"
    words = ("restore", backup, "--keys", town.keys, "--to", to, "--database", database)
    assert struck(tmp_path / "log", *words, inject=inject) == KILLED
    if to.exists():
        assert not (to / "central.toml").exists() or document("verify", to)["broken"] == []
        return
    if kind == "postgres":
        with looked_at(database).connect() as connection:
            assert sa.inspect(connection).get_table_names() == []
    machi(*words)
    assert document("verify", to)["broken"] == []
    assert not any(name.startswith(".") for name in left_in(tmp_path))


def test_a_drill_that_is_told_to_stop_leaves_nothing(town: Town, backup: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    words = ("restore", backup, "--keys", town.keys, "--verify", "--scratch", scratch)
    assert struck(tmp_path / "log", *words, inject="pwrite64:signal=TERM:when=40") == INTERRUPTED
    assert left_in(scratch) == []


def test_a_backup_that_cannot_be_read_is_a_drill_that_failed(town: Town, backup: Path, tmp_path: Path) -> None:
    words = ("restore", backup, "--keys", town.keys, "--verify", "--centre", town.folder)
    unreadable = ("-e", "trace=read", "-P", str(backup / BOOKS_FILE))
    assert struck(tmp_path / "log", *words, inject="read:error=EIO", on=unreadable) == DISK
    assert document("status", town.folder, ends=CHECK_FAILED)["drill"]["is_good"] is False
    machi(*words)
    assert document("status", town.folder, ends=CHECK_FAILED)["drill"]["is_good"] is True


def test_a_share_that_cannot_sync_a_folder_will_do(town: Town, tmp_path: Path) -> None:
    usb, log = tmp_path / "usb", tmp_path / "log"
    usb.mkdir()
    words = ("backup", town.folder, "--to", usb)
    assert struck(log, *words, inject="fsync:error=EINVAL", on=("-P", str(usb))) == 0
    assert "EINVAL" in log.read_text()
    assert document("restore", whole(usb)[0], "--verify", "--keys", town.keys)["good"] is True


def test_one_backup_at_a_time(town: Town, tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    usb.mkdir()
    slow = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=fsync:delay_enter=300000", "-e", "trace=fsync"]
    with subprocess.Popen(
        [*slow, MACHI, "central", "backup", town.folder, "--to", usb], stderr=subprocess.PIPE
    ) as first:
        while not left_in(usb):
            assert first.poll() is None
        assert "別のコマンド" in machi("backup", town.folder, "--to", usb, ends=EXISTS)
        assert first.wait() == 0
    assert len(whole(usb)) == 1
