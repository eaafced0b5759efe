"""Two officers let a touch or a payment give no points: one asks for it and says why, another one says yes or no.

The entry stays, and what else follows from it; a payment's money and the points that it has by itself too. The books
take back in the next night what was given, and units hear of it signed. It cannot be undone.
"""

from typing import Final

import msgspec
import sqlalchemy as sa

from central.centre import Centre
from central.worded import WordedError
from programs.points.activating import named, same_person
from programs.points.entries import Of, VoidAsked, Voided, VoidRefused
from programs.points.explaining import NoTouchError, explain
from programs.points.office import ASKED, void
from sync.entries import EntryError, EntryId
from sync.messages import OFFICE_STREAM, TOWN_STREAM

REASON_MAX: Final = 200
SHOWN: Final = 20


class NotVoidedError(WordedError):
    """This is not made void; the message says why. Nothing was written."""


class Asked(msgspec.Struct, frozen=True):
    """What was asked for.

    Attributes:
        of: the entry.
        state: "asked", "refused" or "void".
        answered_by: the second officer; "" while nobody has answered.
    """

    of: str
    card: str
    at_ms: int
    by: str
    because: str
    state: str
    answered_by: str

    @property
    def is_open(self) -> bool:
        return self.state == ASKED


def ask(centre: Centre, entry: str, because: str, by: str, *, is_trial: bool = False) -> VoidAsked:
    """Ask that an entry should give no points.

    Args:
        is_trial: look whether it could be, and write nothing.

    Raises:
        NotVoidedError: there is no such touch or payment, no reason was given, or it was asked for already.
    """
    reason = " ".join(because.split())
    if not 1 <= len(reason) <= REASON_MAX:
        raise NotVoidedError(
            f"わけを {REASON_MAX}文字までで書いてください。", f"Say why, in {REASON_MAX} letters at most."
        )
    with centre.reconciler.counted() as connection:
        try:
            found = explain(connection, centre.town.register, EntryId.parse(entry))
        except NoTouchError as error:
            raise NotVoidedError(error.ja, error.en) from error
        except EntryError as error:
            raise NotVoidedError("記録の番号は、端末/起動/番号 の形です。", str(error)) from error
        if found.of is Of.DAY:
            raise NotVoidedError(
                "歩数は machi central steps strike で取り消してください。",
                "Steps are struck out by machi central steps strike.",
            )
        if found.is_void:
            raise NotVoidedError("この記録は、もう取り消されています。", "It is void already, or was given back.")
        if (there := find(connection, entry)) and there.is_open:
            raise NotVoidedError(f"{there.by} さんがもう頼んでいます。", f"{there.by} has asked for it already.")
        said = VoidAsked(entry, found.card, reason, named(by))
        if not is_trial:
            centre.streams.append(connection, OFFICE_STREAM, [said])
    return said


def answer(centre: Centre, entry: str, by: str, *, is_yes: bool, is_trial: bool = False) -> Asked:
    """Say yes or no to what another officer has asked for.

    Raises:
        NotVoidedError: nobody has asked for it, it was answered, or the same officer asked for it and would say yes.
    """
    with centre.reconciler.counted() as connection:
        there = find(connection, entry)
        if there is None or not there.is_open:
            raise NotVoidedError(
                f"記録 {entry} の取り消しは、頼まれていません。", f"Nobody has asked to void the entry {entry}."
            )
        if is_yes and same_person(there.by, by):
            raise NotVoidedError(
                f"{there.by} さんが頼みました。承認は別の人がしてください。",
                f"{there.by} asked for it: another officer has to say yes.",
            )
        if not is_trial and is_yes:
            said = Voided(entry, there.card, there.by, named(by))
            centre.streams.append(connection, TOWN_STREAM, [said])
        elif not is_trial:
            centre.streams.append(connection, OFFICE_STREAM, [VoidRefused(entry, named(by))])
    return there


def find(connection: sa.Connection, entry: str) -> Asked | None:
    """Return what was last asked for of an entry; None, if nothing ever was."""
    row = connection.execute(sa.select(void).where(void.c.of == entry)).one_or_none()
    return _asked(row) if row else None


def requests(connection: sa.Connection) -> list[Asked]:
    """Return what waits for a second officer, the oldest first; then what was answered last."""
    open_ones = connection.execute(sa.select(void).where(void.c.state == ASKED).order_by(void.c.at, void.c.of))
    answered = connection.execute(
        sa.select(void).where(void.c.state != ASKED).order_by(void.c.at.desc(), void.c.of).limit(SHOWN)
    )
    return [_asked(row) for rows in (open_ones, answered) for row in rows]


def _asked(row: sa.Row[tuple[object, ...]]) -> Asked:
    return Asked(row.of, row.card, row.at, row.by, row.because, row.state, row.answered_by)
