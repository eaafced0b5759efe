"""All that may give points, at the centre: touches, payments and what was counted of days, raw as it was heard.

What is undone stands beside them, and is worked in when they are read: so entries may arrive in any order.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from central.prepared import Line, Prepared
from central.sieve import Sieve
from central.upsert import Upsert
from programs.points.entries import Of, Voided
from programs.points.heard import (
    Count,
    Standing,
    Undone,
    count_of,
    days_of,
    first_of_each_day,
    payment_of,
    standing,
    sums,
    touch_of,
    undone_by,
)
from programs.points.judging import NONE, Touch
from programs.points.rules import History, Known, kept, key, last_words
from sync.entries import Entry
from sync.touches import Measuring, Paying, PayingBack, Touched

metadata = MetaData()

_PLACE: Final = (("day", BigInteger), ("at", BigInteger), ("writer", Text), ("boot", Text), ("seq", BigInteger))
_IN_ORDER: Final = [name for name, _ in _PLACE]


def _amount(of: Of) -> list[Column[int]]:
    """Return the column of an amount; a touch has none, and is read the faster for it."""
    return [Column("amount", BigInteger, nullable=False)] if of is Of.PAYMENT else []


def _all(name: str, of: Of) -> Table:
    """Return a table of all touches or payments, in the order in which they are judged."""
    return Table(
        name,
        metadata,
        Column("card", Text, primary_key=True),
        *(Column(column, kind, primary_key=True) for column, kind in _PLACE),
        Column("place", Text, nullable=False),
        Column("service", Text, nullable=False),
        *_amount(of),
        sqlite_with_rowid=False,
    )


def _firsts(name: str, of: Of) -> Table:
    """Return a table of the first of them at each place."""
    return Table(
        name,
        metadata,
        Column("card", Text, primary_key=True),
        Column("place", Text, primary_key=True),
        *(Column(column, kind, nullable=False) for column, kind in _PLACE),
        Column("service", Text, nullable=False),
        *_amount(of),
    )


touch, first = _all("points_touch", Of.TOUCH), _firsts("points_first", Of.TOUCH)
paid, paid_first = _all("points_paid", Of.PAYMENT), _firsts("points_paid_first", Of.PAYMENT)

count = Table(
    "points_count",
    metadata,
    Column("card", Text, primary_key=True),
    *(Column(name, kind, primary_key=True) for name, kind in (("day", BigInteger), ("service", Text), ("by", Text))),
    *(Column(name, kind, nullable=False) for name, kind in (("at", BigInteger), ("boot", Text), ("seq", BigInteger))),
    Column("writer", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

undone = Table(
    "points_undone",
    metadata,
    *(Column(name, kind, primary_key=True) for name, kind in (("writer", Text), ("boot", Text), ("seq", BigInteger))),
    Column("at", BigInteger, nullable=False),
    Column("card", Text, nullable=False, index=True),
    Column("of", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
)

_OTHERS: Final = Sieve(Paying, Measuring, PayingBack, Voided)
_TOUCHED: Final = Sieve(Touched)
_TABLES: Final = {Of.TOUCH: (touch, first), Of.PAYMENT: (paid, paid_first)}
_ADD: Final = {of: Prepared(sa.insert(every)) for of, (every, _) in _TABLES.items()}
_COLUMNS: Final = {
    Of.TOUCH: (*_IN_ORDER, "place", "service"),
    Of.PAYMENT: (*_IN_ORDER, "place", "service", "amount"),
}
_COUNT: Final = ("day", "service", "by", "at", "boot", "seq", "writer", "amount")
_SAID: Final = ("at", "boot", "seq", "writer")
_UNDONE: Final = ("at", "writer", "boot", "seq", "of", "amount")


def _earlier(table: Table, of: Of) -> Upsert:
    names = [name for name in _COLUMNS[of] if name != "place"]

    def change(new: Any) -> Mapping[str, Any]:
        is_earlier = sa.tuple_(*(new[name] for name in _IN_ORDER)) < sa.tuple_(*(table.c[name] for name in _IN_ORDER))
        return {name: sa.case((is_earlier, new[name]), else_=table.c[name]) for name in names}

    return Upsert(table, change)


def _later(new: Any) -> Mapping[str, Any]:
    is_later = sa.tuple_(*(new[name] for name in _SAID)) > sa.tuple_(*(count.c[name] for name in _SAID))
    return {name: sa.case((is_later, new[name]), else_=count.c[name]) for name in (*_SAID, "amount")}


_FIRST: Final = {of: _earlier(table, of) for of, (_, table) in _TABLES.items()}
_LAST_WORD: Final = Upsert(count, _later)


# ---- noting


def note(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Note what may give points, and what is undone."""
    touched = _TOUCHED(entries)
    touches = [(fact.card, touch_of(entry, fact)) for entry in touched if isinstance(fact := entry.fact, Touched)]
    payments: list[tuple[str, Touch]] = []
    counts: dict[str, list[Count]] = defaultdict(list)
    backs: list[dict[str, Any]] = []
    for entry in _OTHERS(entries):
        fact = entry.fact
        if isinstance(fact, Paying):
            payments.append((key(entry), payment_of(entry, fact)))
        if isinstance(fact, Measuring):
            counts[key(entry)].append(count_of(entry, fact.measure))
        if one := undone_by(entry):
            backs.append({"card": key(entry), **dict(zip(_UNDONE, msgspec.structs.astuple(one), strict=True))})
    _note(connection, Of.TOUCH, touches)
    _note(connection, Of.PAYMENT, payments)
    last = [(card, one) for card, some in sorted(counts.items()) for one in last_words(some)]
    _LAST_WORD(
        connection,
        [{"card": card, **dict(zip(_COUNT, msgspec.structs.astuple(one), strict=True))} for card, one in last],
    )
    if backs:
        connection.execute(sa.insert(undone), backs)


def _note(connection: sa.Connection, of: Of, some: list[tuple[str, Touch]]) -> None:
    if not some:
        return
    earliest: dict[tuple[str, str], Touch] = {}
    for card, one in some:
        earliest[card, one.place] = min(one, earliest.get((card, one.place), one))
    columns = len(_COLUMNS[of])
    _ADD[of].insert(connection, sorted((card, *msgspec.structs.astuple(one)[:columns]) for card, one in some))
    _FIRST[of].lines(connection, (_first(of, card, one) for (card, _), one in sorted(earliest.items())))


def _first(of: Of, card: str, one: Touch) -> Line:
    said = (card, one.place, one.day, one.at, one.unit, one.boot, one.seq, one.service)
    return (*said, one.amount) if of is Of.PAYMENT else said


# ---- reading


def history_of(connection: sa.Connection, card: str) -> History:
    """Return what a unit would keep that had heard everything."""
    touched, was_paid = (
        Known(
            tuple(first_of_each_day(_touches_of(connection, of, card))),
            tuple(_firsts_of(connection, of, card).values()),
        )
        for of in (Of.TOUCH, Of.PAYMENT)
    )
    return kept(History(touched, was_paid, tuple(_counts_of(connection, card)), tuple(_undone_of(connection, card))))


def standing_of(connection: sa.Connection, of: Of, card: str) -> Standing:
    """Return all touches of one card, or payments, or days, with what is undone of them worked in."""
    if of is Of.DAY:
        return list(days_of(_counts_of(connection, card))), {}, NONE
    undone_there = sums(_undone_of(connection, card))
    return standing(_touches_of(connection, of, card), _firsts_of(connection, of, card), undone_there)


def _touches_of(connection: sa.Connection, of: Of, card: str) -> list[Touch]:
    table = _TABLES[of][0]
    asked = sa.select(*(table.c[name] for name in _COLUMNS[of])).where(table.c.card == card)
    return sorted(Touch(*row) for row in connection.execute(asked))


def _firsts_of(connection: sa.Connection, of: Of, card: str) -> dict[str, Touch]:
    """Return the first touch of a card at each place, in the order of the places' names."""
    table = _TABLES[of][1]
    asked = sa.select(*(table.c[name] for name in _COLUMNS[of])).where(table.c.card == card)
    found = {one.place: one for one in (Touch(*row) for row in connection.execute(asked))}
    return {place: found[place] for place in sorted(found)}


def _counts_of(connection: sa.Connection, card: str) -> list[Count]:
    asked = sa.select(*(count.c[name] for name in _COUNT)).where(count.c.card == card)
    return sorted(Count(*row) for row in connection.execute(asked))


def _undone_of(connection: sa.Connection, card: str) -> list[Undone]:
    asked = sa.select(*(undone.c[name] for name in _UNDONE)).where(undone.c.card == card)
    return sorted(Undone(*row) for row in connection.execute(asked))


def by_card(
    connection: sa.Connection, since: int, upto: int, of: Of = Of.TOUCH
) -> Iterator[tuple[str, list[Touch], Mapping[str, Touch], frozenset[Touch]]]:
    """Yield each card with what it did on these days: in order, the first ones ever that are in them, what is void."""
    if of is Of.DAY:
        for card, rows in groupby(_read(connection, count, _COUNT, since, upto), key=itemgetter(0)):
            yield card, list(days_of(Count(*row[1:]) for row in rows)), {}, NONE
        return
    table, firsts_table = _TABLES[of]
    firsts: dict[str, dict[str, Touch]] = {}
    for card, *rest in _read(connection, firsts_table, _COLUMNS[of], since, upto):
        one = Touch(*rest)
        firsts.setdefault(card, {})[one.place] = one
    backs = _all_undone(connection)
    for card, rows in groupby(_read(connection, table, _COLUMNS[of], since, upto), key=itemgetter(0)):
        touches = sorted([Touch(*row[1:]) for row in rows])
        yield card, *standing(touches, firsts.get(card, {}), backs.get(card, {}))


def _all_undone(connection: sa.Connection) -> dict[str, dict[str, int]]:
    """Return how much of each entry is undone, by cards; there is little of it."""
    found: dict[str, list[Undone]] = defaultdict(list)
    for card, *rest in connection.execute(sa.select(undone.c.card, *(undone.c[name] for name in _UNDONE))):
        found[card].append(Undone(*rest))
    return {card: sums(some) for card, some in found.items()}


def _read(
    connection: sa.Connection, table: Table, columns: Iterable[str], since: int, upto: int
) -> Iterator[tuple[Any, ...]]:
    """Read many rows as the driver gives them: what SQLAlchemy makes of each would take as long as all the rest."""
    asked = sa.select(table.c.card, *(table.c[name] for name in columns)).order_by(table.c.card)
    within = asked.where(table.c.day >= since, table.c.day <= upto)
    sql = str(within.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    driver: Any = connection.connection.driver_connection
    yield from driver.execute(sql)
