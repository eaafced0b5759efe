"""What the town gives to everybody: the documents of a draw, as far as it has come, and a page that checks them."""

from importlib.resources import files

import msgspec
import sqlalchemy as sa

from programs.lottery.documents import Frozen, Transcript, rules_document, written
from programs.lottery.errors import DrawError
from programs.lottery.lists import Proof, prove, text, ticket
from programs.lottery.office import course_of
from programs.lottery.running import frozen_list, transcript_of

RULES, TICKETS, FROZEN, TRANSCRIPT, PAGE = (
    "rules.json",
    "tickets.csv",
    "frozen.json",
    "transcript.json",
    "verify.html",
)


class Proven(msgspec.Struct, frozen=True):
    """A proof with what it is to be held against; printed for whoever holds the ticket."""

    schema: str
    draw: str
    root: str
    proof: Proof


def documents(connection: sa.Connection, draw: str) -> dict[str, bytes]:
    """Return the files to publish, by name.

    Raises:
        DrawError: there is no such draw, or the books do not give what was published before.
    """
    course = course_of(connection, draw)
    if course.announced is None:
        raise DrawError(f"抽選「{draw}」はありません。", f"There is no draw {draw}.")
    found = {RULES: rules_document(course.announced[1].rules), PAGE: (files("programs.lottery") / PAGE).read_bytes()}
    if course.closed:
        listed, frozen = frozen_list(connection, draw)
        found |= {TICKETS: text(listed), FROZEN: written(frozen)}
    if transcript := transcript_of(connection, draw):
        found[TRANSCRIPT] = written(transcript)
    return found


def prove_ticket(connection: sa.Connection, draw: str, number: str) -> Proven:
    """Return the proof that a ticket is in the frozen list.

    Raises:
        DrawError: the list is not frozen, or the ticket is not in it.
    """
    listed, frozen = frozen_list(connection, draw)
    at = next((at for at, line in enumerate(listed) if ticket(line) == number), None)
    if at is None:
        raise DrawError(
            f"券 {number} は名簿にありません。番号を確かめてください。",
            f"Ticket {number} is not in the list: check its number.",
        )
    return Proven("machi.lottery.proof/1", draw, frozen.root, prove(listed, at))


def frozen_of(connection: sa.Connection, draw: str) -> Frozen | None:
    """Return what the frozen list is; None if it is not frozen."""
    return frozen_list(connection, draw)[1] if course_of(connection, draw).closed else None


def results(transcript: Transcript) -> list[str]:
    """Return who won what, a line each."""
    lines = [f"{one.place} {one.prize_ja} / {one.prize_en}: {one.ticket}" for one in transcript.winners]
    return lines + [f"補欠 / alternate {at}: {one}" for at, one in enumerate(transcript.alternates, 1)]
