"""What waits to be sent, to whom, and when it is tried again: arithmetic.

What was sent and could not be noted as sent goes twice; it has the same id, by which mail programs know it.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from central.alarms.letters import Letter

_MINUTE_MS: Final = 60_000
WAIT_MAX_MS: Final = 60 * _MINUTE_MS
KEEP_MS: Final = 3 * 86_400_000  # what is older tells nobody anything
WAITING_MAX: Final = 200
FAILED_SHOWN: Final = 20


class Parcel(msgspec.Struct, frozen=True):
    """A letter for one recipient: an address, or "webhook".

    Attributes:
        id: the same for all recipients of a letter (hex).
        at_ms: when it was written.
        tries: how often it was tried; `next_ms`: not before then; `error`: what happened the last time.
    """

    id: str
    to: str
    letter: Letter
    at_ms: int
    tries: int = 0
    next_ms: int = 0
    error: str = ""


class Failed(msgspec.Struct, frozen=True):
    """A letter that was given up."""

    to: str
    subject: str
    at_ms: int
    error: str


class Outbox(msgspec.Struct, frozen=True):
    """Oldest first; `sent_ms`: when something was sent last."""

    waiting: tuple[Parcel, ...] = ()
    failed: tuple[Failed, ...] = ()
    sent_ms: int | None = None


class Tried(msgspec.Struct, frozen=True):
    """How it went.

    Attributes:
        error: "" if it was sent.
        is_final: there is no use in trying again.
        is_away: nothing can be sent there now, to nobody.
    """

    parcel: Parcel
    error: str = ""
    is_final: bool = False
    is_away: bool = False


def put(outbox: Outbox, number: str, to: Iterable[str], letter: Letter, now_ms: int) -> Outbox:
    """Add a letter for everybody; of too many the oldest are given up."""
    waiting = (*outbox.waiting, *(Parcel(number, one, letter, now_ms) for one in to))
    return _without(msgspec.structs.replace(outbox, waiting=waiting), waiting[:-WAITING_MAX], "too many waited")


def due(outbox: Outbox, now_ms: int) -> tuple[Parcel, ...]:
    """Return what is to be tried now."""
    return tuple(one for one in outbox.waiting if one.next_ms <= now_ms)


def after(outbox: Outbox, tried: Sequence[Tried], to: Iterable[str], now_ms: int) -> Outbox:
    """Return the outbox after something was tried; what is for nobody any more (`to`) goes, too.

    The pause doubles, up to an hour; it has to outlive this process, so it stands beside the letter.
    """
    for one in tried:
        parcel, key = one.parcel, (one.parcel.id, one.parcel.to)
        if one.error and not one.is_final:
            wait_ms = min(_MINUTE_MS * 2**parcel.tries, WAIT_MAX_MS)
            again = {"tries": parcel.tries + 1, "next_ms": now_ms + wait_ms, "error": one.error}
            waiting = tuple(
                msgspec.structs.replace(each, **again) if (each.id, each.to) == key else each for each in outbox.waiting
            )
            outbox = msgspec.structs.replace(outbox, waiting=waiting)
        elif one.error:
            outbox = _without(outbox, [parcel], one.error)
        else:
            waiting = tuple(each for each in outbox.waiting if (each.id, each.to) != key)
            outbox = msgspec.structs.replace(outbox, waiting=waiting, sent_ms=now_ms)
    old = [one for one in outbox.waiting if now_ms - one.at_ms > KEEP_MS]
    wanted = set(to)
    outbox = _without(outbox, old, "it was tried for three days")
    return _without(outbox, [one for one in outbox.waiting if one.to not in wanted], "was removed from the recipients")


def _without(outbox: Outbox, some: Sequence[Parcel], error: str) -> Outbox:
    """Give something up, and remember that."""
    if not some:
        return outbox
    keys = {(one.id, one.to) for one in some}
    failed = (Failed(one.to, one.letter.subject, one.at_ms, error) for one in some)
    return msgspec.structs.replace(
        outbox,
        waiting=tuple(one for one in outbox.waiting if (one.id, one.to) not in keys),
        failed=(*outbox.failed, *failed)[-FAILED_SHOWN:],
    )
