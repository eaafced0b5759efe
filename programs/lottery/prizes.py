"""Prizes after the draw: which unit hands them out, what was fetched, and who comes next where nobody came.

A prize is handed out at the one unit that was granted it, by a touch of the winning card, also without a network; or by
the office itself, as long as no unit has it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
import sqlalchemy as sa

from central.centre import Centre
from central.granting import NotFreeError
from programs.lottery.entries import Collected, PassedOn, Won, prize_of
from programs.lottery.errors import DrawError
from programs.lottery.lists import numbers
from programs.lottery.office import handed, prize, tickets_of
from programs.lottery.running import transcript_of
from sync.messages import OFFICE_STREAM

_CARD: Final = re.compile(r"[0-9a-f]{32}")


class Waiting(msgspec.Struct, frozen=True):
    """A prize, and what became of it. `by`: the unit that handed it out, the office, or "" for nobody yet."""

    won: Won
    by: str
    passed_to: str

    @property
    def is_open(self) -> bool:
        return not self.by and not self.passed_to


def award(centre: Centre, draw: str) -> None:
    """Write down who has won what, once.

    Raises:
        DrawError: it is not drawn yet.
    """
    with centre.reconciler.counted() as connection:
        known = {one.won.ticket for one in prizes_in(connection, draw)}
        transcript = transcript_of(connection, draw)
        if transcript is None:
            raise DrawError(f"抽選「{draw}」はまだ引かれていません。", f"The draw {draw} was not drawn yet.")
        holders = _holders(connection, draw)
        fresh = [
            Won(draw, one.ticket, holders[one.ticket], one.prize_ja, one.prize_en)
            for one in transcript.winners
            if one.ticket not in known
        ]
        if fresh:
            centre.streams.append(connection, OFFICE_STREAM, fresh)


def prizes(centre: Centre, draw: str) -> list[Waiting]:
    """Return the prizes of a draw, by their tickets, with what became of them by what has arrived."""
    with centre.reconciler.counted() as connection:
        return list(prizes_in(connection, draw))


def hand_out_at(centre: Centre, draw: str, unit: str) -> list[Won]:
    """Let a unit hand out the prizes that cards have won, and that no unit has; return them.

    Raises:
        DrawError: the unit cannot have them now.
    """
    given: list[Won] = []
    with _deals(), centre.granter.deal() as deal:
        for one in prizes_in(deal.connection, draw):
            what = prize_of(one.won.holder)
            if one.is_open and _CARD.fullmatch(one.won.holder) and deal.free(what) > 0:
                deal.tell(unit, one.won)
                deal.grant(what, unit, 1)
                given.append(one.won)
    return given


def collect(centre: Centre, draw: str, ticket: str) -> None:
    """Note that the office has handed out a prize itself.

    Raises:
        DrawError: there is no such prize, somebody has it, or a unit hands it out.
    """
    with _deals(), centre.granter.deal() as deal:
        won = _open(deal.connection, draw, ticket)
        deal.use(prize_of(won.holder), 1, Collected(draw, ticket, won.holder))


def pass_on(centre: Centre, draw: str, ticket: str) -> str:
    """Let the next alternate have a prize for which nobody came; return the alternate's ticket.

    Raises:
        DrawError: as `collect`; or there are no alternates left.
    """
    with _deals(), centre.granter.deal() as deal:
        won = _open(deal.connection, draw, ticket)
        transcript = transcript_of(deal.connection, draw)
        known = {one.won.ticket for one in prizes_in(deal.connection, draw)}
        rest = [one for one in transcript.alternates if one not in known] if transcript else []
        if not rest:
            raise DrawError("補欠はもういません。", "There are no alternates left.")
        deal.use(prize_of(won.holder), 1, PassedOn(draw, ticket, won.holder, rest[0]))
        next_one = Won(draw, rest[0], _holders(deal.connection, draw)[rest[0]], won.prize_ja, won.prize_en)
        centre.streams.append(deal.connection, OFFICE_STREAM, [next_one])
    return rest[0]


@contextmanager
def _deals() -> Iterator[None]:
    """Turn what cannot be granted or used into a sentence."""
    try:
        yield
    except NotFreeError as error:
        raise DrawError(
            "端末が渡すことになっているか、その端末が使えません。端末から戻すか(unit drain)、別の端末にしてください。",
            f"A unit is to hand it out, or cannot: {error}. Have the unit give it back (unit drain), or name another.",
        ) from error


def _open(connection: sa.Connection, draw: str, ticket: str) -> Won:
    found = next((one for one in prizes_in(connection, draw) if one.won.ticket == ticket and one.is_open), None)
    if found is None:
        raise DrawError(
            f"券 {ticket} の賞品は、ないか、渡し済みです。prizes で確かめてください。",
            f"There is no prize for ticket {ticket}, or somebody has it: see prizes.",
        )
    return found.won


def prizes_in(connection: sa.Connection, draw: str) -> Iterator[Waiting]:
    """Yield the prizes of a draw, by their tickets."""
    yield from _prizes(connection, draw)


def prizes_of(connection: sa.Connection, draw: str, holder: str) -> Iterator[Waiting]:
    """Yield the prizes of a draw that one person has won, by their tickets."""
    yield from _prizes(connection, draw, prize.c.holder == holder)


def _prizes(connection: sa.Connection, draw: str, *whose: sa.ColumnElement[bool]) -> Iterator[Waiting]:
    given = sa.select(handed.c.ticket, handed.c.writer).where(handed.c.draw == draw).order_by(handed.c.at)
    by = {row.ticket: row.writer for row in connection.execute(given)}
    asked = sa.select(prize).where(prize.c.draw == draw, *whose).order_by(prize.c.ticket)
    for row in connection.execute(asked).all():
        won = Won(row.draw, row.ticket, row.holder, row.prize_ja, row.prize_en)
        yield Waiting(won, by.get(row.ticket, ""), row.passed_to)


def _holders(connection: sa.Connection, draw: str) -> dict[str, str]:
    given = tickets_of(connection, draw)
    return {number: one.holder for one in given for number in numbers(one.ref, one.count)}
