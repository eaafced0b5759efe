"""What goes into an image: which mirrors are asked, and what of our own code is laid out."""

import subprocess
import zipfile
from pathlib import Path

import pytest

import build
import environment
import mirrors
import roots
import screens
from machine import REPOSITORY, BuildError

ENTRY_POINTS = """[console_scripts]
machi = machi:main

[machitap.commands]
card = drivers.card.cli:card
central = central.cli:central
simulate = simulation.cli:simulate
unit = appliance.cli:unit
"""


def wheel(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name in names:
            packed.writestr(name, ENTRY_POINTS if name.endswith("entry_points.txt") else name)
    return path


def test_debian_13_comes_from_where_this_machine_gets_its_own() -> None:
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"]
    own = set(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split())
    found = [line.split() for line in mirrors.lines()]
    assert {words[2] for words in found} == own
    assert {words[3].partition("-")[0] for words in found} == {"trixie"}
    assert {tuple(words[4:]) for words in found} == {("main", "non-free-firmware")}


def test_the_lists_name_each_package_once() -> None:
    for name in ("module", "no-screen", "kiosk", "wheels"):
        assert len(roots.listed(name)) == len(set(roots.listed(name))) > 0
    assert not {"gcc", "make", "swig"} & set(roots.listed("no-screen"))


def test_what_a_screen_needs_is_added_and_nothing_is_said_twice() -> None:
    for name in filter(None, screens.LISTS.values()):
        assert not set(roots.listed(name)) & set(roots.listed(screens.WITHOUT))
    assert {"weston", "seatd", "chromium", "curl"} <= set(roots.listed("kiosk"))
    for name in ("kiosk", "no-screen"):
        assert any(package.startswith("fonts-") for package in roots.listed(name)), "letters are in neither's program"


def test_every_kind_of_unit_has_packages_by_what_it_says_of_its_screen() -> None:
    kinds = {file.stem for file in (REPOSITORY / "firmware-config" / "kinds").glob("*.toml")}
    found = {kind: screens.LISTS[build.screen_of(REPOSITORY, kind)] for kind in kinds}
    assert {kind: name for kind, name in found.items() if name} == {"kiosk": "kiosk"}


def test_a_kind_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(BuildError, match=r"firmware-config/kinds has no kiosque; say one of bus, kiosk"):
        build.screen_of(REPOSITORY, "kiosque")


def test_of_our_house_only_what_a_unit_needs_is_laid_out(tmp_path: Path) -> None:
    packages = tmp_path / environment.PACKAGES
    (tmp_path / environment.HOME / "bin").mkdir(parents=True)
    names = ("appliance/tap.py", "central/server.py", "machi.py", "simulation/town.py", "sync/entries.py")
    ours = wheel(tmp_path / "machitap-0.1.0-py3-none-any.whl", *names, "machitap-0.1.0.dist-info/entry_points.txt")
    environment._unpack(ours, packages, environment.OURS)
    environment._command(tmp_path)
    assert sorted(path.name for path in packages.iterdir()) == [
        "appliance",
        "machi.py",
        "machitap-0.1.0.dist-info",
        "sync",
    ]
    left = (packages / "machitap-0.1.0.dist-info/entry_points.txt").read_text().splitlines()
    assert [line for line in left if " = " in line] == [
        "machi = machi:main",
        "card = drivers.card.cli:card",
        "unit = appliance.cli:unit",
    ]
    assert (tmp_path / environment.HOME / "bin/machi").stat().st_mode & 0o111 == 0o111


def test_what_we_call_ours_is_there() -> None:
    """A building that a unit needs and that is not named would be missing on every unit."""
    for name in environment.OURS:
        assert (REPOSITORY / name).exists()


def test_manuals_of_a_wheel_are_left_out_and_modules_kept_apart_are_refused(tmp_path: Path) -> None:
    environment._unpack(wheel(tmp_path / "a.whl", "a/__init__.py", "a-1.data/data/man/a.1"), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]
    with pytest.raises(BuildError, match=r"b-1\.data/platlib/b\.so"):
        environment._unpack(wheel(tmp_path / "b.whl", "b-1.data/platlib/b.so"), tmp_path / "out")
