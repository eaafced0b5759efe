"""How much of each payment was given back: derived, like everything that is added up."""

from collections.abc import Iterable

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from central.upsert import upsert

metadata = MetaData()

refunded = Table(
    "coin_refunded",
    metadata,
    Column("of", Text, primary_key=True),
    Column("yen", BigInteger, nullable=False),
    Column("points", BigInteger, nullable=False),
)


class Back(msgspec.Struct, frozen=True):
    """What of a payment was given back so far."""

    yen: int = 0
    points: int = 0


def record(connection: sa.Connection, refunds: Iterable[tuple[str, Back]]) -> None:
    """Add refunds, each with the payment (unit/boot/seq) that it is of."""
    for of, back in refunds:
        before = given_back(connection, of)
        row = {"of": of, "yen": before.yen + back.yen, "points": before.points + back.points}
        upsert(connection, refunded, [row], lambda new: {"yen": new.yen, "points": new.points})


def given_back(connection: sa.Connection, of: str) -> Back:
    """Return what was given back of a payment (unit/boot/seq)."""
    row = connection.execute(sa.select(refunded.c.yen, refunded.c.points).where(refunded.c.of == of)).one_or_none()
    return Back(row.yen, row.points) if row else Back()
