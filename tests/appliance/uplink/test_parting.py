"""A unit without SSH is put away by the commands alone: daemon, uplink, centre, each as its own process."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.appliance.live import Done, machi, said
from tests.appliance.uplink.serving import CalledUnit, Served, let_in, serving

NUMBERS = itertools.count(1)
REFUSED = 6


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("central")) as running:
        yield running


@pytest.fixture
def unit(served: Served, tmp_path: Path) -> Iterator[CalledUnit]:
    """A unit that has sent everything, and is stopped."""
    enrolled = let_in(tmp_path / f"lib{next(NUMBERS):02d}", served, served.port)
    enrolled.start()
    enrolled.call()
    enrolled.wait_until_sent()
    enrolled.stop()
    enrolled.hang_up()
    yield enrolled
    enrolled.clean_up()


def leave(served: Served, unit: CalledUnit) -> Path:
    """Have the office print its leave."""
    printed = machi("central", "unit", "release", served.folder, unit.folder.name)
    assert printed.returncode == 0, printed.stderr
    path = unit.folder.with_suffix(".release")
    path.write_text(printed.stdout)
    return path


def part(unit: CalledUnit, release: Path, *words: str) -> Done:
    return unit.command("decommission", release, "--confirm", unit.folder.name, *words)


def test_it_is_wiped_and_its_last_word_closes_its_life(served: Served, unit: CalledUnit) -> None:
    release = leave(served, unit)
    look = said(unit.command("decommission", release, "--look", "--json"))
    assert (look["unit"], look["unsent"], look["entries"] >= 1) == (unit.folder.name, 0, True)
    done = part(unit, release)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in unit.folder.iterdir()) == ["wiped.json"]
    assert part(unit, release).stdout == done.stdout, "the same word, however often"
    word = unit.folder.with_suffix(".word")
    word.write_text(done.stdout)
    closed = said(machi("central", "unit", "close", served.folder, unit.folder.name, "--wiped", word, "--json"))
    assert (closed["state"], closed["life"], closed["held"]) == ("closed", 1, True)
    assert closed["tip"] == look["tip"]
    again = said(machi("central", "unit", "close", served.folder, unit.folder.name, "--wiped", word, "--json"))
    assert again["state"] == "closed before"


def test_not_while_it_serves(served: Served, unit: CalledUnit) -> None:
    release = leave(served, unit)
    unit.start()
    done = part(unit, release)
    assert (done.returncode, "stop it first" in done.stderr) == (REFUSED, True)


def test_not_with_entries_that_only_it_has(served: Served, unit: CalledUnit) -> None:
    release = leave(served, unit)
    unit.start()  # which is an entry by itself
    unit.stop()
    done = part(unit, release)
    assert (done.returncode, "1 entries are not in the town yet" in done.stderr) == (REFUSED, True)
    assert unit.command("verify").returncode == 0, "nothing was touched"
    carried = unit.folder.with_suffix(".segments")
    assert unit.command("export", carried, "--segments").returncode == 0
    assert said(machi("central", "import", served.folder, carried, "--json"))["refused"] == []
    assert part(unit, leave(served, unit)).returncode == 0


@pytest.mark.threat("malicious technician")
def test_not_without_the_leave_for_this_very_life(served: Served, unit: CalledUnit, tmp_path: Path) -> None:
    release = leave(served, unit)
    nothing = tmp_path / "nothing"
    nothing.write_bytes(b"")
    assert "the office's leave is needed" in part(unit, nothing).stderr
    printed = json.loads(release.read_text())
    forged = tmp_path / "forged"
    forged.write_text(release.read_text().replace('"unit":"lib', '"unit":"bus'))
    assert forged.read_text() != release.read_text(), printed
    assert "this is no leave of todai" in part(unit, forged).stderr
    other = let_in(tmp_path / f"lib{next(NUMBERS):02d}", served, served.port)
    refused = part(other, release)
    assert (refused.returncode, "this leave is for life 1 of" in refused.stderr) == (REFUSED, True)
    mistyped = unit.command("decommission", release, "--confirm", "lib99")
    assert (mistyped.returncode, "nothing was wiped" in mistyped.stderr) == (REFUSED, True)
    assert unit.command("verify").returncode == 0
