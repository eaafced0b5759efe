"""Heirs: from a decision of the office on, whatever an account holds, gets or has to give is another's.

The rights of a unit that was lost are in suspense; the free money of a card that was lost belongs to the new card. That
is said once and holds for everything that arrives later too: so it does not matter whether what a unit had written
before comes before the decision or after it.

Derived, as everything that is added up.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import Column, MetaData, Table, Text

from central.prepared import Prepared

metadata = MetaData()

heir = Table("ledger_heir", metadata, Column("name", Text, primary_key=True), Column("heir", Text, nullable=False))

_AT: Final = "/at/"
_ANY: Final = Prepared(sa.select(heir.c.name).limit(1))
_IN_ONE_QUESTION: Final = 500


class Heir(msgspec.Struct, frozen=True):
    """From now on what is `of`'s is `to`'s.

    `of` is the name of an account, or `at/<unit>/<life>`: everything that a life of a unit may give out, each thing to
    an account of its own behind `to`.
    """

    of: str
    to: str


def of_life(unit: str, life: int, to: str) -> Heir:
    """Return the heir of all that a life of a unit may give out."""
    return Heir(f"at/{unit}/{life}", to)


def what_of(name: str) -> str:
    """Return the thing of which an account says how much a unit may give out; "" if it is another account."""
    what, found, _ = name.partition(_AT)
    return what if found else ""


def take(connection: sa.Connection, wanted: Heir) -> bool:
    """Note an heir; return False if there is one already, or the other way round: what was said first counts."""
    known = connection.execute(sa.select(heir.c.heir).where(heir.c.name == wanted.of)).first()
    if known or follow(connection, [wanted.to])[wanted.to] == wanted.of:
        return False
    connection.execute(sa.insert(heir).values(name=wanted.of, heir=wanted.to))
    return True


def follow(connection: sa.Connection, names: Iterable[str]) -> dict[str, str]:
    """Return for each account whose it is now; an heir may have one himself."""
    now = {name: name for name in names}
    if not _ANY.row(connection):
        return now
    while True:
        found = _named(connection, sorted({key for name in now.values() for key in _keys(name)}))
        then = {name: _next(at, found) for name, at in now.items()}
        if then == now:
            return now
        now = then


def _keys(name: str) -> tuple[str, ...]:
    """Return under which names the heir of an account may be noted."""
    what = what_of(name)
    return (name, name.removeprefix(f"{what}/")) if what else (name,)


def _next(name: str, found: Mapping[str, str]) -> str:
    if name in found:
        return found[name]
    what = what_of(name)
    to = found.get(name.removeprefix(f"{what}/")) if what else None
    return f"{to}/{what}" if to else name


def _named(connection: sa.Connection, keys: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for at in range(0, len(keys), _IN_ONE_QUESTION):
        asked = sa.select(heir.c.name, heir.c.heir).where(heir.c.name.in_(keys[at : at + _IN_ONE_QUESTION]))
        found |= {row.name: row.heir for row in connection.execute(asked)}
    return found
