"""The road between a unit and the centre, with weather: it loses, repeats, overtakes, and is closed at times.

It stands in for HTTP: the same calls, the same two ways to fail. What it repeats arrives later, out of order, as a
proxy or a stubborn retry would bring it.
"""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from appliance.asking import Want
from central.peers import Peer
from central.refusal import RefusedError as CentreRefusedError
from sync.client import RefusedError, UnreachableError
from sync.messages import Report, RightsRequest
from sync.segment import Segment, join, pack
from sync.tree import ends_from_text

Answer = TypeVar("Answer")

STREAM_ENTRIES: Final = 2000
MESSAGES_MAX: Final = 1000
_REMEMBERED: Final = 4  # of what was carried, for somebody who listens on the road


class Door(Protocol):
    """What the road leads to: `central.intake.Intake`, or one that may not answer."""

    def holdings(self, peer: Peer, report: Report, nonce: str) -> bytes: ...

    def receive(self, peer: Peer, packed: bytes, fence: str, nonce: str) -> bytes: ...

    def stream(self, peer: Peer, name: str, ends: list[tuple[str, int]], limit: int) -> list[Segment]: ...


Granter = Callable[[Peer, RightsRequest], list[Segment]]


def _no_granter(_peer: Peer, _request: RightsRequest) -> list[Segment]:
    return []


class HasDoor(Protocol):
    @property
    def intake(self) -> Door: ...


@dataclass
class Weather:
    """How bad the road is, in shares of messages.

    Attributes:
        request_lost: it never arrives.
        answer_lost: it arrives, and nobody hears of it (also a connection that is open at one end only).
        repeated: it arrives once more, up to hours later and behind others.
        closed: nothing passes.
    """

    request_lost: float = 0.0
    answer_lost: float = 0.0
    repeated: float = 0.0
    closed: bool = False


class EndlessError(Exception):
    """Unit and centre go on talking for ever."""


class Road:
    """The centre as a unit reaches it over this road; fills `sync.client.Centre`.

    Attributes:
        dice: thrown for every message; a plan that can be told again changes them for every journey.
        lost, repeated: messages so far.
        carried: the last segments that went up, as somebody sees them who listens.
    """

    def __init__(
        self, centre: HasDoor, peer: Peer, weather: Weather, dice: random.Random, granter: Granter = _no_granter
    ) -> None:
        self._centre = centre
        self._granter = granter
        self._peer = peer
        self._late: list[Callable[[], object]] = []
        self.dice = dice
        self.weather = weather
        self.lost = 0
        self.repeated = 0
        self._messages = 0
        self.carried: deque[bytes] = deque(maxlen=_REMEMBERED)

    @property
    def holds_back(self) -> bool:
        """Whether something is still on its way that will arrive a second time."""
        return bool(self._late)

    def set_out(self) -> None:
        """Begin a journey to the centre and back."""
        self._messages = 0

    def holdings(self, report: Report, nonce: str) -> bytes:
        return self._over(lambda: self._centre.intake.holdings(self._peer, report, nonce))

    def post(self, packed: bytes, fence: str, nonce: str) -> bytes:
        self.carried.append(packed)
        return self._over(lambda: self._centre.intake.receive(self._peer, packed, fence, nonce))

    def stream(self, name: str, since: str) -> bytes | None:
        return self._over(lambda: self._stream(name, since))

    def ask(self, want: Want) -> bytes | None:
        """Carry a unit's question for more rights; None if nothing came back in time."""
        request = RightsRequest(want.what, want.lacks, want.since)

        def call() -> bytes | None:
            segments = self._granter(self._peer, request)
            return pack(join(segments)) if segments else None

        try:
            return self._over(call)
        except (RefusedError, UnreachableError):
            return None

    def bring_late_ones(self) -> None:
        """Deliver what was held up on the way; nobody waits for the answers any more."""
        while self._late:
            call = self._late.pop(self.dice.randrange(len(self._late)))
            self.repeated += 1
            try:
                call()
            except (CentreRefusedError, UnreachableError):
                continue

    def _stream(self, name: str, since: str) -> bytes | None:
        segments = self._centre.intake.stream(self._peer, name, ends_from_text(since), STREAM_ENTRIES)
        return pack(join(segments)) if segments else None

    def _over(self, call: Callable[[], Answer]) -> Answer:
        self._messages += 1
        if self._messages > MESSAGES_MAX:
            raise EndlessError(f"{self._peer.unit} and the centre have said {MESSAGES_MAX} things in one journey")
        if self.weather.closed:
            raise UnreachableError("the road is closed")
        if self.dice.random() < self.weather.request_lost:
            self.lost += 1
            raise UnreachableError("the request was lost")
        if self.dice.random() < self.weather.repeated:
            self._late.append(call)
        try:
            answer = call()
        except CentreRefusedError as error:
            raise RefusedError(error.problem) from error
        if self.dice.random() < self.weather.answer_lost:
            self.lost += 1
            raise UnreachableError("the answer was lost")
        return answer
