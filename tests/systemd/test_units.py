"""What systemd itself says about our files, without starting anything; and what they must never say."""

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from appliance.cli import unit
from tests.fault.machine import lacks_root, need
from tests.systemd.box import ROOT

SYSTEM = ROOT / "systemd" / "system"
SERVICES = sorted(path.name for path in SYSTEM.glob("*.service"))
OF_THE_UNIT = ["machi-keeper.service", "machi-tap.service", "machi-twin.service", "machi-uplink.service"]
EXPOSURE_MAX = 15  # of 100; a service without walls has 96
LATE = re.compile(r"network-online|network\.target|time-sync|time-set|wait-online")
PROGRAM = "/opt/machitap/bin/machi"
STICK = "media-twin.mount"
KEYS = "machitap-keys.service"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root as an image would have it: our files, Debian's units, and a program where ours will be."""
    subprocess.run([ROOT / "systemd" / "install", tmp_path], check=True)
    (tmp_path / "etc").mkdir()
    for name in ("sysinit.target", "basic.target", "shutdown.target", "multi-user.target", "sockets.target"):
        shutil.copy(f"/usr/lib/systemd/system/{name}", tmp_path / "usr/lib/systemd/system")
    for name in ("pcscd.service", "pcscd.socket", "seatd.service"):
        shutil.copy(f"/usr/lib/systemd/system/{name}", tmp_path / "usr/lib/systemd/system")
    for path in (PROGRAM, "/usr/bin/chown", "/usr/bin/weston", "/usr/sbin/pcscd", "/usr/lib/systemd/systemd"):
        program = tmp_path / path[1:]
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    return tmp_path


def systemd(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)


def settings(name: str) -> list[tuple[str, str]]:
    """Return every setting of a unit, in its order: its file, the walls of all, and what it has behind them."""
    walls = SYSTEM.glob("machi-.service.d/*") if name.startswith("machi-") else ()
    files = [SYSTEM / name, *walls, *sorted(SYSTEM.glob(f"{name}.d/*"))]
    lines = "\n".join(file.read_text().replace("\\\n", "") for file in files).splitlines()
    return [(key, value) for line in lines if "=" in line and line[0] != "#" for key, value in [line.split("=", 1)]]


def test_there_is_a_service_for_each_process() -> None:
    assert sorted(["machi-display.service", "machi-screen.service", KEYS, *OF_THE_UNIT]) == SERVICES


@pytest.mark.parametrize("name", [*SERVICES, "machi-unit.target", STICK, "pcscd.service"])
def test_systemd_understands_every_word(root: Path, name: str) -> None:
    done = systemd("systemd-analyze", "verify", "--man=no", f"--root={root}", name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_hardly_exposed(root: Path, name: str) -> None:
    limit = f"--threshold={EXPOSURE_MAX}"
    done = systemd("systemd-analyze", "security", "--offline=true", limit, "--no-pager", f"--root={root}", name)
    assert done.returncode == 0, done.stdout
    assert "Overall exposure level" in done.stdout


def test_pcscd_is_less_exposed_than_debian_12_leaves_it(root: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=30", "--no-pager", f"--root={root}"]
    assert systemd(*command, "pcscd.service").returncode == 0
    shutil.rmtree(root / "usr/lib/systemd/system/pcscd.service.d")
    assert systemd(*command, "pcscd.service").returncode == 1


def test_udev_gives_the_daemon_the_two_switches_of_a_usb_device(tmp_path: Path) -> None:
    rules = (ROOT / "firmware-config/root/usr/lib/udev/rules.d/94-machitap-power.rules").read_text()
    port, device = tmp_path / "hub/1-1:1.0/1-1-port2/disable", tmp_path / "hub/1-1.2/authorized"
    for switch in (port, device):
        switch.parent.mkdir(parents=True)
        switch.write_text("0")
    commands = re.findall(r"RUN\+=\"/bin/sh -c '(.*)'\"", rules)
    for command, place, switch in zip(commands, ("1-1:1.0", "1-1.2"), (port, device), strict=True):
        assert "chown -f machi-tap /sys%p/" in command
        named = command.replace("chown -f machi-tap", "echo").replace("/sys%p", f"{tmp_path}/hub/{place}")
        assert systemd("sh", "-c", named).stdout.strip() == str(switch)


def test_users_are_made_and_may_be_made_again(root: Path) -> None:
    need(lacks_root())
    for _ in range(2):
        done = systemd("systemd-sysusers", f"--root={root}", "machitap.conf")
        assert done.returncode == 0, done.stderr
    users = {line.split(":")[0] for line in (root / "etc/passwd").read_text().splitlines()}
    groups = {line.split(":")[0]: line.split(":")[3] for line in (root / "etc/group").read_text().splitlines()}
    assert {"machi-tap", "machi-twin", "machi-uplink", "machi-keeper", "machi-display", "machi-screen"} <= users
    assert set(groups["machi-hatch"].split(",")) == {"machi-twin", "machi-uplink", "machi-keeper"}


def test_every_user_and_group_of_a_service_is_made_by_us_or_by_debian() -> None:
    ours = re.findall(r"^[ug] +(\S+)", (ROOT / "systemd/sysusers.d/machitap.conf").read_text(), re.MULTILINE)
    debian = {line.split(":")[0] for line in Path("/usr/share/base-passwd/group.master").read_text().splitlines()}
    for name in SERVICES:
        wanted = [
            word for key, value in settings(name) if key in ("Group", "SupplementaryGroups") for word in value.split()
        ]
        assert set(wanted) <= {*ours, *debian}, "a service is not started with a group that is not there"
        assert dict(settings(name)).get("User", "root") in (*ours, "root" if name == KEYS else "")


def test_folders_are_made_and_may_be_made_again(root: Path) -> None:
    need(lacks_root())
    systemd("systemd-sysusers", f"--root={root}", "machitap.conf")
    for _ in range(2):
        done = systemd("systemd-tmpfiles", f"--root={root}", "--create", "machitap.conf")
        assert (done.returncode, done.stderr) == (0, "")
    assert (root / "var/lib/machitap").stat().st_mode & 0o7777 == 0o2750
    assert (root / "var/lib/machi-keeper").stat().st_mode & 0o7777 == 0o700
    assert (root / "var/lib/machitap/cellar").stat().st_mode & 0o7777 == 0o2750
    assert (root / "var/lib/machitap/kept").readlink() == Path("../machi-keeper")
    assert (root / "var/lib/machi-uplink").stat().st_mode & 0o7777 == 0o700
    assert (root / "var/lib/machitap/tls").readlink() == Path("../machi-uplink")


@pytest.mark.parametrize("name", [*SERVICES, "machi-unit.target"])
def test_no_unit_waits_for_a_network_or_for_the_time(name: str) -> None:
    assert [setting for setting in settings(name) if LATE.search(setting[1])] == []


@pytest.mark.parametrize("name", OF_THE_UNIT)
def test_it_runs_a_command_that_there_is_with_what_its_help_names(name: str) -> None:
    command = dict(settings(name))["ExecStart"].split()
    assert command[:2] == [PROGRAM, "unit"]
    verb = unit.commands[command[2]]
    known = {option for parameter in verb.params if isinstance(parameter, click.Option) for option in parameter.opts}
    assert {word for word in command[3:] if word.startswith("-")} <= known
    assert dict(settings(name)).get("StateDirectory") in ("machitap", "machi-uplink", "machi-keeper", None)
    assert command[3] == "/var/lib/machitap", "the folder that every command takes if none is named"


def test_what_an_image_starts(root: Path) -> None:
    started = ("machi-unit.target", "pcscd.socket", STICK)
    systemd("systemctl", f"--root={root}", "preset", *started)
    done = systemd("systemctl", f"--root={root}", "is-enabled", *started)
    assert done.stdout.split() == ["enabled", "enabled", "enabled"]
    wants = root / "etc/systemd/system" / r"dev-disk-by\x2dlabel-MACHI\x2dTWIN.device.wants"
    assert (wants / STICK).is_symlink(), "the stick is mounted when it is plugged in"


def test_the_boards_watchdog_is_within_what_a_pi_can_do(root: Path) -> None:
    said = systemd("systemd-analyze", f"--root={root}", "cat-config", "systemd/system.conf").stdout
    assert int(dict(re.findall(r"^(\w+)=(\w+)$", said, re.MULTILINE))["RuntimeWatchdogSec"]) < 15


def test_polkit_is_told_of_the_user_that_asks_pcscd() -> None:
    rule = (ROOT / "systemd/polkit-1/rules.d/50-machitap.rules").read_text()
    assert f'subject.user == "{dict(settings("machi-tap.service"))["User"]}"' in rule
