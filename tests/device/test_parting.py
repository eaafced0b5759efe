"""A technician puts another box in a unit's place, and puts units away: two booted boxes, their sshds, a real town."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from device.errors import Exit
from device.parting import WIPING
from tests.appliance.live import machi, said, wait_until
from tests.appliance.uplink.serving import Served
from tests.device.conftest import fresh_box
from tests.device.laptop import NAMED, Laptop, states, ticket
from tests.device.reach import Reached, cable

WIPED = "/var/lib/machitap/wiped.json"


@pytest.fixture(scope="module")
def second(town: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reached]:
    """Another box of the same image."""
    with fresh_box(town, tmp_path_factory.mktemp("second")) as box:
        yield box


def set_up(at: Reached, town: Served, laptop: Laptop) -> None:
    """Let a fresh box in, as lib01."""
    given = ("--ticket", ticket(town, laptop.folder.parent), "--fingerprint", at.fingerprint(), *NAMED)
    done = laptop.do("provision", at.at(), *given)
    assert done.returncode == 0, done.stderr
    everything_is_sent(at, laptop)


def everything_is_sent(at: Reached, laptop: Laptop) -> None:
    def unsent() -> int:
        (seen,) = json.loads(laptop.do("status", at.at(), "--json").stdout)["units"]
        count: int = seen["status"]["unsent"] if seen.get("status") else -1
        return count

    wait_until(lambda: unsent() == 0, "the box does not send", every_s=0.5)


def leave(town: Served, folder: Path) -> Path:
    printed = machi("central", "unit", "release", town.folder, "lib01")
    assert printed.returncode == 0, printed.stderr
    path = folder / "lib01.release"
    path.write_text(printed.stdout)
    return path


def files(at: Reached, folder: str) -> list[str]:
    return at.box.do("find", folder, "-type", "f").split()


def test_two_boxes_of_one_unit_are_named(town: Served, laptop: Laptop, reached: Reached) -> None:
    done = laptop.do("replace", reached.at(), reached.at())
    assert (done.returncode, "name two boxes of one unit" in done.stderr) == (Exit.USAGE, True)
    done = laptop.do("decommission", reached.at(), "--confirm", "lib02")
    assert (done.returncode, "nothing was wiped" in done.stderr) == (Exit.REFUSED, True)
    assert town.process.poll() is None


@pytest.mark.threat("malicious technician")
def test_nothing_is_wiped_that_the_town_does_not_hold(
    town: Served, laptop: Laptop, reached: Reached, tmp_path: Path
) -> None:
    set_up(reached, town, laptop)
    without = laptop.do("decommission", reached.at(), "--confirm", "lib01")
    assert (without.returncode, "the office's leave is needed" in without.stderr) == (Exit.USAGE, True)
    old = leave(town, tmp_path)
    reached.box.do("systemctl", "restart", "machi-tap.service")  # a new run of it is an entry
    everything_is_sent(reached, laptop)
    late = laptop.do("decommission", reached.at(), "--release", old, "--confirm", "lib01", "--json")
    assert late.returncode == Exit.REFUSED, late.stderr
    assert "1 entries are not in the town yet" in late.stderr
    assert states(late.stdout)["town"] == "STOP"
    assert reached.box.do("systemctl", "is-active", "machi-tap.service") == "active", "it was not even stopped"
    planned = laptop.do("decommission", reached.at(), "--release", leave(town, tmp_path), "--dry-run", "--json")
    found = states(planned.stdout)
    assert (planned.returncode, found["town"], found["wipe"]) == (0, "SO", "PLAN"), planned.stderr
    assert WIPED not in files(reached, "/var/lib/machitap")


def test_another_box_takes_its_place(
    town: Served, laptop: Laptop, reached: Reached, second: Reached, tmp_path: Path
) -> None:
    paper = ticket(town, tmp_path)
    given = ("--ticket", paper, "--fingerprint", second.fingerprint(), *NAMED, "--json")
    done = laptop.do("replace", reached.at(), second.at(), *given)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert (states(done.stdout, "old")["stop"], states(done.stdout, "new")["enrolment"]) == ("OK", "OK")
    again = laptop.do("replace", reached.at(), second.at(), *given)
    assert (again.returncode, states(again.stdout, "new")["enrolment"]) == (0, "SO"), again.stderr
    everything_is_sent(second, laptop)
    (seen,) = json.loads(laptop.do("status", second.at(), "--json").stdout)["units"]
    assert (seen["epoch"], seen["key"], seen["status"]["place"]) == (2, document["key"], "library")
    taken = list((laptop.folder / "held" / "lib01").glob("lib01-1-*.segments"))
    assert said(machi("central", "import", town.folder, taken[-1], "--json"))["new"] == 0, "the town had it all"


def test_a_box_is_wiped_whatever_happens_to_the_cable(
    town: Served, laptop: Laptop, second: Reached, tmp_path: Path
) -> None:
    release, key = leave(town, tmp_path), second.fingerprint()
    given = ("--release", release, "--confirm", "lib01")
    with cable(second.port) as laid:
        at = second.at(port=laid.port)
        for step in (3, len(WIPING) - 2):  # before it is stopped, and as it is about to be wiped
            command = laptop.command("decommission", at, *given)
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
                assert process.stderr is not None
                for line in process.stderr:
                    if line.startswith(f"[{step}/"):
                        laid.cut()
            assert process.returncode == Exit.NOT_FOUND
        done = laptop.do("decommission", at, *given, "--json")
    assert done.returncode == 0, done.stderr
    assert files(second, "/var/lib/machitap") == [WIPED]
    assert files(second, "/var/lib/machi-uplink") == []
    wait_until(lambda: second.fingerprint() != key, "the box is still the same to SSH")
    word = json.loads(done.stdout)["word"]
    closed = said(machi("central", "unit", "close", town.folder, "lib01", "--wiped", word, "--json"))
    assert (closed["state"], closed["life"], closed["held"]) == ("closed", 2, True)
    assert closed["by"].startswith("hanako #")
    unknown = laptop.do("status", second.at())
    assert unknown.returncode == Exit.REFUSED, "nobody knows this box any more"


def test_a_box_that_fell_into_the_river_is_replaced_and_what_is_lost_is_said(
    town: Served, laptop: Laptop, second: Reached, tmp_path: Path
) -> None:
    given = ("--ticket", ticket(town, tmp_path), "--fingerprint", second.fingerprint(), *NAMED)
    done = laptop.do("replace", "lib01@127.0.0.1:1", second.at(), "--lost", "fell into the river", *given)
    assert done.returncode == 0, done.stderr
    assert "the town holds it up to " in done.stderr
    assert " unsent" in done.stderr, "as many as it said itself when it was heard last"
    everything_is_sent(second, laptop)
