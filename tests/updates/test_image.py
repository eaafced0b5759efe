"""What an image says of its own updates, read by the program that is in it."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import build
import updating
from appliance.cli import unit
from appliance.config import BUNDLES_FOLDER, TLS_FOLDER
from appliance.updates import SETTINGS_FILE, Settings, boot_of, read_settings
from bundle import About
from drivers.boot.none import Driver as NoBoot
from drivers.boot.pi import Driver as Pi
from sync.versions import is_older, read
from tests.updates.board import ROOT

ABOUT = About("machitap-pi-4-tap", "0.1.0+202611291442.8e20d7f", "0.1.0")


def laid(root: Path, keyring: Path | None) -> Path:
    for name in ("etc/rauc/system.conf", "usr/lib/machitap/boot-slot"):
        path = root / name
        path.parent.mkdir(parents=True)
        path.write_bytes((ROOT / "image-build/root" / name).read_bytes())
    updating.lay(root, ABOUT, keyring)
    return root


def test_of_two_builds_of_one_number_the_later_commit_is_the_newer_one() -> None:
    first, second = (build.version("0.1.0", at, "8e20d7f") for at in (1_795_963_320, 1_795_963_380))
    assert first == "0.1.0+202611291442.8e20d7f"
    assert is_older(first, second)
    assert not is_older(first, updating.floor()), "an image that its own floor forbids could not be gone back to"


def test_an_image_says_what_it_is_and_whom_it_believes(tmp_path: Path) -> None:
    authority = tmp_path / "updates-ca.pem"
    authority.write_text("-----BEGIN CERTIFICATE-----\n")
    root = laid(tmp_path / "root", authority)
    settings = read_settings(root / "usr/lib/machitap/updates.toml")
    assert (settings.name, settings.version, settings.floor) == (ABOUT.name, ABOUT.version, ABOUT.floor)
    assert isinstance(boot_of(settings), Pi)
    read(settings.floor)
    assert (root / "etc/rauc/keyring.pem").read_text() == authority.read_text()
    rauc = configparser.ConfigParser()
    rauc.read(root / "etc/rauc/system.conf")
    assert rauc["system"]["compatible"] == ABOUT.name
    assert rauc["system"]["bundle-formats"] == "verity"
    assert (root / rauc["handlers"]["bootloader-custom-backend"][1:]).exists()
    kept = (ROOT / "image-build/root/usr/lib/machitap/kept").read_text().splitlines()
    assert str(Path(rauc["system"]["statusfile"]).parent) == settings.folder
    assert settings.folder in kept


def test_an_image_of_nobody_believes_nobody(tmp_path: Path) -> None:
    assert not (laid(tmp_path / "root", None) / "etc/rauc/keyring.pem").exists()


def test_a_device_without_an_image_has_no_slots(tmp_path: Path) -> None:
    assert isinstance(boot_of(read_settings(tmp_path / "updates.toml")), NoBoot)


def beside_debians(root: Path) -> Path:
    """Lay our services of an image into a root, beside what they need of systemd and a program where ours will be."""
    folder = root / "usr/lib/systemd/system"
    folder.mkdir(parents=True)
    for path in (ROOT / "image-build/root/usr/lib/systemd/system").glob("machitap-*"):
        shutil.copy(path, folder)
    for target in ("sysinit.target", "basic.target", "shutdown.target", "multi-user.target", "timers.target"):
        shutil.copy(f"/usr/lib/systemd/system/{target}", folder)
    program = root / "opt/machitap/bin/machi"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return folder


def settings_of(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line and line[0] != "#")


@pytest.mark.parametrize(
    ("name", "verb", "started"),
    [
        ("machitap-health.service", "health", "machitap-health.service"),
        ("machitap-update.service", "offered", "machitap-update.timer"),
    ],
)
def test_systemd_understands_what_an_image_runs_as_root(tmp_path: Path, name: str, verb: str, started: str) -> None:
    folder = beside_debians(tmp_path)
    command = ["systemd-analyze", "verify", "--man=no", f"--root={tmp_path}", name, started]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    said = settings_of(folder / name)
    assert said["ExecStart"].split()[1:] == ["unit", verb]
    assert verb in unit.commands
    assert said["ConditionPathExists"] == str(SETTINGS_FILE)
    assert Settings().folder in said["ReadWritePaths"].split()
    preset = (ROOT / "image-build/root/usr/lib/systemd/system-preset/82-machitap-image.preset").read_text()
    assert f"enable {started}" in preset.splitlines()


def test_what_installs_by_itself_is_hardly_exposed_and_has_no_network(tmp_path: Path) -> None:
    folder, name = beside_debians(tmp_path), "machitap-update.service"
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", f"--root={tmp_path}"]
    done = subprocess.run([*command, name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    said = settings_of(folder / name)
    assert (said["PrivateNetwork"], said["RestrictAddressFamilies"]) == ("yes", "AF_UNIX")
    assert said["ConditionPathExistsGlob"] == f"/var/lib/machi-uplink/{Path(BUNDLES_FOLDER).name}/*"
    link = (ROOT / "systemd/tmpfiles.d/machitap.conf").read_text()
    assert re.search(rf"^L /var/lib/machitap/{TLS_FOLDER} .* \.\./machi-uplink$", link, re.MULTILINE)
    tap = (ROOT / "systemd/system/machi-tap.service").read_text()
    devices = {line for line in tap.splitlines() if line.startswith("DeviceAllow=") and "rtc" not in line}
    assert devices <= set((folder / name).read_text().splitlines()), "what the daemon has is what the doctor looks at"
