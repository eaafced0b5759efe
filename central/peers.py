"""Who is calling: a unit in one of its lives, and whether it is let in."""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from central import store
from central.prepared import Prepared, Row
from central.refusal import RefusedError
from sync.facts import UnitState
from sync.messages import Why

GENERATION: Final = sa.select(store.setting.c.value).where(store.setting.c.name == store.GENERATION).scalar_subquery()
_caller = sa.select(store.unit, GENERATION.label("generation")).where(store.unit.c.name == sa.bindparam("unit"))
CALLER: Final = Prepared(_caller)
CALLER_ALONE: Final = Prepared(_caller.with_for_update(of=store.unit))
"""The same, and nobody else may change this unit until the transaction ends."""


@dataclass(frozen=True)
class Peer:
    """Who is calling, as its device certificate says: a unit, in one of its lives.

    `ends_ms`: until when that certificate is good; None where somebody else vouches for it.
    """

    unit: str
    epoch: int
    ends_ms: int | None = None


def admit(connection: sa.Connection, peer: Peer, asked: Prepared = CALLER_ALONE) -> Row:
    """Return the caller's row, with the number of this history of the books.

    Raises:
        RefusedError: the caller is not enrolled in this life.
    """
    row = asked.row(connection, unit=peer.unit)
    if row is None or row["epoch"] != peer.epoch or row["state"] == UnitState.CLOSED:
        raise RefusedError(Why.NOT_ENROLLED, f"{peer.unit} is not enrolled in this life; enrol it again")
    return row
