"""A journal's world on a simulated disk, and a touch to write into it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from appliance.opening import Opened, World, open_journal
from drivers.clock.sim import Driver as Clock
from drivers.disk.sim import Driver as Disk
from drivers.entropy.sim import Driver as Entropy
from drivers.keystore.sim import Driver as Keystore
from drivers.monotonic import Monotonic
from drivers.monotonic.sim import Driver as SimMonotonic
from programs.visits.entries import Touch
from programs.visits.rules import PROGRAM
from sync import facts
from sync.directory import DIRECTORY

REGISTER = facts.register((Touch,))


def touch(day: int = 20_780, place: str = "library") -> Touch:
    return Touch(card="0a" * 16, place=place, day=day, proof="card")


@dataclass
class Box:
    """A unit's box: disk, key and counter that outlive each start of its daemon."""

    disk: Disk = field(default_factory=Disk)
    keystore: Keystore = field(default_factory=Keystore)
    monotonic: Monotonic = field(default_factory=SimMonotonic)
    clock: Clock = field(default_factory=Clock)
    starts: int = 0

    def start(self, unit: str = "lib01") -> Opened:
        self.starts += 1
        entropy = Entropy(Entropy.Options(str(self.starts)))
        world = World(self.disk, self.keystore, self.clock, entropy, self.monotonic)
        return open_journal(world, "journal.db", unit, REGISTER, (DIRECTORY, PROGRAM), "test")

    def write(self, opened: Opened, count: int = 1) -> None:
        """Write touches as the tap path does: commit, then raise the counter."""
        for _ in range(count):
            written = opened.journal.append([touch()])
            opened.counted.raise_to(written[-1].entry.seq)

    def crash(self, opened: Opened) -> None:
        self.disk.cut()
        opened.journal.connection.close(True)
        self.disk.crash()


@pytest.fixture
def box() -> Box:
    return Box()


Start = Callable[[], Opened]
