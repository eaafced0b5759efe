"""The keeper's process as an appliance: it listens for neighbours, and behind its walls sees nothing of its unit."""

import subprocess
from collections.abc import Iterator

import httpx
import pytest

from sync import letters
from tests.appliance.live import wait_until
from tests.ports import free_port
from tests.systemd.box import Box
from tests.systemd.conftest import FOLDER

KEEPER = "machi-keeper.service"


@pytest.fixture
def port(box: Box) -> Iterator[int]:
    """The box, with a keeper in its configuration; for the tests behind, it keeps nothing any more."""
    wait_until(lambda: box.shown(KEEPER, "ActiveState") == "inactive", lambda: box.log(KEEPER), 60)
    assert box.shown(KEEPER, "Result") == "success", "it ends in order where nothing is to be kept"
    number = free_port()
    box.do("cp", f"{FOLDER}/unit.toml", "/run/unit.toml")
    box.do("tee", "-a", f"{FOLDER}/unit.toml", given=f"\n[keeper]\nport = {number}\n")
    box.do("systemctl", "restart", "machi-unit.target")
    yield number
    box.do("cp", "/run/unit.toml", f"{FOLDER}/unit.toml")
    box.do("systemctl", "restart", "machi-unit.target")


def test_it_listens_and_sees_nothing_of_its_unit(box: Box, port: int) -> None:
    def answers() -> bool:
        try:
            answer = httpx.post(f"http://127.0.0.1:{port}{letters.PATH}lib01", trust_env=False)
        except httpx.TransportError:
            return False
        return answer.status_code == httpx.codes.FORBIDDEN

    wait_until(answers, lambda: box.log(KEEPER), 60)
    process = box.process(KEEPER)
    inside = ["nsenter", f"--target={process}", "--mount"]
    user = ["setpriv", "--reuid=machi-keeper", "--regid=machi-keeper", "--init-groups"]
    seen = subprocess.run([*inside, "ls", FOLDER], capture_output=True, text=True, check=True).stdout.split()
    assert seen == ["cellar", "kept", "unit.toml"]
    for place in ("/etc", "/opt", "/run", "/usr", "/var", FOLDER, f"{FOLDER}/cellar"):
        done = subprocess.run([*inside, "touch", f"{place}/new"], capture_output=True, text=True, check=False)
        assert "Read-only file system" in done.stderr, f"it can write to {place}"
    for secret in ("unit.key", "enrolment.json", "journal.db"):
        assert box.run(*user, "cp", f"{FOLDER}/{secret}", "/dev/null").returncode != 0
    wait_until(lambda: "says whose twins" in box.log(KEEPER).splitlines()[-1], lambda: box.log(KEEPER), 60)
    assert box.do("stat", "--format=%U %a", "/var/lib/machi-keeper") == "machi-keeper 700"
    assert box.do("readlink", "-f", f"{FOLDER}/kept") == "/var/lib/machi-keeper"
