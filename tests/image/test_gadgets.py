"""A scanner and a printer at a unit's USB: their names, and a code from the plug to the entry.

The image that is tried is that of a unit without a screen, which has no Japanese letters; these are brought.
"""

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from drivers.card import paper
from drivers.card.paper import Kind, Paper
from drivers.card.sim.pki import TestPki
from drivers.card.tokens import code
from drivers.printer._draw import _font_file
from tests.appliance.live import wait_until
from tests.image import gadgets
from tests.image.conftest import Say
from tests.image.emulated import Machine
from tests.image.service import FOLDER, PATIENCE_S, TAP, bring, page, status

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
    bring(unit, Path(_font_file("")))
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
