"""The third process of a unit as an appliance: a stick comes and goes, and the process behind its walls sees it."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.appliance.live import wait_until
from tests.systemd.box import MACHI, Box
from tests.systemd.conftest import FOLDER
from tests.systemd.test_box import interfaces

TWIN = "machi-twin.service"
STICK = "/media/twin"


def twin(box: Box) -> dict[str, Any]:
    said = json.loads(box.run(MACHI, "unit", "status", FOLDER, "--json").stdout or "{}")
    found: dict[str, Any] = said.get("twin", {})
    return found


@pytest.fixture
def fitted(box: Box) -> Iterator[Box]:
    """The box, with a twin in its configuration and no stick yet; for the tests behind, it is not fitted any more."""
    assert (box.shown(TWIN, "ActiveState"), box.shown(TWIN, "Result")) == ("inactive", "success"), box.log(TWIN)
    box.do("cp", f"{FOLDER}/unit.toml", "/run/unit.toml")
    box.do("tee", "-a", f"{FOLDER}/unit.toml", given='\n[drivers.twin]\nmake = "stick"\n[twin]\nlook_s = 0.3\n')
    box.do("systemctl", "restart", "machi-unit.target")
    yield box
    box.do("cp", "/run/unit.toml", f"{FOLDER}/unit.toml")


def test_a_stick_comes_and_goes(fitted: Box) -> None:
    wait_until(lambda: twin(fitted).get("state") == "gone", lambda: f"{twin(fitted)}\n{fitted.log(TWIN)}", 60)
    fitted.do("mount", "-t", "tmpfs", "-o", "uid=machi-twin,mode=0700", "stick", STICK)
    wait_until(lambda: twin(fitted)["state"] == "ok", lambda: f"{twin(fitted)}\n{fitted.log(TWIN)}", 60)
    wait_until(lambda: twin(fitted)["lacks"] == 0, lambda: f"{twin(fitted)}\n{fitted.log(TWIN)}", 60)
    assert fitted.do("ls", STICK) == "lib01-1.twin"
    assert fitted.do("stat", "--format=%U %a", f"{STICK}/lib01-1.twin") == "machi-twin 600"
    has_walls(fitted)
    fitted.do("umount", STICK)
    wait_until(lambda: twin(fitted)["state"] == "gone", lambda: f"{twin(fitted)}\n{fitted.log(TWIN)}", 60)
    assert fitted.do("ls", STICK) == "", "nothing is written where no stick is"
    assert "WARN  twin" in fitted.run(MACHI, "unit", "doctor", FOLDER).stdout


def has_walls(box: Box) -> None:
    process = box.process(TWIN)
    assert interfaces(f"/proc/{process}/net/dev") == ["lo"], "it has no network"
    told = dict(line.split(":\t", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    assert int(told["CapEff"], 16) == int(told["CapBnd"], 16) == 0
    inside = ["nsenter", f"--target={process}", "--mount"]
    for place in ("/etc", "/opt", "/run", "/usr", "/var", "/var/lib", FOLDER):
        done = subprocess.run([*inside, "touch", f"{place}/new"], capture_output=True, text=True, check=False)
        assert "Read-only file system" in done.stderr, f"it can write to {place}"
    user = ["setpriv", "--reuid=machi-twin", "--regid=machi-twin", "--init-groups"]
    for secret in ("unit.key", "enrolment.json", "journal.db"):
        assert box.run(*user, "cp", f"{FOLDER}/{secret}", "/dev/null").returncode != 0
    for hidden in (f"{FOLDER}/trust", "/var/lib/machi-uplink"):
        done = subprocess.run([*inside, "ls", hidden], capture_output=True, text=True, check=False)
        assert done.returncode or not done.stdout, f"it can look into {hidden}"
