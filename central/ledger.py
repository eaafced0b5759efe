"""The ledger: double entry in whole units, one posting for ever under the id of the entry that it comes from.

A posting moves an amount from one account to another, so the sum over all accounts is always zero. Accounts of people,
of shops, and of what units may give out never go below zero; the database refuses it as well as this code.

Where an entry takes more than its account holds, it still counts, and whoever was paid is paid: what is short stands in
an account of its own beside the first, and whatever comes into the first makes that good before anything else. So it
does not matter in which order entries arrive, and a centre that was restored from a backup comes to the same numbers.
What is still short when everybody has been heard was spent twice: a disk was copied. A person has to look into it.

Where the office has said that what is one account's is another's (`central.heirs`), postings stand at the heir.

Derived, as everything that is added up: it can be dropped, and comes back the same from the stored segments.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Table, Text

from central import heirs
from central.heirs import Heir
from central.prepared import Prepared
from central.upsert import Upsert
from sync.entries import Entry
from sync.messages import OFFICE_STREAM
from sync.rights import Grant, Lost, Returned

metadata = heirs.metadata  # one for all tables of the ledger

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

_BALANCE: Final = Prepared(sa.select(account.c.balance).where(account.c.name == sa.bindparam("of")))
_POST: Final = Prepared(sa.insert(posting))
_KEEP: Final = Upsert(account, lambda new: {"balance": new.balance})

SHORT: Final = "short/"

POINTS: Final = "issuer/points"
"""The account from which points come: below zero by all that are outstanding."""

_OWED: Final = (SHORT, "issuer/", "cash/", "fund/")
_IN_ONE_QUESTION: Final = 500


class Move(msgspec.Struct, frozen=True):
    """An amount from one account to another."""

    source: str
    target: str
    amount: int


def points(card: str) -> str:
    """Return the account of a card's points: one, whichever program gave them."""
    return f"points/{card}"


def free(what: str) -> str:
    """Return the account of what nobody may give out yet."""
    return f"{what}/free"


def held(what: str, unit: str, life: int) -> str:
    """Return the account of what a unit may give out."""
    return f"{what}/at/{unit}/{life}"


def suspense(unit: str, life: int) -> str:
    """Return before which names stands what a life of a unit could give out when it was lost."""
    return f"suspense/{unit}/{life}"


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


def of_losses(entry: Entry) -> tuple[Heir, ...]:
    """Return who inherits the rights of a unit that is lost, which only the office can say."""
    match entry.fact:
        case Lost(of=unit, life=life) if entry.unit == OFFICE_STREAM:
            return (heirs.of_life(unit, life, suspense(unit, life)),)
        case _:
            return ()


class Booked(msgspec.Struct, frozen=True):
    """What an entry moves, and who inherits by it; one that names heirs moves nothing else."""

    entry: Entry
    moves: tuple[Move, ...] = ()
    heirs: tuple[Heir, ...] = ()


def book(connection: sa.Connection, booked: Iterable[Booked]) -> None:
    """Book entries in order of arrival, within the caller's transaction.

    Raises:
        sqlalchemy.exc.IntegrityError: one of them was booked before, or an account would be below zero.
    """
    for is_decision, some in itertools.groupby(booked, key=lambda one: bool(one.heirs)):
        if is_decision:
            for one in some:
                _write(connection, [(one.entry, _handed_over(connection, one.heirs))])
        else:
            _write(connection, _followed(connection, [one for one in some if one.moves]))


def _followed(connection: sa.Connection, booked: Sequence[Booked]) -> list[tuple[Entry, list[Move]]]:
    """Return what entries move, between the accounts whose it is now.

    What a unit gave back before it was lost, and nobody heard of, is in suspense as all that it had: the card gets it
    from there, and would have it twice if it were free as well.
    """
    named = {name for one in booked for move in one.moves for name in (move.source, move.target)}
    now = heirs.follow(connection, named)

    def counts(move: Move) -> bool:
        what = heirs.what_of(move.source)
        is_late_return = what and now[move.source] != move.source and move.target == free(what)
        return not is_late_return and now[move.source] != now[move.target]

    return [
        (one.entry, [Move(now[move.source], now[move.target], move.amount) for move in one.moves if counts(move)])
        for one in booked
    ]


def _handed_over(connection: sa.Connection, named: Sequence[Heir]) -> list[Move]:
    """Note heirs; return how what is there now, or is lacking, goes over to them."""
    moves: list[Move] = []
    for one in named:
        if not heirs.take(connection, one):
            continue
        is_theirs = sa.or_(account.c.name == one.of, account.c.name.endswith(f"/{one.of}", autoescape=True))
        asked = sa.select(account.c.name, account.c.balance).where(is_theirs, account.c.balance != 0)
        found = {row.name: row.balance for row in connection.execute(asked.order_by(account.c.name))}
        to = heirs.follow(connection, [name.removeprefix(SHORT) for name in found])
        for name, balance in found.items():
            its = to[name.removeprefix(SHORT)]
            moves.append(Move(name, its, balance) if balance > 0 else Move(its, name, -balance))
    return moves


def _write(connection: sa.Connection, booked: Sequence[tuple[Entry, Sequence[Move]]]) -> None:
    """Post moves, each entry's under its own id."""
    named = {name for _, moves in booked for move in moves for name in (move.source, move.target)}
    there = balances(connection, sorted(named | {short(name) for name in named if not may_owe(name)}))
    rows = [row for entry, moves in booked for row in _post(entry, moves, there)]
    if not rows:
        return
    _POST.many(connection, rows)
    touched = sorted({str(row[side]) for row in rows for side in ("source", "target")})
    _KEEP(connection, [{"name": name, "may_owe": int(may_owe(name)), "balance": there[name]} for name in touched])


def _post(entry: Entry, moves: Iterable[Move], balances: dict[str, int]) -> list[dict[str, object]]:
    """Return the lines of an entry, and change the balances by them."""
    place = {"writer": entry.unit, "boot": entry.boot, "seq": entry.seq}
    rows: list[dict[str, object]] = []
    for move in moves:
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


def true_sum(connection: sa.Connection, name: str) -> int:
    """Return what an account holds, less what it lacks."""
    return balance(connection, name) + balance(connection, short(name))


def balance(connection: sa.Connection, name: str) -> int:
    """Return what an account holds; nothing, if it was never booked on."""
    there = _BALANCE.row(connection, of=name)
    return int(there["balance"]) if there else 0


def held_by(connection: sa.Connection, unit: str, life: int) -> dict[str, int]:
    """Return what a life of a unit may give out, by thing, as far as it is more than nothing."""
    ours = account.c.name.endswith(held("", unit, life), autoescape=True)
    asked = sa.select(account.c.name, account.c.balance).where(ours, account.c.balance > 0).order_by(account.c.name)
    return {heirs.what_of(name): int(held) for name, held in connection.execute(asked)}


def shortfall(connection: sa.Connection) -> int:
    """Return how much was given out in all that nobody had; it was spent twice, or what covers it is still to come."""
    asked = sa.select(sa.func.coalesce(sa.func.sum(account.c.balance), 0)).where(account.c.name.startswith(SHORT))
    return -int(connection.execute(asked).scalar_one())


def total(connection: sa.Connection) -> int:
    """Return the sum over all accounts, which is always zero."""
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.sum(account.c.balance), 0))).scalar_one())
