"""A kernel that is not Debian's, from packages in a folder: what takes whose place, and what is missing."""

import subprocess
from pathlib import Path

import pytest

import build
import initrd
import slots
import vendor
from machine import REPOSITORY, BuildError
from sbom import Component
from tests.image.test_first_root import kernel

PI_5 = "6.12.34+rpt-rpi-2712"
IMAGE = {
    f"boot/vmlinuz-{PI_5}": "kernel",
    f"lib/modules/{PI_5}/modules.dep": "",
    f"lib/modules/{PI_5}/modules.order": "",
    f"lib/modules/{PI_5}/modules.builtin": "".join(f"kernel/fs/{name}.ko\n" for name in initrd.ALWAYS),
    f"usr/lib/linux-image-{PI_5}/broadcom/bcm2712-rpi-5-b.dtb": "tree",
    f"usr/lib/linux-image-{PI_5}/overlays/vc4-kms-v3d.dtbo": "overlay",
    f"usr/share/doc/linux-image-{PI_5}/copyright": "nothing in the form for programs",
}
FIRMWARE = {f"usr/lib/raspi-firmware/{name}": f"theirs: {name}" for name in (*slots.FIRMWARE, slots.LOADER)}
DEBIAN = [Component("deb", name, "1", ()) for name in ("linux-image-6.12-arm64", "pcscd", "raspi-firmware")]


def package(folder: Path, name: str, files: dict[str, str], machine: str = "arm64") -> None:
    tree = folder.parent / name
    told = f"Package: {name}\nVersion: 1:6.12-1\nArchitecture: {machine}\nMaintainer: a <a@a>\nDescription: a\n"
    for path, text in {**files, "DEBIAN/control": told}.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    subprocess.run(["dpkg-deb", "--build", "-Znone", tree, folder], check=True, capture_output=True)


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "packages"
    folder.mkdir()
    package(folder, f"linux-image-{PI_5}", IMAGE)
    package(folder, "raspi-firmware", FIRMWARE)
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with Debian's kernel in it, whose /lib is a link."""
    root = tmp_path / "root"
    kernel(root)
    (root / "lib").symlink_to("usr/lib")
    for name in ("boot/vmlinuz-6.12.0", "usr/lib/linux-image-6.12.0/broadcom/bcm2711-rpi-4-b.dtb", *FIRMWARE):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("Debian's")
    (root / "usr/bin").mkdir()
    (root / "usr/bin/busybox").write_bytes(b"busybox")
    return root


def test_what_is_in_the_folder_takes_the_place_of_debians(root: Path, packages: Path, tmp_path: Path) -> None:
    found = vendor.lay(root, packages, DEBIAN)
    assert [one.purl.partition("?")[0] for one in found] == [
        "pkg:deb/debian/pcscd@1",
        "pkg:deb/raspberrypi/linux-image-6.12.34%2Brpt-rpi-2712@1%3A6.12-1",
        "pkg:deb/raspberrypi/raspi-firmware@1%3A6.12-1",
    ]
    assert (root / "lib").is_symlink()
    assert initrd.kernel_modules(root).name == PI_5
    slot = tmp_path / "slot"
    (slot / "overlays").mkdir(parents=True)
    slots.fill(slot, root, initrd.pack(root, may_lack=True))
    assert (slot / "vmlinuz").read_text() == "kernel"
    assert {path.name for path in slot.glob("*.dtb")} == {"bcm2712-rpi-5-b.dtb"}
    assert (slot / "overlays/vc4-kms-v3d.dtbo").read_text() == "overlay"
    assert (slot / "start4.elf").read_text() == "theirs: start4.elf"


def test_a_kernel_that_cannot_read_our_root_is_refused(root: Path, packages: Path) -> None:
    vendor.lay(root, packages, DEBIAN)
    (root / f"usr/lib/modules/{PI_5}/modules.builtin").write_text("kernel/fs/ext4.ko\n")
    with pytest.raises(BuildError, match="no module erofs"):
        initrd.pack(root, may_lack=True)


@pytest.mark.parametrize(("left_out", "named"), [("linux-image", "a kernel is"), ("raspi", "firmware is")])
def test_what_is_missing_is_named(root: Path, packages: Path, left_out: str, named: str) -> None:
    for path in packages.glob(f"{left_out}*"):
        path.unlink()
    with pytest.raises(BuildError, match=f"{named} missing"):
        vendor.lay(root, packages, DEBIAN)


def test_an_empty_folder_and_another_machines_packages_are_refused(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "others"
    folder.mkdir()
    with pytest.raises(BuildError, match="no packages"):
        vendor.lay(root, folder, DEBIAN)
    package(folder, "linux-image-6.12-amd64", IMAGE, "amd64")
    with pytest.raises(BuildError, match="is for amd64"):
        vendor.lay(root, folder, DEBIAN)


@pytest.mark.parametrize(("board", "folder"), [("pi-5", None), ("zero-2-w", None), ("pi-4", Path("packages"))])
def test_a_board_takes_the_kernel_that_its_settings_are_for(board: str, folder: Path | None) -> None:
    with pytest.raises(BuildError, match="--kernel"):
        build._has_rom(REPOSITORY, build.Asked(board, "tap", "0000000", 0, "0.1.0", kernel=folder))
