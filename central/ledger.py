"""The ledger: double entry in whole units, one posting for ever under the id of the entry that it comes from.

A posting moves an amount from one account to another, so the sum over all accounts is always zero. Accounts of people,
of shops, and of what units may give out never go below zero; the database refuses it as well as this code.

Where an entry takes more than its account holds, it still counts, and whoever was paid is paid: what is short stands in
an account of its own beside the first, and whatever comes into the first makes that good before anything else. So it
does not matter in which order entries arrive, and a centre that was restored from a backup comes to the same numbers.
What is still short when everybody has been heard was spent twice: a disk was copied. A person has to look into it.

Derived, as everything that is added up: it can be dropped, and comes back the same from the stored segments.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
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

SHORT: Final = "short/"
_OWED: Final = (SHORT, "issuer/", "cash/", "fund/")
_IN_ONE_QUESTION: Final = 500


class Move(msgspec.Struct, frozen=True):
    """An amount from one account to another."""

    source: str
    target: str
    amount: int


def free(what: str) -> str:
    """Return the account of what nobody may give out yet."""
    return f"{what}/free"


def held(what: str, unit: str, life: int) -> str:
    """Return the account of what a unit may give out."""
    return f"{what}/at/{unit}/{life}"


def short(name: str) -> str:
    """Return the account of what another account lacks."""
    return f"{SHORT}{name}"


def may_owe(name: str) -> bool:
    """Tell whether an account may be below zero: what the town itself owes, and what has to be looked into."""
    return name.startswith(_OWED)


def of_rights(entry: Entry) -> tuple[Move, ...]:
    """Return how rights move by what centre and units say of them.

    A recall moves nothing: what a unit holds is lower only once it has said so itself.
    """
    match entry.fact:
        case Grant(to=unit, life=life, what=what, amount=amount):
            return (Move(free(what), held(what, unit, life), amount),)
        case Returned(life=life, what=what, amount=amount):
            return (Move(held(what, entry.unit, life), free(what), amount),)
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
    named = {name for one in wanted for move in one.moves for name in (move.source, move.target)}
    there = balances(connection, sorted(named | {short(name) for name in named if not may_owe(name)}))
    rows = [row for one in wanted for row in _post(one, there)]
    if not rows:
        return
    connection.execute(sa.insert(posting), rows)
    touched = sorted({str(row[side]) for row in rows for side in ("source", "target")})
    upsert(
        connection,
        account,
        [{"name": name, "may_owe": int(may_owe(name)), "balance": there[name]} for name in touched],
        lambda new: {"balance": new.balance},
    )


def _post(booked: Booked, balances: dict[str, int]) -> list[dict[str, object]]:
    """Return the lines of an entry, and change the balances by them."""
    place = {"writer": booked.entry.unit, "boot": booked.entry.boot, "seq": booked.entry.seq}
    rows: list[dict[str, object]] = []
    for move in booked.moves:
        for source, target, amount in _lines(move, balances):
            balances[source] -= amount
            balances[target] += amount
            rows.append({**place, "line": len(rows) + 1, "source": source, "target": target, "amount": amount})
    return rows


def _lines(move: Move, balances: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """Cut a move where its source is empty, and where what its target lacked is made good."""
    there = move.amount if may_owe(move.source) else min(move.amount, balances[move.source])
    lacked = 0 if may_owe(move.target) else min(move.amount, -balances[short(move.target)])
    cuts = sorted({0, there, lacked, move.amount})
    return [
        (
            move.source if upto <= there else short(move.source),
            short(move.target) if upto <= lacked else move.target,
            upto - start,
        )
        for start, upto in itertools.pairwise(cuts)
    ]


def balances(connection: sa.Connection, names: Sequence[str]) -> dict[str, int]:
    """Return the balances of accounts; one that is new has none yet."""
    found: dict[str, int] = dict.fromkeys(names, 0)
    for at in range(0, len(names), _IN_ONE_QUESTION):
        some = names[at : at + _IN_ONE_QUESTION]
        asked = sa.select(account.c.name, account.c.balance).where(account.c.name.in_(some))
        found |= {row.name: row.balance for row in connection.execute(asked)}
    return found


def balance(connection: sa.Connection, name: str) -> int:
    """Return what an account holds; nothing, if it was never booked on."""
    return int(connection.execute(sa.select(account.c.balance).where(account.c.name == name)).scalar() or 0)


def shortfall(connection: sa.Connection) -> int:
    """Return how much was given out in all that nobody had; it was spent twice, or what covers it is still to come."""
    asked = sa.select(sa.func.coalesce(sa.func.sum(account.c.balance), 0)).where(account.c.name.startswith(SHORT))
    return -int(connection.execute(asked).scalar_one())


def total(connection: sa.Connection) -> int:
    """Return the sum over all accounts, which is always zero."""
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.sum(account.c.balance), 0))).scalar_one())
