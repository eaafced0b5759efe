"""What flows through purses, noted from the moves that the ledger books; what the office gave; whom it has heard."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text

from central import ledger
from central.ledger import Move
from central.upsert import upsert
from programs.coin.lots.days import JAPAN_MINUTES
from programs.coin.lots.facts import Carried, Given
from programs.coin.lots.flow import Flow
from programs.coin.lots.fold import Purse, fold
from sync.entries import Entry
from sync.messages import OFFICE_STREAM, ONE_UNIT, is_stream
from sync.program import town_day
from sync.rights import Recall

_PURSE: Final = re.compile(r"(coin/[0-9a-z]+)/(?:free|at/.+)")
_OF_HERE: Final = re.compile(r"[0-9a-f]{16}/[0-9]+")

metadata = MetaData()

flow = Table(
    "coin_flow",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("boot", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("line", BigInteger, primary_key=True),
    Column("what", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("day", BigInteger, nullable=False),
    Column("yen", BigInteger, nullable=False),
    Column("other", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("of", Text, nullable=False),
    Index("coin_flow_by_purse", "what"),
    Index("coin_flow_by_expiry", "expires"),
    Index("coin_flow_by_day", "day"),
)

given = Table("coin_given", metadata, Column("ref", Text, primary_key=True), Column("fact", Text, nullable=False))

heard = Table(
    "coin_heard",  # up to which time by its own clock each unit was heard
    metadata,
    Column("unit", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)

recall = Table(
    "coin_recall",  # where each unit was asked last for some of a purse
    metadata,
    Column("what", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("life", BigInteger, primary_key=True),
    Column("boot", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
)

carried = Table(
    "coin_carried",  # the history of certificates, as an earlier system had it
    metadata,
    Column("boot", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("card", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("day", BigInteger, nullable=False),
    Column("yen", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Index("coin_carried_by_card", "card"),
    Index("coin_carried_by_ref", "ref"),
)

_GIVEN: Final = msgspec.json.Decoder(Given)
_CARRIED: Final = tuple(carried.c[name] for name in Carried.__struct_fields__)
COLUMNS: Final = tuple(flow.c[name] for name in Flow.__struct_fields__)
_LINKED: Final = (
    sa.select(flow.c.other).where(flow.c.what == sa.bindparam("of"), flow.c.other.like("coin/%")).distinct()
)


def purse_of(account: str) -> str:
    """Return whose money an account of the ledger holds, as rights call it; "" if it is nobody's."""
    found = _PURSE.fullmatch(account)
    return found[1] if found else ""


def flows(entry: Entry, moves: Iterable[Move]) -> list[Flow]:
    """Return what an entry moves into purses and out of them; within one purse nothing flows."""
    found: list[Flow] = []
    for move in moves:
        source, target = purse_of(move.source), purse_of(move.target)
        if source == target:
            continue
        if source:
            found.append(_flow(entry, len(found) + 1, source, -move.amount, move.target))
        if target:
            found.append(_flow(entry, len(found) + 1, target, move.amount, move.source))
    return found


def _flow(entry: Entry, line: int, what: str, yen: int, other: str) -> Flow:
    """Read off a fact, of whichever kind, what lots need to know: its day, what it is of, until when it is good."""
    fact = entry.fact
    of = str(getattr(fact, "of", ""))
    return Flow(
        *(what, entry.unit, entry.boot, entry.seq, line, entry.at),
        day=getattr(fact, "day", town_day(entry.at, JAPAN_MINUTES)),
        yen=yen,
        other=other,
        source=str(getattr(fact, "source", other.partition("/")[0])),
        expires=getattr(fact, "expires", 0),
        of=f"{entry.unit}/{of}" if _OF_HERE.fullmatch(of) else of,
    )


def note(connection: sa.Connection, entries: Sequence[Entry], moves: Callable[[Entry], Sequence[Move]]) -> None:
    """Note entries as they arrive, within the caller's transaction."""
    rows = [msgspec.structs.asdict(one) for entry in entries for one in flows(entry, moves(entry))]
    if rows:
        connection.execute(sa.insert(flow), rows)
    _note_gifts(connection, entries)
    _note_heard(connection, entries)
    _note_recalls(connection, entries)
    _note_carried(connection, entries)


def _note_gifts(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    gifts = {
        entry.fact.ref: {"ref": entry.fact.ref, "fact": msgspec.json.encode(entry.fact).decode()}
        for entry in entries
        if entry.unit == OFFICE_STREAM and isinstance(entry.fact, Given) and entry.fact.ref
    }
    upsert(connection, given, list(gifts.values()), lambda new: {"fact": given.c.fact})  # noqa: ARG005 - the first counts


def _note_heard(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    latest: dict[str, int] = {}
    for entry in entries:
        if not is_stream(entry.unit):
            latest[entry.unit] = max(entry.at, latest.get(entry.unit, entry.at))
    later = [{"unit": unit, "at": at} for unit, at in sorted(latest.items())]
    upsert(connection, heard, later, lambda new: {"at": sa.case((new.at > heard.c.at, new.at), else_=heard.c.at)})


def _note_recalls(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    rows: dict[tuple[str, str, int], dict[str, str | int]] = {}
    for entry in entries:
        match entry.fact:
            case Recall(of=unit, life=life, what=what) if entry.unit == ONE_UNIT + unit:
                place: dict[str, str | int] = {"boot": entry.boot, "seq": entry.seq}
                rows[what, unit, life] = {"what": what, "unit": unit, "life": life, **place}
            case _:
                pass
    upsert(connection, recall, list(rows.values()), lambda new: {"boot": new.boot, "seq": new.seq})


def _note_carried(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    rows = [
        {"boot": entry.boot, "seq": entry.seq, **msgspec.structs.asdict(entry.fact)}
        for entry in entries
        if entry.unit == OFFICE_STREAM and isinstance(entry.fact, Carried)
    ]
    if rows:
        connection.execute(sa.insert(carried), rows)


def purse(connection: sa.Connection, what: str) -> Purse:
    """Return a purse, lot by lot; what is not in the lots of another purse is needed of it, too."""
    found: list[Flow] = []
    waiting, seen = [what], {what}
    while waiting:
        here = waiting.pop()
        rows = connection.execute(sa.select(*COLUMNS).where(flow.c.what == here)).all()
        found += (Flow(*row) for row in rows)
        linked = {purse_of(other) for other in connection.execute(_LINKED, {"of": here}).scalars()} - seen - {""}
        waiting += sorted(linked)
        seen |= linked
    return fold(found).get(what, Purse())


def worth(connection: sa.Connection, what: str) -> int:
    """Return what the ledger says is in a purse: free, at units, and without what is short."""
    names = sa.or_(
        *(ledger.account.c.name.startswith(f"{prefix}{what}/", autoescape=True) for prefix in ("", ledger.SHORT))
    )
    return int(
        connection.execute(
            sa.select(sa.func.coalesce(sa.func.sum(ledger.account.c.balance), 0)).where(names)
        ).scalar_one()
    )


def given_for(connection: sa.Connection, ref: str) -> Given | None:
    """Return what was given under a reference, if something was."""
    found = connection.execute(sa.select(given.c.fact).where(given.c.ref == ref)).scalar()
    return _GIVEN.decode(found) if found else None


def given_under(connection: sa.Connection, prefix: str) -> dict[str, Given]:
    """Return everything that was given under references with a beginning, by reference."""
    asked = sa.select(given).where(given.c.ref.startswith(prefix, autoescape=True)).order_by(given.c.ref)
    return {ref: _GIVEN.decode(fact) for ref, fact in connection.execute(asked)}


def carried_under(connection: sa.Connection, prefix: str) -> dict[str, list[Carried]]:
    """Return the history of certificates whose references have a beginning, by reference."""
    found: dict[str, list[Carried]] = {}
    for line in _carried(connection, carried.c.ref.startswith(prefix, autoescape=True)):
        found.setdefault(line.ref, []).append(line)
    return found


def carried_of(connection: sa.Connection, card: str) -> list[Carried]:
    """Return the history that a card brought along."""
    return _carried(connection, carried.c.card == card)


def _carried(connection: sa.Connection, which: sa.ColumnElement[bool]) -> list[Carried]:
    """Return what was carried over, by day, and of each day as it was listed."""
    ordered = sa.select(*_CARRIED).where(which).order_by(carried.c.day, carried.c.boot, carried.c.seq)
    return [Carried(*row) for row in connection.execute(ordered)]


def is_known(connection: sa.Connection, what: str) -> bool:
    """Tell whether a purse ever held something."""
    return connection.execute(sa.select(flow.c.what).where(flow.c.what == what).limit(1)).first() is not None
