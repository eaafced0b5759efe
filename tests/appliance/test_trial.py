"""`machi unit try-disk`: what was announced before a cut is looked for after it, and what is gone is named."""

import signal
import subprocess
from pathlib import Path

import apsw
import pytest

from tests.appliance.live import MACHI, machi, said, wait_until


def announced(folder: Path, *more: str) -> list[str]:
    done = machi("unit", "try-disk", folder, "--entries", "40", *more)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def look(folder: Path, lines: str) -> tuple[int, dict[str, object]]:
    heard = folder.with_name("announced.txt")
    heard.write_text(lines)
    done = machi("unit", "try-disk", folder, "--announced", heard, "--json")
    return done.returncode, said(done)


def test_what_was_announced_is_there_after_a_kill_and_another_start(tmp_path: Path) -> None:
    """A kill is no power cut, and no disk is tried by it: this is about the two halves of the command."""
    folder, heard = tmp_path / "trial", tmp_path / "heard"
    with heard.open("w") as out:
        writing = subprocess.Popen([MACHI, "unit", "try-disk", folder], stdout=out)
        wait_until(lambda: heard.read_text().count("\n") > 50, "nothing is written")
        writing.send_signal(signal.SIGKILL)
        writing.wait()
    text = heard.read_text()
    code, found = look(folder, text + "trial/0123")
    assert (code, found["missing"], found["announced"]) == (0, [], text.count("\n"))
    code, found = look(folder, text + "\n".join(announced(folder)) + "\n")
    assert (code, found["missing"], found["announced"]) == (0, [], text.count("\n") + 40)


def test_what_a_disk_lost_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "trial"
    lines = announced(folder)
    _, boot, seq = lines[-1].split("/")
    with apsw.Connection(str(folder / "journal.db")) as journal:
        journal.execute("PRAGMA secure_delete = ON")  # else it would be found among the bytes of the file
        journal.execute("DELETE FROM entry WHERE boot = ? AND seq = ?", (boot, int(seq)))
    journal.close()
    code, found = look(folder, "\n".join(lines) + "\n")
    assert (code, found["missing"], found["lost"]) == (2, [lines[-1]], 1)


@pytest.mark.parametrize("lines", ["hello\n", "trial/0123\nlib01/0123456789abcdef/7\n", "a/b\n"])
def test_a_file_of_something_else_is_not_believed(tmp_path: Path, lines: str) -> None:
    folder = tmp_path / "trial"
    announced(folder)
    heard = tmp_path / "announced.txt"
    heard.write_text(lines)
    done = machi("unit", "try-disk", folder, "--announced", heard)
    assert done.returncode == 3
    assert "name the file that try-disk wrote" in done.stderr
    assert machi("unit", "try-disk", tmp_path / "none", "--announced", heard).returncode == 4
