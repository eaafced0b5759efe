"""The program's own environment, /opt/machitap: hashed wheels, and our own code as it is in a commit.

Wheels are downloaded with this machine's settings for pip. What the index has only as source is built by Debian's own
compiler in a root of its own, which is no part of the image; what comes of all that is kept until one of them changes.
"""

import hashlib
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

import roots
from machine import REPOSITORY, BuildError, cache, inside, run

PYTHON = "3.13"  # Debian 13's
GLIBC = 41  # and its C library, 2.41: wheels for an older one run too
HOME = Path("opt/machitap")
PACKAGES = HOME / "lib" / f"python{PYTHON}" / "site-packages"
NOT_ON_A_UNIT = "pip-"  # sqlite-utils would install its own plugins by it
OURS = ("appliance", "drivers", "machi.py", "programs", "sync")  # of our house, what is part of a unit
BUILD = 'import setuptools.build_meta as it; it.build_wheel("/srv")'  # PEP 517
MACHI = "#!/opt/machitap/bin/python3\nfrom machi import main\n\nmain()\n"


def foreign() -> Path:
    """Return the environment without our own code, packed; made now if it is not there."""
    pinned = REPOSITORY / "requirements" / "unit.txt"
    builder = roots.root("wheels")
    made_of = pinned.read_bytes() + builder.name.encode() + Path(__file__).read_bytes()
    kept = cache() / f"environment-{hashlib.sha256(made_of).hexdigest()[:16]}.tar"
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=cache()) as folder:
            _make(pinned, builder, Path(folder), kept)
    return kept


def _make(pinned: Path, builder: Path, folder: Path, kept: Path) -> None:
    wheels, root = folder / "wheels", folder / "root"
    _download(pinned, wheels)
    roots.unpacked(builder, root)
    _build(root, wheels)
    inside(root, "python3", "-m", "venv", "--without-pip", f"/{HOME}")
    for wheel in sorted(wheels.glob("*.whl")):
        if not wheel.name.startswith(NOT_ON_A_UNIT):
            _unpack(wheel, root / PACKAGES)
    inside(root, "python3", "-m", "compileall", "-q", f"/{PACKAGES}")
    run("tar", "--create", f"--file={folder / kept.name}", f"--directory={root}", "--sort=name", HOME)
    shutil.move(folder / kept.name, kept)


def _download(pinned: Path, folder: Path) -> None:
    platforms = ["manylinux2014_aarch64", *(f"manylinux_2_{minor}_aarch64" for minor in range(17, GLIBC + 1))]
    run(
        *("python3", "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
        *("--implementation", "cp", "--python-version", PYTHON, *(f"--platform={name}" for name in platforms)),
        *("--dest", folder, "--requirement", pinned),
    )


def _build(root: Path, folder: Path) -> None:
    """Make wheels of the sources in a folder, in the root that has a compiler."""
    for source in sorted(folder.glob("*.tar.gz")):
        print(f"image: building {source.name}", flush=True)
        run("tar", "--extract", f"--file={source}", f"--directory={root / 'srv'}")
        build = f"cd /srv/{source.name.removesuffix('.tar.gz')} && python3 -c '{BUILD}'"
        # PYPI: lgpio with the library in it that it is a Python name for.
        inside(root, "sh", "-c", build, PYPI="1", SOURCE_DATE_EPOCH=roots.RELEASED)
        source.unlink()
    for wheel in (root / "srv").glob("*.whl"):
        shutil.move(wheel, folder)


def lay(root: Path, kept: Path, source: Path) -> None:
    """Lay the environment into a root, with our own code out of a copy of a commit."""
    run("tar", "--extract", f"--file={kept}", f"--directory={root}", "--numeric-owner")
    with tempfile.TemporaryDirectory() as folder:
        building = ("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source)
        run(sys.executable, *building, SOURCE_DATE_EPOCH=roots.RELEASED)
        (wheel,) = Path(folder).glob("*.whl")
        _unpack(wheel, root / PACKAGES, OURS)
    _command(root)
    inside(root, "python3", "-m", "compileall", "-q", *(f"/{PACKAGES}/{name}" for name in OURS))


def _unpack(wheel: Path, folder: Path, only: tuple[str, ...] = ()) -> None:
    """Unpack a wheel; of one of ours only some folders, and what the wheel says about itself."""
    with zipfile.ZipFile(wheel) as packed:
        heads = {name: name.partition("/")[0] for name in packed.namelist()}
        apart = [name for name, head in heads.items() if head.endswith(".data")]  # commands and manuals
        if any("/purelib/" in name or "/platlib/" in name for name in apart):
            raise BuildError(f"{wheel.name} keeps modules apart, which is not provided for: {', '.join(apart)}")
        wanted = [name for name, head in heads.items() if not only or head in only or head.endswith(".dist-info")]
        packed.extractall(folder, [name for name in wanted if name not in apart])


def _command(root: Path) -> None:
    """Write the command `machi`, with what it finds by: the commands of the buildings that are here."""
    (commands,) = (root / PACKAGES).glob("machitap-*.dist-info/entry_points.txt")
    lines = commands.read_text().splitlines()
    here = [line for line in lines if " = " not in line or line.partition(" = ")[2].startswith((*OURS, "machi:"))]
    commands.write_text("\n".join(here) + "\n")
    command = root / HOME / "bin" / "machi"
    command.write_text(MACHI)
    command.chmod(0o755)
