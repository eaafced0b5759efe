"""Tickets are a set. The course of a draw is one writer's line: what was said first counts.

So nothing is drawn twice, in whichever order the entries arrive.
"""

from typing import Final

import msgspec

from programs.lottery.entries import Announced, Closed, Drawn, Prize, Rules, Tickets
from sync.entries import Entry, Fact
from sync.program import Decision, Fold, Program, Result, Tap


class Held(msgspec.Struct, frozen=True):
    """What one person holds of one draw: references and how many tickets each, in alphabetical order."""

    tickets: tuple[tuple[str, int], ...] = ()


class Said(msgspec.Struct, frozen=True, order=True):
    """When something was said; of two that say it, the earlier one counts."""

    at: int
    boot: str
    seq: int
    unit: str


class Course(msgspec.Struct, frozen=True):
    """How far a draw has come, each step with when it was said."""

    announced: tuple[Said, Announced] | None = None
    closed: tuple[Said, Closed] | None = None
    drawn: tuple[Said, Drawn] | None = None


def holder_key(draw: str, holder: str) -> str:
    return f"{draw}/{holder}"


def _key(entry: Entry) -> str:
    return holder_key(entry.fact.draw, entry.fact.holder) if isinstance(entry.fact, Tickets) else ""


def _fold(held: Held, entry: Entry) -> Held:
    if not isinstance(fact := entry.fact, Tickets):
        return held
    return Held(tuple(sorted({*held.tickets, (fact.ref, fact.count)})))


def _draw(entry: Entry) -> str:
    return entry.fact.draw if isinstance(entry.fact, Announced | Closed | Drawn) else ""


def _go_on(course: Course, entry: Entry) -> Course:
    said = Said(entry.at, entry.boot, entry.seq, entry.unit)
    match entry.fact:
        case Announced() as fact if course.announced is None or said < course.announced[0]:
            return msgspec.structs.replace(course, announced=(said, fact))
        case Closed() as fact if course.closed is None or said < course.closed[0]:
            return msgspec.structs.replace(course, closed=(said, fact))
        case Drawn() as fact if course.drawn is None or said < course.drawn[0]:
            return msgspec.structs.replace(course, drawn=(said, fact))
        case _:
            return course


def decide(_held: Held, _tap: Tap) -> Decision:
    """Send whoever asks to a desk: units give out no tickets yet."""
    return Decision(Result.HELP, "LOT-030")


_ZEROS: Final = "0" * 64
_RULES: Final = Rules(
    draw="2026-spring",
    title_ja="春の抽選会",
    title_en="Spring draw",
    basis="joint",
    sales_yen=12_000_000,
    purchase_yen=0,
    prizes=(Prize("ます寿し", "Trout sushi", 3_000, 5),),
    alternates=5,
    cost_points=100,
    cap=10,
    close_at=1_797_753_600,
    algorithm="townpass-draw-v1",
    chain=_ZEROS,
    round=35_000_000,
    fallback="",
    verifier="",
    key_sha256=_ZEROS,
)
_COURSE: Final[tuple[Fact, ...]] = (
    Announced(_RULES, _ZEROS),
    Closed("2026-spring", 1, _ZEROS),
    Drawn("2026-spring", "0" * 96, _ZEROS, _ZEROS),
)

DRAWS: Final[Fold[Course]] = Fold(
    name="lottery-draws",
    kinds=(Announced, Closed, Drawn),
    state=Course,
    empty=Course(),
    key=_draw,
    fold=_go_on,
    samples=_COURSE,
)

PROGRAM: Program[Held] = Program(
    name="lottery",
    kinds=(Tickets,),
    state=Held,
    empty=Held(),
    key=_key,
    fold=_fold,
    samples=(Tickets("2026-spring", "D0001", "0a" * 16, 3),),
    asks=lambda tap: holder_key(tap.wish.about, tap.card),
    decide=decide,
    readers=(DRAWS,),
    safe=lambda held: held.tickets == tuple(sorted(set(held.tickets))),
)
