"""What may lie in place of a unit's journal, as the daemon and the commands find it: nothing is ever thrown away."""

import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.counter import folds
from appliance.opening import World, close_in_order, open_journal
from drivers.clock.system import Driver as Clock
from drivers.disk.file import Driver as FileDisk
from drivers.entropy.system import Driver as Entropy
from drivers.keystore.file import Driver as Keystore
from drivers.monotonic.file import Driver as Monotonic
from sync import facts, installed
from sync.directory import DIRECTORY
from tests.appliance.conftest import touch
from tests.appliance.daemon.conftest import Settle
from tests.appliance.live import LiveUnit, entries_of, published_check, said
from tests.appliance.small_disk import MIB, SmallDisk

CHECK_FAILED, NOT_FOUND, REFUSED, HARDWARE = 2, 4, 6, 8
BOOTS = 12
Damage = Callable[[bytes], bytes]


def lived(unit: LiveUnit) -> bytes:
    """Let a unit fill a journal of many pages, without waiting for its processes; return the journal's bytes."""
    world = World(
        FileDisk(FileDisk.Options(str(unit.folder))),
        Keystore(Keystore.Options(str(unit.folder / "unit.key"))),
        Clock(),
        Entropy(),
        Monotonic(Monotonic.Options(str(unit.counter))),
    )
    register = facts.register(installed.facts())
    for _ in range(BOOTS):
        opened = open_journal(world, "journal.db", unit.folder.name, register, (DIRECTORY, *folds()), "test")
        for day in range(5):
            opened.counted.raise_to(opened.journal.append([touch(day)])[-1].entry.seq)
        close_in_order(opened.journal)
    return (unit.folder / "journal.db").read_bytes()


def aside(unit: LiveUnit) -> list[str]:
    return sorted(path.name for path in unit.folder.glob("journal.db.*"))


def test_a_directory(unit: LiveUnit) -> None:
    (unit.folder / "journal.db").mkdir()
    for done in (unit.refuses_to_run(), unit.command("verify"), unit.command("export", unit.folder / "out.db")):
        assert (done.returncode, done.stderr.count("\n")) == (HARDWARE, 1), done.stderr
        assert "journal.db is a directory; move it away" in done.stderr


@pytest.fixture
def immutable() -> Iterator[Callable[[Path], None]]:
    """Make files and folders that not even root can change, until the test is over."""
    made: list[Path] = []

    def make(path: Path) -> None:
        if subprocess.run(["chattr", "+i", str(path)], capture_output=True, check=False).returncode:
            pytest.skip("this file system, or this user, cannot make a file immutable")
        made.append(path)

    yield make
    for path in made:
        subprocess.run(["chattr", "-i", str(path)], check=True)


@pytest.mark.fault("the unit's disk can only be read")
@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("journal.db", "journal.db: may not be written by user"),
        (".", "journal.db or its log: unable to open database file"),
    ],
)
def test_a_journal_that_may_not_be_written(
    unit: LiveUnit, immutable: Callable[[Path], None], what: str, words: str
) -> None:
    before = lived(unit)
    immutable(unit.folder / what)
    done = unit.refuses_to_run()
    assert (done.returncode, done.stderr.count("\n")) == (HARDWARE, 1), done.stderr
    assert words in done.stderr
    assert (unit.folder / "journal.db").read_bytes() == before
    assert aside(unit) == []


def test_no_journal_yet(unit: LiveUnit) -> None:
    done = unit.command("verify")
    assert (done.returncode, "a unit begins one when it is run" in done.stderr) == (NOT_FOUND, True)
    assert not (unit.folder / "journal.db").exists()


def test_another_units_journal_is_left_as_it_is(settle: Settle) -> None:
    unit, other = settle("lib01"), settle("lib02")
    other.start()
    assert other.stop() == 0
    foreign = (other.folder / "journal.db").read_bytes()
    (unit.folder / "journal.db").write_bytes(foreign)
    for done in (unit.refuses_to_run(), unit.command("verify")):
        assert (done.returncode, done.stderr.count("\n")) == (REFUSED, 1), done.stderr
        assert "this journal belongs to unit lib02 with another key; name another file" in done.stderr
    (unit.folder / "journal.db").rename(unit.folder / "moved.db")
    assert entries_of(unit.folder / "moved.db", "lib02") == entries_of(other.folder / "journal.db", "lib02")
    assert aside(unit) == []


def test_another_programs_database_is_left_as_it_is(unit: LiveUnit) -> None:
    database = sqlite3.connect(unit.folder / "journal.db")
    database.executescript("CREATE TABLE recipe (name TEXT); INSERT INTO recipe VALUES ('masuzushi')")
    database.close()
    before = (unit.folder / "journal.db").read_bytes()
    done = unit.refuses_to_run()
    assert (done.returncode, "a database, but not a journal; name another file" in done.stderr) == (REFUSED, True)
    assert (unit.folder / "journal.db").read_bytes() == before
    assert aside(unit) == []


def test_a_text_file_is_kept_and_said(unit: LiveUnit) -> None:
    notes = b"what the technician wrote down\n" * 300
    (unit.folder / "journal.db").write_bytes(notes)
    done = unit.command("verify", "--json")
    assert (done.returncode, said(done)["broken"]) == (
        CHECK_FAILED,
        "SQLite cannot read the file: file is not a database",
    )
    assert (unit.folder / "journal.db").read_bytes() == notes, "looking changes nothing"
    unit.start()
    assert (unit.folder / "journal.db.damaged-1").read_bytes() == notes
    assert "journal.db is damaged: SQLite cannot read the file" in unit.said()
    assert "0 entries were saved; the damaged file is kept as journal.db.damaged-1" in unit.said()
    assert unit.status()["closed"] is None


def one_bit_of_an_entry(whole: bytes) -> bytes:
    """Turn a bit of one entry, also where SQLite left an old copy of it."""
    at = whole.rindex(b'{"kind":"boot"')
    begins = whole[at : whole.index(b'"seq"', at)]
    return whole.replace(begins, begins.replace(b"unit", b"uniu"))


def one_page(whole: bytes) -> bytes:
    at = whole.rindex(b'"kind":"visits.touch"') // 4096 * 4096
    return whole[:at] + bytes(byte ^ 0x55 for byte in whole[at : at + 4096]) + whole[at + 4096 :]


DAMAGES: dict[str, Damage] = {
    "cut in half": lambda whole: whole[: len(whole) // 2],
    "cut within its first page": lambda whole: whole[:100],
    "a page turned over": one_page,
    "a bit turned over": one_bit_of_an_entry,
}


@pytest.mark.fault("journal damaged")
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_still_hashes_is_saved_and_the_rest_kept_aside(unit: LiveUnit, damage: str) -> None:
    whole = lived(unit)
    before = entries_of(unit.folder / "journal.db", "lib01")
    damaged = DAMAGES[damage](whole)
    (unit.folder / "journal.db").write_bytes(damaged)
    done = unit.command("verify", "--json")
    assert (done.returncode, bool(said(done)["broken"])) == (CHECK_FAILED, True), "it is seen before it is mended"
    assert (unit.folder / "journal.db").read_bytes() == damaged, "looking changes nothing"

    unit.start()
    status, after = unit.status(), unit.entries()
    saved = {place: entry for place, entry in before.items() if after.get(place) == entry}
    lost = set(before) - set(saved)
    declared = {f"lib01/{gap['of']}/{seq}" for gap in status["lost"] for seq in range(gap["first"], gap["last"] + 1)}
    written = [body for _, body in after.values() if body["kind"] == "gap"]
    assert declared <= lost, "nothing is called lost that is there"
    assert [(gap["of"], gap["first"], gap["last"]) for gap in written] == [
        (gap["of"], gap["first"], gap["last"]) for gap in status["lost"]
    ]
    assert all(place in before or body["boot"] == status["tip"].split("/")[0] for place, (_, body) in after.items())
    assert status["frozen"] if lost else not status["lost"], "a journal that is shorter than it was is said to be"
    assert (unit.folder / "journal.db.damaged-1").read_bytes() == damaged
    assert f"{len(saved)} entries were saved; the damaged file is kept as journal.db.damaged-1" in unit.said()
    match damage:
        case "a bit turned over":
            assert (len(lost), declared) == (1, lost)
        case "cut within its first page":
            assert (saved, declared) == ({}, set()), (
                "nobody can tell what was there; the counter outside can say how much"
            )
        case _:
            assert saved
    copy = unit.copy(unit.folder.with_name("copy.db"))
    done = published_check(copy, unit.folder / "unit.pub")
    assert done.returncode == 0, done.stdout
    assert unit.stop() == 0
    assert said(unit.command("verify", "--json"))["broken"] == ""


@pytest.mark.fault("the unit's disk can only be read")
def test_a_journal_that_cannot_be_written_can_still_be_carried_away(unit: LiveUnit, tmp_path: Path) -> None:
    with SmallDisk(tmp_path / "disk", 8 * MIB) as disk:
        disk.take_in(unit)
        unit.start()
        unit.stop(9)
        assert (unit.here / "journal.db-wal").stat().st_size > 0, "killed: everything is in the log still"
        disk.read_only(on=True)
        done = unit.refuses_to_run()
        assert (done.returncode, done.stderr.count("\n")) == (HARDWARE, 1), done.stderr
        assert "the disk is read-only; it may be failing, so copy the journal away before anything else" in done.stderr
        done = unit.command("verify", "--json")
        assert (done.returncode, said(done)["entries"]) == (0, 3)
        done = unit.command("export", tmp_path / "copy.db", "--json")
        assert (done.returncode, said(done)["entries"]) == (0, 3)
        assert published_check(tmp_path / "copy.db", unit.here / "unit.pub").returncode == 0
        disk.read_only(on=False)
        unit.start()
        assert set(entries_of(tmp_path / "copy.db", "lib01")) < set(unit.entries())
        unit.clean_up()
