"""One round to the centre and back: ask what it holds, bring what it lacks, fetch what it says.

The courier keeps nothing. What to send is decided by the centre's own words, read at the hatch; losing, repeating or
overtaking any message changes nothing but time.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from sync.client import Centre, RefusedError
from sync.messages import Head, Problem, RenewRequest, Report, Why


class Question(msgspec.Struct, frozen=True):
    unit: str
    report: Report
    fence: str
    nonce: str
    town_ms: int = 0


class Hatch(Protocol):
    """The daemon's side of the wall. Every call raises HatchError if the daemon does not answer, or refuses."""

    def question(self) -> Question: ...

    def answer(self, raw: bytes) -> bytes | None:
        """Hand in signed Holdings; return the next packed segment to bring, or None."""

    def since(self) -> dict[str, str]:
        """Return the ends that are held of each of the centre's streams."""

    def lacks(self) -> dict[str, str]:
        """Return the ends of those streams of which the centre's last answer says that it holds more, or others."""

    def take(self, packed: bytes) -> int:
        """Hand in a packed file of segments; return how many entries were new."""

    def give_back(self, stream: str, heads: tuple[Head, ...]) -> bytes | None:
        """Return a packed segment of a stream that the centre lost, or None."""

    def certify(self, csr: str, certificate: str) -> RenewRequest: ...


class HatchError(Exception):
    """The daemon does not answer, or refuses what was handed in."""


class NoDaemonError(HatchError):
    """There is no daemon behind this hatch."""


class Round(msgspec.Struct):
    """What a round did."""

    delivered: int = 0
    fetched: int = 0
    given_back: int = 0
    problem: Problem | None = None


def go(hatch: Hatch, centre: Centre, stop: Callable[[], bool] = lambda: False) -> Round:
    """Make one round, until neither side lacks anything.

    Args:
        stop: asked between two messages; a round may end early at any of them.

    Raises:
        UnreachableError: the centre did not answer.
        HatchError: the daemon did not.
    """
    done = Round()
    try:
        _deliver(hatch, centre, done, stop)
    except RefusedError as refused:
        done.problem = refused.problem
        if refused.problem.type in (Why.NOT_ENROLLED, Why.EXPIRED):
            return done
    # Whoever was refused something looks at every stream: there may be an order for him.
    for stream, since in (hatch.since() if done.problem else hatch.lacks()).items():
        _fetch(hatch, centre, stream, since, done, stop)
    return done


def _deliver(hatch: Hatch, centre: Centre, done: Round, stop: Callable[[], bool]) -> None:
    question = hatch.question()
    answer = centre.holdings(question.report, question.nonce)
    while (packed := hatch.answer(answer)) is not None and not stop():
        question = hatch.question()
        answer = centre.post(packed, question.fence, question.nonce)
        done.delivered += 1


def _fetch(hatch: Hatch, centre: Centre, stream: str, since: str, done: Round, stop: Callable[[], bool]) -> None:
    name = stream.removeprefix("to-")
    lacked: Problem | None = None
    while not stop():
        try:
            packed = centre.stream(name, since)
        except RefusedError as refused:
            done.problem, before = refused.problem, done.problem
            if refused.problem == lacked or not _give_back(hatch, centre, stream, refused, done):
                return
            done.problem, lacked = before, refused.problem
            continue
        if packed is None or not hatch.take(packed):
            return
        done.fetched += 1
        since = hatch.since()[stream]


def _give_back(hatch: Hatch, centre: Centre, stream: str, refused: RefusedError, done: Round) -> bool:
    """Bring the centre what it once said itself and lost with its disk; return whether that helped."""
    if refused.problem.type != Why.UNKNOWN_HEAD:
        return False
    packed = hatch.give_back(stream, refused.problem.heads)
    if packed is None:
        return False
    question = hatch.question()
    try:
        centre.post(packed, question.fence, question.nonce)
    except RefusedError as again:  # the other stream may bring what explains it
        done.problem = again.problem
        return False
    done.given_back += 1
    return True
