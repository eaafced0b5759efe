"""A unit of the image as a technician leaves it: let in by its town, and serving."""

import base64
import io
import json
import subprocess
import tarfile
import time
from pathlib import Path
from typing import Any

import msgspec

from drivers.card.sim.pki import TestPki
from drivers.card.trust_folder import save
from tests.appliance.live import wait_until
from tests.appliance.uplink.serving import Served
from tests.device.laptop import Laptop
from tests.image.emulated import HOST, Machine

MACHI, PYTHON, FOLDER = "/opt/machitap/bin/machi", "/opt/machitap/bin/python3", "/var/lib/machitap"
KEPT = f"/kept{FOLDER}"  # the same on the data partition, seen from outside
TAP = "machi-tap.service"
PATIENCE_S = 240
SAYINGS = 4
OTHER = "lib02"
_ASK = """
import base64, sys, urllib.request
head = {"content-type": "application/json"}
asked = urllib.request.Request(sys.argv[1], base64.b64decode(sys.argv[2]) or None, head)
print(urllib.request.urlopen(asked).read().decode())
"""


def status(machine: Machine) -> dict[str, Any]:
    """Return what the unit says of itself; nothing while it does not run."""
    found: dict[str, Any] = json.loads(machine.run(f"{MACHI} unit status {FOLDER} --json").stdout or "{}")
    return found


def provisioned(machine: Machine, laptop: Laptop, ticket: Path) -> list[tuple[str, float]]:
    """Set a unit up from a technician's laptop; return each step with its seconds, once it serves.

    An emulated machine may take longer to start its services than a technician waits; then he says the same again.
    """
    given = ("--ticket", ticket, "--fingerprint", machine.fingerprint(), "--test")
    command = laptop.command("provision", at(machine), *given)
    steps: list[tuple[str, float]] = []
    for _ in range(SAYINGS):
        said, since = "", time.monotonic()
        with subprocess.Popen(command, cwd=laptop.folder.parent, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            for line in process.stderr:
                said += line
                if line.startswith("["):
                    steps.append((" ".join(line.split()), time.monotonic() - since))
                    since = time.monotonic()
        if process.returncode == 0:
            return steps
    raise AssertionError(f"{said}\n{machine.run('journalctl -b --no-pager -n 60').stdout}")


def set_up(machine: Machine, town: Served, trust: bytes, more: str = "", seconds: float = PATIENCE_S) -> None:
    """Set another unit up at its serial line, where it does not matter how; return once it serves.

    Args:
        more: what its unit.toml has besides.
        seconds: until which each step has to end.
    """
    ticket = town.centre.enroller.invite(OTHER, "library", "facility", f"https://{HOST}:{town.port}")
    machine.do(f"{MACHI} unit init {FOLDER} --name {OTHER} --screen-port 8101 --test", seconds=seconds)
    machine.do(f"cat >>{FOLDER}/unit.toml", given=more.encode())
    machine.do(f"rm {FOLDER}/trust/trust.toml")
    machine.do(f"tar --extract --directory={FOLDER}", given=trust)
    machine.do(f"{MACHI} unit enrol {FOLDER} -", given=msgspec.json.encode(ticket), seconds=seconds)
    machine.do("systemctl start machi-unit.target", seconds=seconds)  # returns at READY=1
    wait_until(lambda: status(machine).get("readers"), machine.said, seconds, 2)


def megabytes(machine: Machine, service: str) -> float:
    """Return the memory of a service's processes, each with its share of what it shares with others (Pss)."""
    group = f"/sys/fs/cgroup{machine.shown(service, 'ControlGroup')}/cgroup.procs"
    told = machine.do(f"for one in $(cat {group}); do cat /proc/$one/smaps_rollup; done; true")
    return sum(int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss:")) / 1024


def at(machine: Machine) -> str:
    """Return the unit as a technician names it."""
    return f"lib01@127.0.0.1:{machine.ssh_port}"


def believe(machine: Machine, trust: bytes) -> None:
    """Let a unit believe in those who issued the cards of these tests, as a town's image would in those of Japan."""
    machine.do(f"rm {FOLDER}/trust/trust.toml")
    machine.do(f"tar --extract --directory={FOLDER}", given=trust)
    machine.do(f"systemctl restart {TAP}", seconds=PATIENCE_S)  # returns at READY=1


def trusted(pki: TestPki, folder: Path) -> bytes:
    """Pack whom the unit believes: the authority that issued the cards of these tests."""
    folder.mkdir()
    save(pki.trust(("pass",)), folder)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(folder, "trust")
    return packed.getvalue()


def page(machine: Machine, path: str, body: dict[str, Any] | None = None) -> Any:
    """Ask for something at the unit's page, as its own display does: in the daemon's network, and in no other.

    Args:
        body: what is sent to be done; None: only look.
    """
    asked = base64.b64encode(json.dumps(body).encode() if body is not None else b"").decode()
    within = f"nsenter --net=/proc/{machine.shown(TAP, 'MainPID')}/ns/net"
    said = machine.do(f"{within} {PYTHON} -c '{_ASK}' http://127.0.0.1:8101{path} '{asked}'")
    return json.loads(said or "null")
