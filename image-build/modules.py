"""Our kernel modules (module/), built for the very kernel that is in an image.

Debian's compiler and headers do it in a root of their own, which is no part of the image, as for wheels. What comes of
it is kept until the kernel or their source changes.
"""

import hashlib
import shutil
import tempfile
from pathlib import Path

import roots
from initrd import kernel_modules
from machine import HERE, BuildError, cache, inside, run
from sbom import Component

TRYBOOT, OTP = MODULES = ("machitap_tryboot", "machitap_otp")
SOURCE = HERE / "module"
_PLACE = Path("srv/module")


def lay(root: Path, version: str) -> list[Component]:
    """Lay the modules into a root, where udev finds them on a board; return them as parts of the image."""
    tree = kernel_modules(root)
    place = tree / "updates"
    place.mkdir()
    for name, built in zip(MODULES, _built(tree.name), strict=True):
        shutil.copyfile(built, place / f"{name}.ko")
    run("depmod", "-b", root, tree.name)
    return [Component("generic", name, version, ("GPL-2.0-only",)) for name in MODULES]


def _built(kernel: str) -> list[Path]:
    """Return the modules for a kernel, made now if one is not there."""
    builder = roots.workshop("module")
    sources = [path.read_text() for path in (Path(__file__), *sorted(SOURCE.iterdir()))]
    made_of = "\n".join([kernel, builder.name, *sources])
    digest = hashlib.sha256(made_of.encode()).hexdigest()[:16]
    kept = [cache() / f"{name}-{digest}.ko" for name in MODULES]
    if not all(path.exists() for path in kept):
        with tempfile.TemporaryDirectory(dir=cache()) as folder:
            _make(kernel, builder, Path(folder), kept)
    return kept


def _make(kernel: str, builder: Path, folder: Path, kept: list[Path]) -> None:
    root = folder / "root"
    roots.unpacked(builder, root)
    headers = Path("usr/lib/modules") / kernel / "build"
    if not (root / headers).is_symlink():
        raise BuildError(f"the image has Linux {kernel}, and no headers for it can be had; say the same again later")
    shutil.copytree(SOURCE, root / _PLACE)
    (root / "usr/bin/awk").symlink_to("mawk")  # what setting it up would have done
    # No types for BPF: a tool of their own would write them, and nobody reads them.
    inside(root, "make", "-C", f"/{headers}", f"M=/{_PLACE}", "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules")
    for name, path in zip(MODULES, kept, strict=True):
        inside(root, "strip", "--strip-debug", f"/{_PLACE}/{name}.ko")
        shutil.move(root / _PLACE / f"{name}.ko", path)
