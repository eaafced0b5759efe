"""A touch, from a card that is there to the beep, against the same APDUs sent by a plain pyscard script.

Both go through a real pcscd to a virtual card that answers at once, with pass, signature and all; ours starts from
nothing at every touch, as if the reader had just come, and writes its entry to the disk before it beeps.
"""

import os
import queue
import time
from pathlib import Path
from typing import Final

from smartcard.System import readers

from appliance.counter import words_folders
from appliance.feedback import Feedback
from appliance.opening import World
from appliance.unit import Unit, assemble
from appliance.words import load
from bench.report import median, ms, percentile, row, title
from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from drivers.clock.sim import Driver as Clock
from drivers.disk.file import Driver as Disk
from drivers.entropy.system import Driver as Entropy
from drivers.keystore.sim import Driver as Keystore
from drivers.light.sim import Driver as Light
from drivers.monotonic.none import Driver as Monotonic
from drivers.reader import CardCame, Event, Field
from drivers.reader.pcsc import Driver as Pcsc
from simulation.centre import name_place, open_sim_centre
from simulation.unit import enrol

TAPS: Final = 1_000
READERS: Final = tuple(f"bench{number}" for number in range(7))
APART_S: Final = 10.0  # of the unit's own clock, so that no touch is taken for the one before


class Recorder:
    """A field that remembers what was sent through it."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self.sent: list[bytes] = []
        self.reader, self.atr, self.command_max = field.reader, field.atr, field.command_max
        self.close = field.close

    def transmit(self, command: bytes) -> bytes:
        self.sent.append(command)
        return self._field.transmit(command)


class Beep:
    """A loudspeaker with a stopwatch."""

    def __init__(self) -> None:
        self.at = 0.0
        self.said = ""

    def play(self, earcon: str, about: str = "", say: str = "") -> None:
        del about, say
        self.at, self.said = time.perf_counter(), earcon


def measure(folder: Path) -> None:
    title(f"Touch: {TAPS} from a card that is there to the beep, against its APDUs alone")
    pki = TestPki(folder / "pki")
    with PrivatePcscd(READERS) as pcscd:
        os.environ |= pcscd.environment
        for number, reader in enumerate(READERS):
            pcscd.table.present(reader, Plan(serial=f"99{number:013d}", pki=str(pki.folder)))
        time.sleep(1)  # pcscd looks at virtual readers every 0.4 s
        clock, beep = Clock(), Beep()
        unit = _unit(folder, clock, beep, pki)
        ours, bare = [], []
        for number in range(TAPS):
            name = pcscd.names[READERS[number % len(READERS)]]
            clock.advance(APART_S)
            took, apdus = _touch(unit, beep, name)
            ours.append(took)
            bare.append(_plain(name, apdus))
            unit.opened.journal.checkpoint()
        unit.close()
    above = [our - its for our, its in zip(ours, bare, strict=True)]
    row("the APDUs alone", ms(median(bare)), f"p99 {ms(percentile(bare, 0.99))}; {len(apdus)} APDUs")
    row("a touch", ms(median(ours)), f"p99 {ms(percentile(ours, 0.99))}")
    row("ratio of the medians", f"{median(ours) / median(bare):.2f}")
    row("above the APDUs, touch by touch", ms(median(above)), f"p99 {ms(percentile(above, 0.99))}; aim 15 ms")


def _unit(folder: Path, clock: Clock, beep: Beep, pki: TestPki) -> Unit:
    keystore = Keystore()
    centre = open_sim_centre(clock, "bench")
    name_place(centre, "library")
    enrolment = enrol(centre, "lib01", "library", keystore)
    world = World(Disk(Disk.Options(str(folder))), keystore, clock, Entropy(), Monotonic())
    feedback = Feedback(Light(), beep, load(*words_folders()), lambda _: None)
    return assemble(world, enrolment, pki.trust(("pass",)), feedback)


def _touch(unit: Unit, beep: Beep, name: str) -> tuple[float, list[bytes]]:
    """Serve the card that lies on a reader; return the seconds to the beep, and what was sent to the card."""
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    driver = Pcsc(Pcsc.Options(name=name))
    began = time.perf_counter()
    driver.start(events.put)
    while not isinstance(event := events.get(timeout=5), CardCame):
        pass
    field = Recorder(event.field)
    unit.tap.touch(field)
    took = beep.at - began
    driver.stop()
    if beep.said not in ("ok_points", "already"):
        raise RuntimeError(f"a good card was answered with {beep.said}")
    return took, field.sent


def _plain(name: str, apdus: list[bytes]) -> float:
    """Do the same with pyscard alone."""
    commands = [list(apdu) for apdu in apdus]
    began = time.perf_counter()
    connection = next(reader for reader in readers() if reader.name == name).createConnection()
    connection.connect()
    for command in commands:
        connection.transmit(command)
    took = time.perf_counter() - began
    connection.disconnect()
    connection.release()
    return took
