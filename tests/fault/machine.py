"""What this machine can do for a fault; a test that needs more is skipped with the reason."""

import functools
import os
import shutil
import subprocess

import pytest


def need(*lacks: str) -> None:
    """Skip the test for the first thing that is lacking."""
    for lack in lacks:
        if lack:
            pytest.skip(lack)


@functools.cache
def lacks_strace() -> str:
    """Return why system calls cannot be tampered with here, or ""."""
    tampered = ["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-e", "trace=getppid", "-e", "inject=getppid:retval=1"]
    return _lacks("strace", [*tampered, "true"], "strace may not trace here")


@functools.cache
def lacks_root() -> str:
    """Return why disks and networks of our own cannot be made here, or ""."""
    return "" if os.geteuid() == 0 else "only root may mount disks and lay cables; run the tests as root to see this"


@functools.cache
def lacks_networks() -> str:
    """Return why two networks with a cable between them cannot be made here, or ""."""
    cable = "ip link add one type veth peer name other && nft add table inet road"
    return (
        lacks_root()
        or _lacks("ip", ["ip", "-V"], "ip does not run")
        or _lacks("nft", ["unshare", "--net", "sh", "-c", cable], "networks of our own cannot be made here")
    )


@functools.cache
def lacks_netem() -> str:
    """Return why the kernel itself cannot delay and reorder packets here, or ""."""
    late = "ip link set lo up && tc qdisc add dev lo root netem delay 10ms"
    return _lacks("tc", ["unshare", "--net", "sh", "-c", late], "this kernel has no netem")


def _lacks(program: str, attempt: list[str], otherwise: str) -> str:
    if shutil.which(program) is None:
        return f"{program} is not installed"
    done = subprocess.run(attempt, capture_output=True, text=True, check=False)
    return f"{otherwise}: {done.stderr.strip()[-200:]}" if done.returncode else ""
