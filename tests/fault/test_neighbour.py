"""A unit burns with what nobody else has; its neighbour's copy is brought to the town. Both lost power on the way."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from drivers.card.sim.pki import TestPki
from sync import letters
from tests.appliance.live import MACHI, machi, said, wait_until
from tests.fault.line import Line, lay_line
from tests.fault.office import Office, held
from tests.fault.report import Report
from tests.fault.test_twin import WAITED_MS, ids
from tests.ports import free_port

QUICKLY = "[twin]\nevery_s = 0.05\nlook_s = 0.3\n"


@dataclass
class Street:
    """Two units on one network; the twin of `lib` is kept by `shop`, in a process of its own.

    Attributes:
        port: at which the keeper is found.
    """

    office: Office
    lib: Line
    shop: Line
    port: int
    keeper: "subprocess.Popen[bytes] | None" = None

    @property
    def log(self) -> Path:
        return self.shop.unit.folder.with_name("keeper.log")

    def keep(self) -> None:
        with self.log.open("ab") as log:
            self.keeper = subprocess.Popen([MACHI, "unit", "keep", self.shop.unit.folder], stdout=log, stderr=log)

    def kill_keeper(self) -> None:
        if self.keeper:
            self.keeper.kill()
            self.keeper.wait()

    def lag(self) -> dict[str, Any]:
        found: dict[str, Any] = self.lib.unit.status().get("neighbour", {})
        return found

    def wait_for(self, state: str) -> None:
        def stands() -> bool:
            lag = self.lag()
            return bool(lag.get("state") == state and (state != "ok" or not lag["lacks"]))

        wait_until(stands, lambda: f"{self.lag()}\n{self.log.read_text()}\n{self.lib.unit.called()}")

    def size(self) -> int:
        return sum(path.stat().st_size for path in (self.shop.unit.folder / "kept").glob("*.twin"))

    def clean_up(self) -> None:
        self.kill_keeper()
        for line in (self.lib, self.shop):
            line.desk.clean_up()


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory, pki: TestPki) -> Iterator[Street]:
    """A street for all tests of this file: it takes ten processes."""
    place, port = tmp_path_factory.mktemp("street"), free_port()
    office = Office(place / "central")
    assert office.start(), office.said()
    url, keeping = (
        f"https://localhost:{office.port}",
        f'[keeper]\nport = {port}\nhost = "127.0.0.1"\nleave_mib = 1\nlook_s = 0.3\n',
    )
    lib = lay_line(office, place / "lib01", pki, url, settings=QUICKLY)
    shop = lay_line(office, place / "shop01", pki, url, settings=keeping)
    made = Street(office, lib, shop, port)
    made.keep()
    where = ("--keeper", "shop01", "--at", f"127.0.0.1:{port}")
    named = machi("central", "unit", "neighbour", office.folder, "lib01", *where, "--json")
    assert said(named)["keeper"] == "shop01", named.stderr
    made.wait_for("ok")
    yield made
    made.clean_up()
    office.clean_up()


def test_strangers_at_the_keepers_door_get_nothing_and_hold_nobody_up(street: Street) -> None:
    """On the very port: no letter, a long one, a wrong one, too much behind it; and the twin is written meanwhile."""
    url, before = f"http://127.0.0.1:{street.port}{letters.PATH}", street.size()
    with httpx.Client(trust_env=False) as http:
        assert http.post(f"{url}lib01").status_code == 403
        assert http.post(f"{url}lib01", headers={letters.HEADER: "x" * 5_000}).status_code == 403
        assert http.post(f"{url}lib01", headers={letters.HEADER: "{}"}, content=b"x" * 3_000_000).status_code == 403
        assert http.post(f"{url}bus01", headers={letters.HEADER: "{}"}).status_code == 403
        for method, path in (("GET", "lib01"), ("PUT", "lib01"), ("DELETE", "lib01"), ("POST", "../../journal.db")):
            assert http.request(method, f"{url}{path}").status_code in (404, 405)
    assert street.size() == before
    street.lib.tap(2)
    street.wait_for("ok")
    assert street.size() > before
    assert "Traceback" not in street.log.read_text()
    (file,) = (street.shop.unit.folder / "kept").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.fault(
    "a unit's disk dies with entries that it had not sent, and a neighbour keeps its twin",
    people="The unit is dark. The one in its place serves as soon as it is let in.",
    lost="What was beeped in the last second or so, which `machi unit status` showed as a number.",
    found="By whoever stands before it; the centre shows since when it was not heard.",
)
def test_every_entry_that_was_heard_is_there_from_the_neighbour_alone(
    street: Street, tmp_path: Path, pki: TestPki, report: Report
) -> None:
    """Writer and keeper are killed again and again on the way, and the town cannot be reached; then the box is gone."""
    lib, office, kills = street.lib, street.office, 2
    office.end()
    for turn in range(kills):
        before = street.size()
        assert max(lib.tap(3)) < WAITED_MS, "nobody waits for a neighbour"
        wait_until(lambda before=before: street.size() > before, street.log.read_text, every_s=0.001)  # type: ignore[misc]
        street.kill_keeper()
        if turn == 1:
            assert lib.unit.caller
            lib.unit.caller.kill()
            lib.unit.caller.wait()
            lib.unit.call()
        lib.tap(1)
        if turn == 0:
            street.wait_for("gone")
            assert "WARN  neighbour" in lib.unit.command("doctor").stdout
        street.keep()
    if lib.unit.stop(signal.SIGKILL) != -signal.SIGKILL or not lib.desk.begin():
        raise AssertionError(lib.unit.said())
    lib.tap(2)
    street.wait_for("ok")
    assert lib.unit.status()["unsent"] > 0
    assert "OK    neighbour" in lib.unit.command("doctor").stdout
    assert "OK    keeper" in street.shop.unit.command("doctor").stdout
    heard = lib.desk.about()
    lib.desk.clean_up()
    shutil.rmtree(lib.unit.folder)

    stick = tmp_path / "stick"
    stick.mkdir()
    (taken,) = said(street.shop.unit.command("kept", "--of", "lib01", "--output", stick, "--json"))["twins"]
    assert (taken["file"], taken["life"]) == ("lib01-1.twin", 1)
    assert office.start(), office.said()
    brought = machi("central", "twin", office.folder, stick / "lib01-1.twin", "--json")
    (found,) = said(brought)["twins"]
    assert (brought.returncode, found["whole"], found["refused"]) == (0, True, []), brought.stdout
    books = held(office.folder, "lib01")
    assert set(ids(heard)) <= set(books)
    assert set(books.values()) == {1}
    goes_on(street, pki)
    report.add("unit's disk lost, neighbour's twin brought", heard=len(heard), kills=2 * kills, lost=0, twice=0)


def goes_on(street: Street, pki: TestPki) -> None:
    """Put another box in the unit's place: its neighbour hears of its key from the town, and keeps that life too."""
    office, folder, residents = street.office, street.lib.unit.folder, street.lib.residents
    fresh = lay_line(office, folder, pki, f"https://localhost:{office.port}", settings=QUICKLY)
    street.lib = Line(office, fresh.desk, fresh.unit, residents)
    street.lib.tap(2)
    street.wait_for("ok")
    kept = said(street.shop.unit.command("kept", "--json"))["twins"]
    assert [one["file"] for one in kept] == ["lib01-1.twin", "lib01-2.twin"]
    street.lib.unit.wait_until_sent()
    books = held(office.folder, "lib01")
    assert set(ids(street.lib.desk.about())) <= set(books)
    assert set(books.values()) == {1}
