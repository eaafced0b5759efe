"""A unit dies with what nobody else has, and its twin alone is brought to the town; the stick is treated badly."""

import itertools
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drivers.card.sim.pki import TestPki
from tests.appliance.live import MACHI, Done, change, machi, said, wait_until
from tests.fault.line import Line, lay_line
from tests.fault.machine import need
from tests.fault.office import Office, held
from tests.fault.report import Report

MEMORY = Path("/dev/shm")  # noqa: S108 - another file system, which every Linux has
UNITS = itertools.count(1)
WAITED_MS = 2_000  # this machine may have much else to do; who waited for the stick would wait for ever
ALL = "a unit's disk dies with entries that it had not sent"


@dataclass
class Twin:
    """A unit with a stick, and the process that writes to it; nothing of the unit reaches the town.

    Attributes:
        stick: where it is mounted: another file system than the unit's.
    """

    line: Line
    stick: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def unit(self) -> str:
        return self.line.unit.folder.name

    @property
    def log(self) -> Path:
        return self.line.unit.folder.with_name(f"{self.unit}-twin.log")

    def begin(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([MACHI, "unit", "twin", self.line.unit.folder], stdout=log, stderr=log)

    def kill(self) -> None:
        """Let it die as it stands, in the middle of whatever it does."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def kill_as_it_writes(self) -> None:
        """Let it die with what it has just begun to write."""
        before = self.size()
        self.begin()
        wait_until(lambda: self.size() > before, self.log.read_text, every_s=0.001)
        self.kill()

    def lag(self) -> dict[str, Any]:
        found: dict[str, Any] = self.line.unit.status()["twin"]
        return found

    def wait_for(self, state: str) -> None:
        def stands() -> bool:
            lag = self.lag()
            return bool(lag["state"] == state and (state != "ok" or not lag["lacks"]))

        wait_until(stands, lambda: f"{self.lag()}\n{self.log.read_text()}")

    def size(self) -> int:
        return sum(path.stat().st_size for path in self.stick.iterdir())

    def bring(self, life: int = 1, *words: str) -> Done:
        """Bring the twin of one life to the town."""
        return machi(
            "central", "twin", self.line.office.folder, self.stick / f"{self.unit}-{life}.twin", *words, "--json"
        )


@pytest.fixture
def twin(office: Office, tmp_path: Path, pki: TestPki) -> Iterator[Twin]:
    need("" if MEMORY.is_dir() else "there is no second file system here")
    line = lay_line(office, tmp_path / f"twin{next(UNITS):02}", pki, f"https://localhost:{office.port}")
    cut_off(line)
    stick = Path(tempfile.mkdtemp(dir=MEMORY))
    fit(line.unit.folder, stick)
    assert line.desk.end() == 0
    assert line.desk.begin(), line.unit.said()
    made = Twin(line, stick)
    yield made
    made.kill()
    made.line.desk.clean_up()
    shutil.rmtree(stick, ignore_errors=True)


def cut_off(line: Line) -> None:
    """Let nothing more reach the town."""
    caller, line.unit.caller = line.unit.caller, None
    assert caller is not None
    caller.kill()
    caller.wait()


def fit(folder: Path, stick: Path) -> None:
    config = folder / "unit.toml"
    quickly = "[twin]\nevery_s = 0.05\nlook_s = 0.2\n"
    config.write_text(f'{config.read_text()}\n[drivers.twin]\nmake = "stick"\npath = "{stick}"\n\n{quickly}')


@pytest.mark.fault(
    ALL,
    people="The unit is dark. The one in its place serves as soon as it is let in.",
    lost="What it had not sent; where a twin is fitted, what was beeped in the last second or so, which "
    "`machi unit status` showed as a number.",
    found="By whoever stands before it; the centre shows since when it was not heard.",
)
def test_every_entry_that_was_heard_is_there_from_the_twin_alone(twin: Twin, pki: TestPki, report: Report) -> None:
    """Its process is killed again and again on the way; then the disk is gone, and the stick goes to the town."""
    line, kills = twin.line, 3
    for _ in range(kills):
        line.tap(4)
        twin.kill_as_it_writes()
    twin.begin()
    line.tap(4)
    twin.wait_for("ok")
    assert line.unit.status()["unsent"] > 0
    heard = line.desk.about()
    assert len(heard) == 4 * (kills + 1)
    line.desk.end()
    twin.kill()
    shutil.rmtree(line.unit.folder)

    brought = twin.bring()
    assert brought.returncode == 0, brought.stdout + brought.stderr
    (found,) = said(brought)["twins"]
    assert (found["whole"], found["refused"]) == (True, [])
    books = held(line.office.folder, twin.unit)
    assert set(ids(heard)) <= set(books)
    assert set(books.values()) == {1}

    goes_on(twin, pki)
    refused = twin.bring()
    assert refused.returncode == 6, "nothing of the life before is taken any more"
    assert "signed in life 1" in refused.stdout
    report.add("unit's disk lost, twin brought", heard=len(twin.line.desk.about()), kills=kills, lost=0, twice=0)


def goes_on(twin: Twin, pki: TestPki) -> None:
    """Put another box in the unit's place, with the same stick; everything of both lives is at the town then, once."""
    office, folder, residents = twin.line.office, twin.line.unit.folder, twin.line.residents
    twin.line.desk.clean_up()
    fresh = lay_line(office, folder, pki, f"https://localhost:{office.port}")
    twin.line = Line(office, fresh.desk, fresh.unit, residents)
    fit(folder, twin.stick)
    assert fresh.desk.end() == 0
    assert fresh.desk.begin(), fresh.unit.said()
    twin.begin()
    twin.line.tap(3)
    twin.wait_for("ok")
    assert sorted(path.name for path in twin.stick.iterdir()) == [f"{twin.unit}-1.twin", f"{twin.unit}-2.twin"]
    fresh.unit.wait_until_sent()
    books = held(office.folder, twin.unit)
    assert set(ids(fresh.desk.about())) <= set(books)
    assert set(books.values()) == {1}
    (second,) = said(twin.bring(2))["twins"]
    assert (second["whole"], second["new"], second["refused"]) == (True, 0, [])


def ids(heard: dict[str, str]) -> list[tuple[str, int, str]]:
    """Return entries that were heard in the spelling of the centre's books."""
    split = ((entry.split("/"), digest) for entry, digest in heard.items())
    return [(boot, int(seq), digest) for (_, boot, seq), digest in split]


@pytest.mark.fault(
    "the twin's stick is pulled out, swapped, full or rotten",
    people="Nothing. A touch takes as long as ever.",
    lost="nothing: the journal itself has everything, and the twin is written on, or anew, when it can be",
    found="By its process; `machi unit doctor` says what is wrong, since when, and how many entries are not in it.",
)
def test_whatever_becomes_of_the_stick_nobody_waits_for_it(twin: Twin) -> None:
    line = twin.line
    twin.begin()
    line.tap(2)
    twin.wait_for("ok")
    away = twin.stick.with_name(f"{twin.stick.name}-away")
    twin.stick.rename(away)
    twin.wait_for("gone")
    assert max(line.tap(3)) < WAITED_MS, "nobody waits for a stick that is not there"
    assert twin.lag()["lacks"] >= 3
    told = line.unit.command("doctor").stdout
    assert "WARN  twin       控え用のUSBメモリがありません" in told
    twin.stick.mkdir()
    twin.wait_for("ok")
    twin.stick.rename(twin.stick.with_name(f"{twin.stick.name}-other"))
    away.rename(twin.stick)
    line.tap(1)
    twin.wait_for("ok")
    shutil.rmtree(twin.stick.with_name(f"{twin.stick.name}-other"))

    assert line.unit.stop(signal.SIGKILL) == -signal.SIGKILL
    assert line.desk.begin(), line.unit.said()
    line.tap(1)
    twin.wait_for("ok")
    (found,) = said(twin.bring(1, "--look"))["twins"]
    assert (len(found["upto"]), found["whole"], found["new"]) == (3, True, 0)
    assert found["upto"][-1] == twin.lag()["upto"], "the town can read what the unit says is there"
    assert held(line.office.folder, twin.unit).keys().isdisjoint(ids(line.desk.about())), "and has only looked"

    assert twin.process is not None
    twin.process.terminate()
    assert twin.process.wait(10) == 0
    change(twin.line.unit.folder, ('make = "stick"', 'make = "none"'), (f'path = "{twin.stick}"\n', ""))
    done = twin.line.unit.command("twin")
    assert (done.returncode, "no twin is fitted" in done.stderr) == (0, True)
