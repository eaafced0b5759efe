"""Copies of the house to plant bugs in, and commands that are run there; the house itself is never touched."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from tests.mutants.bugs import ROOT, Bug, changed

HUNG: Final = -1  # the exit code of what had to be killed
_LEFT_OUT: Final = shutil.ignore_patterns(".git", ".venv", "var", "build", "*.egg-info", ".*_cache", ".hypothesis")


class Done(msgspec.Struct, frozen=True):
    """A command that has ended. `cpu_s`: processor seconds, its children's with it."""

    code: int
    out: str
    errors: str
    cpu_s: float


@contextmanager
def copy_with(bug: Bug | None) -> Iterator[Path]:
    """Copy the house and plant a bug there, or none; take it away afterwards.

    Raises:
        MisplantedError: the bug does not fit any more.
    """
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder) / "house"
        shutil.copytree(ROOT, copy, ignore=_LEFT_OUT, symlinks=True)
        if bug:
            path = copy / bug.file
            path.write_text(changed(bug, path.read_text()))
        yield copy


def run(copy: Path, *words: str, seconds: float) -> Done:
    """Run a Python module in a copy of the house; kill it, and all that it started, after so many seconds."""
    before = _children_s()
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy)},  # before the installed house, also for `machi` as a process
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        out, errors = process.communicate(timeout=seconds)
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, errors = process.communicate()
        code = HUNG
    return Done(code, out, errors, _children_s() - before)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
