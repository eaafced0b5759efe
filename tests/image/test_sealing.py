"""The image on a board with a TPM: its keys are sealed by that alone, and open again at the next start.

QEMU's TPM is Debian's swtpm behind registers, as a board has it; the image's own kernel and libraries find it.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.card.sim.pki import TestPki
from drivers.seal import Holder
from drivers.seal.creds import Driver
from tests.appliance.live import wait_until
from tests.appliance.uplink.serving import Served
from tests.fault.machine import need
from tests.image.emulated import Machine, started, written
from tests.image.service import FOLDER, MACHI, PATIENCE_S, set_up, status, trusted

pytestmark = pytest.mark.image

SECRETS = (f"{FOLDER}/unit.key", "/var/lib/machi-uplink/tls/device.key")


@contextmanager
def chip(folder: Path) -> Iterator[tuple[str, ...]]:
    """Have a TPM, and yield how QEMU is told of it."""
    folder.mkdir()
    command = ("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}", "--ctrl", f"type=unixio,path={folder}/ctrl")
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            wait_until((folder / "ctrl").exists, lambda: "swtpm does not begin")
            door = ("-chardev", f"socket,id=chip,path={folder}/ctrl", "-tpmdev", "emulator,id=tpm,chardev=chip")
            yield (*door, "-device", "tpm-tis-device,tpmdev=tpm")
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def sealed(image: Path, town: Served, pki: TestPki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    need("" if shutil.which("swtpm") else "not installed: swtpm")
    folder = tmp_path_factory.mktemp("sealed")
    with chip(folder / "chip") as board, started(written(image, folder), folder, more=board) as machine:
        set_up(machine, town, trusted(pki, folder / "trust"))
        yield machine


def test_the_keys_are_sealed_by_the_tpm_alone(sealed: Machine) -> None:
    for secret in SECRETS:
        assert sealed.run(f"ls {secret}").returncode != 0, f"{secret} lies in the clear"
        assert Driver().holder(sealed.do(f"cat {secret}.sealed").encode()) is Holder.TPM
    assert sealed.run("ls /var/lib/machi-seal/credential.secret /var/lib/systemd/credential.secret").returncode != 0
    report = json.loads(sealed.run(f"{MACHI} unit doctor {FOLDER} --json").stdout)
    (found,) = [check for check in report["checks"] if check["name"] == "seal"]
    assert found["english"] == "by the TPM of this board"


def test_they_open_at_the_next_start(sealed: Machine) -> None:
    sealed.restart()
    wait_until(lambda: status(sealed).get("readers"), sealed.said, PATIENCE_S, 1)
    assert status(sealed)["closed"] is None
