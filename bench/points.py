"""Points: a plan tried on a year, against a bare read of the same rows; and units against the centre."""

import time
from collections.abc import Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from bench import year
from bench.report import ms, rate, row, title
from central import reconcile
from central.store import open_engine, reading
from programs.points.book import BOOK, Book
from programs.points.entries import Activated, Of
from programs.points.judging import Calendar, judged, worth
from programs.points.office import OFFICE, book_in
from programs.points.previewing import preview
from programs.points.rules import PROGRAM, History, given
from programs.points.tables import by_card, touch
from sync.entries import Entry, EntryId

AIM_S: Final = 2.0
RUNS: Final = 3
_AT_ONCE: Final = 20_000


def measure(folder: Path) -> None:
    title(f"Points: a plan tried on a year of {year.TOUCHES:,} touches, before anybody activates it")
    engine = open_engine(f"sqlite:///{folder / 'points.db'}")
    entries = list(year.touches())
    began = time.perf_counter()
    _record(engine, [year.activated(), *entries])
    row("touches recorded", rate(len(entries) / (time.perf_counter() - began)), "into the tables of points")
    with reading(engine) as connection:
        bare = min(_timed(lambda: _bare(connection)) for _ in range(RUNS))
        last_day = year.FIRST_DAY + year.DAYS
        tried = min(_timed(lambda: preview(connection, year.plan(), year.FIRST_DAY, last_day)) for _ in range(RUNS))
        row("bare read of the same rows", ms(bare), "the limit")
        row("preview of seven rules", ms(tried), f"{bare / tried:.2f} of the limit; aim {AIM_S:.0f} s")
        final = dict(_final(connection, book_in(connection), Of.TOUCH))
    more = sorted((*year.payments(), *year.walks()), key=attrgetter("at"))
    amounts = year.activated(said_plan=year.plan_of_amounts())
    _measure_amounts(engine, more, amounts)
    title(f"Points: what units say of each of {len(entries):,} touches, against what the centre books")
    _compare(entries, final, year.activated())
    with reading(engine) as connection:
        book = BOOK.fold(Book(), amounts)
        final = {name: points for of in (Of.PAYMENT, Of.DAY) for name, points in _final(connection, book, of)}
    title(f"Points: the same of each of {len(more):,} payments and readings of steps")
    _compare(more, final, amounts)


def _measure_amounts(engine: sa.Engine, entries: Sequence[Entry], amounts: Entry) -> None:
    title(f"Points: a plan that looks at {len(entries):,} payments and days of steps as well")
    began = time.perf_counter()
    _record(engine, entries)
    row("payments and readings recorded", rate(len(entries) / (time.perf_counter() - began)), "")
    assert isinstance(amounts.fact, Activated)
    plan, last_day = amounts.fact.plan, year.FIRST_DAY + year.DAYS
    with reading(engine) as connection:
        tried = min(_timed(lambda: preview(connection, plan, year.FIRST_DAY, last_day)) for _ in range(RUNS))
        row(f"preview of {len(plan.rules)} rules", ms(tried), "of touches, payments and steps together")


def _record(engine: sa.Engine, entries: Sequence[Entry]) -> None:
    with engine.begin() as connection:
        for made in (reconcile.metadata, OFFICE.metadata):
            made.create_all(connection)
    for at in range(0, len(entries), _AT_ONCE):
        with engine.begin() as connection:
            OFFICE.record(connection, entries[at : at + _AT_ONCE])


def _bare(connection: sa.Connection) -> int:
    driver: Any = connection.connection.driver_connection
    return len(driver.execute(str(sa.select(touch).order_by(touch.c.card))).fetchall())


def _timed(run: Any) -> float:
    """Return the processor's time, which what else runs on a machine makes no longer; nothing here waits for a disk."""
    began = time.process_time()
    run()
    return time.process_time() - began


def _final(connection: sa.Connection, book: Book, of: Of) -> Iterator[tuple[EntryId, int]]:
    calendar = Calendar(book, of)
    for _, touches, firsts, gone in by_card(connection, 0, year.FIRST_DAY + year.DAYS, of):
        for one, given_by, _ in judged(calendar, touches, firsts, gone):
            yield EntryId(one.unit, one.boot, one.seq), worth(given_by)


def _compare(entries: Sequence[Entry], final: dict[EntryId, int], activated: Entry) -> None:
    book = BOOK.fold(Book(), activated)
    began = time.perf_counter()
    all_heard = list(_said(entries, book, PROGRAM.key))
    took = time.perf_counter() - began
    by_unit = list(_said(entries, book, lambda entry: f"{entry.unit}/{PROGRAM.key(entry)}"))
    wrong = sum(final[entry] != points for entry, points in all_heard)
    alike = sum(final[entry] == points for entry, points in by_unit)
    row("decided by the fold that units have", rate(len(entries) / took), "one after the other, with the points said")
    row("otherwise than the centre, all having been heard", str(wrong), "aim 0")
    row("said at once as it is booked later", f"{alike / len(entries):.1%}", "a unit knows only its own touches")
    if wrong:
        raise RuntimeError(f"unit and centre differ about {wrong} entries")


def _said(entries: Sequence[Entry], book: Book, key: Any) -> Iterator[tuple[EntryId, int | None]]:
    """Yield what is said of each touch right after it, by states that know the touches of the same key."""
    histories: dict[str, History] = {}
    for entry in entries:
        which = key(entry)
        histories[which] = PROGRAM.fold(histories.get(which, History()), entry)
        yield entry.id, given(histories[which], book, entry)
