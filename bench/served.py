"""A centre that serves in a process of its own, as a town runs it."""

import socket
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from central.folder import Folder
from central.found import Plan, found
from central.world import SystemClock, SystemEntropy
from demo.processes import Process
from tests.ports import free_port

LOG: Final = "centre.log"


def make_centre(folder: Path, town_id: str = "bench", database: str = "") -> None:
    """Make a centre in a folder that is not there yet, at ports that nobody uses."""
    plan = Plan(town_id, "計測町", "Bench", "00-0000", free_port(), ("localhost",), free_port(), database=database)
    found(folder, plan, SystemClock(), SystemEntropy())


class Served:
    """The process that serves the centre in a folder. Entering starts it, and `wait` waits until it serves."""

    def __init__(self, folder: Path) -> None:
        config = Folder(folder).config.server
        self._ports = config.units_port, config.console_port
        self.folder = folder
        self.url = config.units_url
        self.console = f"http://{config.console_host}:{config.console_port}"
        self.process = Process("the centre", ["central", "serve", str(folder)], folder / LOG, {})

    def __enter__(self) -> Self:
        self.process.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.process.stop()

    def wait(self) -> Self:
        """Wait until both doors are open.

        Raises:
            StartError: it ended, or took too long.
        """
        self.process.wait_until(lambda: all(map(_is_open, self._ports)))
        return self


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
