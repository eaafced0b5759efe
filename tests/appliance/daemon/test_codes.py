"""A code instead of a card: printed on paper by the town, or drawn by a phone; signed, and read by a scanner."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.feedback import Shown
from drivers.card import paper
from drivers.card.paper import Kind, Paper
from drivers.card.sim.pki import TestPki
from drivers.card.tokens import code, phone
from drivers.clock import Confidence
from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place, open_sim_centre
from simulation.unit import SimUnit
from sync.program import Result
from tests.appliance.daemon.conftest import Settle
from tests.appliance.live import wait_for_scanner, wait_until
from tests.drivers.far_end import FarEnd

DAY_S = 86_400.0
ISSUER = "TEST-town.1"


class Town:
    """A unit at the library, and the key with which the town signs codes."""

    def __init__(self, pki: TestPki) -> None:
        self.clock = Clock()
        centre = open_sim_centre(self.clock, "codes")
        name_place(centre, "library")
        self.unit = SimUnit(centre, "lib01", "library", self.clock, pki.trust(("pass",)), "codes")
        self.key = pki.own.pass_key
        self.phone = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.wall_ms() / 1000, UTC)

    def paper(self, ends: date = date(2099, 3, 31), key: bytes = b"", number: int = 7) -> bytes:
        kind = Kind.PHONE if key else Kind.PRINTED
        return paper.issue(Paper(kind, ISSUER, number.to_bytes(8, "big"), date(2020, 4, 1), ends, key), self.key)

    def on_phone(self) -> str:
        """What the phone shows now."""
        return phone.make(self.paper(key=self.phone.public_key().public_bytes_raw()), self.phone, self.now)

    def show(self, text: str) -> Shown:
        shown = self.unit.running.tap.show(text)
        assert shown is not None, "nobody is asked about a visit"
        return shown

    def bodies(self) -> list[str]:
        rows = self.unit.running.opened.journal.select("SELECT body FROM entry WHERE body LIKE '%visits%' ORDER BY seq")
        return [body for (body,) in rows]


@pytest.fixture
def library(pki: TestPki) -> Town:
    return Town(pki)


def test_a_printed_code_is_a_visit_and_is_said_to_be_a_token(library: Town) -> None:
    shown = library.show(code.to_text(library.paper()))
    assert (shown.result, shown.message) == (Result.OK_POINTS, "VIS-010")
    (body,) = library.bodies()
    assert '"proof":"token"' in body
    assert "0000000000000007" not in body, "journals hold the town's name for it, not its number"


def test_a_code_is_the_same_person_all_day(library: Town) -> None:
    library.show(code.to_text(library.paper()))
    library.clock.advance(60)
    assert library.show(code.to_text(library.paper())).result is Result.ALREADY
    assert library.show(code.to_text(library.paper(number=8))).result is Result.OK_POINTS


@pytest.mark.threat("replayed certificate")
def test_a_phones_code_is_good_once(library: Town) -> None:
    shown = library.on_phone()
    assert library.show(shown).result is Result.OK_POINTS
    library.clock.advance(10)
    assert library.show(shown).message == "TAP-036", "a photograph of a phone is no phone"
    assert library.show(library.on_phone()).result is Result.ALREADY
    assert len(library.bodies()) == 2


def test_a_phones_code_of_some_minutes_ago(library: Town) -> None:
    shown = library.on_phone()
    library.clock.advance(180)
    assert (library.show(shown).result, library.bodies()) == (Result.RETRY, [])


def test_a_unit_that_does_not_know_the_time_still_refuses_the_same_showing_twice(library: Town) -> None:
    library.clock.jump(0, Confidence.UNKNOWN)
    shown = library.on_phone()
    library.clock.advance(3 * DAY_S)
    assert library.show(shown).result is Result.OK_POINTS
    library.clock.advance(10)
    assert library.show(shown).message == "TAP-036"


def test_a_code_that_ran_out_and_one_that_nobody_signed(library: Town) -> None:
    assert library.show(code.to_text(library.paper(ends=date(2021, 3, 31)))).message == "TAP-032"
    forged = bytearray(library.paper())
    forged[-1] ^= 1
    assert library.show(code.to_text(bytes(forged))).message == "TAP-033"
    assert library.bodies() == []


@pytest.mark.parametrize("text", ["https://example.com/", "MACHI1:", "MACHI1:!!!", "", "4902102072618", "あ" * 500])
def test_other_codes_and_noise_change_nothing(library: Town, text: str) -> None:
    assert library.show(text).result in (Result.HELP, Result.RETRY)
    assert library.bodies() == []


def test_a_code_before_a_real_scanner_on_a_serial_line(settle: Settle, pki: TestPki, tmp_path: Path) -> None:
    """The daemon as a process, the scanner as a pseudo-terminal; torn codes are asked for again."""
    unit, scanner = settle("lib01"), FarEnd(tmp_path / "scanner")
    scanner.plug()
    config = unit.folder / "unit.toml"
    config.write_text(f'{config.read_text()}\n[drivers.scanner]\nmake = "serial"\npath = "{scanner.path}"\n')
    unit.start()
    wait_for_scanner(unit)
    printed = Paper(Kind.PRINTED, ISSUER, bytes(8), date(2020, 4, 1), date(2099, 3, 31))
    scanner.say(code.to_text(paper.issue(printed, pki.own.pass_key)).encode() + b"\r")
    wait_until(lambda: any(sound == "ok_points" for sound, _ in unit.heard()), unit.said)
    scanner.say(b"MACHI1:ABC")
    wait_until(lambda: any(sound == "retry" for sound, _ in unit.heard()), unit.said)
    scanner.unplug()
    wait_until(lambda: "scanner gone" in unit.said(), unit.said)
    assert unit.status()["closed"] is None, "cards are served without a scanner"
    assert unit.stop() == 0
