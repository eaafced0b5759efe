"""Ports of this machine: a free one, and waiting until somebody listens."""

import secrets
import socket
import subprocess
import time
from contextlib import suppress

_FIRST, _COUNT = 20_000, 12_000  # below those that Linux gives to whoever calls somebody
_given: set[int] = set()


def free_port() -> int:
    """Return a port that nobody listens at, and never the same twice: whoever asked first may not listen yet."""
    while True:
        port = _FIRST + secrets.randbelow(_COUNT)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port


def wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Wait until a process listens on a port; fail if it ends, or takes too long."""
    until = time.monotonic() + seconds
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "the process has ended"
        assert time.monotonic() < until, "the process does not listen"
        time.sleep(0.05)
