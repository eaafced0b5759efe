"""The image on a board with a TPM: its keys are sealed by that alone, and open again at the next start.

QEMU gives a TPM to no machine for which Debian's arm64 kernel has the driver, so the kernel's own proxy (`/dev/vtpmx`)
makes `/dev/tpmrm0`, and what it is asked is carried to Debian's swtpm out here. All in front of that is the image's.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.card.sim.pki import TestPki
from drivers.seal import Holder
from drivers.seal.creds import Driver
from tests.appliance.live import wait_until
from tests.appliance.uplink.serving import Served
from tests.drivers.swtpm import chip, lacks_swtpm
from tests.fault.machine import need
from tests.image.emulated import HOST, Machine, started, written
from tests.image.service import FOLDER, MACHI, PATIENCE_S, PYTHON, TAP, page, set_up, status, trusted
from tests.ports import free_port

pytestmark = pytest.mark.image

SECRETS = {"unit.key", "card.key", "device.key"}
FOLDERS = f"{FOLDER} /var/lib/machi-uplink"
KEYS_OF_HOST = ("/var/lib/machi-seal/credential.secret", "/var/lib/systemd/credential.secret")
# VTPM_PROXY_IOC_NEW_DEV of linux/vtpm_proxy.h, for a TPM 2. A locality is asked of the proxy itself, and granted.
PROXY = """
import fcntl, os, socket, struct
link = socket.create_connection(("{host}", {port}))
chip = link.makefile("rb")
asked = struct.pack("5I", 1, 0, 0, 0, 0)
far = struct.unpack("5I", fcntl.ioctl(os.open("/dev/vtpmx", os.O_RDWR), 0xC014A100, asked))[2]
while command := os.read(far, 4096):
    if command[6:10] == bytes.fromhex("20001000"):
        answer = bytes.fromhex("80010000000a00000000")
    else:
        link.sendall(command)
        answer = chip.read(10)
        answer += chip.read(struct.unpack_from(">I", answer, 2)[0] - 10)
    os.write(far, answer)
"""


@dataclass(frozen=True)
class Sealed:
    """A unit, and where its TPM answers."""

    machine: Machine
    port: int

    def put_in(self) -> None:
        """Fit the TPM, as a start finds it."""
        self.machine.do("cat >/run/chip.py", given=PROXY.format(host=HOST, port=self.port).encode())
        self.machine.do("modprobe tpm_vtpm_proxy")
        # It begins anew until the network is there.
        self.machine.do(f"systemd-run --quiet --unit=chip -p Restart=on-failure -p RestartSec=2 {PYTHON} /run/chip.py")
        wait_until(lambda: self.machine.run("ls /dev/tpmrm0").returncode == 0, self.machine.said, PATIENCE_S)


@pytest.fixture(scope="module")
def sealed(image: Path, town: Served, pki: TestPki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sealed]:
    need(lacks_swtpm())
    folder, port = tmp_path_factory.mktemp("sealed"), free_port()
    with chip(folder / "chip", port), started(written(image, folder), folder) as machine:
        unit = Sealed(machine, port)
        unit.put_in()
        set_up(machine, town, trusted(pki, folder / "trust"))
        yield unit


def test_the_keys_are_sealed_by_the_tpm_alone(sealed: Sealed) -> None:
    unit = sealed.machine
    assert unit.do(f"find {FOLDERS} -name '*.key'") == "", "in the clear"
    sealed_files = unit.do(f"find {FOLDERS} -name '*.sealed'").split()
    assert {Path(name).stem for name in sealed_files} == SECRETS
    assert {Driver().holder(unit.do(f"cat {name}").encode()) for name in sealed_files} == {Holder.TPM}
    assert [name for name in KEYS_OF_HOST if unit.run(f"ls {name}").returncode == 0] == []
    report = json.loads(unit.run(f"{MACHI} unit doctor {FOLDER} --json").stdout)
    (found,) = [finding for finding in report["findings"] if finding["part"] == "seal"]
    assert found["en"] == "by the TPM of this board"


def test_a_start_without_it_opens_nothing_until_it_is_there(sealed: Sealed) -> None:
    unit = sealed.machine
    unit.restart()
    wait_until(lambda: unit.run(f"systemctl is-active {TAP}").returncode == 0, unit.said, PATIENCE_S, 1)
    assert "鍵が開かない" in page(unit, "/view")["closed"]["ja"]
    sealed.put_in()
    wait_until(lambda: status(unit).get("readers"), lambda: f"{status(unit)}", PATIENCE_S, 1)
    assert status(unit)["closed"] is None
