"""Five lamps at the pins of an emulated Raspberry Pi, seen from outside: what a touch is told by on a tap-lamps.

Kernel, device tree, drivers and the walls around the daemon are the image's; the pins are those of the kind of unit.
"""

import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.card.sim.issue import make
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from tests.appliance.live import wait_until
from tests.image.card import Card
from tests.image.conftest import ROOT, Say
from tests.image.emulated import BOOT_SECONDS, Machine
from tests.image.monitor import Monitor
from tests.image.raspberry import Board
from tests.image.service import KEPT, TAP, status

pytestmark = pytest.mark.image

KIND = tomllib.loads((ROOT / "firmware-config" / "kinds" / "tap-lamps.toml").read_text())
LAMPS: dict[str, int] = KIND["pins"]["lamps"]
# Fully on, so that a lamp that is lit has a pin that is high at every moment.
LIGHT = '[drivers.light]\nmake = "gpio"\nbrightness = 100\nnight_brightness = 100\nlamps = {{ {} }}\n'
SECONDS = 60
AWAY_S = 10  # or an emulated reader does not see that the card was taken away


@dataclass(frozen=True)
class Lit:
    """A unit with lamps, and its pins from outside."""

    machine: Machine
    monitor: Monitor

    def lamps(self) -> set[str]:
        """Return which are lit at this moment."""
        levels = self.monitor.pins()
        return {name for name, pin in LAMPS.items() if levels >> pin & 1}

    def seen(self, last: str) -> list[set[str]]:
        """Watch until a lamp was lit and all are dark again; return what was seen, each as long as it stayed, once."""
        found: list[set[str]] = [self.lamps()]
        until = time.monotonic() + SECONDS
        while not (found[-1] == set() and {last} in found):
            assert time.monotonic() < until, (
                f"{found}; {self.machine.do(f'journalctl -b -u {TAP} --no-pager | tail -30')}"
            )
            if (now := self.lamps()) != found[-1]:
                found.append(now)
        return found


@pytest.fixture(scope="module")
def lit(resting: Card, tmp_path_factory: pytest.TempPathFactory, say: Say) -> Iterator[Lit]:
    """The unit's card in a board with lamps, and its configuration with them."""
    folder = tmp_path_factory.mktemp("lamps")
    card = resting.copied(folder / "card.img")
    fit(card, folder)
    began = time.monotonic()
    with Board(card, folder).started() as machine, Monitor(machine.folder / "monitor") as monitor:
        wait_until(lambda: status(machine).get("readers"), machine.said, BOOT_SECONDS, 2)
        say(f"an emulated Raspberry Pi 3 serves {time.monotonic() - began:.0f} s after the power came")
        yield Lit(machine, monitor)


def fit(card: Card, folder: Path) -> None:
    """Put the lamps into a unit's configuration on its card."""
    name = f"{KEPT}/unit.toml"
    config = card.kept(name, folder / "unit.toml")
    lamps = ", ".join(f"{name} = {pin}" for name, pin in LAMPS.items())
    before = '[drivers.light]\nmake = "none"\n'
    text = config.read_text()
    assert before in text
    config.write_text(text.replace(before, LIGHT.format(lamps)))
    card.keep(config, name)


def test_a_touch_is_told_by_the_lamps_and_a_second_one_otherwise(lit: Lit, pki: TestPki, say: Say) -> None:
    assert lit.lamps() == set()
    card = make(Plan(serial="980000000000001", pki=str(pki.folder)), pki)
    with lit.machine.reader() as reader:
        reader.present(card)
        first = lit.seen("teal")
        reader.remove()
        time.sleep(AWAY_S)
        reader.present(card)
        second = lit.seen("blue")
    say(f"lamps of a touch: {told(first)}; of a second one: {told(second)}")
    assert all(len(lamps) <= 1 for lamps in (*first, *second)), "one at a time"
    assert {"white"} in first, "while it reads"
    assert first[-2:] == [{"teal"}, set()], "a lamp that stays lit is high at every moment"
    assert {"blue"} not in first
    assert {"teal"} not in second


def told(seen: list[set[str]]) -> str:
    """Return what was lit, each once, in order."""
    return " → ".join(dict.fromkeys("".join(lamps) or "dark" for lamps in seen))
