"""A technician's laptop, as far as a test needs one: a folder with a key, and the command."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from central.folder import Folder
from central.ssh import SshAuthority
from central.technicians import Technicians
from device.keys import Keys
from sync.technician import Role
from tests.appliance.live import MACHI, Done
from tests.appliance.uplink.serving import Served

FAR = "centre.todai.example"
NAMED = ("--reader", "sim", "--reader-name", "desk", "--test")


def states(said: str, steps: str = "steps") -> dict[str, str]:
    """Return how each step ended, of a document that a command printed."""
    return {step["step"]: step["state"] for step in json.loads(said)[steps]}


@dataclass(frozen=True)
class Laptop:
    """A technician with a folder of his own; `within`: a command in front of every command."""

    folder: Path
    name: str = "hanako"
    within: Sequence[str] = ()

    def certified(self, town: Served, role: Role = Role.PROVISION) -> "Laptop":
        """Make a key, and have the office of a town give a certificate for it."""
        keys, desk = Keys(self.folder), office(town)
        keys.create()
        done = desk.certify(keys.key.with_suffix(".pub").read_text(), self.name, role, 8)
        keys.keep(done.certificate.encode(), desk.told())
        return self

    def command(self, verb: str, *words: str | Path) -> list[str]:
        return [*self.within, str(MACHI), "device", verb, *map(str, words), "--keys", str(self.folder)]

    def do(self, verb: str, *words: str | Path) -> Done:
        """Run `machi device VERB`, in the folder above the technician's."""
        command, where = self.command(verb, *words), self.folder.parent
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=where)


def office(town: Served) -> Technicians:
    """Return the desk at which technicians get their certificates."""
    centre = town.centre
    return Technicians(centre, SshAuthority(town.folder / "keys", centre.town.entropy))


def ticket(town: Served, folder: Path, unit: str = "lib01", host: str = "localhost") -> Path:
    """Have the office print a ticket, for a centre that goes by this name."""
    seal = Folder(town.folder).twin_key().public_key().public_bytes_raw()
    printed = town.centre.enroller.invite(unit, "library", "facility", f"https://{host}:{town.port}", seal)
    path = folder / f"{unit}.ticket"
    path.write_bytes(msgspec.json.encode(printed))
    return path
