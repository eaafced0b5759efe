"""What an image says of its own updates, read by the program that is in it."""

import configparser
from pathlib import Path

import build
import updating
from appliance.updates import boot_of, read_settings
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
    assert (settings.version, settings.floor) == (ABOUT.version, ABOUT.floor)
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
