"""The root of an image as a folder: Debian's, then ours, less what a unit does not need and what may not be copied."""

import shutil
from pathlib import Path

import environment
import roots
from machine import HERE, inside, run

PRESETS = "usr/lib/systemd/system-preset/*machitap*.preset"
INSTALLERS = ("systemd/install", "firmware-config/install")
RULES_FOR_SSH = "firmware-config/ssh/install"
EMPTIED = (  # what is on the boot partition; the sources of packages; what is only for the time of an installation
    *("boot", "usr/lib/linux-image-*", "usr/lib/raspi-firmware"),
    *("etc/apt", "var/lib/apt"),
    *("run", "tmp", "var/cache", "var/log", "var/tmp"),
)


def lay(root: Path, debian: Path, foreign: Path, source: Path, time: int) -> None:
    """Make the root in a folder.

    Args:
        root: the folder, which is emptied.
        debian: a root of Debian's packages, packed.
        foreign: what the program stands on, packed.
        source: our own code, as it is in the commit.
        time: when that was, in seconds since 1970.
    """
    roots.unpacked(debian, root)
    environment.lay(root, foreign, source)
    for installer in INSTALLERS:
        run(source / installer, root, SOURCE_DATE_EPOCH=str(time))
    if (source / RULES_FOR_SSH).exists():
        run(source / RULES_FOR_SSH, root)
    else:  # where nothing says who may come in, nobody does
        inside(root, "systemctl", "disable", "--quiet", "ssh.service")
    run("cp", "--recursive", "--no-dereference", "--no-target-directory", HERE / "root", root)
    _arrange(root)


def _arrange(root: Path) -> None:
    """Let systemd take in what was laid there: users, folders, and what starts by itself."""
    inside(root, "systemd-sysusers")
    inside(root, "systemctl", "preset", "--quiet", *_preset(root))
    if not (root / "usr/bin/weston").exists():  # a board has a socket for a display, whatever is in it
        inside(root, "systemctl", "mask", "--quiet", "machi-display.service")
    for name in ("machi-ssh", "machi-update", "machitap", "machi-uplink", "machi-keeper"):
        (root / "var/lib" / name).mkdir(exist_ok=True)


def _preset(root: Path) -> list[str]:
    """Return what our presets name, of what there is; what is switched off last, since one may switch on another."""
    lines = [line.split() for file in sorted(root.glob(PRESETS)) for line in file.read_text().splitlines()]
    named = [words[1] for verb in ("enable", "disable") for words in lines if words[:1] == [verb]]
    return [name for name in named if (root / "usr/lib/systemd/system" / name).exists()]


def strip(root: Path, version: str) -> None:
    """Take away what may not be on two units, what tells of the machine that built it, and what nobody reads."""
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    (root / "etc/machine-id").write_text("")  # the first root writes the unit's own here
    (root / "var/lib/dbus/machine-id").unlink(missing_ok=True)
    (root / "etc/hostname").write_text("machitap\n")
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/resolv.conf").symlink_to("/run/systemd/resolve/stub-resolv.conf")
    for name in ("etc/.updated", "var/.updated"):  # nothing has to be made anew at a start: it was made here
        (root / name).touch()
    about = root / "usr/lib/os-release"
    about.write_text(f"{about.read_text()}IMAGE_ID=machitap\nIMAGE_VERSION={version}\n")
    for pattern in EMPTIED:
        for path in root.glob(f"{pattern}/*"):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    _settle_compiled(root)


def _settle_compiled(root: Path) -> None:
    """Let Python believe what it compiled without a look at the source's time: all times in the image become one.

    The head of a .pyc file is four times four bytes: whose it is, how to check, and what by (PEP 552).
    """
    for path in [*(root / "usr/lib").rglob("*.pyc"), *(root / environment.HOME).rglob("*.pyc")]:
        with path.open("r+b") as file:
            file.seek(4)
            file.write((1).to_bytes(4, "little") + bytes(8))  # by a hash, which is not looked at
