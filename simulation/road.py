"""The road between a unit and the centre, with weather: it loses, repeats, overtakes, and is closed at times.

It stands in for HTTP: the same calls, the same two ways to fail. What it repeats arrives later, out of order, as a
proxy or a stubborn retry would bring it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from central.centre import Centre
from central.intake import Peer
from central.refusal import RefusedError as CentreRefusedError
from sync.client import RefusedError, UnreachableError
from sync.messages import Report
from sync.segment import join, pack
from sync.tree import ends_from_text

Answer = TypeVar("Answer")


@dataclass
class Weather:
    """How bad the road is. Shares of messages: request lost, answer lost, delivered once more later.

    `repeat` is handed what is to arrive again, whenever the simulation likes.
    """

    request_lost: float = 0.0
    answer_lost: float = 0.0
    repeated: float = 0.0
    closed: bool = False


class Road:
    """The centre as a unit reaches it over this road; fills `sync.client.Centre`."""

    def __init__(self, centre: Centre, peer: Peer, weather: Weather, dice: random.Random) -> None:
        self._centre = centre
        self._peer = peer
        self._dice = dice
        self._late: list[Callable[[], object]] = []
        self.weather = weather
        self.lost = 0
        self.repeated = 0

    def holdings(self, report: Report, nonce: str) -> bytes:
        return self._over(lambda: self._centre.intake.holdings(self._peer, report, nonce))

    def post(self, packed: bytes, fence: str, nonce: str) -> bytes:
        return self._over(lambda: self._centre.intake.receive(self._peer, packed, fence, nonce))

    def stream(self, name: str, since: str) -> bytes | None:
        return self._over(lambda: self._stream(name, since))

    def bring_late_ones(self) -> None:
        """Deliver what was held up on the way; nobody waits for the answers any more."""
        while self._late:
            call = self._late.pop(self._dice.randrange(len(self._late)))
            self.repeated += 1
            try:
                call()
            except CentreRefusedError:
                continue

    def _stream(self, name: str, since: str) -> bytes | None:
        segments = self._centre.intake.stream(self._peer, name, ends_from_text(since), 2000)
        return pack(join(segments)) if segments else None

    def _over(self, call: Callable[[], Answer]) -> Answer:
        if self.weather.closed:
            raise UnreachableError("the road is closed")
        if self._dice.random() < self.weather.request_lost:
            self.lost += 1
            raise UnreachableError("the request was lost")
        if self._dice.random() < self.weather.repeated:
            self._late.append(call)
        try:
            answer = call()
        except CentreRefusedError as error:
            raise RefusedError(error.problem) from error
        if self._dice.random() < self.weather.answer_lost:
            self.lost += 1
            raise UnreachableError("the answer was lost")
        return answer
