"""What the office's page shows of plans: rules as sentences, who has heard of them, and how they fare on last month."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

import msgspec
import sqlalchemy as sa

from central import store
from central.calendar import day_at
from programs.points.activating import Waiting, proposals
from programs.points.book import Book, Page
from programs.points.comparing import Changes, changes, overlaps
from programs.points.entries import Of, Plan, Rule
from programs.points.explaining import names_of
from programs.points.previewing import YEN_PER_POINT, ByRule, Preview, last_month, preview
from programs.points.sentences import Names, Say, sentence
from sync.days import written
from sync.facts import UnitState

LATE_SHOWN: Final = 5
_STARTS: Final = attrgetter("starts")
_OPEN: Final = sa.select(store.unit.c.name, store.unit.c.contact_ms).where(store.unit.c.state != UnitState.CLOSED)


class Line(msgspec.Struct, frozen=True):
    """A rule with its number in the plan. `stopped_ms`: since when it gives nothing; None: it goes on."""

    number: int
    rule: Rule
    say: Say
    stopped_ms: int | None = None


class Heard(msgspec.Struct, frozen=True):
    """How many units were in contact since something was said, of all; `missing`: the others, which cannot know it."""

    units: int
    of: int
    missing: tuple[str, ...]


class Active(msgspec.Struct, frozen=True):
    """A plan that two officers have put into force; it counts now, or from its first day on."""

    proposal: str
    proposed_by: str
    by: str
    starts: str
    at_ms: int
    plan: Plan
    lines: tuple[Line, ...]
    heard: Heard


class Proposal(msgspec.Struct, frozen=True):
    """A plan that waits for a second officer. `is_late`: its first day has come, and nobody can activate it now."""

    id: str
    by: str
    starts: str
    rules: int
    is_late: bool


class Trial(msgspec.Struct, frozen=True):
    """How a plan would have fared last month.

    Attributes:
        rows: each rule with what it would have given.
        kinds: what the rules look at.
    """

    since: str
    upto: str
    found: Preview
    cost_yen: int
    rows: tuple[tuple[Line, ByRule], ...]
    kinds: frozenset[Of]


class Compared(msgspec.Struct, frozen=True):
    """What a plan changes against the one that would count on its first day.

    Attributes:
        against: since when that counts, or "" if there is none.
        is_instead: it starts on the very same day, and would never count.
        pairs: the sentences of rules that are changed, before and after.
        meeting: the numbers of rules that may both give points for one touch.
    """

    against: str
    is_instead: bool
    found: Changes
    added: tuple[Say, ...]
    dropped: tuple[Say, ...]
    pairs: tuple[tuple[Say, Say], ...]
    meeting: tuple[tuple[int, int], ...]


def lines(plan: Plan, names: Names, book: Book) -> tuple[Line, ...]:
    """Return the rules of a plan as people read them."""
    stops = dict(book.stops)
    return tuple(
        Line(number, rule, sentence(rule, names), stops.get(rule.id)) for number, rule in enumerate(plan.rules, 1)
    )


def in_force(connection: sa.Connection, book: Book, today: int) -> tuple[Active | None, list[Active]]:
    """Return the plan that counts today, and those that come."""
    counting = book.on(today)
    pages = [page for page in book.pages if page.said is counting or page.said.plan.starts > today]
    names = names_of(connection, book)
    units = [(str(name), contact_ms) for name, contact_ms in connection.execute(_OPEN)]
    shown = [_active(page, book, names, units) for page in pages]
    return (shown[0], shown[1:]) if counting else (None, shown)


def _active(page: Page, book: Book, names: Names, units: Sequence[tuple[str, int | None]]) -> Active:
    said, at_ms = page.said, page.when[0]
    missing = tuple(sorted(name for name, contact_ms in units if contact_ms is None or contact_ms < at_ms))
    heard = Heard(len(units) - len(missing), len(units), missing)
    plan = said.plan
    return Active(
        said.proposal, said.proposed_by, said.by, written(plan.starts), at_ms, plan, lines(plan, names, book), heard
    )


def waiting(connection: sa.Connection, today: int) -> list[Proposal]:
    """Return what was proposed and not activated, what starts first at the top; then the last that came too late."""
    found = sorted((_proposal(one, today) for one in proposals(connection) if not one.is_active), key=_STARTS)
    late = [one for one in reversed(found) if one.is_late]
    return [*(one for one in found if not one.is_late), *late[:LATE_SHOWN]]


def _proposal(one: Waiting, today: int) -> Proposal:
    starts = one.plan.starts
    return Proposal(one.id, one.by, written(starts), len(one.plan.rules), starts <= today)


def trial(connection: sa.Connection, plan: Plan, shown: Sequence[Line], now_ms: int) -> Trial:
    """Try a plan on the touches of last month."""
    since, upto = last_month(day_at(connection, now_ms))
    found = preview(connection, plan, since, upto)
    rows = tuple(zip(shown, found.rules, strict=True))
    kinds = frozenset(rule.of for rule in plan.rules)
    return Trial(written(since), written(upto), found, found.points * YEN_PER_POINT, rows, kinds)


def compared(plan: Plan, book: Book, names: Names) -> Compared:
    """Hold a plan against what would count on its first day without it."""
    there = book.on(plan.starts)
    found = changes(there.plan if there else None, plan)
    numbers = {rule.id: number for number, rule in enumerate(plan.rules, 1)}
    return Compared(
        written(there.plan.starts) if there else "",
        bool(there and there.plan.starts == plan.starts),
        found,
        tuple(sentence(rule, names) for rule in found.added),
        tuple(sentence(rule, names) for rule in found.dropped),
        tuple((sentence(one, names), sentence(other, names)) for one, other in found.changed),
        tuple((numbers[one.id], numbers[other.id]) for one, other in overlaps(plan)),
    )
