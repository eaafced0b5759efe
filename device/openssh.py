"""The programs that come with OpenSSH: where they are, what they may know of this process, and the small ones run."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import Final

from device.errors import DeviceError, Exit

_TIMEOUT_S: Final = 15


def program(name: str) -> str:
    """Return where a program is.

    Raises:
        DeviceError: it is not installed.
    """
    if found := shutil.which(name):
        return found
    raise DeviceError(
        Exit.NOT_FOUND,
        ja=f"{name} がありません",
        en=f"{name} is not installed",
        do_ja="パッケージ openssh-client を入れてください",
        do_en="install the package openssh-client",
    )


def environment() -> dict[str, str]:
    """Return what OpenSSH may know of this process: its agent, and where programs are; it speaks English."""
    kept = {name: os.environ[name] for name in ("SSH_AUTH_SOCK", "PATH", "HOME") if name in os.environ}
    return kept | {"LC_ALL": "C"}


def keygen(*words: str, given: str = "") -> str:
    """Run `ssh-keygen`, and return what it says.

    Raises:
        DeviceError: it is not installed, or it refuses.
    """
    done = _run("ssh-keygen", words, given)
    if done.returncode:
        raise DeviceError(Exit.REFUSED, ja="ssh-keygen ができませんでした", en=f"ssh-keygen: {done.stderr.strip()}")
    return done.stdout


def keyscan(*words: str) -> list[str]:
    """Run `ssh-keyscan`, and return the keys that were shown; none if nothing answers.

    Raises:
        DeviceError: it is not installed.
    """
    return [line for line in _run("ssh-keyscan", words, "").stdout.splitlines() if line and line[0] != "#"]


def _run(name: str, words: Sequence[str], given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the words are ours, and no shell reads them
        [program(name), *words],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT_S,
        env=environment(),
    )
