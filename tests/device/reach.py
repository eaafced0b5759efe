"""A box that can be reached over SSH, a cable to it that can be cut, and other machines that pretend to be it."""

import contextlib
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.ports import free_port, wait_for_port
from tests.systemd.box import Box

ADDRESS = "127.0.0.1"

# As an image would have it, but for its port, and for a name service that asks no network of this machine.
BESIDES = """
"{root}/firmware-config/ssh/install" root "{ca}"
systemd-sysusers --root=root machitap-ssh.conf
printf 'ListenAddress 127.0.0.1\\nPort {port}\\n' >root/etc/ssh/sshd_config.d/00-port.conf
sed 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf >root/etc/nsswitch.conf.new
mv root/etc/nsswitch.conf.new root/etc/nsswitch.conf
"""


@dataclass(frozen=True)
class Reached:
    """A box, and the port of its SSH server."""

    box: Box
    port: int

    def at(self, unit: str = "lib01", port: int = 0) -> str:
        return f"{unit}@{ADDRESS}:{port or self.port}"

    def fingerprint(self) -> str:
        """Return what the box shows on its own screen."""
        return self.box.do("cat", "/run/issue.d/machi-ssh.issue").removeprefix("SSH: ")

    def make_new(self) -> None:
        """Make it a box that nobody has set up, as after a new card was put in."""
        self.box.do("systemctl", "stop", "machi-unit.target", "ssh.service")
        self.box.do("sh", "-c", "rm -rf /var/lib/machitap/* /var/lib/machi-uplink/* /var/lib/machi-ssh")
        self.box.do("systemd-tmpfiles", "--create", "machitap.conf")
        self.box.do("systemctl", "start", "ssh.service")


@dataclass
class Cable:
    """A way to a port of this machine that can be cut.

    Attributes:
        port: this side of it.
        room: after so many bytes it breaks by itself; 0 for never.
    """

    to: int
    port: int = 0
    room: int = 0
    _ends: list[socket.socket] = field(default_factory=list)

    def cut(self) -> None:
        """Cut it: everything that goes through it ends at once, and it is laid anew."""
        ends, self._ends = self._ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def carry(self, here: socket.socket) -> None:
        there = socket.create_connection((ADDRESS, self.to))
        self._ends += [here, there]
        for one, other in ((here, there), (there, here)):
            threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
                if self.room:
                    self.room = max(0, self.room - len(data))
                    if not self.room:
                        self.cut()
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        one.close()


@contextmanager
def cable(to: int) -> Iterator[Cable]:
    """Lay a cable to a port."""
    with socket.create_server((ADDRESS, 0)) as server:
        laid = Cable(to, server.getsockname()[1])

        def accept() -> None:
            with contextlib.suppress(OSError):  # it is closed at the end
                while True:
                    laid.carry(server.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield laid
        server.shutdown(socket.SHUT_RDWR)
        laid.cut()


@contextmanager
def another_machine(folder: Path, certificate: str = "") -> Iterator[int]:
    """Run another SSH server with a key in a folder, perhaps with a host certificate; yield its port."""
    port = free_port()
    config = folder / "sshd_config"
    lines = [f"ListenAddress {ADDRESS}", f"Port {port}", f"HostKey {folder}/host", "PidFile none", "UsePAM no"]
    if certificate:
        (folder / "host-cert.pub").write_text(certificate)
        lines.append(f"HostCertificate {folder}/host-cert.pub")
    config.write_text("\n".join([*lines, ""]))
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", config], stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(5)


def host_key(folder: Path) -> Path:
    """Draw a key for an SSH server in a folder; return its public half."""
    key = folder / "host"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "another", "-f", key], check=True)
    return key.with_suffix(".pub")
