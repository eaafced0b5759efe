"""The centre as a unit sees it, with a stopwatch on every call."""

import time
from collections.abc import Callable
from typing import TypeVar

from sync.client import Centre
from sync.messages import Report

Answer = TypeVar("Answer")


class Timed:
    """Passes calls on to a centre, and hands the seconds that each took to `note`, also of those that fail."""

    def __init__(self, centre: Centre, note: Callable[[float], None]) -> None:
        self._centre = centre
        self._note = note

    def holdings(self, report: Report, nonce: str) -> bytes:
        return self._call(lambda: self._centre.holdings(report, nonce))

    def post(self, packed: bytes, fence: str, nonce: str) -> bytes:
        return self._call(lambda: self._centre.post(packed, fence, nonce))

    def stream(self, name: str, since: str) -> bytes | None:
        return self._call(lambda: self._centre.stream(name, since))

    def _call(self, call: Callable[[], Answer]) -> Answer:
        began = time.perf_counter()
        try:
            return call()
        finally:
            self._note(time.perf_counter() - began)
