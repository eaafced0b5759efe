"""What the page of the reconciliation shows: a period with its shops and differences, or one case with both sides."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central import store
from central.console.asked import sheet
from central.console.moment import Moment, Say
from central.console.trails import Step, moved, stored
from central.places import name_of
from programs.coin.reconciling import words
from programs.coin.reconciling.differences import FORK, REASONS, Difference, differences
from programs.coin.reconciling.sums import TO_BANK, TO_LEDGER, Period, Sums, periods, sums
from programs.coin.reconciling.sums import asked as named
from programs.coin.settlement import calendar, disputes, tables
from programs.coin.settlement.books import OfficeBooks, fold
from programs.coin.settlement.disputes import Dispute
from programs.coin.settlement.facts import Reason
from programs.coin.trail import TRAIL, is_short
from sync.entries import Entry, EntryId, encode
from sync.messages import is_stream
from sync.program import town_day
from sync.segment import from_text, unpack

CLOSED_SHOWN: Final = 20
_COLUMNS: Final = ("place", "units", "ledger", "bank", *TO_LEDGER, *TO_BANK)


class Shop(msgspec.Struct, frozen=True):
    """One shop's figures with its name, and what its differences come from."""

    name: str
    sums: Sums
    why: Sequence[tuple[Say, int]]


class Line(msgspec.Struct, frozen=True):
    """One difference in words; `case`: the number under which it was or is looked into, or 0."""

    said: Difference
    name: str
    words: words.Row
    case: int
    is_open: bool


class Case(msgspec.Struct, frozen=True):
    """One case in words. `due`: as a day, or ""; `is_overdue`: that day is over and the case is open."""

    said: Dispute
    reason: Say | None
    due: str
    is_overdue: bool


def read(engine: sa.Engine, moment: Moment, **asked: str) -> Mapping[str, Any] | None:
    """Return what the page shows; None if somebody asks for what is not there."""
    with store.reading(engine) as connection:
        said = tables.said_entries(connection)
        if asked["case"]:
            return _one(connection, moment, said, asked["case"])
        books = fold(said)
        found = named(books, asked["period"])
        if found is None:
            return None
        return {"entry_asked": asked["entry"], **_whole(connection, moment, said, books, found, asked["place"])}


def table(engine: sa.Engine, moment: Moment, **asked: str) -> bytes | None:
    """Return the figures of a period as a table."""
    with store.reading(engine) as connection:
        books = tables.office_books(connection)
        period = named(books, asked["period"])
        if period is None:
            return None
        rows = sums(connection, books, period, moment.offset_minutes)
    whys = (*TO_LEDGER, *TO_BANK)
    return sheet(
        _COLUMNS,
        ((one.place, one.units, one.ledger, one.bank, *(one.why.get(name, 0) for name in whys)) for one in rows),
    )


def _whole(
    connection: sa.Connection,
    moment: Moment,
    said: Sequence[Entry],
    books: OfficeBooks,
    period: Period,
    place: str,
) -> dict[str, Any]:
    cases = disputes.fold(said)
    every = sums(connection, books, period, moment.offset_minutes)
    rows = [one for one in every if place in ("", one.place)]
    found = differences(connection, books, said, period, moment.offset_minutes)
    names = {one: name_of(connection, one) for one in {*(row.place for row in every), *(d.place for d in found)} if one}
    mine = [one for one in found if place in ("", one.place)]
    today = town_day(moment.now_ms, moment.offset_minutes)
    return {
        "view": "period",
        "period": period,
        "periods": [(one.name, *_days(one)) for one in periods(books)],
        "asked": period.name,
        "days": _days(period),
        "place": place,
        "places": sorted((names[row.place], row.place) for row in every),
        "shops": sorted((_shop(names[row.place], row) for row in rows), key=lambda one: (one.name, one.sums.place)),
        "total": _total(rows),
        "lines": [_line(one, names, cases) for one in mine],
        "open_cases": [_case(one, today) for _, one in sorted(cases.items()) if one.closed is None],
        "closed_cases": [_case(one, today) for _, one in sorted(cases.items(), reverse=True) if one.closed][
            :CLOSED_SHOWN
        ],
        "reasons": words.REASONS,
    }


def _days(period: Period) -> tuple[str, str]:
    first = "" if period.first is None else calendar.iso(period.first)
    return first, "" if period.last is None else calendar.iso(period.last)


def _shop(name: str, of: Sums) -> Shop:
    return Shop(name, of, [(words.WHY[why], yen) for why, yen in of.why.items()])


def _total(rows: Sequence[Sums]) -> dict[str, int]:
    figures = {name: sum(getattr(one, name) for one in rows) for name in ("units", "ledger", "bank", "difference")}
    return figures | {"unexplained": sum(abs(one.unexplained) for one in rows)}


def _line(one: Difference, names: Mapping[str, str], cases: Mapping[int, Dispute]) -> Line:
    about = [case for case in cases.values() if case.about == one.entry]
    last = about[-1] if about else None
    name = names.get(one.place, one.entry.partition("/")[0])
    return Line(one, name, words.ROWS[one.name], last.number if last else 0, bool(last and last.closed is None))


def _case(one: Dispute, today: int) -> Case:
    due = calendar.iso(one.due) if one.due else ""
    return Case(
        one,
        words.REASONS[one.reason] if one.reason else None,
        due,
        bool(due) and one.closed is None and one.due < today,
    )


def _one(connection: sa.Connection, moment: Moment, said: Sequence[Entry], asked: str) -> dict[str, Any] | None:
    """Return one case: what the unit wrote, what the ledger made of it, what belongs to it, and what was found out."""
    case = disputes.fold(said).get(int(asked)) if asked.isascii() and asked.isdecimal() else None
    if case is None:
        return None
    place = EntryId.parse(case.about)
    entry = stored(connection, place)
    return {
        "view": "case",
        "case": _case(case, town_day(moment.now_ms, moment.offset_minutes)),
        "entry": entry,
        "body": encode(entry).decode() if entry and not is_stream(place.unit) else "",
        "other": _other(connection, case.about, place.seq),
        "shop": name_of(connection, getattr(entry.fact, "place", "")) if entry else "",
        "moved": moved(connection, place),
        "is_short": is_short(connection, place),
        "steps": _steps(connection, entry),
        "history": [(one, words.REASONS[one.reason], calendar.iso(one.due) if one.due else "") for one in case.found],
        "reasons": [(str(reason), say) for reason, say in words.REASONS.items()],
        "likely": _likely(connection, moment, said, case),
    }


def _other(connection: sa.Connection, about: str, seq: int) -> str:
    """Return what else a unit wrote under the number of an entry, as it was kept for evidence; "" if nothing."""
    table = store.incident.c
    asked = sa.select(table.detail, table.evidence).where(table.kind == FORK, table.evidence.is_not(None))
    for row in connection.execute(asked.order_by(table.n)):
        if msgspec.json.decode(row.detail).get("at") == about:
            offered = from_text(unpack(msgspec.msgpack.decode(row.evidence)["offered"]))
            return offered.bodies[seq - offered.first].decode(errors="replace")
    return ""


def _steps(connection: sa.Connection, entry: Entry | None) -> Sequence[Step]:
    if entry is None or entry.kind not in TRAIL.kinds:
        return ()
    found = TRAIL.of(connection, entry)
    return found.steps if found else ()


def _likely(connection: sa.Connection, moment: Moment, said: Sequence[Entry], case: Dispute) -> str:
    """Return the reason that is chosen already in the form: what was said last, or what the books make likely."""
    if case.reason:
        return case.reason
    books = fold(said)
    for period in periods(books)[:2]:
        for one in differences(connection, books, said, period, moment.offset_minutes):
            if one.entry == case.about:
                return REASONS[one.name]
    return Reason.OTHER
