"""The demo as a visitor starts it: a process with a folder and ports of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.town import Ports
from tests.ports import free_port, wait_for_port

ROOT = Path(__file__).parents[2]
STOP_S = 20


def free_ports() -> Ports:
    """Return ports of which none is in use, all following from the console's."""
    while True:
        ports = Ports.from_console(free_port())
        if max(ports.all()) < 65_536 and all(_is_free(port) for port in ports.all()):
            return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def command(folder: Path, ports: Ports, *more: str) -> list[str]:
    return [sys.executable, "-m", "demo", "--port", str(ports.console), "--folder", str(folder), *more]


def once(folder: Path, ports: Ports) -> tuple[int, dict[str, Any], str]:
    """Run the script to its end; return the exit code, the verdict, and what else was said."""
    run = command(folder, ports, "--once")
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=360, check=False)
    return done.returncode, json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}, done.stderr


@dataclass
class Running:
    """A demo that waits for visitors."""

    folder: Path
    ports: Ports
    process: subprocess.Popen[bytes]

    def family(self) -> set[int]:
        """Return the process and all that it started, and all that those started."""
        found, ahead = set[int](), [self.process.pid]
        while ahead:
            one = ahead.pop()
            found.add(one)
            tasks = Path(f"/proc/{one}/task").glob("*/children")
            ahead += [int(child) for task in tasks for child in task.read_text().split()]
        return found

    def end(self, with_signal: int = signal.SIGINT) -> int:
        """End it as a person does; return its exit code."""
        self.process.send_signal(with_signal)
        return self.process.wait(STOP_S)


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    """Start the demo; it ends with the test."""
    ports = free_ports()
    log = folder.with_suffix(".log")
    with log.open("wb") as out:
        process = subprocess.Popen(command(folder, ports), cwd=ROOT, stdout=out, stderr=out)
    try:
        wait_for_port(ports.page, process, 60)
        yield Running(folder, ports, process)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(STOP_S)


def left_behind(folder: Path) -> list[str]:
    """Return the processes that still run for a demo in this folder."""
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        try:
            words = (one / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in words and int(one.name) != os.getpid():
            found.append(words)
    return found
