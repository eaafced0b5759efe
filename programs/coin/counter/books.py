"""Counters at the centre: which cards have one, what became of their steps, and what everybody was told and has heard.

A step counts as explained only if the card itself has signed it, by the key that was learned at the desk. So no unit
can make up a payment, nor explain a step away that was paid with elsewhere.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text

from central import ledger
from central.upsert import Excluded, upsert
from programs.coin.counter.facts import USE, Heard, KeptFree, Seat, Told, Unproven
from programs.coin.entries import CounterPay
from sync.entries import Entry
from sync.facts import CounterKey
from sync.messages import OFFICE_STREAM, ONE_UNIT, TOWN_STREAM, is_stream
from sync.steps import Counted, Steps, hold

metadata = MetaData()

card = Table(
    "coin_counter_card",
    metadata,
    Column("card", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("kept", BigInteger, nullable=False, server_default="0"),  # to be free, by the office's word
)

touch = Table(
    "coin_counter_touch",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("boot", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("card", Text, nullable=False),
    Column("dice", Text, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("yen", BigInteger, nullable=False),  # 0: nothing was paid by it
    Column("place", Text, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("steps", Text, nullable=False),
    Column("proven", Integer, nullable=False),  # 1: the card has signed it; -1: its key is not known yet
    Index("coin_counter_touch_by_card", "card", "last"),
)

taken_back = Table("coin_counter_taken_back", metadata, Column("entry", Text, primary_key=True))

told = Table(
    "coin_counter_told",
    metadata,
    Column("boot", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("card", Text, nullable=False),
    Column("total", BigInteger, nullable=False),  # what could be spent by it in all, of what was ever there
    Column("step", BigInteger, nullable=False),
    Column("asks", Integer, nullable=False),
    Column("fact", Text, nullable=False),
    Index("coin_counter_told_by_card", "card", "number"),
    Index("coin_counter_told_by_number", "number"),
)

seat = Table(
    "coin_counter_seat",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("life", BigInteger, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("step_yen", BigInteger, nullable=False),
)

heard = Table(
    "coin_counter_heard",
    metadata,
    Column("card", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("life", BigInteger, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

_TOLD: Final = msgspec.json.Decoder(Told)
_STEPS: Final = msgspec.json.Decoder(Steps)
_UNKNOWN: Final = -1


class Touch(msgspec.Struct, frozen=True):
    """Something that a unit wrote of a card's steps. `entry`: its id; `yen`: what was paid by it."""

    entry: str
    dice: str
    yen: int
    place: str
    points: int
    values: tuple[int, ...]
    is_proven: bool


def record(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Note what concerns counters, of whatever has arrived."""
    for entry in entries:
        match entry.fact:
            case CounterKey() as fact if entry.unit == TOWN_STREAM:
                _learn(connection, fact)
            case KeptFree() as fact if entry.unit == OFFICE_STREAM:
                kept = sa.update(card).where(card.c.card == fact.card)
                connection.execute(kept.values(kept=fact.yen))
            case Told() as fact if entry.unit == TOWN_STREAM:
                _note_told(connection, entry, fact)
            case Seat() as fact if entry.unit == ONE_UNIT + fact.to:
                row = {"unit": fact.to, "life": fact.life, "since": fact.since, "step_yen": fact.step_yen}
                upsert(connection, seat, [row], lambda new: {"since": new.since, "step_yen": new.step_yen})
            case Heard() as fact if not is_stream(entry.unit):
                row = {"card": fact.card, "unit": entry.unit, "life": fact.life, "number": fact.number}
                upsert(connection, heard, [row], _greater)
            case Unproven(of=of) if entry.unit == OFFICE_STREAM:
                upsert(connection, taken_back, [{"entry": of}], lambda new: {"entry": new.entry})
            case Counted() as fact if not is_stream(entry.unit):
                _note_touch(connection, entry, fact)
            case _:
                pass


def _greater(new: Excluded) -> dict[str, sa.ColumnElement[int]]:
    return {"number": sa.case((heard.c.number > new.number, heard.c.number), else_=new.number)}


def _learn(connection: sa.Connection, fact: CounterKey) -> None:
    learned = {"card": fact.card, "key": fact.key, "value": fact.value, "kept": 0}
    upsert(connection, card, [learned], lambda new: {"key": new.key, "value": new.value})
    waiting = sa.select(touch).where(touch.c.card == fact.card, touch.c.proven == _UNKNOWN)
    for row in connection.execute(waiting).all():
        proven = hold(_STEPS.decode(row.steps), row.unit, base64.b64decode(fact.key))
        is_it = (touch.c.unit == row.unit) & (touch.c.boot == row.boot) & (touch.c.seq == row.seq)
        connection.execute(sa.update(touch).where(is_it).values(proven=int(proven)))


def _note_told(connection: sa.Connection, entry: Entry, fact: Told) -> None:
    said = {"number": fact.number, "card": fact.card, "total": fact.yen + fact.paid, "step": fact.step}
    said |= {"asks": int(fact.asks)}
    body = msgspec.json.encode(fact).decode()
    connection.execute(sa.insert(told).values(boot=entry.boot, seq=entry.seq, fact=body, **said))


def _note_touch(connection: sa.Connection, entry: Entry, fact: Counted) -> None:
    name, steps = fact.counted
    key = connection.execute(sa.select(card.c.key).where(card.c.card == name)).scalar()
    paid = fact if isinstance(fact, CounterPay) else None
    is_good = paid is None or _is_paid_for(connection, entry.unit, paid)
    proven = int(is_good and hold(steps, entry.unit, base64.b64decode(key))) if key else _UNKNOWN
    row = {
        "unit": entry.unit,
        "boot": entry.boot,
        "seq": entry.seq,
        "card": name,
        "dice": steps.dice,
        "last": max(steps.values),
        "yen": paid.yen if paid else 0,
        "place": paid.place if paid else "",
        "points": paid.points if paid else 0,
        "steps": msgspec.json.encode(steps).decode(),
        "proven": proven,
    }
    connection.execute(sa.insert(touch).values(**row))


def _is_paid_for(connection: sa.Connection, unit: str, paid: CounterPay) -> bool:
    """Tell whether a payment is what its steps are for, enough of them, and none that the unit had let go.

    A unit that has said that it heard of a step pays with it no more; so it has none left once that step is settled.
    """
    life = seat.c.unit == unit, seat.c.life == paid.life
    step_yen = connection.execute(sa.select(seat.c.step_yen).where(*life)).scalar()
    if paid.yen != paid.steps.asked or (step_yen is not None and paid.yen > step_yen * len(paid.steps.made)):
        return False
    of_unit = heard.c.card == paid.card, heard.c.unit == unit, heard.c.life == paid.life
    upto = connection.execute(sa.select(heard.c.number).where(*of_unit)).scalar() or 0
    gone = told.c.card == paid.card, told.c.number <= upto, told.c.step >= min(paid.steps.values)
    return connection.execute(sa.select(told.c.number).where(*gone).limit(1)).first() is None


class Card(msgspec.Struct, frozen=True):
    """What is known of a card with a counter: where that stood when it was learned, and how much is to be free."""

    value: int
    kept: int


def cards(connection: sa.Connection, names: Iterable[str]) -> dict[str, Card]:
    """Return those of the cards that have a counter."""
    asked = sa.select(card).where(card.c.card.in_(list(names)))
    return {row.card: Card(row.value, row.kept) for row in connection.execute(asked)}


def concerned(connection: sa.Connection, names: Sequence[str]) -> list[str]:
    """Return those of the cards that have a counter, or of which a unit wrote that they had."""
    asked = sa.union(
        sa.select(card.c.card).where(card.c.card.in_(names)), sa.select(touch.c.card).where(touch.c.card.in_(names))
    )
    return sorted(connection.execute(asked).scalars())


def is_any(connection: sa.Connection) -> bool:
    """Tell whether any card has a counter, or a unit wrote that one had."""
    asked = sa.union_all(sa.select(card.c.card), sa.select(touch.c.card)).limit(1)
    return connection.execute(asked).first() is not None


def last_number(connection: sa.Connection) -> int:
    """Return the number of what was told last, of any card."""
    return int(connection.execute(sa.select(sa.func.max(told.c.number))).scalar() or 0)


def last_told(connection: sa.Connection, name: str) -> Told | None:
    """Return what was told of a card last."""
    newest = sa.select(told.c.fact).where(told.c.card == name).order_by(*_newest_first()).limit(1)
    found = connection.execute(newest).scalar()
    return _TOLD.decode(found) if found else None


def _newest_first() -> tuple[sa.UnaryExpression[int], ...]:
    return told.c.number.desc(), told.c.boot.desc(), told.c.seq.desc()


def paid(connection: sa.Connection, name: str) -> int:
    """Return how much was ever paid by a card's counter, as far as has been heard."""
    asked = sa.select(sa.func.coalesce(sa.func.sum(touch.c.yen), 0)).where(touch.c.card == name)
    return int(connection.execute(asked).scalar_one())


def seats(connection: sa.Connection) -> dict[tuple[str, int], tuple[int, int]]:
    """Return which lives of units may decide by counters, and since which number and for how much a step."""
    held = ledger.account.c
    asked = sa.select(held.name).where(held.name.startswith(f"{USE}/at/", autoescape=True), held.balance > 0)
    holders = set(connection.execute(asked).scalars())
    rows = connection.execute(sa.select(seat).order_by(seat.c.unit, seat.c.life))
    return {
        (row.unit, row.life): (row.since, row.step_yen)
        for row in rows
        if ledger.held(USE, row.unit, row.life) in holders
    }


def heard_by_all(connection: sa.Connection, name: str, seats: Mapping[tuple[str, int], tuple[int, int]]) -> int | None:
    """Return up to which number everybody who decides by counters has heard what was told of a card; None: nobody does.

    A unit that may decide since a number has heard everything up to it before it does.
    """
    rows = connection.execute(sa.select(heard).where(heard.c.card == name))
    numbers = {(row.unit, row.life): row.number for row in rows}
    return min((max(since, numbers.get(life, 0)) for life, (since, _) in seats.items()), default=None)


class InForce(msgspec.Struct, frozen=True):
    """What somebody may still decide by. `total`: the most that may be spent by any of it; `settled`: see `Told`."""

    total: int
    settled: int


def in_force(connection: sa.Connection, name: str, upto: int | None) -> InForce:
    """Return what of everything that was told of a card may still count somewhere, if all have heard up to a number."""
    of_card = told.c.card == name
    last = sa.select(sa.func.max(told.c.number)).where(of_card)
    if upto is not None:
        last = last.where(told.c.number <= upto)
    since = connection.execute(last).scalar() or 0
    settled = connection.execute(sa.select(sa.func.max(told.c.step)).where(of_card, told.c.number <= since)).scalar()
    newer = sa.select(sa.func.max(told.c.total)).where(of_card, told.c.number >= since)
    total = 0 if upto is None else connection.execute(newer).scalar()
    return InForce(total or 0, settled or 0)


def to_answer(connection: sa.Connection) -> set[tuple[str, int]]:
    """Return which lives of units have still to say that they have heard something."""
    last = sa.select(told.c.card, sa.func.max(told.c.number).label("number")).where(told.c.asks == 1)
    asked = {row.card: int(row.number) for row in connection.execute(last.group_by(told.c.card))}
    said = {(row.card, row.unit, row.life): row.number for row in connection.execute(sa.select(heard))}
    return {
        (unit, life)
        for (unit, life), (since, _) in (seats(connection) if asked else {}).items()
        if any(max(since, said.get((name, unit, life), 0)) < number for name, number in asked.items())
    }


def is_asked(connection: sa.Connection, name: str, upto: int | None) -> bool:
    """Tell whether anything was asked about a card that not everybody has answered who decides by counters."""
    if upto is None:
        return False
    asked = sa.select(told.c.number).where(told.c.card == name, told.c.asks == 1, told.c.number > upto).limit(1)
    return connection.execute(asked).first() is not None


def touches(connection: sa.Connection, name: str, settled: int) -> list[Touch]:
    """Return what was written of a card's steps beyond those that are settled, and what is to be taken back."""
    is_open = sa.or_(touch.c.last > settled, sa.and_(touch.c.proven != 1, touch.c.yen > 0))
    order = (touch.c.unit, touch.c.boot, touch.c.seq)
    asked = sa.select(touch).where(touch.c.card == name, is_open).order_by(*order)
    found = [
        Touch(
            f"{row.unit}/{row.boot}/{row.seq}",
            row.dice,
            row.yen,
            row.place,
            row.points,
            _STEPS.decode(row.steps).values,
            row.proven == 1,
        )
        for row in connection.execute(asked)
    ]
    back = set(connection.execute(sa.select(taken_back.c.entry)).scalars())
    return [one for one in found if one.entry not in back]
