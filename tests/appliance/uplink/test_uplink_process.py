"""`machi unit uplink` as a process: it carries when it can, waits when it cannot, and the unit serves all the while."""

import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.config import read_enrolment
from appliance.uplink.certificate import Tls
from central.authority import Authority
from demo.road import Road
from sync.facts import PlaceNamed
from tests.appliance.live import said, wait_until
from tests.appliance.uplink.serving import CalledUnit, Served, let_in, nonsense, serving
from tests.ports import free_port

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("central")) as running:
        yield running


@pytest.fixture
def port() -> int:
    """Where the unit's road to the centre begins."""
    return free_port()


@pytest.fixture
def road(served: Served, port: int) -> Iterator[Road]:
    """The road to the centre, closed."""
    road = Road(port, served.port)
    road.cut()
    yield road
    road.cut()


@pytest.fixture
def unit(served: Served, port: int, tmp_path: Path) -> Iterator[CalledUnit]:
    """A unit that is enrolled, under a name of its own."""
    enrolled = let_in(tmp_path / f"lib{next(NUMBERS):02d}", served, port)
    yield enrolled
    enrolled.clean_up()


def test_it_brings_and_fetches_and_ends_when_it_is_told(unit: CalledUnit, road: Road, served: Served) -> None:
    road.mend()
    unit.start()
    assert unit.status()["unsent"] > 0
    unit.call()
    unit.wait_until_sent()
    assert unit.status()["contact_ms"] > 0
    served.centre.registrar.place(PlaceNamed("library", "新しい図書館", "あたらしいとしょかん", "New library"))
    wait_until(lambda: unit.view()["place_en"] == "New library", unit.called)
    assert unit.hang_up() == 0
    assert "Traceback" not in unit.called()
    assert unit.stop() == 0


def test_it_needs_nothing_of_what_only_the_daemon_may_read(unit: CalledUnit, road: Road) -> None:
    road.mend()
    unit.start()
    for name in ("enrolment.json", "unit.key", "journal.db"):
        (unit.folder / name).rename(unit.folder / f"{name}.away")  # the daemon has read or opened them already
    unit.call()
    unit.wait_until_sent()
    assert unit.hang_up() == 0


def test_without_a_certificate_it_says_what_to_do(unit: CalledUnit) -> None:
    (unit.folder / "tls" / "device.pem").unlink()
    refused = unit.command("uplink")
    assert refused.returncode == 4
    assert "machi unit enrol" in refused.stderr


def test_it_waits_for_the_road_and_for_the_daemon(unit: CalledUnit, road: Road) -> None:
    unit.call()
    wait_until(lambda: "the unit's daemon does not answer" in unit.called(), unit.called)
    unit.start()
    wait_until(lambda: "Connection refused; again in" in unit.called(), unit.called)
    assert unit.status()["unsent"] > 0
    assert unit.command("status").returncode == 0, "without a road the unit serves"
    road.mend()
    unit.wait_until_sent()
    before = unit.entries()
    unit.stop(9)
    unit.start()
    unit.wait_until_sent()
    assert set(before) < set(unit.entries())


def test_it_ends_at_once_in_the_middle_of_a_pause(unit: CalledUnit) -> None:
    unit.call()
    wait_until(lambda: unit.called().count("again in") >= 3, unit.called)
    began = time.monotonic()
    assert unit.hang_up() == 0
    assert time.monotonic() - began < 2


@pytest.mark.threat("hostile network")
def test_somebody_elses_certificate_is_told_nothing(unit: CalledUnit, port: int, tmp_path: Path) -> None:
    key, pem = Authority.create("elsewhere", datetime.now(UTC))
    unit.start()
    before = unit.status()["unsent"]
    with nonsense(port, Authority(key, pem), tmp_path, 200, b"welcome") as asked:
        unit.call()
        wait_until(lambda: unit.called().count("certificate verify failed") >= 2, unit.called)
        assert asked == [], "not a word was said to a stranger"
    status = unit.status()
    assert (status["unsent"], status["contact_ms"], status["closed"]) == (before, None, None)


NONSENSE = {
    "a login page": (200, b"<html>Sign in to the free Wi-Fi</html>"),
    "a broken proxy": (502, b"<html>Bad Gateway</html>"),
    "a half problem": (409, b'{"type":"urn:machitap:gap"}'),
    "nothing": (204, b""),
}


@pytest.mark.fault(
    "somebody else answers in the centre's place",
    people="Nothing.",
    lost="nothing",
    found="Nothing is believed that the town has not signed; it is tried again later.",
)
@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_is_borne_until_the_centre_is_back(
    unit: CalledUnit, road: Road, served: Served, port: int, tmp_path: Path, what: str
) -> None:
    unit.start()
    before = unit.entries()
    with nonsense(port, served.centre.authority, tmp_path, *NONSENSE[what]) as asked:
        unit.call()
        wait_until(lambda: len(asked) >= 3, unit.called)
        status = unit.status()
        assert (status["unsent"], status["contact_ms"], status["closed"]) == (len(before), None, None)
        assert unit.entries() == before
    road.mend()
    unit.wait_until_sent()
    assert unit.status()["strange"] == ""
    assert "Traceback" not in unit.called() + unit.said()


def test_a_certificate_that_ran_out_is_renewed(unit: CalledUnit, road: Road, served: Served) -> None:
    road.mend()
    tls = Tls(unit.folder / "tls")
    long_ago = datetime.now(UTC) - timedelta(days=60)
    name, epoch = unit.folder.name, read_enrolment(unit.folder).epoch
    expired = served.centre.authority.device(tls.request(name), "todai", name, epoch, long_ago)
    tls.keep(expired, (unit.folder / "tls" / "ca.pem").read_text())
    unit.start()
    unit.call()
    unit.wait_until_sent()
    assert tls.ends() > datetime.now(UTC) + timedelta(days=29)
    assert "a fresh certificate, good until" in unit.called()


@pytest.mark.fault(
    "unit stolen and closed",
    people="Nothing at other units. The stolen one may go on beeping, for nothing.",
    lost="What it had not sent before it was closed.",
    found="The centre refuses its certificate and everything that it signs from then on.",
)
def test_a_unit_that_the_office_closed_is_told_no_and_keeps_what_it_has(
    unit: CalledUnit, road: Road, served: Served
) -> None:
    served.centre.enroller.close(unit.folder.name, "stolen")
    road.mend()
    unit.start()
    unit.call()
    wait_until(lambda: "the centre refused: " in unit.called(), unit.called)
    assert unit.status()["unsent"] == len(unit.entries())
    assert said(unit.command("verify", "--json"))["broken"] == ""


def test_a_folder_with_a_long_name(served: Served, road: Road, port: int, tmp_path: Path) -> None:
    """A Unix socket cannot have a path of more than 107 bytes; a unit's folder can."""
    deep = tmp_path / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    unit = let_in(deep / "lib01", served, port)
    try:
        road.mend()
        unit.start()
        unit.call()
        unit.wait_until_sent()
    finally:
        unit.clean_up()
