"""The ledger: double entry in whole units, one posting for ever under the id of the entry that it comes from.

A posting moves an amount from one account to another, so the sum over all accounts is always zero. Accounts of people,
of shops, and of what units may give out never go below zero; the database refuses it as well as this code. Where an
entry takes more than its account holds — a journal that lost a page, two boots of one disk — the entry still counts:
whoever was paid is paid, and the shortage stands in the suspense of the unit, until a person has looked into it.

Derived, as everything that is added up: it can be dropped, and comes back the same from the stored segments.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, MetaData, Table, Text

from central.upsert import upsert
from sync.entries import Entry
from sync.rights import Grant, Returned

metadata = MetaData()

account = Table(
    "ledger_account",
    metadata,
    Column("name", Text, primary_key=True),
    Column("may_owe", Integer, nullable=False),  # 1: it may be below zero
    Column("balance", BigInteger, nullable=False),
    CheckConstraint("may_owe = 1 OR balance >= 0", name="ledger_account_is_covered"),
)

posting = Table(
    "ledger_posting",
    metadata,
    Column("writer", Text, primary_key=True),
    Column("boot", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    CheckConstraint("amount > 0", name="ledger_posting_moves_something"),
    Index("ledger_posting_by_source", "source"),
    Index("ledger_posting_by_target", "target"),
    sqlite_with_rowid=False,
)

_OWED: Final = ("suspense/", "issuer/", "cash/", "fund/")


class Move(msgspec.Struct, frozen=True):
    """An amount from one account to another. `short`: where it comes from as far as the first does not hold it."""

    source: str
    target: str
    amount: int
    short: str = ""


def free(what: str) -> str:
    """Return the account of what nobody may give out yet."""
    return f"{what}/free"


def held(what: str, unit: str, life: int) -> str:
    """Return the account of what a unit may give out."""
    return f"{what}/at/{unit}/{life}"


def suspense(unit: str) -> str:
    """Return the account of what a unit's entries took and nobody had."""
    return f"suspense/{unit}"


def may_owe(name: str) -> bool:
    """Tell whether an account may be below zero: what the town itself owes, and what has to be looked into."""
    return name.startswith(_OWED)


def of_rights(entry: Entry) -> tuple[Move, ...]:
    """Return how rights move by what centre and units say of them.

    A recall moves nothing: what a unit holds is lower only once it has said so itself.
    """
    match entry.fact:
        case Grant(to=unit, life=life, what=what, amount=amount):
            return (Move(free(what), held(what, unit, life), amount, suspense(unit)),)
        case Returned(life=life, what=what, amount=amount):
            return (Move(held(what, entry.unit, life), free(what), amount, suspense(entry.unit)),)
        case _:
            return ()


class Booked(msgspec.Struct, frozen=True):
    """What an entry moves."""

    entry: Entry
    moves: tuple[Move, ...]


def book(connection: sa.Connection, booked: Iterable[Booked]) -> None:
    """Book entries in order of arrival, within the caller's transaction.

    Raises:
        sqlalchemy.exc.IntegrityError: one of them was booked before, or an account would be below zero.
    """
    wanted = [one for one in booked if one.moves]
    names = sorted({name for one in wanted for move in one.moves for name in (move.source, move.target, move.short)})
    balances = _balances(connection, [name for name in names if name])
    rows = [row for one in wanted for row in _post(one, balances)]
    if not rows:
        return
    connection.execute(sa.insert(posting), rows)
    touched = sorted({str(row[side]) for row in rows for side in ("source", "target")})
    upsert(
        connection,
        account,
        [{"name": name, "may_owe": int(may_owe(name)), "balance": balances[name]} for name in touched],
        lambda new: {"balance": new.balance},
    )


def _post(booked: Booked, balances: dict[str, int]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for move in booked.moves:
        there = move.amount if may_owe(move.source) else max(0, min(move.amount, balances[move.source]))
        parts = [(move.source, there), (move.short or move.source, move.amount - there)]
        for source, amount in parts:
            if amount:
                balances[source] -= amount
                balances[move.target] += amount
                place = {"writer": booked.entry.unit, "boot": booked.entry.boot, "seq": booked.entry.seq}
                line = len(rows) + 1
                rows.append({**place, "line": line, "source": source, "target": move.target, "amount": amount})
    return rows


def _balances(connection: sa.Connection, names: Sequence[str]) -> dict[str, int]:
    """Return the balances of accounts; one that is new has none yet."""
    found: dict[str, int] = dict.fromkeys(names, 0)
    for at in range(0, len(names), _IN_ONE_QUESTION):
        some = names[at : at + _IN_ONE_QUESTION]
        asked = sa.select(account.c.name, account.c.balance).where(account.c.name.in_(some))
        found |= {row.name: row.balance for row in connection.execute(asked)}
    return found


_IN_ONE_QUESTION: Final = 500


def balance(connection: sa.Connection, name: str) -> int:
    """Return what an account holds; nothing, if it was never booked on."""
    return int(connection.execute(sa.select(account.c.balance).where(account.c.name == name)).scalar() or 0)


def total(connection: sa.Connection) -> int:
    """Return the sum over all accounts, which is always zero."""
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.sum(account.c.balance), 0))).scalar_one())
