"""The book of rules: every plan that was ever activated, and which rules were stopped. Both ends fold the same one.

A touch is judged by the plan of its own day, so what was earned once is never changed by a later plan. Of two plans
that start on one day the one that was said later counts. Arithmetic only.
"""

from typing import Any, Final

import msgspec

from programs.points.entries import LAST_DAY, Activated, ActivatedAmounts, Of, Plan, Rule, Stopped
from sync.entries import Entry
from sync.program import JAPAN_MINUTES, Fold

BOOK_READER: Final = "points-rules"
BOOK_KEY: Final = "rules"


class Page(msgspec.Struct, frozen=True):
    """One plan. `when`: (time by the centre, boot, seq, writer), which orders what was said."""

    when: tuple[int, str, int, str]
    said: Activated


class Book(msgspec.Struct, frozen=True):
    """All plans, by the day on which they start; `stops`: rules that give nothing any more, and from when."""

    pages: tuple[Page, ...] = ()
    stops: tuple[tuple[str, int], ...] = ()

    def on(self, day: int) -> Activated | None:
        """Return what counts on a day."""
        starting = [page.said for page in self.pages if page.said.plan.starts <= day]
        return starting[-1] if starting else None


def fold(book: Book, entry: Entry) -> Book:
    match entry.fact:
        case Activated() as said:
            plain = Activated(said.plan, said.proposal, said.proposed_by, said.by, said.utc_offset_minutes)
            page = Page((entry.at, entry.boot, entry.seq, entry.unit), plain)
            pages = {one.said.plan.starts: one for one in book.pages}
            there = pages.get(said.plan.starts)
            if there is None or page.when >= there.when:
                pages[said.plan.starts] = page
            return Book(tuple(pages[starts] for starts in sorted(pages)), book.stops)
        case Stopped(rule=rule, from_ms=from_ms):
            stops = dict(book.stops)
            stops[rule] = min(from_ms, stops.get(rule, from_ms))
            return Book(book.pages, tuple(sorted(stops.items())))
        case _:
            return book


def activated(plan: Plan, *about: Any) -> Activated:
    """Return the statement that puts a plan into force: of the kind that every unit can spell which knows its rules."""
    is_newer = any(rule.of is not Of.TOUCH or rule.person_day for rule in plan.rules)
    return (ActivatedAmounts if is_newer else Activated)(plan, *about)


_SAMPLE: Final = Rule("library", 10, ("library",), weekdays=(0, 1, 2, 3, 4), last_day=LAST_DAY, person_month=300)

_AMOUNT: Final = Rule("fish", 2, ("fish",), from_yen=500, per_yen=100, person_day=50)

BOOK: Final[Fold[Book]] = Fold(
    name=BOOK_READER,
    kinds=(Activated, ActivatedAmounts, Stopped),
    state=Book,
    empty=Book(),
    key=lambda _: BOOK_KEY,
    fold=fold,
    samples=(
        Activated(Plan(20_780, (_SAMPLE,)), "0a" * 6, "山田", "佐藤", JAPAN_MINUTES),
        Activated(Plan(20_781, (_SAMPLE,)), "0b" * 6, "山田", "佐藤", JAPAN_MINUTES),
        ActivatedAmounts(Plan(20_781, (_AMOUNT,)), "0c" * 6, "山田", "佐藤", JAPAN_MINUTES),
        Stopped("library", 1_795_392_000_000),
    ),
)
