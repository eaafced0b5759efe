"""What this machine has to have to build an image, and how its commands are run."""

import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parent
BINFMT = Path("/proc/sys/fs/binfmt_misc")
ARM64 = BINFMT / "qemu-aarch64"


class BuildError(Exception):
    """The image cannot be built; the message says what a person has to do."""


def run(*command: str | Path, given: bytes | None = None, **environment: str) -> bytes:
    """Run a command that has to work; return what it says.

    Raises:
        BuildError: it did not, in its own words.
    """
    surrounding = {**os.environ, **environment}
    words = [str(word) for word in command]
    done = subprocess.run(words, input=given, capture_output=True, check=False, env=surrounding)
    if done.returncode:
        raise BuildError(f"{' '.join(words)}: {(done.stderr or done.stdout).decode(errors='replace').strip()}")
    return done.stdout


def inside(root: Path, *command: str, **environment: str) -> bytes:
    """Run a command of a root in it. Its machine is another one, so qemu-user plays it."""
    return run("chroot", root, *command, given=None, **environment)


def ready() -> None:
    """Let this machine run programs for arm64.

    Raises:
        BuildError: it cannot, or this is not root.
    """
    if os.geteuid():
        raise BuildError("only root may build an image: mmdebstrap installs packages. Say: sudo make image")
    if os.uname().machine == "aarch64" or ARM64.exists():
        return
    if not (BINFMT / "register").exists():
        run("mount", "-t", "binfmt_misc", "none", BINFMT)
    if shutil.which("update-binfmts"):
        run("update-binfmts", "--enable", "qemu-aarch64")
    if not ARM64.exists():
        raise BuildError(
            f"{ARM64} is missing: this machine cannot run arm64. On Debian: apt-get install qemu-user-static"
        )


def cache() -> Path:
    """Return the folder for what is made once and kept, outside the repository."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = home / "machitap" / "image"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
