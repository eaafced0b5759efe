"""A unit of the image as a technician leaves it: let in by its town, and serving."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import msgspec

from drivers.card.sim.pki import TestPki
from drivers.card.trust_folder import save
from tests.appliance.uplink.serving import Served
from tests.image.emulated import Machine

MACHI, FOLDER = "/opt/machitap/bin/machi", "/var/lib/machitap"
TAP = "machi-tap.service"
PATIENCE_S = 240


def status(machine: Machine) -> dict[str, Any]:
    """Return what the unit says of itself; nothing while it does not run."""
    found: dict[str, Any] = json.loads(machine.run(f"{MACHI} unit status {FOLDER} --json").stdout or "{}")
    return found


def set_up(machine: Machine, town: Served, trust: bytes) -> None:
    """Set a unit up that believes in test cards, and start it; return when it says that it serves."""
    ticket = town.centre.enroller.invite("lib01", "library", "facility", f"https://localhost:{town.port}")
    machine.do(f"{MACHI} unit init {FOLDER} --name lib01 --screen-port 8101 --test")
    machine.do(f"rm {FOLDER}/trust/trust.toml")
    machine.do(f"tar --extract --directory={FOLDER}", given=trust)
    machine.do(f"{MACHI} unit enrol {FOLDER} -", given=msgspec.json.encode(ticket))
    machine.do("systemctl start machi-unit.target", seconds=PATIENCE_S)  # returns at READY=1


def trusted(pki: TestPki, folder: Path) -> bytes:
    """Pack whom the unit believes: the authority that issued the cards of these tests."""
    folder.mkdir()
    save(pki.trust(("pass",)), folder)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(folder, "trust")
    return packed.getvalue()
