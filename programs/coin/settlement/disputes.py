"""Disputes (調査依頼): somebody says that an entry is wrong, and the office looks into it.

The evidence is the entry itself, with its chain and its signature; so a claim is answered from what was signed at the
counter, and not from memory. A dispute moves no money: what is put right is put right by an entry of its own.
"""

from collections.abc import Iterable

import msgspec

from central.centre import Centre
from central.console.proofs import Proof, Proofs
from central.worded import WordedError
from programs.coin.settlement import tables
from programs.coin.settlement.books import When, when
from programs.coin.settlement.facts import DisputeClosed, DisputeJudged, DisputeOpened, DisputeTaken, Reason
from sync.entries import Entry, EntryId, Fact
from sync.messages import OFFICE_STREAM


class DisputeError(WordedError):
    """There is no such entry or dispute, or it is open or closed already; nothing was said."""


class TakenError(DisputeError):
    """Somebody else works on it; `by`: who."""

    def __init__(self, number: int, by: str) -> None:
        super().__init__(
            f"この件は別の職員({by})が作業中です。声をかけるか、引きつぐを選んでください。(REC-011)",
            f"{by} is working on dispute {number}; ask, or take it over (REC-011)",
        )
        self.by = by


class Found(msgspec.Struct, frozen=True):
    """What somebody had found out at some time; `due`: until which day it was then to be closed, 0: not said."""

    when: When
    reason: Reason
    by: str
    note: str
    due: int


class Dispute(msgspec.Struct, frozen=True):
    """A dispute about one entry.

    Attributes:
        outcome: what came of it; "" while it is open.
        taken: who works on it; "": nobody.
        found: what was found out so far, the latest at the end.
    """

    number: int
    about: str
    because: str
    opened: When
    outcome: str = ""
    closed: When | None = None
    taken: str = ""
    found: tuple[Found, ...] = ()

    @property
    def reason(self) -> Reason | None:
        return self.found[-1].reason if self.found else None

    @property
    def due(self) -> int:
        """Return until which day it is to be closed, as it was said last; 0: nobody has said it."""
        return self.found[-1].due if self.found else 0


def fold(entries: Iterable[Entry]) -> dict[int, Dispute]:
    """Return the disputes by number, in whichever order they were heard; what others than the office say opens none."""
    disputes: dict[int, Dispute] = {}
    for entry in sorted((entry for entry in entries if entry.unit == OFFICE_STREAM), key=when):
        match entry.fact:
            case DisputeOpened(number=number, about=about, because=because):
                disputes[number] = Dispute(number, about, because, when(entry))
            case DisputeClosed() | DisputeTaken() | DisputeJudged() as fact:
                if (was := disputes.get(fact.number)) and was.closed is None:
                    disputes[fact.number] = _after(was, fact, when(entry))
            case _:
                pass
    return disputes


def _after(was: Dispute, fact: DisputeClosed | DisputeTaken | DisputeJudged, at: When) -> Dispute:
    """Return an open dispute after something was said of it."""
    match fact:
        case DisputeClosed(outcome=outcome):
            return msgspec.structs.replace(was, outcome=outcome, closed=at)
        case DisputeTaken(by=by):
            return msgspec.structs.replace(was, taken=by)
        case DisputeJudged(reason=reason, by=by, note=note, due=due):
            return msgspec.structs.replace(was, found=(*was.found, Found(at, reason, by, note, due)))


def open_dispute(centre: Centre, about: EntryId, because: str, by: str = "") -> Dispute:
    """Open a dispute about an entry. `by`: who works on it from the first moment; "": nobody yet.

    Raises:
        DisputeError: the entry is not held here, or there is an open dispute about it.
    """
    if evidence(centre, str(about)) is None:
        raise DisputeError(
            f"記録 {about} は、まだ届いていません。", f"{about} is not held here; the unit may not have sent it yet"
        )
    with centre.reconciler.counted() as connection:
        disputes = fold(tables.said_entries(connection))
        if same := next((one for one in disputes.values() if one.about == str(about) and one.closed is None), None):
            raise DisputeError(
                f"この記録は、もう {same.number}番で調べています。",
                f"dispute {same.number} about {about} is open already",
            )
        number = max(disputes, default=0) + 1
        said: list[Fact] = [DisputeOpened(number, str(about), because), *([DisputeTaken(number, by)] if by else [])]
        centre.streams.append(connection, OFFICE_STREAM, said)
    return disputes_of(centre)[number]


def take(centre: Centre, number: int, by: str, *, over: bool = False) -> Dispute:
    """Let somebody work on a dispute; one that somebody else works on only if it is taken over (`over`).

    Raises:
        TakenError: somebody else works on it.
        DisputeError: there is none of that number that is open.
    """
    return _say(centre, number, "" if over else by, DisputeTaken(number, by))


def give_back(centre: Centre, number: int, by: str) -> Dispute:
    """Let nobody work on a dispute any more; raises as `take`."""
    return _say(centre, number, by, DisputeTaken(number, ""))


def judge(centre: Centre, said: DisputeJudged) -> Dispute:
    """Write down what somebody (`by`) has found out about a dispute; raises as `take`."""
    return _say(centre, said.number, said.by, said)


def close_dispute(centre: Centre, number: int, outcome: str, by: str = "") -> Dispute:
    """Close a dispute with what was found out; raises as `take`, if it is said who closes it (`by`)."""
    return _say(centre, number, by, DisputeClosed(number, outcome))


def _say(centre: Centre, number: int, by: str, fact: Fact) -> Dispute:
    """Say something of an open dispute that nobody but `by` works on; `by` "": whoever does."""
    with centre.reconciler.counted() as connection:
        was = fold(tables.said_entries(connection)).get(number)
        if was is None or was.closed is not None:
            raise DisputeError(f"調べている {number}番はありません。", f"there is no open dispute {number}")
        if by and was.taken not in ("", by):
            raise TakenError(number, was.taken)
        centre.streams.append(connection, OFFICE_STREAM, [fact])
    return disputes_of(centre)[number]


def disputes_of(centre: Centre) -> dict[int, Dispute]:
    """Return all disputes, by number."""
    with centre.reconciler.counted() as connection:
        return fold(tables.said_entries(connection))


def evidence(centre: Centre, about: str) -> Proof | None:
    """Return the entry of a dispute with its proof, made anew from the stored bytes; None if it is not held."""
    return Proofs(centre.engine, centre.town.signer.public).proof(EntryId.parse(about))
