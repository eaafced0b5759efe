"""Another kernel and firmware than Debian's, from a folder of packages: for boards whose drivers Debian's kernel lacks.

Raspberry Pi's own come as packages, too, from an archive that is not Debian's: `linux-image-…` (kernel, modules, device
trees, overlays) and `raspi-firmware`. They are laid over the root and not set up, for what their scripts do an image
does by itself. Not proven: no board has been started with them.
"""

import shutil
from pathlib import Path

import sbom
from initrd import kernel_modules
from machine import BuildError, run
from sbom import Component

REPLACED = ("boot/*", "usr/lib/modules/*", "usr/lib/linux-image-*", "usr/lib/raspi-firmware")
NEEDED = {
    "boot/vmlinuz-*": "a kernel",
    "usr/lib/modules/*": "its modules",
    "usr/lib/linux-image-*/broadcom/bcm27*.dtb": "device trees",
    "usr/lib/linux-image-*/overlays/*.dtbo": "overlays",
    "usr/lib/raspi-firmware/start4.elf": "firmware",
}
FIELDS = ("Package", "Version", "Architecture")
HINT = "Raspberry Pi's linux-image-…-rpi-2712 (Pi 5) or linux-image-…-rpi-v8 (Zero 2 W), and raspi-firmware"


def lay(root: Path, folder: Path, debian: list[Component]) -> list[Component]:
    """Put the kernel and the firmware of a folder into a root, in the place of Debian's.

    Args:
        root: with Debian's in it.
        folder: of packages (.deb), for arm64.
        debian: what is in the root by Debian's word.

    Returns:
        What is in it now.

    Raises:
        BuildError: the folder has no packages, or they are not all that a board needs.
    """
    packages = sorted(folder.glob("*.deb"))
    if not packages:
        raise BuildError(f"{folder}: no packages (.deb) are there; lay {HINT} into it")
    for pattern in REPLACED:
        for path in root.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    laid = [_unpack(package, root) for package in packages]
    for pattern, what in NEEDED.items():
        if not any(root.glob(pattern)):
            raise BuildError(f"{folder}: {what} is missing (/{pattern}); lay {HINT} into it")
    run("depmod", "-b", root, kernel_modules(root).name)
    return [*(one for one in debian if not _is_replaced(one)), *laid]


def _unpack(package: Path, root: Path) -> Component:
    """Unpack a package through the links of a root, such as /lib, which dpkg-deb alone would write over."""
    name, version, machine = (run("dpkg-deb", "--field", package, field).decode().strip() for field in FIELDS)
    if machine not in ("arm64", "all"):
        raise BuildError(f"{package} is for {machine}, and a board takes arm64")
    run(
        *("tar", "--extract", f"--directory={root}", "--keep-directory-symlink", "--numeric-owner"),
        *("--exclude=./usr/share/doc/*/changelog*", "--exclude=./usr/share/man"),
        given=run("dpkg-deb", "--fsys-tarfile", package),
    )
    said = sbom.licences_in(root / "usr/share/doc" / name / "copyright")
    return Component("deb", name, version, said, vendor="raspberrypi")


def _is_replaced(one: Component) -> bool:
    return one.kind == "deb" and (one.name.startswith("linux-image-") or one.name == "raspi-firmware")
