"""A scanner and a printer at a unit's USB: from the plug to the entry, from the entry to the paper."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers.card import paper
from drivers.card.paper import Kind, Paper
from drivers.card.sim.pki import TestPki
from drivers.card.tokens import code, phone
from programs.coin.codes import cpm
from sync.facts import UnitSet
from tests.appliance.live import machi, said, wait_until
from tests.appliance.uplink.serving import Served
from tests.image import gadgets
from tests.image.conftest import Say
from tests.image.emulated import Machine
from tests.image.service import FOLDER, PATIENCE_S, TAP, page, status

pytestmark = pytest.mark.image

ISSUER, DAYS = "TEST-town.1", (date(2020, 4, 1), date(2099, 3, 31))
CONFIG = f"{FOLDER}/unit.toml"
FITTED = """
[drivers.scanner]
make = "serial"
[drivers.printer]
make = "escpos"
path = "/dev/machitap/printer"
band_ms = 30000
"""


class Fitted:
    """A unit with a scanner and a printer."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.scanner, self.printer = gadgets.scanner(machine), gadgets.printer(machine)

    def scan(self, text: str) -> None:
        self.machine.do("cat >/dev/ttyGS0", given=text.encode() + b"\r")

    def log(self) -> str:
        return self.machine.do(f"journalctl -b -u {TAP} --no-pager --output=cat")

    def until(self, true: Any, otherwise: str = "") -> None:
        wait_until(true, lambda: f"{otherwise}\n{status(self.machine)}\n{self.log()[-3000:]}", PATIENCE_S, 0.5)


@pytest.fixture(scope="module")
def fitted(unit: Machine) -> Iterator[Fitted]:
    """Fit both to the unit; take them away at the end."""
    both = Fitted(unit)
    unit.do(gadgets.CONTROLLERS)
    for gadget in (both.scanner, both.printer):
        gadget.make()
    gadgets.begin_to_print(unit)
    unit.do(f"cp -p {CONFIG} /run/unit.toml")
    unit.do(f"cat >>{CONFIG}", given=FITTED.encode())
    unit.do(f"systemctl restart {TAP}", seconds=PATIENCE_S)
    both.until(lambda: "scanner is there" in both.log())
    yield both
    unit.do(f"cp -p /run/unit.toml {CONFIG} && systemctl restart {TAP}", seconds=PATIENCE_S)


@pytest.fixture(scope="module")
def desk(fitted: Fitted, town: Served) -> Iterator[Fitted]:
    """The same, where the office has made it a desk."""
    town.centre.registrar.say([UnitSet("lib01", "library", "desk")])
    try:
        fitted.until(lambda: page(fitted.machine, "/view")["till"])
        yield fitted
    finally:
        town.centre.registrar.say([UnitSet("lib01", "library", "facility")])
        fitted.until(lambda: not page(fitted.machine, "/view")["till"])


class Phone:
    """Somebody's phone, which shows one code after the other."""

    def __init__(self, pki: TestPki) -> None:
        self._key = Ed25519PrivateKey.generate()
        issued = Paper(Kind.PHONE, ISSUER, bytes(8), *DAYS, self._key.public_key().public_bytes_raw())
        self._paper = paper.issue(issued, pki.own.pass_key)

    def shows(self) -> str:
        return cpm.write(phone.make(self._paper, self._key, datetime.now(UTC)))


def test_both_have_their_names_by_themselves(fitted: Fitted) -> None:
    where = "readlink --canonicalize-existing /dev/machitap/scanner /dev/machitap/printer /dev/serial/by-id/*"
    assert fitted.machine.do(where).split() == ["/dev/ttyACM0", "/dev/usb/lp0", "/dev/ttyACM0"]


def test_a_printed_code_before_the_scanner_is_a_visit_that_reaches_the_town(
    fitted: Fitted, pki: TestPki, say: Say
) -> None:
    before, began = status(fitted.machine)["tip"], time.monotonic()
    fitted.scan(code.to_text(paper.issue(Paper(Kind.PRINTED, ISSUER, bytes(8), *DAYS), pki.own.pass_key)))
    fitted.until(lambda: status(fitted.machine)["tip"] != before)
    say(f"a code is in the journal {time.monotonic() - began:.1f} s after it was scanned, with the asking")
    assert page(fitted.machine, "/view")["shown"]["message"] == "VIS-010"
    fitted.until(lambda: status(fitted.machine)["unsent"] == 0)


def test_a_phone_is_charged_and_the_printer_prints_what_the_books_know(
    desk: Fitted, town: Served, pki: TestPki, say: Say
) -> None:
    page(desk.machine, "/wish", {"what": "charge", "amount": 3000})
    began = time.monotonic()
    desk.scan(Phone(pki).shows())
    desk.until(lambda: page(desk.machine, "/view")["shown"]["message"] == "COI-031")
    desk.until(lambda: gadgets.slips(desk.machine), "nothing was printed")
    say(f"a receipt is out of the printer {time.monotonic() - began:.0f} s after a phone was held there")
    assert status(desk.machine)["paper"] == "", "the printer said that it is out, and cut"
    (slip,) = gadgets.slips(desk.machine)
    (printed,) = zxingcpp.read_barcodes(slip.convert("L"))
    desk.until(lambda: status(desk.machine)["unsent"] == 0)

    def booked() -> dict[str, Any]:
        return said(machi("central", "coin", "receipt", "check", town.folder, printed.text, "--json"))

    wait_until(lambda: booked()["worth"] == "booked", lambda: f"{booked()}")
    assert (booked()["place"], booked()["yen"]) == ("library", 3000)


def test_what_is_pulled_out_is_noticed_and_cards_are_served_on(desk: Fitted, pki: TestPki) -> None:
    desk.printer.unplug()
    page(desk.machine, "/wish", {"what": "charge", "amount": 1000})
    desk.scan(Phone(pki).shows())
    desk.until(lambda: page(desk.machine, "/view")["shown"]["message"] == "COI-031")
    desk.until(lambda: status(desk.machine)["paper"] == "gone")
    desk.scanner.unplug()
    desk.until(lambda: "scanner gone" in desk.log())
    assert desk.machine.run("ls /dev/machitap/scanner /dev/machitap/printer").stdout == ""
    assert status(desk.machine)["closed"] is None
    desk.scanner.plug()
    desk.until(lambda: desk.log().count("scanner is there") == 2, "it does not come back")
