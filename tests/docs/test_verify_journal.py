"""The published checker knows nothing of our code, and finds every change that we can think of."""

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.carry import verify_copy
from appliance.opening import close_in_order
from sync import chain
from sync.messages import text
from tests.appliance.conftest import Box, touch

CHECKER = Path(__file__).parents[2] / "docs" / "verify_journal.py"


def check(journal: Path, public: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *options, str(CHECKER), str(journal), str(public)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal of two boots, one commit of three entries among them."""
    box = Box()
    opened = box.start()
    box.write(opened, 3)
    opened.journal.append([touch(1), touch(2), touch(3)])
    close_in_order(opened.journal)
    opened = box.start()
    box.write(opened, 2)
    opened.journal.copy_to(str(tmp_path / "journal.db"))
    (tmp_path / "unit.pub").write_text(text(box.keystore.public) + "\n")
    return tmp_path / "journal.db"


def test_a_whole_journal(journal: Path) -> None:
    done = check(journal, journal.with_name("unit.pub"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(
        r"^entries: 10\nboots: 2\nsigned heads: 8\ndeclared as lost: 0\nlast head: [0-9a-f]{16}/3 [0-9a-f]{64}$",
        done.stdout,
        re.MULTILINE,
    )


def test_it_needs_nothing_but_python(journal: Path) -> None:
    """Without site packages it checks signatures by itself, and comes to the same result."""
    done = check(journal, journal.with_name("unit.pub"), "-I", "-S")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == check(journal, journal.with_name("unit.pub")).stdout


def test_it_imports_nothing_of_ours() -> None:
    source = CHECKER.read_text()
    for building in ("appliance", "central", "drivers", "programs", "sync"):
        assert f"import {building}" not in source
        assert f"from {building}" not in source


def sql(*statements: str) -> Callable[[sqlite3.Connection], None]:
    def change(database: sqlite3.Connection) -> None:
        for statement in statements:
            assert database.execute(statement).rowcount > 0, "this change changed nothing"

    return change


CHANGES = {
    "another day": (
        sql("UPDATE entry SET body = replace(body, '\"day\":2,', '\"day\":9,') WHERE seq = 6"),
        "/6 does not hash",
    ),
    "a missing entry": (sql("DELETE FROM entry WHERE seq = 3 AND boot = (SELECT min(boot) FROM entry)"), "/3"),
    "a missing end": (sql("DELETE FROM entry WHERE (boot, seq) = (SELECT boot, seq FROM head)"), "head names entry"),
    "a missing signature": (
        sql("UPDATE entry SET sig = NULL WHERE seq = 7"),
        "/7, the last of its boot, is not signed",
    ),
    "another signature": (sql("UPDATE entry SET sig = zeroblob(64) WHERE seq = 4"), "signature at entry"),
    "another hash": (sql("UPDATE entry SET hash = zeroblob(32) WHERE seq = 2"), "/2 does not hash"),
    "a swapped pair": (
        sql(
            "UPDATE entry SET seq = 99 WHERE seq = 5",
            "UPDATE entry SET seq = 5 WHERE seq = 6",
            "UPDATE entry SET seq = 6 WHERE seq = 99",
        ),
        "/5 is not in format 1",
    ),
    "no head": (sql("DELETE FROM head"), "no head"),
    "a head further back": (
        sql(
            "UPDATE head SET hash = (SELECT hash FROM entry e WHERE e.boot = head.boot AND e.seq = head.seq - 1)",
            "UPDATE head SET seq = seq - 1",
        ),
        "not the last one",
    ),
    "a head of the boot before": (
        sql(
            "UPDATE head SET (boot, seq, hash, sig) = (SELECT boot, seq, hash, sig FROM entry"
            " WHERE boot <> head.boot ORDER BY seq DESC LIMIT 1)"
        ),
        "behind which boot",
    ),
    "a boot that continues something else": (
        sql('UPDATE entry SET body = replace(body, \'"seq":7,"hash"\', \'"seq":6,"hash"\') WHERE seq = 1'),
        "/1 goes on from",
    ),
    "a missing boot": (sql("DELETE FROM entry WHERE boot <> (SELECT boot FROM head)"), "goes on from"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_found_and_placed(journal: Path, name: str) -> None:
    change, expected = CHANGES[name]
    database = sqlite3.connect(journal)
    database.execute("DROP TRIGGER entry_stays")
    change(database)
    database.commit()
    database.close()
    done = check(journal, journal.with_name("unit.pub"))
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.startswith("BROKEN: ")
    assert expected in done.stdout


def test_another_units_key(journal: Path) -> None:
    other = journal.with_name("other.pub")
    other.write_text(text(bytes(range(32))))
    done = check(journal, other)
    assert (done.returncode, "names another key" in done.stdout) == (1, True)


def with_holes(folder: Path, *lost: int) -> Path:
    """A journal of ten entries that lost some, declared the loss, and went on."""
    box = Box()
    opened = box.start()
    box.write(opened, 9)
    close_in_order(opened.journal)
    content = bytes(box.disk.files["/journal.db"].now)
    for seq in lost:
        for found in re.finditer(b'"seq":%d,' % seq, content):
            box.disk.rot("journal.db", found.start() + 30)
    connection = box.disk.connect("journal.db")
    connection.execute("PRAGMA locking_mode = EXCLUSIVE; DELETE FROM note").fetchall()
    connection.close()
    opened = box.start()
    assert [gap.first for gap in opened.lost] == list(lost)
    opened.journal.copy_to(str(folder / "journal.db"))
    (folder / "unit.pub").write_text(text(box.keystore.public))
    return folder / "journal.db"


def test_an_island_between_two_holes_needs_a_signature_of_its_own(tmp_path: Path) -> None:
    """Nothing behind a hole is chained to what stands before it: only a signature there keeps it from being forged."""
    journal = with_holes(tmp_path, 4, 7)
    database = sqlite3.connect(journal)
    database.execute("DROP TRIGGER entry_stays")
    gap = json.loads(database.execute("SELECT body FROM entry WHERE body LIKE '%\"first\":4,%'").fetchone()[0])
    lost_in, prev = gap["of"], bytes.fromhex(gap["prev"])
    for seq in (5, 6):
        body = database.execute("SELECT body FROM entry WHERE boot = ? AND seq = ?", (lost_in, seq)).fetchone()[0]
        forged = body.replace('"card":"0a', '"card":"ff')
        prev = chain.link(prev, forged.encode())
        change = "UPDATE entry SET body = ?, hash = ?, sig = NULL WHERE boot = ? AND seq = ?"
        database.execute(change, (forged, prev, lost_in, seq))
    database.commit()
    database.close()
    done = check(journal, journal.with_name("unit.pub"))
    assert (done.returncode, f"entry {lost_in}/6, the last before a hole, is not signed" in done.stdout) == (1, True)
    ours = verify_copy(journal, tmp_path)
    assert "/6, behind which nothing is chained, is not signed" in ours.broken


def test_a_declared_hole_is_no_break(tmp_path: Path) -> None:
    done = check(with_holes(tmp_path, 5), tmp_path / "unit.pub")
    assert done.returncode == 0, done.stdout
    assert "declared as lost: 1" in done.stdout


def test_what_cannot_be_read(tmp_path: Path, journal: Path) -> None:
    public = journal.with_name("unit.pub")
    assert check(tmp_path / "nothing.db", public).returncode == 3
    assert check(tmp_path, public).returncode == 3
    (tmp_path / "text.db").write_text("not a database at all, but long enough to be one " * 40)
    assert check(tmp_path / "text.db", public).returncode == 1
    assert subprocess.run([sys.executable, str(CHECKER)], capture_output=True, check=False).returncode == 3
    locked = sqlite3.connect(journal)
    locked.execute("PRAGMA locking_mode = EXCLUSIVE")
    locked.execute("BEGIN EXCLUSIVE")
    done = check(journal, public)
    assert (done.returncode, "machi unit export" in done.stderr) == (3, True)
    locked.close()
