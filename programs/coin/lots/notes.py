"""What is noted of entries as they arrive: what they say beyond the ledger's amounts, what was given, who was heard.

Derived, as everything that is added up.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text

from central.kept import Kept
from central.ledger import Move
from central.prepared import Prepared
from central.upsert import Upsert, upsert
from programs.coin.lots.facts import Carried, Given
from programs.coin.lots.flow import Detail, purse_of
from programs.coin.lots.issues import ISSUES, Issued
from sync.entries import Entry
from sync.messages import OFFICE_STREAM, ONE_UNIT, TOWN_STREAM, is_stream
from sync.program import JAPAN_MINUTES, town_day
from sync.rights import Recall

_ENTRY: Final = re.compile(r"(?:([a-z][a-z0-9-]*)/)?([0-9a-f]{16}/[0-9]+)")

metadata = MetaData()

detail = Table(
    "coin_detail",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("boot", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("what", Text, nullable=False),
    Column("yen", BigInteger, nullable=False),  # below zero: it went out
    Column("day", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("of", Text, nullable=False),
    Index("coin_detail_by_purse", "what"),
    Index("coin_detail_by_expiry", "expires"),
    Index("coin_detail_by_day", "day"),
)

_NOTE: Final = Prepared(sa.insert(detail))

issue = Table("coin_issue", metadata, Column("key", Text, primary_key=True), Column("state", Text, nullable=False))
_ISSUES: Final = Kept(issue, ISSUES)

given = Table("coin_given", metadata, Column("ref", Text, primary_key=True), Column("fact", Text, nullable=False))

heard = Table(
    "coin_heard",  # up to which time by its own clock each unit was heard
    metadata,
    Column("unit", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)

_HEAR: Final = Upsert(heard, lambda new: {"at": sa.case((new.at > heard.c.at, new.at), else_=heard.c.at)})

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


def note(connection: sa.Connection, entries: Sequence[Entry], moves: Callable[[Entry], Sequence[Move]]) -> None:
    """Note entries as they arrive, within the caller's transaction."""
    _note_issues(connection, entries)
    _note_details(connection, entries, moves)
    _note_gifts(connection, entries)
    _note_recalls(connection, entries)
    _note_carried(connection, entries)


def issued(connection: sa.Connection, name: str) -> Issued:
    """Return what the town said last of an issue of gift certificates."""
    return _ISSUES.state(connection, name)


def _note_issues(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    """Fold issues as units do; whoever is not the centre has no say in them."""
    _ISSUES.note(connection, (entry for entry in entries if entry.unit == TOWN_STREAM))


def detail_of(entry: Entry, source: str) -> Detail:
    """Read off a fact, of whichever kind, what lots need to know.

    Args:
        source: where the money comes from, if the fact has no better word.
    """
    fact = entry.fact
    found = _ENTRY.fullmatch(str(getattr(fact, "of", "")))
    return Detail(
        day=getattr(fact, "day", town_day(entry.at, JAPAN_MINUTES)),
        source=str(getattr(fact, "source", source)),
        expires=getattr(fact, "expires", 0),
        of=f"{found[1] or entry.unit}/{found[2]}" if found else "",
    )


def _note_details(
    connection: sa.Connection, entries: Sequence[Entry], moves: Callable[[Entry], Sequence[Move]]
) -> None:
    rows = []
    for entry in entries:
        for move in moves(entry):
            source, target = purse_of(move.source), purse_of(move.target)
            if source == target:
                continue
            said = detail_of(entry, (move.target if source else move.source).partition("/")[0])
            place = {"unit": entry.unit, "boot": entry.boot, "seq": entry.seq}
            moved = {"what": source or target, "yen": -move.amount if source else move.amount}
            rows.append(place | moved | msgspec.structs.asdict(said))
            break
    if rows:
        _NOTE.many(connection, rows)


def _note_gifts(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    gifts = {
        entry.fact.ref: {"ref": entry.fact.ref, "fact": msgspec.json.encode(entry.fact).decode()}
        for entry in entries
        if entry.unit == OFFICE_STREAM and isinstance(entry.fact, Given) and entry.fact.ref
    }
    upsert(connection, given, list(gifts.values()), lambda new: {"fact": given.c.fact})  # noqa: ARG005 - the first counts


def note_heard(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    """Note until when each unit was heard, whatever it said."""
    latest: dict[str, int] = {}
    for entry in entries:
        if not is_stream(entry.unit):
            latest[entry.unit] = max(entry.at, latest.get(entry.unit, entry.at))
    later = [{"unit": unit, "at": at} for unit, at in sorted(latest.items())]
    _HEAR(connection, later)


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
