"""Orders and tickets are sets. The course of a draw is one writer's line: what was said first counts.

So nothing is drawn twice, in whichever order the entries arrive. A unit takes orders, which promise nothing: it cannot
know how many points a card has left. Tickets are the office's word, so no point is spent twice (`ordering`). A prize
is a right of one unit (`sync.rights`), so it is handed out once, also without a network.
"""

from typing import Final

import msgspec

from programs.lottery.entries import (
    Announced,
    Closed,
    Drawn,
    HandedOut,
    Opened,
    Ordered,
    Prize,
    Proposed,
    Rules,
    Tickets,
    Won,
    prize_of,
)
from sync.entries import Entry, Fact
from sync.program import Asked, Decision, Fold, Program, Result, Tap
from sync.rights import RIGHTS, Right, right_key

OPENINGS_READER: Final = "lottery-openings"
PRIZES_READER: Final = "lottery-prizes"
_OPENINGS_KEY: Final = "open"
_SECOND_MS: Final = 1_000

Some = tuple[str, str, int]
"""Tickets of a draw: which draw, under which number or in which entry, and how many."""


class Held(msgspec.Struct, frozen=True):
    """What one person holds, has ordered at units, and was handed there; in alphabetical order.

    `handed`: the draw and the ticket.
    """

    tickets: tuple[Some, ...] = ()
    orders: tuple[Some, ...] = ()
    handed: tuple[tuple[str, str], ...] = ()


class Prizes(msgspec.Struct, frozen=True):
    """What somebody has won, as far as this unit is to hand it out: draw, ticket, and what it is called."""

    won: tuple[tuple[str, str, str, str], ...] = ()


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
    proposed: tuple[Said, Proposed] | None = None
    drawn: tuple[Said, Drawn] | None = None


class Openings(msgspec.Struct, frozen=True):
    """The draws of which units have heard, by their names, each with when it was said."""

    draws: tuple[tuple[Said, Opened], ...] = ()

    def open_at(self, at_ms: int, about: str) -> Opened | None:
        """Return the draw for which orders are taken now: that one, or the one that closes first."""
        now = [said for _, said in self.draws if at_ms < said.close_at * _SECOND_MS and about in ("", said.draw)]
        return min(now, key=lambda said: (said.close_at, said.draw), default=None)


def _key(entry: Entry) -> str:
    match entry.fact:
        case Tickets(holder=holder) | Ordered(card=holder) | HandedOut(card=holder):
            return holder
        case _:
            return ""


def _fold(held: Held, entry: Entry) -> Held:
    match entry.fact:
        case Tickets(draw=draw, ref=ref, count=count):
            return msgspec.structs.replace(held, tickets=tuple(sorted({*held.tickets, (draw, ref, count)})))
        case Ordered(draw=draw, count=count):
            return msgspec.structs.replace(held, orders=tuple(sorted({*held.orders, (draw, str(entry.id), count)})))
        case HandedOut(draw=draw, ticket=ticket):
            return msgspec.structs.replace(held, handed=tuple(sorted({*held.handed, (draw, ticket)})))
        case _:
            return held


def _draw(entry: Entry) -> str:
    return entry.fact.draw if isinstance(entry.fact, Announced | Closed | Proposed | Drawn) else ""


def _go_on(course: Course, entry: Entry) -> Course:
    said = Said(entry.at, entry.boot, entry.seq, entry.unit)
    match entry.fact:
        case Announced() as fact if course.announced is None or said < course.announced[0]:
            return msgspec.structs.replace(course, announced=(said, fact))
        case Closed() as fact if course.closed is None or said < course.closed[0]:
            return msgspec.structs.replace(course, closed=(said, fact))
        case Proposed() as fact if course.proposed is None or said < course.proposed[0]:
            return msgspec.structs.replace(course, proposed=(said, fact))
        case Drawn() as fact if course.drawn is None or said < course.drawn[0]:
            return msgspec.structs.replace(course, drawn=(said, fact))
        case _:
            return course


def _note(openings: Openings, entry: Entry) -> Openings:
    """Note a draw that is open; of two words about one, the earlier counts, as everywhere about its rules."""
    if not isinstance(fact := entry.fact, Opened):
        return openings
    draws = {said.draw: (when, said) for when, said in openings.draws}
    ours = Said(entry.at, entry.boot, entry.seq, entry.unit), fact
    draws[fact.draw] = min(ours, draws.get(fact.draw, ours), key=lambda one: one[0])
    return Openings(tuple(draws[name] for name in sorted(draws)))


def _note_prize(prizes: Prizes, entry: Entry) -> Prizes:
    if not isinstance(fact := entry.fact, Won):
        return prizes
    return Prizes(tuple(sorted({*prizes.won, (fact.draw, fact.ticket, fact.prize_ja, fact.prize_en)})))


def decide(held: Held, openings: Openings, right: Right, prizes: Prizes, tap: Tap) -> Decision:
    """Hand out a prize that waits here for this card; if there is none, order a ticket.

    Args:
        right: how many prizes this unit may hand to this card.
    """
    waiting = [one for one in prizes.won if one[:2] not in held.handed]
    if waiting and right.amount > 0:
        return _hand_out(*waiting[0], tap)
    return _order(held, openings, tap)


def _hand_out(draw: str, ticket: str, prize_ja: str, prize_en: str, tap: Tap) -> Decision:
    if not tap.is_here:
        return Decision(Result.REFUSED, "LOT-031")
    fact = HandedOut(tap.life, tap.card, draw, ticket, tap.place, tap.day, tap.proof)
    values: dict[str, int | str] = {"prize_ja": prize_ja, "prize_en": prize_en, "ticket": ticket}
    return Decision(Result.OK_PAY, "LOT-040", (fact,), values)


def _order(held: Held, openings: Openings, tap: Tap) -> Decision:
    """Order one ticket, or as many as the counter was set to, for a card that is here itself."""
    draw = openings.open_at(tap.at_ms, tap.wish.about)
    if draw is None:
        return Decision(Result.HELP, "LOT-030")
    if not tap.is_here:
        return Decision(Result.REFUSED, "LOT-031")
    count, before = max(1, tap.wish.amount), sum(some for of, _, some in held.orders if of == draw.draw)
    title: dict[str, int | str] = {"title_ja": draw.title_ja, "title_en": draw.title_en}
    if before + count > draw.cap:
        return Decision(Result.ALREADY, "LOT-020", values={**title, "cap": draw.cap, "mine": before})
    values = {**title, "count": count, "mine": before + count, "cost": count * draw.cost_points}
    order = Ordered(draw.draw, tap.card, count, tap.place, tap.day, tap.proof)
    return Decision(Result.OK_PAY, "LOT-021", (order,), values)


def besides(tap: Tap) -> tuple[Asked, ...]:
    right = right_key(tap.unit, tap.life, prize_of(tap.card))
    return (OPENINGS_READER, _OPENINGS_KEY), (RIGHTS, right), (PRIZES_READER, tap.card)


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
    Proposed("2026-spring", "0" * 96, "hanako"),
    Drawn("2026-spring", "0" * 96, _ZEROS, _ZEROS, "hanako", "jiro"),
)

DRAWS: Final[Fold[Course]] = Fold(
    name="lottery-draws",
    kinds=(Announced, Closed, Proposed, Drawn),
    state=Course,
    empty=Course(),
    key=_draw,
    fold=_go_on,
    samples=_COURSE,
)

_OPENED: Final = Opened("2026-spring", "春の抽選会", "Spring draw", 100, 10, 1_797_753_600)

OPENINGS: Final[Fold[Openings]] = Fold(
    name=OPENINGS_READER,
    kinds=(Opened,),
    state=Openings,
    empty=Openings(),
    key=lambda _: _OPENINGS_KEY,
    fold=_note,
    samples=(_OPENED, msgspec.structs.replace(_OPENED, draw="2026-summer", cap=1)),
)

PRIZES: Final[Fold[Prizes]] = Fold(
    name=PRIZES_READER,
    kinds=(Won,),
    state=Prizes,
    empty=Prizes(),
    key=lambda entry: entry.fact.holder if isinstance(entry.fact, Won) else "",
    fold=_note_prize,
    samples=(Won("2026-spring", "D0001.0002", "0a" * 16, "ます寿し", "Trout sushi"),),
)

PROGRAM: Program[Held] = Program(
    name="lottery",
    kinds=(Tickets, Ordered, HandedOut),
    state=Held,
    empty=Held(),
    key=_key,
    fold=_fold,
    samples=(
        Tickets("2026-spring", "D0001", "0a" * 16, 3),
        Ordered("2026-spring", "0a" * 16, 2, "hall", 20_780, "card"),
        HandedOut(1, "0a" * 16, "2026-spring", "D0001.0002", "hall", 20_780, "card"),
    ),
    asks=lambda tap: tap.card,
    besides=besides,
    decide=decide,
    readers=(DRAWS, OPENINGS, PRIZES),
    safe=lambda held: all(list(some) == sorted(set(some)) for some in (held.tickets, held.orders, held.handed)),
)
