"""A unit that comes back after its certificate ran out, or with a clock that stands years behind, over real TLS.

Whose clock says what is seen through libfaketime; the centre and both processes of the unit are the real ones.
"""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from appliance.config import read_enrolment
from appliance.setup import write_config
from appliance.uplink.by_hand import accept, request
from appliance.uplink.certificate import Tls
from central.admitting import admit
from central.centre import Centre, open_centre
from central.folder import Folder
from central.found import Plan, found
from central.world import SystemClock, SystemEntropy
from sync.facts import PlaceNamed
from tests.appliance.live import MACHI, PATIENCE_S, change, wait_until
from tests.appliance.uplink.serving import CalledUnit, nonsense
from tests.ports import free_port, wait_for_port

OFFLINE = 60  # days: twice as long as a certificate lives
LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


def at(time: str) -> tuple[str, ...]:
    """Return the command in front of a command by which it sees another time; pauses stay as long as they are.

    The program `faketime` would stay beside what it starts, and be the one that is ended.
    """
    return ("env", f"LD_PRELOAD={LIBRARY}", f"FAKETIME={time}", "FAKETIME_DONT_FAKE_MONOTONIC=1")


def later(days: int) -> tuple[str, ...]:
    return at(f"+{days}d")


PAST = at("@1970-01-02 00:00:00")

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed")


@dataclass
class Office:
    """A town, which is served for a while, at a time of its own."""

    folder: Path
    port: int
    console: int

    @property
    def centre(self) -> Centre:
        return open_centre(self.folder, SystemClock(), SystemEntropy())

    @contextmanager
    def serving(self, days: int = 0) -> Iterator[None]:
        with (self.folder / "log").open("ab") as log:
            command = [*(later(days) if days else ()), str(MACHI), "central", "serve", str(self.folder)]
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            for port in (self.port, self.console):
                wait_for_port(port, process)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    folder, port, console = tmp_path / "town", free_port(), free_port()
    plan = Plan("todai", "灯台町", "Todai", "00-1234", port, ("localhost",), console)
    found(folder, plan, SystemClock(), SystemEntropy())
    opened = Office(folder, port, console)
    opened.centre.registrar.place(PlaceNamed("library", "図書館", "としょかん", "Library"))
    return opened


@pytest.fixture
def unit(office: Office, tmp_path: Path) -> Iterator[CalledUnit]:
    """A unit that was let in by files today, and never called."""
    made = CalledUnit(tmp_path / "lib01", free_port())
    write_config(made.folder, "lib01", "sim", "desk", made.port, test=True)
    let_in(made.folder, office)
    yield made
    made.clean_up()


def let_in(folder: Path, office: Office) -> None:
    centre, key = office.centre, Folder(office.folder).twin_key()
    url, seal = f"https://localhost:{office.port}", key.public_key().public_bytes_raw()
    ticket = msgspec.json.encode(centre.enroller.invite("lib01", "library", "facility", url, seal))
    accept(folder, admit(request(folder, ticket), centre.town_id, key, centre.town, centre.enroller))
    if "interval_s" not in (folder / "unit.toml").read_text():
        quickly = "interval_s = 0.5\ntimeout_s = 5\nretry_max_s = 0.3"
        change(folder, (f'url = "{url}"', f'url = "{url}"\n{quickly}'))


def run_both(unit: CalledUnit, clock: tuple[str, ...] = ()) -> None:
    """Start both processes of a unit, which see this time."""
    unit.within = unit.network = clock
    unit.start()
    unit.call()


def ends(unit: CalledUnit) -> datetime:
    return Tls(unit.folder / "tls").ends()


# ---------------------------------------------------------------------------------------------- coming back


@pytest.mark.fault(
    "a unit comes back after its certificate ran out",
    people="Nothing. The unit serves all the while.",
    lost="nothing",
    found="The centre says so; the journal's key vouches for the unit, which gets a fresh certificate and goes on by "
    "itself, within `renew_days`.",
)
@pytest.mark.parametrize(
    "clock",
    [(), later(OFFLINE), PAST],
    ids=["its clock is as late as its certificate", "its clock is right", "in 1970"],
)
def test_it_comes_back_by_itself(office: Office, unit: CalledUnit, clock: tuple[str, ...]) -> None:
    with office.serving(OFFLINE):
        run_both(unit, clock)
        unit.wait_until_sent()
        assert "a fresh certificate, good until" in unit.called()
        assert ends(unit) > datetime.now(UTC) + timedelta(days=OFFLINE + 29)
        assert unit.hang_up() == 0


@pytest.mark.threat("time attack")
def test_a_unit_in_1970_calls_with_a_good_certificate(office: Office, unit: CalledUnit) -> None:
    """To it the centre's certificate begins in 56 years: that proves nothing but that its clock is late."""
    with office.serving():
        run_both(unit, PAST)
        unit.wait_until_sent()
        assert "a fresh certificate" not in unit.called()


@pytest.mark.threat("time attack")
def test_a_unit_in_1970_renews_in_time_by_what_the_town_has_signed(office: Office, unit: CalledUnit) -> None:
    tls, authority = Tls(unit.folder / "tls"), office.centre.authority
    begun, epoch = datetime.now(UTC) - timedelta(days=25), read_enrolment(unit.folder).epoch
    tls.keep(authority.device(tls.request("lib01"), "todai", "lib01", epoch, begun), authority.pem)
    with office.serving():
        run_both(unit, PAST)
        wait_until(lambda: "a fresh certificate, good until" in unit.called(), unit.called)


def test_a_unit_that_was_away_for_too_long_is_told_what_to_do(office: Office, unit: CalledUnit) -> None:
    days = 30 + 366 + 5
    with office.serving(days):
        run_both(unit, later(days))
        wait_until(lambda: "more than 366 days ago" in unit.called(), unit.called)
        assert "renew_days" in unit.called()
        assert unit.status()["unsent"] > 0
    config = office.folder / "central.toml"
    config.write_text(config.read_text().replace("[server]", "[server]\nrenew_days = 800"))
    with office.serving(days):
        unit.wait_until_sent()


# ---------------------------------------------------------------------------------------------- not coming back


@pytest.mark.threat("stolen unit")
@pytest.mark.parametrize("what", ["closed", "let in anew in another box"])
def test_a_life_that_is_over_gets_no_certificate(office: Office, unit: CalledUnit, tmp_path: Path, what: str) -> None:
    if what == "closed":
        office.centre.enroller.close("lib01", "stolen")
    else:
        other = tmp_path / "other"
        write_config(other, "lib01", "sim", "desk", 0, test=True)
        let_in(other, office)
    before = ends(unit)
    with office.serving(OFFLINE):
        run_both(unit, later(OFFLINE))
        wait_until(lambda: unit.called().count("again in") > 2, unit.called)
    assert ends(unit) == before
    assert unit.status()["unsent"] > 0


@pytest.mark.threat("time attack")
def test_a_centres_certificate_that_ran_out_is_not_believed_by_a_unit_that_knows_better(
    office: Office, unit: CalledUnit, tmp_path: Path
) -> None:
    """Somebody has the centre's key of long ago, and the unit's clock stands where that was good."""
    authority = office.centre.authority
    with office.serving():
        run_both(unit)
        unit.wait_until_sent()
        unit.hang_up()
        unit.stop()
    long_ago = datetime.now(UTC) - timedelta(days=398)
    with nonsense(office.port, authority, tmp_path, 200, b"welcome", long_ago) as asked:
        run_both(unit, at("-390d"))
        wait_until(lambda: unit.called().count("it ran out on") >= 2, unit.called)
        assert asked == [], "not a word was said to a stranger"
