"""A box as an image would make it, booted: this machine's own files under an overlay, and systemd as first process.

Nothing is written to this machine: what the box changes lies in a tmpfs, in a mount namespace that ends with it. It has
this machine's network, so that a centre of the test can be its town's.
"""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.appliance.live import Done, wait_until
from tests.fault.machine import lacks_root

ROOT = Path(__file__).parents[2]
PACKAGES = Path(sys.executable).parents[1] / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
MACHI = "/opt/machitap/bin/machi"

# The program is laid out as on a device, in /opt/machitap; only that its files are those of this working copy.
BEGIN = """
set -eu
mount -t tmpfs box "$1"; cd "$1"; mkdir up work root
mount -t overlay box -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" root
rm -rf root/etc/systemd/system root/opt/machitap; mkdir -p root/etc/systemd/system root/var/tmp
"$2/systemd/install" root; "$2/firmware-config/install" root
mkdir -p root/usr/lib/systemd/system/machi-tap.service.d
printf '[Service]\\nWatchdogSec=2\\n' >root/usr/lib/systemd/system/machi-tap.service.d/impatient.conf
printf '%s\\n' "$4" >root/etc/machine-id
"$3" -m venv --without-pip root/opt/machitap; mkdir -p root/opt/machitap/ours root/opt/machitap/theirs
cd root/opt/machitap/lib/python3*/site-packages
printf '%s\\n' /opt/machitap/ours /opt/machitap/theirs >ours.pth
cd "$1"
printf '#!/opt/machitap/bin/python3\\nfrom machi import main\\nmain()\\n' >root/opt/machitap/bin/machi
chmod +x root/opt/machitap/bin/machi
systemd-sysusers --root=root machitap.conf
systemctl --root=root --quiet preset machi-unit.target pcscd.socket
sh -euc "$6"
exec systemd-nspawn --quiet --directory=root --register=no --keep-unit --console=pipe \\
    --capability=CAP_NET_ADMIN --system-call-filter=@clock \\
    --bind-ro="$2:/opt/machitap/ours" --bind-ro="$5:/opt/machitap/theirs" \\
    --boot systemd.unit=machi-unit.target
"""


@dataclass(frozen=True)
class Box:
    """A running box, by its first process."""

    first: int

    def run(self, *command: str, given: str | None = None) -> Done:
        """Run a command in the box, as its root."""
        inside = ["nsenter", f"--target={self.first}", "--mount", "--uts", "--ipc", "--pid", *command]
        return subprocess.run(inside, capture_output=True, text=True, check=False, timeout=60, input=given)

    def do(self, *command: str, given: str | None = None) -> str:
        """Run a command in the box that has to work; return what it says."""
        done = self.run(*command, given=given)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def is_active(self, service: str) -> bool:
        return self.run("systemctl", "is-active", "--quiet", service).returncode == 0

    def shown(self, service: str, name: str) -> str:
        """Return a property of a service."""
        return self.do("systemctl", "show", "--value", f"--property={name}", service)

    def process(self, service: str) -> int:
        """Return the main process of a service, by the number that it has outside the box; 0 while there is none."""
        within = self.shown(service, "MainPID")
        return next((pid for pid, inside in _processes(self.first) if inside == within), 0)

    def log(self, service: str) -> str:
        return self.run("journalctl", "--no-pager", "--output=cat", f"--unit={service}").stdout


def lacks_box() -> str:
    """Return why no box can be booted here, or ""."""
    if lacks_root():
        return "only root may boot a box; run the tests as root to see this"
    if shutil.which("systemd-nspawn") is None:
        return "systemd-nspawn is not installed (package systemd-container)"
    mount = ["unshare", "--mount", "mount", "-t", "tmpfs", "box", "/mnt"]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    return f"nothing can be mounted here: {done.stderr.strip()}" if done.returncode else ""


@contextmanager
def booted(besides: str = "") -> Iterator[Box]:
    """Boot a box that no town has let in yet; `besides`: a script that changes the folder `root` before."""
    with (
        TemporaryDirectory(prefix="box-") as folder,
        (Path(folder).parent / f"{Path(folder).name}.log").open("wb") as log,
    ):
        base = f"{sys.base_prefix}/bin/python3"
        given = [folder, str(ROOT), base, "0123456789abcdef0123456789abcdef", str(PACKAGES / "site-packages"), besides]
        command = ["unshare", "--mount", "--propagation=private", "sh", "-c", BEGIN, "box", *given]
        nspawn = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield _wait_for_boot(nspawn, Path(log.name))
        finally:
            nspawn.send_signal(signal.SIGTERM)  # once: a second one would leave its processes behind
            nspawn.wait(60)
    Path(log.name).unlink()


def _wait_for_boot(nspawn: subprocess.Popen[bytes], log: Path) -> Box:
    def first() -> int | None:
        assert nspawn.poll() is None, log.read_text(errors="replace")
        return next((pid for pid, inside in _processes(nspawn.pid) if inside == "1"), None)

    wait_until(first, lambda: log.read_text(errors="replace"))
    box = Box(first() or 0)
    up = ("running", "degraded")
    wait_until(lambda: box.run("systemctl", "is-system-running").stdout.strip() in up, "the box does not come up", 60)
    return box


def _processes(above: int) -> Iterator[tuple[int, str]]:
    """Yield the processes below one, and the numbers that they have in the innermost of their namespaces."""
    for pid in _read(Path(f"/proc/{above}/task/{above}/children")).split():
        lines = _read(Path(f"/proc/{pid}/status")).splitlines()
        yield from ((int(pid), line.split()[-1]) for line in lines if line.startswith("NSpid:"))
        yield from _processes(int(pid))


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):  # it has ended since it was listed
        return ""
