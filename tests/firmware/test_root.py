"""What is the same on every board, laid into a root: each file is read by the program that it is for."""

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.firmware.conftest import ROOT, run

FILES = ROOT / "firmware-config/root"
UNITS = ["machi-time-sources.service", "machi-time-sources.path"]
CHANGED = ["chrony.service", "nftables.service"]
LATE = re.compile(r"network-online|time-sync|time-set|wait-online")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root as an image would have it: our files, Debian's units, and the programs that they start."""
    for install in ("systemd/install", "firmware-config/install"):
        assert run(ROOT / install, tmp_path).returncode == 0
    units = tmp_path / "usr/lib/systemd/system"
    debian = Path("/usr/lib/systemd/system")
    for path in (*debian.glob("*.target"), *(debian / name for name in CHANGED)):
        shutil.copy(path, units)
    for name in ("chronyd", "nft"):
        program = tmp_path / "usr/sbin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    return tmp_path


def test_all_files_lie_where_they_lie_here_and_may_be_laid_again(tmp_path: Path) -> None:
    for _ in range(2):
        assert run(ROOT / "firmware-config/install", tmp_path).returncode == 0
    ours = {path.relative_to(FILES) for path in FILES.rglob("*") if path.is_file()}
    laid = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert laid == {*ours, Path("usr/lib/clock-epoch")}
    runnable = [
        path for path in ours if os.access(tmp_path / path, os.X_OK) and (tmp_path / path).stat().st_mode & 0o111
    ]
    assert runnable == [Path("usr/lib/machitap/time-sources")]


def test_a_clock_begins_when_the_files_were_laid(tmp_path: Path) -> None:
    assert run("env", "SOURCE_DATE_EPOCH=1800000000", ROOT / "firmware-config/install", tmp_path).returncode == 0
    assert (tmp_path / "usr/lib/clock-epoch").stat().st_mtime == 1_800_000_000


@pytest.mark.parametrize("name", [*UNITS, *CHANGED])
def test_systemd_understands_every_word(root: Path, name: str) -> None:
    done = run("systemd-analyze", "verify", "--man=no", f"--root={root}", name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(("name", "limit"), [("machi-time-sources.service", 15), ("chrony.service", 35)])
def test_a_service_is_hardly_exposed(root: Path, name: str, limit: int) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--root={root}"]
    done = run(*command, f"--threshold={limit}", name)
    assert done.returncode == 0, done.stdout


def test_debian_alone_leaves_chrony_more_exposed(root: Path) -> None:
    shutil.rmtree(root / "usr/lib/systemd/system/chrony.service.d")
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--root={root}"]
    assert run(*command, "--threshold=35", "chrony.service").returncode == 1


def test_nothing_waits_for_a_network_or_for_the_time(root: Path) -> None:
    for path in (root / "usr/lib/systemd/system").rglob("machi*"):
        if path.is_file():
            settings = [line for line in path.read_text().splitlines() if not line.startswith("#")]
            assert [line for line in settings if LATE.search(line)] == [], path
    for path in (root / "usr/lib/systemd/network").iterdir():
        assert "RequiredForOnline=no" in path.read_text().splitlines(), path


def test_what_an_image_starts(root: Path) -> None:
    wanted = {"machi-time-sources.path": "enabled", "nftables.service": "enabled", "chrony.service": "enabled"}
    assert run("systemctl", f"--root={root}", "preset", *wanted).returncode == 0
    lines = (root / "usr/lib/systemd/system-preset/81-machitap-firmware.preset").read_text().splitlines()
    assert "disable systemd-networkd-wait-online.service" in lines
    assert {name: run("systemctl", f"--root={root}", "is-enabled", name).stdout.strip() for name in wanted} == wanted


def test_chrony_understands_every_word_and_asks_nobody_by_itself() -> None:
    done = run("chronyd", "-p", "-f", FILES / "etc/chrony/machitap.conf")
    assert (done.returncode, done.stderr) == (0, "")
    words = {line.split()[0] for line in done.stdout.splitlines()}
    assert {"makestep", "rtcsync", "driftfile", "sourcedir"} <= words
    assert not {"pool", "server", "peer", "local", "allow", "manual"} & words
    wrong = run("chronyd", "-p", "-f", "/dev/stdin", "makesteps 1 3")
    assert wrong.returncode != 0


def test_journald_keeps_the_log_in_memory_and_within_bounds(root: Path) -> None:
    said = run("systemd-analyze", f"--root={root}", "cat-config", "systemd/journald.conf").stdout
    last = dict(re.findall(r"^(\w+)=(\S+)$", said, re.MULTILINE))
    assert (last["Storage"], last["RuntimeMaxUse"]) == ("volatile", "32M")


def test_the_kernel_has_every_switch() -> None:
    lines = (FILES / "usr/lib/sysctl.d/80-machitap.conf").read_text().splitlines()
    names = [line.split(" = ")[0] for line in lines if line and not line.startswith("#")]
    assert len(names) > 8
    assert [name for name in names if not Path("/proc/sys", *name.split(".")).exists()] == []


@pytest.mark.parametrize(
    ("reader", "driver"),
    [
        ("usb:v072Fp2200d0100dc00dsc00dp00icFFiscFFipFFin00", "pn533_usb"),  # ACR122U
        ("usb:v054Cp06C3d0111dcFFdscFFdpFFicFFiscFFipFFin00", "port100"),  # RC-S380
    ],
)
def test_debians_kernel_takes_no_reader_away(debian: Path, tmp_path: Path, reader: str, driver: str) -> None:
    """What would be loaded for a reader that comes, by what Debian's own drivers say that they take."""
    (version,) = (path.name for path in debian.glob("usr/lib/modules/*"))
    shutil.copytree(debian / "usr/lib/modules", tmp_path / "lib/modules")
    assert run("depmod", f"--basedir={tmp_path}", version).returncode == 0
    (tmp_path / "none").mkdir()
    ask = ["modprobe", f"--dirname={tmp_path}", f"--set-version={version}", "--show-depends", reader]
    without, with_ours = (
        run(*ask, f"--config={settings}").stdout for settings in (tmp_path / "none", FILES / "usr/lib/modprobe.d")
    )
    assert f"/{driver}.ko" in without
    assert "/nfc.ko" in without
    assert f"/{driver}.ko" not in with_ours
    assert "/nfc.ko" not in with_ours
    assert with_ours.splitlines()[-1].strip() == "install /bin/false"


def test_every_user_that_is_named_is_ours_or_comes_with_a_package() -> None:
    rules = (
        (FILES / "usr/share/machitap/firewall.nft").read_text(),
        (FILES / "usr/lib/udev/rules.d/93-machitap.rules").read_text(),
    )
    named = set(re.findall(r'"([a-z_-]+)"', "".join(re.findall(r"skuid (\{.*?\}|\S+)", rules[0]))))
    named |= set(re.findall(r'OWNER="(.*?)"', rules[1]))
    assert named == {"machi-tap", "machi-uplink", "_chrony"}
    ours = re.findall(r"^u +(\S+)", (ROOT / "systemd/sysusers.d/machitap.conf").read_text(), re.MULTILINE)
    assert named - {"_chrony"} <= set(ours)
