"""A desk as a process: a phone pays at its scanner in the spelling of the tills, and a printer prints, or does not."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from central.centre import Centre
from drivers.card import paper
from drivers.card.paper import Kind, Paper
from drivers.card.sim.pki import TestPki
from drivers.card.tokens import phone
from programs.coin.codes import cpm
from tests.appliance.live import LiveUnit, settle_in, wait_for_scanner, wait_until
from tests.drivers.far_end import FarEnd

ISSUER = "TEST-town.1"


class Desk:
    """A desk's daemon, its scanner, and somebody's phone before it."""

    def __init__(self, unit: LiveUnit, scanner: FarEnd, pki: TestPki) -> None:
        self.unit = unit
        self.scanner = scanner
        self._key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
        public = self._key.public_key().public_bytes_raw()
        days = date(2020, 4, 1), date(2099, 3, 31)
        self._paper = paper.issue(Paper(Kind.PHONE, ISSUER, bytes(8), *days, public), pki.own.pass_key)
        self._shown_s = int(time.time()) - 30

    def set(self, what: str, amount: int) -> None:
        self.post("/wish", {"what": what, "amount": amount})

    def post(self, path: str, body: dict[str, Any], status: int = 204) -> None:
        answer = httpx.post(f"http://127.0.0.1:{self.unit.port}{path}", json=body, trust_env=False)
        assert answer.status_code == status, answer.text

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.unit.port}{path}", trust_env=False)

    def on_phone(self) -> str:
        """What the phone shows next, each a second after the one before."""
        self._shown_s += 1
        return cpm.write(phone.make(self._paper, self._key, datetime.fromtimestamp(self._shown_s, UTC)))

    def show(self, code: str) -> str:
        """Hold a code before the scanner; return the id of the words that the unit says."""
        before = self.unit.view()["number"]
        self.scanner.say(code.encode() + b"\r")
        self.unit_says(lambda view: view["number"] > before and view["shown"]["result"] != "reading")
        return str(self.unit.view()["shown"]["message"])

    def unit_says(self, true: Callable[[dict[str, Any]], object]) -> None:
        wait_until(lambda: true(self.unit.view()), lambda: f"{self.unit.view()}\n{self.unit.said()}")


@pytest.fixture
def desk(tmp_path: Path, town: Centre, pki: TestPki, request: pytest.FixtureRequest) -> Any:
    """A running desk; the test's parameter is its printer, as TOML."""
    unit, scanner = settle_in(tmp_path / "desk01", town, pki.trust(("pass",)), counter="desk"), FarEnd(tmp_path / "s")
    scanner.plug()
    (tmp_path / "slips").mkdir()
    config = unit.folder / "unit.toml"
    printer = request.param.format(slips=tmp_path / "slips")
    config.write_text(
        f'{config.read_text()}\n[drivers.scanner]\nmake = "serial"\npath = "{scanner.path}"\nagain_ms = 0\n'
        f"[drivers.printer]\n{printer}\n"
    )
    unit.start()
    wait_for_scanner(unit)
    yield Desk(unit, scanner, pki)
    unit.clean_up()
    scanner.unplug()


@pytest.mark.parametrize("desk", ['make = "sim"\nsave = "{slips}"\nband_ms = 250'], indirect=True)
def test_a_phone_pays_and_its_receipts_come_out(desk: Desk, tmp_path: Path) -> None:
    slips = tmp_path / "slips"
    desk.set("charge", 3000)
    assert desk.show(desk.on_phone()) == "COI-031"
    desk.set("pay", 1280)
    code = desk.on_phone()
    assert desk.show(code) == "COI-020"
    desk.set("pay", 1280)
    assert desk.show(code) == "TAP-036", "the same showing pays once"
    desk.set("", 0)
    wait_until(lambda: len(list(slips.iterdir())) == 2, desk.unit.said)
    paid = [entry for entry, (_, body) in desk.unit.entries().items() if body["kind"] == "coin.pay"]
    assert len(paid) == 1
    assert desk.unit.view()["till"]["receipt"] == paid[0]
    drawn = desk.get("/receipt.svg")
    assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/svg+xml")
    desk.post("/receipt", {"entry": paid[0]})
    desk.post("/receipt", {"entry": "desk01/9f3c0a1b22d4e5f6/4"}, 400)

    def sizes() -> list[int]:
        return [path.stat().st_size for path in sorted(slips.iterdir())[1:]]

    wait_until(lambda: len(sizes()) == 2 and sizes()[1] > sizes()[0], "a copy says so above and below, and is longer")


@pytest.mark.fault(
    "the receipt printer is empty, gone or stuck",
    people="The beep as ever. The counter says that no receipt came out, and what to do; its code is on the screen.",
    lost="The slip, which is printed again when somebody asks for it. What was paid is paid.",
    found="By what the printer says, or by its silence; `paper` in the unit's status.",
)
@pytest.mark.parametrize("desk", ['make = "escpos"\npath = "/nowhere/printer"'], indirect=True)
def test_a_printer_that_is_not_there_is_said_and_stops_nobody(desk: Desk) -> None:
    desk.set("charge", 3000)
    assert desk.show(desk.on_phone()) == "COI-031"
    number = desk.unit.view()["number"]
    desk.unit_says(lambda view: view["notice"])
    view = desk.unit.view()
    assert "printer" in view["notice"]["en"]
    assert desk.unit.status()["paper"] == "gone"
    assert (view["number"], view["shown"]["message"]) == (number, "COI-031"), "the result stays, and is not shown anew"
    desk.set("pay", 500)
    assert desk.show(desk.on_phone()) == "COI-020"
    assert desk.get("/receipt.svg").status_code == 200


@pytest.mark.parametrize("desk", ['make = "none"'], indirect=True)
def test_what_was_paid_with_is_not_good_after_a_start_either(desk: Desk) -> None:
    desk.set("charge", 3000)
    code = desk.on_phone()
    assert desk.show(code) == "COI-031"
    assert desk.unit.stop(9) == -9
    desk.unit.start()
    wait_for_scanner(desk.unit, times=2)
    desk.set("charge", 3000)
    assert desk.show(code) == "TAP-036"
    assert desk.show(desk.on_phone()) == "COI-032", "nobody knows whether that beep was heard: it is told, not charged"
    assert desk.get("/receipt.svg").status_code == 200
    assert desk.get("/bill.svg").status_code == 404
