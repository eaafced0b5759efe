"""A network of its own, and this machine's files with ours laid over them: what runs in it finds all at its true place.

Nothing of this machine is changed; all of it is gone with the first process.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.firmware.conftest import ROOT

# Without a device manager in here, networkd is not to wait for one: that is what a /sys for reading only says to it.
BEGIN = """
set -eu
mount -t tmpfs over "$1"
for tree in etc usr; do
    mkdir "$1/$tree" "$1/$tree.work"
    mount -t overlay over -o "lowerdir=/$tree,upperdir=$1/$tree,workdir=$1/$tree.work" "/$tree"
done
mount -t tmpfs run /run
mount -t sysfs -o ro sys /sys
mount -t tmpfs -o mode=0750,uid=_chrony,gid=_chrony chrony /var/lib/chrony
systemd/install /
firmware-config/install /
systemd-sysusers machitap.conf
install -d -o systemd-network -g systemd-network /run/systemd/netif /run/systemd/netif/links /run/systemd/netif/leases
install -d -m 0700 -o _chrony -g _chrony /run/chrony
install -d -o _chrony -g _chrony /run/chrony-dhcp
ip link set lo up
echo ready
exec cat
"""


@dataclass
class Place:
    """A running place, by its first process."""

    first: subprocess.Popen[bytes]
    beside: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def _within(self, words: tuple[str | Path, ...]) -> list[str]:
        return ["nsenter", f"--target={self.first.pid}", "--net", "--mount", *map(str, words)]

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self._within(words), capture_output=True, text=True, check=False, timeout=30)

    def do(self, *words: str | Path) -> str:
        """Run a command that has to work; return what it says."""
        done = self.run(*words)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, log: Path, *words: str) -> None:
        """Start what goes on until the place ends; it says what it has to say into a file."""
        with log.open("wb") as said:
            self.beside.append(subprocess.Popen(self._within(words), stdout=said, stderr=said))


@contextmanager
def place(folder: Path) -> Iterator[Place]:
    """Make a place; its own files lie above a folder of the test."""
    folder.mkdir()
    command = ["unshare", "--net", "--mount", "--propagation=private", "sh", "-c", BEGIN, "place", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        made = Place(first)
        assert first.stdout is not None
        assert first.stdin is not None
        try:
            assert first.stdout.readline() == b"ready\n"
            yield made
        finally:
            for process in reversed(made.beside):
                process.terminate()
                process.wait(10)
            first.stdin.close()
