"""Whose card it is, for a registration desk: the four attributes with all signatures, and the card itself, in one go.

What `machi card holder` does between the reader and the terminal. The attributes are handed on and kept nowhere.
"""

from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from drivers.card import common, entry, files
from drivers.card.channel import Channel
from drivers.card.desk import OTHERS, WORDS, Desk, Report
from drivers.card.errors import CardError, NotReadableError, OtherCardError
from drivers.card.trust import Trust
from drivers.card.validity import check_days
from drivers.clock import Clock
from drivers.entropy import Entropy
from drivers.reader import Field, ReaderError

_NONCE_BYTES = 32
_MS = 1000
_READ = "The card has said whose it is, and its issuer has signed it."


class Said(msgspec.Struct, frozen=True):
    """What the card says of its holder, as `drivers.card.entry.Attributes` has it."""

    name: str
    address: str
    birth: date
    sex: str

    def __repr__(self) -> str:
        return "Said(…)"


class HolderReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `machi card holder --json` prints.

    Fields:
        reason: "ok" or one of `drivers.card.desk.WORDS`.
        kind: for another kind of card, one of `drivers.card.desk.OTHERS`.
        issuer: who signed the attributes; `evidence`: the name of the proof that the card itself was there.
        card: the same card, as `machi card read --json` prints it; it may not have proven itself in that way.
    """

    schema: str = "machi.card.holder/1"
    ok: bool
    reason: str
    words: str
    tries_left: int | None = None
    kind: str = ""
    attributes: Said | None = None
    issuer: str = ""
    evidence: str = ""
    card: Report | None = None


def read(
    field: Field,
    secret: str,
    trust: Trust,
    clock: Clock,
    entropy: Entropy,
    *,
    learn: Path | None = None,
    spend_last_try: bool = False,
) -> HolderReport:
    """Ask a card whose it is. Never raises for what a card may do.

    Args:
        secret: 照合番号B (14 digits), or the input-support application's PIN (4 digits).
        learn: a trust folder in which the key of a card without the town's service pass is kept, by the birthday that
            it said. A card that has proven itself needs none, and would get a second name by it.
    """
    channel, desk = Channel(field, allowed=files.DESK), Desk(trust, clock, entropy)
    try:
        _check_its_day(channel, clock)
        holder = entry.read(channel, secret, trust.cv_roots, entropy.bytes(_NONCE_BYTES), spend_last_try=spend_last_try)
    except OtherCardError as error:
        which = desk.read(field, None, spend_last_try=False, trace=False)
        return _refused(OtherCardError(which.kind or error.kind))
    except CardError as error:
        return _refused(error)
    except ReaderError as error:
        return _refused(NotReadableError(str(error)))
    said = holder.attributes
    card = desk.read(field, None, spend_last_try=False, trace=False)
    if learn and not _is_proven_otherwise(card):
        card = desk.enrol(field, said.birth, learn, trace=False)
    return HolderReport(
        ok=True,
        reason="ok",
        words=_READ,
        attributes=Said(said.name, said.address, said.birth, said.sex),
        issuer=holder.issuer,
        evidence=holder.evidence.digest,
        card=card,
    )


def _check_its_day(channel: Channel, clock: Clock) -> None:
    """Make sure, before it is shown a secret, that a card is one that still counts as its holder's paper."""
    record = common.read(channel)
    if record:
        check_days("card", None, record.expires, datetime.fromtimestamp(clock.wall_ms() / _MS, UTC))


def _is_proven_otherwise(card: Report) -> bool:
    """Whether a card has proven itself by something else than its face; that is learned anew, for the centre's sake."""
    return card.ok and card.proof != "none" and card.profile != "face"


def _refused(error: CardError) -> HolderReport:
    kind = error.kind if isinstance(error, OtherCardError) else ""
    words = f"{OTHERS[kind]} {WORDS[error.reason]}" if kind else f"{WORDS[error.reason]} ({error})"
    left = getattr(error, "tries_left", None)
    return HolderReport(ok=False, reason=error.reason, words=words, tries_left=left, kind=kind)
