"""What Debian gives to the boards: kernel and firmware, from the mirror that this machine's apt is set to."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KERNEL = ROOT / "var" / "kernel"


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command; how it ended is for the test to judge."""
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def debian() -> Path:
    """A folder with device trees, configuration, drivers and firmware as Debian 13 has them; fetched once."""
    done = run(ROOT / "scripts/kernel-files", KERNEL)
    if done.returncode:
        pytest.skip(f"NOT CHECKED AGAINST DEBIAN'S KERNEL: {done.stderr.strip().splitlines()[-1]}")
    return KERNEL
