"""The first root: an archive that others can read, modules after what they need, and the same bytes every time."""

import lzma
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

import initrd
import newc
from machine import HERE, BuildError

FILES = [
    newc.folder("bin"),
    newc.file("bin/busybox", b"\x7fELF of odd length", runs=True),
    newc.file("init", b"#!/bin/busybox sh\n"),
    newc.File("dev/console", stat.S_IFCHR | 0o600, device=(5, 1)),
]


def test_cpio_lists_what_was_packed_and_unpacks_it(tmp_path: Path) -> None:
    packed = newc.archive(FILES)
    listed = subprocess.run(["cpio", "-itvn", "--quiet"], input=packed, capture_output=True, check=True).stdout.decode()
    rows = [line.split() for line in listed.splitlines()]
    assert [(row[0], row[2], row[3], row[-1]) for row in rows] == [
        ("drwxr-xr-x", "0", "0", "bin"),
        ("-rwxr-xr-x", "0", "0", "bin/busybox"),
        ("-rw-r--r--", "0", "0", "init"),
        ("crw-------", "0", "0", "dev/console"),
    ]
    assert [row[4:6] for row in rows][3] == ["5,", "1"]
    assert {tuple(row[-4:-1]) for row in rows} == {("Jan", "1", "1970")}
    subprocess.run(["cpio", "-id", "--quiet", "init", "bin/busybox"], input=packed, cwd=tmp_path, check=True)
    assert (tmp_path / "bin/busybox").read_bytes() == FILES[1].content
    assert newc.archive(FILES) == packed


def kernel(root: Path) -> Path:
    """Lay a small kernel's modules into a root: three, of which one needs the two others."""
    tree = root / "usr/lib/modules/6.12.0"
    for name in ("fs/ext4/ext4", "fs/jbd2/jbd2", "lib/crc16"):
        path = tree / "kernel" / f"{name}.ko.xz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(lzma.compress(name.encode()))
    (tree / "modules.dep").write_text(
        "kernel/fs/ext4/ext4.ko.xz: kernel/fs/jbd2/jbd2.ko.xz kernel/lib/crc16.ko.xz\n"
        "kernel/fs/jbd2/jbd2.ko.xz: kernel/lib/crc16.ko.xz\n"
        "kernel/lib/crc16.ko.xz:\n"
    )
    (tree / "modules.builtin").write_text("kernel/drivers/mmc/core/mmc_block.ko\n")
    return tree


def test_a_module_comes_after_all_that_it_needs_and_once(tmp_path: Path) -> None:
    found = initrd.closure(kernel(tmp_path), ["ext4", "crc16", "mmc_block"])
    assert [Path(path).name for path in found] == ["crc16.ko.xz", "jbd2.ko.xz", "ext4.ko.xz"]


def test_a_module_that_this_kernel_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no module zfs"):
        initrd.closure(kernel(tmp_path), ["ext4", "zfs"])


def test_two_kernels_are_refused(tmp_path: Path) -> None:
    kernel(tmp_path).with_name("6.13.0").mkdir()
    with pytest.raises(BuildError, match="there are 2"):
        initrd.pack(tmp_path)


def test_the_first_root_is_whole_and_the_same_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel(tmp_path)
    (tmp_path / "usr/bin").mkdir()
    (tmp_path / "usr/bin/busybox").write_bytes(b"busybox")
    monkeypatch.setattr(initrd, "wanted", lambda: ["ext4", "mmc_block"])
    packed = initrd.pack(tmp_path)
    assert packed == initrd.pack(tmp_path)
    plain = subprocess.run(["zstd", "-d", "--stdout"], input=packed, capture_output=True, check=True).stdout
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    subprocess.run(["cpio", "-id", "--quiet", "modules/*", "init"], input=plain, cwd=unpacked, check=True)
    loaded = sorted((unpacked / "modules").iterdir())
    assert [path.name for path in loaded] == ["000-crc16.ko", "001-jbd2.ko", "002-ext4.ko"]
    assert loaded[2].read_bytes() == b"fs/ext4/ext4", "packed once, as a whole"
    assert (unpacked / "init").stat().st_mode & stat.S_IXUSR


def test_the_checksum_comes_first() -> None:
    """ext4 and erofs ask for it by a name that modules.dep does not know."""
    assert initrd.wanted()[0] == "crc32c_generic"


def test_the_script_is_one_that_its_shell_understands() -> None:
    shell = [shutil.which("busybox") or "busybox", "sh"] if shutil.which("busybox") else ["dash"]
    subprocess.run([*shell, "-n", HERE / "initrd" / "init"], check=True)
