"""Asks the centre for rights while somebody stands before the unit: a thread of its own, for a round may take long.

What comes back is taken in like anything else that the centre says; nothing here decides anything. A question that
fails is not asked again: the unit decides without an answer, and the next journey brings what was granted.
"""

import logging
import threading
from collections.abc import Callable
from typing import Final, Protocol

from appliance.asking import Want
from appliance.uplink.courier import HatchError
from sync.client import RefusedError, UnreachableError
from sync.messages import RightsRequest

log = logging.getLogger("uplink")

WAIT_S: Final = 25.0
_PAUSE_S: Final = 1.0  # after the daemon did not answer


class Hatch(Protocol):
    def want(self, at_most_s: float) -> Want | None: ...

    def take(self, packed: bytes) -> int: ...


class Centre(Protocol):
    def ask(self, request: RightsRequest) -> bytes | None: ...


class Asker:
    """Carries questions from the hatch to the centre and answers back."""

    def __init__(self, hatch: Hatch, centre: Callable[[], Centre], stop: threading.Event) -> None:
        """`centre` returns the connection to ask over, which may change with the unit's certificate."""
        self._hatch = hatch
        self._centre = centre
        self._stop = stop
        self.is_asking = threading.Event()  # somebody stands there and waits
        self._thread = threading.Thread(target=self.run, name="asker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def run(self) -> None:
        while not self._stop.is_set():
            try:
                self.ask_once()
            except HatchError:
                self._stop.wait(_PAUSE_S)

    def ask_once(self) -> None:
        """Wait for a question and carry it.

        Raises:
            HatchError: the daemon did not answer.
        """
        want = self._hatch.want(WAIT_S)
        if want is None:
            return
        self.is_asking.set()
        try:
            packed = self._centre().ask(RightsRequest(want.what, want.lacks, want.since))
        except (UnreachableError, RefusedError) as error:
            log.info("asked for %d of %s: %s", want.lacks, want.what, error)
            return
        finally:
            self.is_asking.clear()
        if packed:
            self._hatch.take(packed)
