"""What the tap process is made of: no HTTP client, no way out of this machine, and little memory."""

import re
import socket
import stat
from pathlib import Path

from tests.appliance.live import LiveUnit

IMPORTED = re.compile(r"^import time:.*\| +(\S+)$", re.MULTILINE)
CLIENTS = {"httpx", "httpcore", "requests", "urllib3", "aiohttp", "sync.client", "appliance.uplink"}
LISTENING = "0A"
MEMORY_MIB_MAX = 90  # 60 is the aim, which the benchmark watches; this is where something has gone wrong


def test_it_loads_no_http_client(unit: LiveUnit) -> None:
    """The whole life of a daemon, from the command to its end, with every import written down."""
    unit.start("-X", "importtime")
    assert unit.status()["closed"] is None
    assert unit.view()["number"] > 0
    assert unit.stop() == 0
    loaded = set(IMPORTED.findall(unit.said()))
    assert {"appliance.tap", "appliance.hatch_http", "programs.visits.rules"} <= loaded, "this test saw nothing"
    assert CLIENTS & loaded == set()
    assert not [name for name in loaded if name.startswith(("central", "simulation", "demo", "sqlalchemy"))]


def test_it_has_no_socket_but_its_own_two_doors(unit: LiveUnit) -> None:
    unit.start()
    assert unit.process
    doors = _sockets(unit.process.pid)
    own = Path(f"/proc/{unit.process.pid}/net")
    addresses = [line.split() for name in ("tcp", "tcp6", "udp", "udp6") for line in _lines(own / name)]
    here = f"{socket.htonl(0x7F000001):08X}:{unit.port:04X}"
    assert [(words[1], words[3]) for words in addresses if words[9] in doors] == [(here, LISTENING)]
    assert [words[7] for line in _lines(own / "unix") if (words := line.split())[6] in doors and len(words) > 7] == [
        "hatch.sock"
    ]
    assert stat.S_IMODE((unit.folder / "hatch.sock").stat().st_mode) == 0o600, "for this user only"


def test_a_folder_that_hands_its_group_on_lets_the_group_knock(unit: LiveUnit) -> None:
    """As systemd/tmpfiles.d lays it out, for an uplink that is a user of its own."""
    unit.folder.chmod(0o2750)
    unit.start()
    assert stat.S_IMODE((unit.folder / "hatch.sock").stat().st_mode) == 0o660


def test_its_memory_is_small_and_does_not_grow_with_questions(unit: LiveUnit) -> None:
    unit.start()
    for _ in range(20):
        unit.status()
    before = _resident_mib(unit)
    for _ in range(200):
        unit.status()
    unit.copy(unit.folder.with_name("copy.db"))
    assert before < MEMORY_MIB_MAX
    assert _resident_mib(unit) - before < 8


def _sockets(pid: int) -> set[str]:
    """Return the inodes of the sockets that a process holds."""
    targets = [path.readlink().name for path in Path(f"/proc/{pid}/fd").iterdir()]
    return {target[8:-1] for target in targets if target.startswith("socket:[")}


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()[1:] if path.exists() else []


def _resident_mib(unit: LiveUnit) -> float:
    assert unit.process
    lines = Path(f"/proc/{unit.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024
