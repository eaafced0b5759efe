"""Somebody who waits for an answer meanwhile: a unit that asks what is held of it, and a clerk who opens the console.

The calls come at a fixed beat, whether or not the last one was answered: a centre that stands still for a second keeps
everybody waiting who came in that second, not just one.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx

from appliance.uplink.certificate import Tls
from bench.load.backlog import NONCE, Backlog
from bench.served import Served
from sync.accounts import Role
from sync.client import HttpCentre
from sync.messages import Report
from tests.central.visiting import visitor

EVERY_S: Final = 0.2
TIMEOUT_S: Final = 60.0
WAITING_MAX: Final = 32  # calls that wait at the same time; more come when one of them is answered
_KINDS: Final = 2


class Office:
    """The callers of one centre, each kind over connections that stay open."""

    def __init__(self, served: Served, backlog: Path) -> None:
        unit = Backlog.read(str(backlog))
        context = Tls(Path(unit.tls)).context()
        self._units = httpx.Client(base_url=unit.url, verify=context, timeout=TIMEOUT_S, trust_env=False)
        with visitor(served.folder, Role.CLERK) as browser:
            self._console = httpx.Client(
                base_url=served.console, cookies=dict(browser.cookies), timeout=TIMEOUT_S, trust_env=False
            )
        self._centre = HttpCentre(self._units)

    def __enter__(self) -> Self:
        self._ask()  # the first of each makes the connection, and reads the page from the disk
        self._open_page()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._units.close()
        self._console.close()

    @contextmanager
    def calling(self, unit: list[float], page: list[float]) -> Iterator[None]:
        """Call at every beat until the block is left; the seconds of each call, from when it was due, are added."""
        stop = threading.Event()
        with ThreadPoolExecutor(WAITING_MAX) as callers, ThreadPoolExecutor(_KINDS) as beats:
            going = [
                beats.submit(_beat, call, times, stop, callers)
                for call, times in ((self._ask, unit), (self._open_page, page))
            ]
            try:
                yield
            finally:
                stop.set()
            for calls in going:
                for call in calls.result():
                    call.result()

    def _ask(self) -> None:
        self._centre.holdings(Report(), NONCE)

    def _open_page(self) -> None:
        self._console.get("/").raise_for_status()


def _beat(
    call: Callable[[], None], times: list[float], stop: threading.Event, callers: ThreadPoolExecutor
) -> "list[Future[None]]":
    def timed(due: float) -> None:
        call()
        times.append(time.perf_counter() - due)

    calls = []
    due = time.perf_counter()
    while not stop.wait(max(0.0, due - time.perf_counter())):
        calls.append(callers.submit(timed, due))
        due += EVERY_S
    return calls
