"""The first root of a boot: busybox, one script, and the modules that a disk needs, packed on the machine that builds.

Debian's own would be made by programs of the image, which a building machine has to emulate: minutes for what is done
here in a second, and with all that a laptop might need.
"""

import lzma
import stat
from collections.abc import Collection, Iterable
from pathlib import Path

import newc
from machine import HERE, BuildError, run

FOLDERS = ("bin", "dev", "lower", "modules", "over", "proc", "root", "sys")


ALWAYS = ("erofs", "overlay", "ext4")  # what no root of ours can be read without


def pack(root: Path, *, may_lack: bool = False) -> bytes:
    """Return the packed first root for the one kernel in a root.

    Args:
        root: where the kernel's modules are.
        may_lack: the list of modules is not written for this kernel, so it may lack any but those of the file systems.
    """
    tree = kernel_modules(root)
    loaded = closure(tree, wanted(), ALWAYS if may_lack else None)
    files = [
        *(newc.folder(name) for name in FOLDERS),
        newc.File("dev/console", stat.S_IFCHR | 0o600, device=(5, 1)),
        newc.file("init", (HERE / "initrd" / "init").read_bytes(), runs=True),
        newc.file("bin/busybox", (root / "usr/bin/busybox").read_bytes(), runs=True),
        # Loaded by name, so the names say the order.
        *(newc.file(f"modules/{at:03}-{_name(path)}.ko", _plain(tree / path)) for at, path in enumerate(loaded)),
    ]
    return run("zstd", "-19", "--quiet", "--stdout", "-", given=newc.archive(files))


def wanted() -> list[str]:
    """Read the list of modules."""
    lines = (HERE / "initrd" / "modules.txt").read_text().splitlines()
    return [word for line in lines for word in line.partition("#")[0].split()]


def kernel_modules(root: Path) -> Path:
    """Return the folder of the modules of a root's kernel.

    Raises:
        BuildError: there is not exactly one.
    """
    found = sorted((root / "usr/lib/modules").iterdir())
    if len(found) != 1:
        raise BuildError(f"one kernel was expected, and there are {len(found)}: {', '.join(map(str, found))}")
    return found[0]


def closure(tree: Path, names: Iterable[str], always: Collection[str] | None = None) -> list[str]:
    """Return the files of modules and of all that they need, each after what it needs; built-in ones need none.

    Args:
        tree: the folder of a kernel's modules.
        names: of the modules.
        always: those among them that a kernel has to have; all, if nothing is said.

    Raises:
        BuildError: the kernel has no such module.
    """
    needs = dict(_parts(line) for line in (tree / "modules.dep").read_text().splitlines())
    files = {_name(path): path for path in needs}
    built_in = {_name(path) for path in (tree / "modules.builtin").read_text().splitlines()}
    found: dict[str, None] = {}

    def add(path: str) -> None:
        if path not in found:
            for needed in needs[path]:
                add(needed)
            found[path] = None

    for name in names:
        if name in files:
            add(files[name])
        elif name not in built_in and (always is None or name in always):
            raise BuildError(f"initrd/modules.txt: this kernel has no module {name}")
    return list(found)


def _parts(line: str) -> tuple[str, list[str]]:
    path, _, needed = line.partition(":")
    return path, needed.split()


def _name(path: str) -> str:
    return Path(path).name.partition(".")[0].replace("-", "_")


def _plain(path: Path) -> bytes:
    """Return a module as it is loaded: packed as a whole they are smaller than one by one."""
    return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
