"""One unit, closely: its keys, its lives, and how its journal branched."""

import msgspec
import sqlalchemy as sa

from central import store
from central.console.proofs import fingerprint

BRANCHES_SHOWN = 20


class Life(msgspec.Struct, frozen=True):
    """A life of the unit under one key. `fingerprint`: SHA-256 of the raw public key (hex)."""

    epoch: int
    key: str
    fingerprint: str
    enrolled_ms: int


class BranchLine(msgspec.Struct, frozen=True):
    """One run of the unit's daemon, as far as it is held here.

    Attributes:
        after: the entry that it goes on from, `boot/seq`, or None for the first ever.
        entries, hash: how many of its entries are held, and the hash of the last (hex).
        is_end: nothing continues it: the present end of the journal, or a branch that died.
        settled: a person has looked at this end.
        holes: what is declared as lost, as `first–last`.
    """

    boot: str
    epoch: int
    after: str | None
    entries: int
    hash: str
    is_end: bool
    settled: bool
    holes: list[str]


class UnitFile(msgspec.Struct, frozen=True):
    """What is filed about one unit.

    Attributes:
        lives: the latest first.
        branches: the runs that grew last, the latest first; `runs` is how many there are in all.
        ends: how many ends are waited for in its present life; more than one is a branch.
    """

    lives: list[Life]
    branches: list[BranchLine]
    runs: int
    ends: int


def read_unit_file(engine: sa.Engine, unit: str, epoch: int) -> UnitFile:
    """Read what is filed about a unit that lives its life `epoch`."""
    with store.reading(engine) as connection:
        table = store.branch
        mine = table.c.writer == unit
        asked = sa.select(table).where(mine).order_by(table.c.grown_n.desc()).limit(BRANCHES_SHOWN)
        rows = connection.execute(asked).mappings().all()
        runs = connection.execute(sa.select(sa.func.count()).select_from(table).where(mine)).scalar_one()
        waited = sa.select(sa.func.count()).select_from(table).where(mine, store.IS_END, table.c.settled == 0)
        ends = connection.execute(waited.where(table.c.epoch == epoch)).scalar_one()
        return UnitFile(
            lives=_lives(connection, unit),
            branches=[_branch(connection, row) for row in rows],
            runs=int(runs),
            ends=int(ends),
        )


def _lives(connection: sa.Connection, unit: str) -> list[Life]:
    table = store.unit_key
    asked = sa.select(table).where(table.c.unit == unit).order_by(table.c.epoch.desc())
    return [
        Life(row["epoch"], row["public"], fingerprint(row["public"]), row["enrolled_ms"])
        for row in connection.execute(asked).mappings()
    ]


def _branch(connection: sa.Connection, row: sa.RowMapping) -> BranchLine:
    hole = store.hole
    asked = sa.select(hole.c.first, hole.c.last).where(hole.c.writer == row["writer"], hole.c.boot == row["boot"])
    return BranchLine(
        boot=row["boot"],
        epoch=row["epoch"],
        after=f"{row['after_boot']}/{row['after_seq']}" if row["after_boot"] else None,
        entries=row["seq"],
        hash=row["hash"],
        is_end=bool(row["is_end"]),
        settled=bool(row["settled"]),
        holes=[f"{first}–{last}" for first, last in connection.execute(asked.order_by(hole.c.first, hole.c.last))],
    )
