"""Keys that the card alone does not open, as an appliance: sealed by a TPM, opened by systemd for each service."""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drivers.seal import SealError
from drivers.seal.creds import Driver as Creds
from tests.appliance.live import wait_until
from tests.appliance.uplink.serving import Served
from tests.drivers.swtpm import chip, lacks_swtpm
from tests.fault.machine import need
from tests.ports import free_port
from tests.systemd.box import MACHI, Box, booted, lacks_box
from tests.systemd.conftest import FOLDER

TAP, UPLINK, KEYS = "machi-tap.service", "machi-uplink.service", "machitap-keys.service"
SEALED = ("unit.key", "card.key", "device.key")
PORT = 8102
# The TPM of this box answers at a port, which the service that seals may not ask on a device.
BESIDES = """
mkdir -p root/etc/systemd/system.conf.d root/etc/systemd/system/{keys}.d
printf '[Manager]\\nManagerEnvironment=SYSTEMD_TPM2_DEVICE={tpm}\\n' >root/etc/systemd/system.conf.d/tpm.conf
printf '[Service]\\nEnvironment=SYSTEMD_TPM2_DEVICE={tpm}\\nPrivateNetwork=no\\nIPAddressAllow=localhost\\n' \\
    >root/etc/systemd/system/{keys}.d/tpm.conf
printf 'RestrictAddressFamilies=AF_INET\\n' >>root/etc/systemd/system/{keys}.d/tpm.conf
"""


@dataclass
class Board:
    """A box with a TPM that can be taken out, and another one put in."""

    box: Box
    chips: Path
    port: int
    tpm: str
    secrets: dict[str, bytes] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def put_in(self, name: str) -> None:
        self.take_out()
        self._stack.enter_context(chip(self.chips / name, self.port))

    def take_out(self) -> None:
        self._stack.close()

    def machi(self, *words: str) -> str:
        return self.box.run("env", f"SYSTEMD_TPM2_DEVICE={self.tpm}", MACHI, "unit", *words).stdout

    def view(self) -> dict[str, Any]:
        page = ["nsenter", f"--net=/proc/{self.box.shown(TAP, 'MainPID')}/ns/net", "curl", "--silent"]
        return dict(json.loads(self.box.run(*page, f"http://127.0.0.1:{PORT}/view").stdout or "{}"))


@pytest.fixture(scope="module")
def board(town: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """A box that is let in while it has its TPM, and not started yet."""
    need(lacks_box(), lacks_swtpm())
    port = free_port()
    tpm = f"swtpm:host=127.0.0.1,port={port}"
    with booted(BESIDES.format(tpm=tpm, keys=KEYS)) as box:
        board = Board(box, tmp_path_factory.mktemp("chips"), port, tpm)
        try:
            board.put_in("ours")
            ticket = town.centre.enroller.invite("keys01", "library", "facility", f"https://localhost:{town.port}")
            box.do(MACHI, "unit", "init", FOLDER, "--name", "keys01", "--screen-port", str(PORT))
            box.do(MACHI, "unit", "enrol", FOLDER, "-", given=msgspec.json.encode(ticket).decode())
            key = json.loads(box.do("cat", f"{FOLDER}/enrolment.json"))["card_key"]
            board.secrets = {"card.key": key.encode()} | {
                name: box.do("cat", f"{FOLDER}/{path}").splitlines()[1].encode()
                for name, path in (("unit.key", "unit.key"), ("device.key", "tls/device.key"))
            }
            box.do("systemctl", "start", "machi-unit.target")
            yield board
        finally:
            board.take_out()


def serves(board: Board) -> bool:
    said = json.loads(board.machi("status", FOLDER, "--json") or "{}")
    return said.get("closed", "?") is None and said.get("unsent") == 0


def copied(board: Board, to: Path) -> Path:
    """Take a copy of everything that a unit keeps, as whoever has its card can."""
    for kept in ("machitap", "machi-uplink", "systemd"):
        shutil.copytree(f"/proc/{board.box.first}/root/var/lib/{kept}", to / kept, symlinks=True, ignore=_no_sockets)
    return to


def _no_sockets(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if (Path(folder) / name).is_socket()]


@pytest.mark.threat("stolen SD card")
def test_a_copied_card_opens_nothing_without_its_tpm(board: Board, tmp_path: Path) -> None:
    wait_until(lambda: serves(board), lambda: f"{board.box.log(KEYS)}{board.box.log(TAP)}{board.box.log(UPLINK)}", 90)
    assert "by: tpm" in board.machi("seal", FOLDER)
    card = copied(board, tmp_path)
    files = [path for path in card.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) > 10
    found = {path.name for path in files for secret in board.secrets.values() if secret in path.read_bytes()}
    assert found == set(), "nothing of them lies there in the clear"
    hidden = {name: next(card.rglob(f"{name}.sealed")).read_bytes() for name in SEALED}
    port = free_port()
    with chip(tmp_path / "theirs", port) as theirs:
        for driver in (Creds(), Creds(Creds.Options(tpm=theirs))):
            for name, content in hidden.items():
                with pytest.raises(SealError):
                    driver.open(name, content)
    ours = Creds(Creds.Options(tpm=board.tpm))
    assert all(board.secrets[name] in ours.open(name, content) for name, content in hidden.items()), "on its own board"


def test_each_service_has_its_own_keys_and_no_other(board: Board) -> None:
    for service, names in ((TAP, ["card.key", "unit.key"]), (UPLINK, ["device.key"])):
        assert board.box.do("ls", f"/run/credentials/{service}").split() == names
        user = board.box.shown(service, "User")
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        other = UPLINK if service == TAP else TAP
        assert board.box.run(*as_user, "cat", f"/run/credentials/{service}/{names[-1]}").returncode == 0
        assert board.box.run(*as_user, "ls", f"/run/credentials/{other}").returncode != 0


@pytest.mark.fault(
    "the TPM by which a unit's keys are sealed is gone, or is another one",
    people="The screen says that the unit cannot open its keys, and to call whoever looks after the units.",
    lost="nothing: the journal is as it was; without that TPM the unit needs new keys, and its journal is brought in",
    found="At the start, by the service that opens them; by the doctor, and in the log, with what to do.",
)
def test_without_its_tpm_it_says_so_and_does_not_fall_over(board: Board) -> None:
    board.take_out()
    board.box.do("systemctl", "restart", "machi-unit.target")
    wait_until(lambda: board.view().get("closed"), lambda: board.box.log(TAP), 90)
    assert "鍵が開かない" in board.view()["closed"]["ja"]
    assert board.box.is_active(TAP)
    assert board.box.shown(KEYS, "Result") == "exit-code"
    assert "machi unit enrol --again" in board.box.log(KEYS)
    assert "封じられていて、ここでは開けません" in board.machi("doctor", FOLDER)
    board.put_in("theirs")
    assert "integrity check failed" in board.machi("seal", FOLDER), "another one is as good as none"
    board.put_in("ours")
    board.box.do("systemctl", "restart", "machi-unit.target")
    wait_until(lambda: serves(board), lambda: board.box.log(TAP) + board.box.log(KEYS), 90)


def test_laid_open_again_for_another_board(board: Board) -> None:
    board.machi("unseal", FOLDER)
    assert board.secrets["unit.key"].decode() in board.box.do("cat", f"{FOLDER}/unit.key")
    board.take_out()
    board.put_in("theirs")
    board.box.do("systemctl", "restart", "machi-unit.target")
    wait_until(lambda: serves(board), lambda: board.box.log(TAP) + board.box.log(KEYS), 90)
    assert board.box.run("ls", f"{FOLDER}/unit.key").returncode != 0, "sealed by what this board has"
