"""A cable between two networks of their own: packets get lost or late on it, it is cut, and addresses change."""

import re
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.fault.machine import lacks_netem

NAME: Final = "centre.test"  # by which units find the centre; each end has a hosts file of its own
_NETWORK: Final = "10.213.7"
_WAYS: Final = ("input", "output")


class End:
    """One end of the cable: a network, and a hosts file, that only what is started with `within` sees."""

    def __init__(self, hosts: Path, host: int) -> None:
        self.hosts = hosts
        self.host = host
        hosts.write_text("127.0.0.1 localhost\n")
        command = f"mount --bind {hosts} /etc/hosts && ip link set lo up && echo ready && exec cat"
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"ready\n"
        self.pid = self._holder.pid
        self.within = ["nsenter", "--target", str(self.pid), "--net", "--mount"]

    @property
    def address(self) -> str:
        return f"{_NETWORK}.{self.host}"

    def run(self, command: str) -> None:
        subprocess.run([*self.within, *command.split()], check=True)

    def move_to(self, host: int) -> None:
        """Take another address, as after a new lease; connections under the old one are never heard of again."""
        self.run(f"ip address del {self.address}/24 dev road")
        self.host = host
        self.run(f"ip address add {self.address}/24 dev road")

    def let_go(self) -> None:
        for stream in (self._holder.stdin, self._holder.stdout):
            if stream:
                stream.close()
        self._holder.wait(10)


class Cable:
    """The unit's uplink is at the near end, the centre at the far one."""

    def __init__(self, folder: Path) -> None:
        self.near, self.far = End(folder / "near.hosts", 1), End(folder / "far.hosts", 2)
        pair = f"ip link add road netns {self.near.pid} type veth peer name road netns {self.far.pid}"
        subprocess.run(pair.split(), check=True)
        for end in (self.near, self.far):
            end.run(f"ip address add {end.address}/24 dev road")
            end.run("ip link set road up")
        self.near.run("nft add table inet road")
        for way in _WAYS:
            chain = f"{{ type filter hook {way} priority 0 ; }}"
            self.near.run(f"nft add chain inet road {way} {chain}")
        self.name_centre()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.near.let_go()
        self.far.let_go()

    def name_centre(self) -> None:
        """Let the name service know where the centre is."""
        self.near.hosts.write_text(f"127.0.0.1 localhost\n{self.far.address} {NAME}\n")

    def cut(self) -> None:
        """Let every packet get lost, both ways; nobody is told."""
        for way in _WAYS:
            self.near.run(f"nft add rule inet road {way} drop")

    def worsen(self, lost_percent: int, kbit: int, late_ms: int) -> str:
        """Let so many packets get lost and the rest be slow; return by what means."""
        if not lacks_netem():
            much = f"delay {late_ms}ms {late_ms // 2}ms loss {lost_percent}% reorder 5% duplicate 2% rate {kbit}kbit"
            self.near.run(f"tc qdisc add dev road root netem {much}")
            return "netem"
        for way in _WAYS:
            self.near.run(f"nft add rule inet road {way} numgen random mod 100 < {lost_percent} counter drop")
        self.near.run(f"tc qdisc add dev road root tbf rate {kbit}kbit burst 4kb latency {2 * late_ms}ms")
        return "nft and tbf, no netem here"

    def lost(self) -> int:
        """Return how many packets the bad cable has lost so far."""
        rules = subprocess.run(
            [*self.near.within, "nft", "list", "ruleset"], capture_output=True, text=True, check=True
        )
        queue = [*self.near.within, "tc", "-s", "qdisc", "show", "dev", "road"]
        queued = subprocess.run(queue, capture_output=True, text=True, check=True)
        return sum(map(int, re.findall(r"(?:counter packets|dropped) (\d+)", rules.stdout + queued.stdout)))

    def mend(self) -> None:
        """Make a good cable of it again."""
        self.near.run("nft flush table inet road")
        subprocess.run(
            [*self.near.within, "tc", "qdisc", "del", "dev", "road", "root"], check=False, capture_output=True
        )
