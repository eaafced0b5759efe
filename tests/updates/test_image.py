"""What an image says of its own updates, read by the program that is in it."""

import configparser
import shutil
import subprocess
from pathlib import Path

import build
import updating
from appliance.cli import unit
from appliance.updates import SETTINGS_FILE, Settings, boot_of, read_settings
from appliance.versions import is_older, read
from bundle import About
from drivers.boot.none import Driver as NoBoot
from drivers.boot.pi import Driver as Pi
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


def test_systemd_understands_the_service_that_looks_at_a_new_system(tmp_path: Path) -> None:
    name = "machitap-health.service"
    folder = tmp_path / "usr/lib/systemd/system"
    folder.mkdir(parents=True)
    service = (ROOT / "image-build/root/usr/lib/systemd/system" / name).read_text()
    (folder / name).write_text(service)
    for target in ("sysinit.target", "basic.target", "shutdown.target", "multi-user.target"):
        shutil.copy(f"/usr/lib/systemd/system/{target}", folder)
    program = tmp_path / "opt/machitap/bin/machi"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    command = ["systemd-analyze", "verify", "--man=no", f"--root={tmp_path}", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    said = dict(line.split("=", 1) for line in service.splitlines() if "=" in line and line[0] != "#")
    assert said["ExecStart"].split()[1:] == ["unit", "health"]
    assert "health" in unit.commands
    assert said["ConditionPathExists"] == str(SETTINGS_FILE)
    assert Settings().folder in said["ReadWritePaths"].split()
    preset = (ROOT / "image-build/root/usr/lib/systemd/system-preset/82-machitap-image.preset").read_text()
    assert f"enable {name}" in preset.splitlines()
