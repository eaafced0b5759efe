"""`machi desk serve` as its own process, before a private pcscd with one virtual reader."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from tests.ports import free_port

READER = "window"
READY_S, STOP_S = 20.0, 5.0
SEEN_S = 0.6  # until pcscd has seen that a card went
Lay = Callable[..., Plan]


class DeskProgram:
    """The program at one desk. `log`: whatever it says while it runs."""

    def __init__(self, pcscd: PrivatePcscd, console: str, trust: Path, log: Path, *more: str) -> None:
        self.pcscd = pcscd
        self.console = console
        self.trust = trust
        self.log = log
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._more = more
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "DeskProgram":
        import os  # noqa: PLC0415

        words = ["--console", self.console, "--trust", str(self.trust), "--port", str(self.port), *self._more]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "machi", "desk", "serve", *words],
                stdout=log,
                stderr=log,
                env=os.environ | self.pcscd.environment,
            )
        until = time.monotonic() + READY_S
        while "may read cards here" not in self.log.read_text():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < until
            time.sleep(0.05)
        return self

    def stop(self) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.terminate()
        return process.wait(STOP_S)

    def ask(self, what: str, secret: str = "", /, method: str = "POST", **headers: str) -> httpx.Response:
        """Ask as the console's page does; other headers in the place of its own."""
        sent = {"Origin": self.console, "Content-Type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        body = {"json": {"secret": secret}} if method == "POST" else {}
        with httpx.Client(trust_env=False, timeout=40) as client:
            return client.request(method, f"{self.url}/v1/{what}", headers=sent, **body)  # type: ignore[arg-type]

    def says(self, what: str, secret: str = "") -> dict[str, Any]:
        answer = self.ask(what, secret)
        assert answer.status_code == httpx.codes.OK, answer.text
        said: dict[str, Any] = answer.json()
        return said


def laying(pcscd: PrivatePcscd, pki: TestPki, serials: Iterator[int]) -> Iterator[Lay]:
    """Yield what lays a fresh card of a plan on the reader; it is taken away at the end."""
    laid: list[Plan] = []

    def down(*faults: str, **more: object) -> Plan:
        given = {"serial": str(next(serials)), "faults": frozenset(faults), "pki": str(pki.folder)} | more
        plan = Plan(**given)  # type: ignore[arg-type]
        if laid:
            pcscd.table.remove(READER)
            time.sleep(SEEN_S)
        pcscd.table.present(READER, plan)
        laid.append(plan)
        return plan

    yield down
    pcscd.table.remove(READER)
    time.sleep(SEEN_S)
