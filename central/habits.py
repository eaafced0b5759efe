"""What entries tell for dealing rights out: where things are used, how units are connected, what was asked back.

Derived, as everything that is added up. No rule of safety believes any of it: a unit's clock may be wrong, and then its
share of the rights is too large or too small, and no more.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text

from central.sieve import Sieve
from central.upsert import Excluded, Upsert, upsert
from sync.entries import Entry
from sync.facts import CORE, Applied, Place
from sync.messages import ONE_UNIT, is_stream
from sync.program import DAY_MS
from sync.rights import Grant, Lacked, Moves, Recall, Returned

LATE_MS: Final = 10 * 60_000  # what arrives so long after it was written was written out of reach
LATEST_MS: Final = 30 * DAY_MS  # later than that, a clock was wrong

metadata = MetaData()

thing = Table(
    "habit_thing",
    metadata,
    Column("what", Text, primary_key=True),
    Column("since_ms", BigInteger, nullable=False),
    Column("n", BigInteger, nullable=False),  # the segment with the last news of it
    Index("habit_thing_by_news", "n", "what"),
)

use = Table(
    "habit_use",
    metadata,
    Column("what", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("times", BigInteger, nullable=False),  # also when it was lacked
    Column("paid", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
)

stock = Table(
    "habit_stock",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("life", BigInteger, primary_key=True),
    Column("times", BigInteger, nullable=False),
    Column("holds", BigInteger, nullable=False),  # of all things of this kind together
)

asked_back = Table(
    "habit_asked_back",
    metadata,
    Column("what", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("life", BigInteger, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("boot", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
)

road = Table(
    "habit_road",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("since_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("outages", BigInteger, nullable=False),
    Column("visits", BigInteger, nullable=False),
    Column("late", BigInteger, nullable=False),
)


def _more(table: Table) -> Callable[[Excluded], dict[str, sa.ColumnElement[Any]]]:
    counted = [column.name for column in table.columns if not column.primary_key and not column.name.endswith("_ms")]
    return lambda new: {name: table.c[name] + new[name] for name in counted}


_USES: Final = Sieve(Moves, Lacked, Returned, Applied)
_OF_THE_UNIT: Final = Sieve(*(kind for kind in CORE if kind is not Lacked))  # what nobody's visit made it write
_TELL: Final = Upsert(thing, lambda new: {"n": new.n})
_USE: Final = Upsert(use, _more(use))
_STOCK: Final = Upsert(stock, _more(stock))
_HEAR: Final = Upsert(road, lambda new: {"until_ms": new.until_ms, **_more(road)(new)})
_HEARD: Final = sa.delete(asked_back).where(
    asked_back.c.unit == sa.bindparam("of"),
    sa.or_(asked_back.c.boot != sa.bindparam("in_boot"), asked_back.c.seq <= sa.bindparam("upto")),
)
_HEARD_OF: Final = sa.select(road.c.unit, road.c.until_ms).where(road.c.unit.in_(sa.bindparam("units", expanding=True)))


class Arrived(msgspec.Struct, frozen=True):
    """A stored segment: its number in order of arrival, when it came, and what is in it."""

    n: int
    at_ms: int
    entries: Sequence[Entry]


def kind_of(what: str) -> str:
    """Return of what kind a thing is: "coin" of "coin/<card>"."""
    return what.partition("/")[0]


def note(connection: sa.Connection, arrived: Sequence[Arrived]) -> None:
    """Add what arrived to the tables, in order of arrival, within the caller's transaction."""
    told = [one for one in arrived if one.entries]
    tally = _Tally()
    for one in told:
        note_in = _note_words if is_stream(one.entries[0].unit) else _note_uses
        note_in(connection, tally, one)
    tally.write(connection)
    _note_roads(connection, [one for one in told if not is_stream(one.entries[0].unit)])


class _Tally:
    """What the entries of some segments change."""

    def __init__(self) -> None:
        self._things: dict[str, tuple[int, int]] = {}
        self._uses: dict[tuple[str, str], tuple[int, int, int]] = {}
        self._stocks: dict[tuple[str, str, int], tuple[int, int]] = {}

    def add(self, what: str, unit: str, life: int, change: int, *, is_use: bool = False) -> None:
        """Note that a unit holds more of a thing, or less; `is_use`: because it was used there, or lacked."""
        stocked = kind_of(what), unit, life
        times, holds = self._stocks.get(stocked, (0, 0))
        self._stocks[stocked] = times + is_use, holds + change
        if is_use:
            times, paid, amount = self._uses.get((what, unit), (0, 0, 0))
            self._uses[what, unit] = times + 1, paid + (change < 0), amount - change

    def tell(self, what: str, arrived: Arrived) -> None:
        """Note that a unit told something of a thing."""
        since_ms, _ = self._things.get(what, (arrived.at_ms, 0))
        self._things[what] = since_ms, arrived.n

    def write(self, connection: sa.Connection) -> None:
        _TELL(connection, _rows(thing, self._things))
        _USE(connection, _rows(use, self._uses))
        _STOCK(connection, _rows(stock, self._stocks))


def _rows(table: Table, counted: Mapping[Any, tuple[int, ...]]) -> list[dict[str, Any]]:
    """Return rows in the order of their keys, of which the numbers stand behind the keys."""
    names = [column.name for column in table.columns]
    keyed = sorted((key if isinstance(key, tuple) else (key,), numbers) for key, numbers in counted.items())
    return [dict(zip(names, (*key, *numbers), strict=True)) for key, numbers in keyed]


def _note_uses(connection: sa.Connection, tally: _Tally, arrived: Arrived) -> None:
    for entry in _USES(arrived.entries):
        match entry.fact:
            case Moves(life=life, moves=(what, change)):
                tally.add(what, entry.unit, life, change, is_use=change < 0)
            case Lacked(life=life, what=what):
                tally.add(what, entry.unit, life, 0, is_use=True)
            case Returned(life=life, what=what, amount=amount):
                tally.add(what, entry.unit, life, -amount)
            case Applied(stream=stream, upto=upto) if stream == ONE_UNIT + entry.unit:
                _note_heard(connection, entry.unit, upto)
                continue
            case _:
                continue
        tally.tell(what, arrived)


def _note_words(connection: sa.Connection, tally: _Tally, arrived: Arrived) -> None:
    """Note what the centre itself granted, and what it asked back."""
    for entry in arrived.entries:
        match entry.fact:
            case Grant(to=unit, life=life, what=what, amount=amount):
                tally.add(what, unit, life, amount)
            case Recall(of=unit, life=life, what=what, amount=amount):
                row = {"what": what, "unit": unit, "life": life, "amount": amount, "boot": entry.boot, "seq": entry.seq}
                upsert(connection, asked_back, [row], _ask_for_more)
            case _:
                pass


def _ask_for_more(new: Excluded) -> dict[str, sa.ColumnElement[Any]]:
    return {"amount": asked_back.c.amount + new.amount, "boot": new.boot, "seq": new.seq}


def _note_heard(connection: sa.Connection, unit: str, upto: Place) -> None:
    """A unit answers a recall in the commit that hears it; what it has heard is open no more.

    Not put together for several segments: what was asked back before this and after it must not be added up.
    """
    connection.execute(_HEARD, {"of": unit, "in_boot": upto.boot, "upto": upto.seq})


def _note_roads(connection: sa.Connection, arrived: Sequence[Arrived]) -> None:
    """Note how late visits were told; a backlog that comes in several segments is one outage."""
    units = {one.entries[0].unit for one in arrived}
    heard_ms = (
        {row.unit: row.until_ms for row in connection.execute(_HEARD_OF, {"units": sorted(units)})} if units else {}
    )
    counted: dict[str, tuple[int, ...]] = {}
    for one in arrived:
        unit = one.entries[0].unit
        visits = _OF_THE_UNIT.others(one.entries)
        late = sum(LATE_MS <= one.at_ms - entry.at <= LATEST_MS for entry in visits)
        is_new = late > 0 and (unit not in heard_ms or one.at_ms - heard_ms[unit] >= LATE_MS)
        since_ms, _, *before = counted.get(unit, (one.at_ms, 0, 0, 0, 0))
        now = (is_new, len(visits), late)
        counted[unit] = since_ms, one.at_ms, *(old + more for old, more in zip(before, now, strict=True))
        heard_ms[unit] = one.at_ms
    _HEAR(connection, _rows(road, counted))


class Road(msgspec.Struct, frozen=True):
    """How a unit is connected: how often a day it is out of reach, and which share of its visits happens then."""

    outages: float
    away: float


USUAL: Final = Road(outages=1 / 7, away=0.02)
ROUGH: Final = 0.8  # outages a day
_USUAL_DAYS: Final = 7.0
_USUAL_VISITS: Final = 10.0


def roads(connection: sa.Connection) -> dict[str, Road]:
    """Return how units are connected."""
    rows = connection.execute(sa.select(road))
    return {row.unit: guess(row.until_ms - row.since_ms, row.outages, row.visits, row.late) for row in rows}


def guess(heard_ms: int, outages: int, visits: int, late: int) -> Road:
    """Guess how a unit is connected; one that was heard little counts for much like any other."""
    days = max(0, heard_ms) / DAY_MS
    return Road(
        outages=(outages + USUAL.outages * _USUAL_DAYS) / (days + _USUAL_DAYS),
        away=(late + USUAL.away * _USUAL_VISITS) / (visits + _USUAL_VISITS),
    )


def rough(connection: sa.Connection) -> frozenset[str]:
    """Return the units that are out of reach about once a day or more often."""
    return frozenset(unit for unit, found in roads(connection).items() if found.outages >= ROUGH)


def paying(connection: sa.Connection) -> frozenset[str]:
    """Return the units at which something that is given out was ever used."""
    return frozenset(connection.execute(sa.select(stock.c.unit).where(stock.c.times > 0).distinct()).scalars())


class Use(msgspec.Struct, frozen=True):
    """How often a thing was wanted at a unit, how often it was there, and how much of it was used."""

    times: int
    paid: int
    amount: int


def uses(connection: sa.Connection, what: str) -> dict[str, Use]:
    """Return where a thing was used."""
    rows = connection.execute(sa.select(use).where(use.c.what == what))
    return {row.unit: Use(row.times, row.paid, row.amount) for row in rows}


def open_recalls(connection: sa.Connection, what: str) -> dict[tuple[str, int], int]:
    """Return how much was asked back of each life of a unit that has not heard it yet, as far as that has arrived."""
    rows = connection.execute(sa.select(asked_back).where(asked_back.c.what == what))
    return {(row.unit, row.life): row.amount for row in rows}


def open_recalls_of(connection: sa.Connection, unit: str, life: int) -> dict[str, int]:
    """Return how much of each thing a life of a unit was asked for and has not heard of yet."""
    rows = connection.execute(sa.select(asked_back).where(asked_back.c.unit == unit, asked_back.c.life == life))
    return {row.what: row.amount for row in rows}


def holdings(connection: sa.Connection) -> dict[str, dict[str, int]]:
    """Return for each kind of thing how much of all of them each unit holds, if it holds any."""
    summed = sa.func.sum(stock.c.holds).label("holds")
    asked = sa.select(stock.c.kind, stock.c.unit, summed).group_by(stock.c.kind, stock.c.unit).having(summed != 0)
    found: dict[str, dict[str, int]] = {}
    for kind, unit, holds in connection.execute(asked.order_by(stock.c.kind, summed.desc(), stock.c.unit)):
        found.setdefault(kind, {})[unit] = int(holds)
    return found


def coming(connection: sa.Connection, kind: str) -> dict[str, int]:
    """Return how much of all things of a kind each unit was asked to give back, and has not heard yet."""
    is_of_kind = asked_back.c.what.startswith(f"{kind}/", autoescape=True)
    asked = sa.select(asked_back.c.unit, sa.func.sum(asked_back.c.amount)).where(is_of_kind)
    return {unit: int(yen) for unit, yen in connection.execute(asked.group_by(asked_back.c.unit))}


def stocks(connection: sa.Connection, kind: str) -> dict[str, tuple[int, int]]:
    """Return for each unit how often things of a kind were used there, and how much it may give out of all of them."""
    summed = (sa.func.sum(stock.c.times), sa.func.sum(stock.c.holds))
    asked = sa.select(stock.c.unit, *summed).where(stock.c.kind == kind).group_by(stock.c.unit)
    return {unit: (int(times), int(holds)) for unit, times, holds in connection.execute(asked)}


def days_known(connection: sa.Connection, what: str, now_ms: int) -> float:
    """Return for how long something has been heard of, in days."""
    since = connection.execute(sa.select(thing.c.since_ms).where(thing.c.what == what)).scalar()
    return max(0, now_ms - since) / DAY_MS if since is not None else 0.0


def news(connection: sa.Connection, n: int, what: str, most: int) -> list[tuple[int, str]]:
    """Return the things of which something new has come behind the segment `n`, and in it behind the thing `what`."""
    is_behind = sa.or_(thing.c.n > n, sa.and_(thing.c.n == n, thing.c.what > what))
    asked = sa.select(thing.c.n, thing.c.what).where(is_behind).order_by(thing.c.n, thing.c.what).limit(most)
    return [(row.n, row.what) for row in connection.execute(asked)]


def things_after(connection: sa.Connection, what: str, most: int) -> list[str]:
    """Return the things behind one, in the order of their names."""
    asked = sa.select(thing.c.what).where(thing.c.what > what).order_by(thing.c.what).limit(most)
    return list(connection.execute(asked).scalars())
