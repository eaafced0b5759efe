"""Reads the figures of books that a backup records, and by which it is compared: one way for both."""

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa

from central import ledger, reconcile, store
from central.backups.manifest import Books, Sums
from central.reconcile import Reconciler, table_digest

ROWS_AT_ONCE: Final = 500
_AT_ONCE: Final = 50  # segments


def books(connection: sa.Connection, tables: Iterable[sa.Table]) -> Books:
    """Read the figures of the truth. `tables`: those that hold it, as they are in this database."""
    segment, branch = store.segment, store.branch
    counted = sa.func.coalesce(sa.func.sum(segment.c.last + 1 - segment.c.first), 0)
    segments, entries = connection.execute(sa.select(sa.func.count(), counted).select_from(segment)).one()
    ends = connection.execute(
        sa.select(branch.c.writer, branch.c.boot, branch.c.seq, branch.c.hash).where(store.IS_END)
    )
    return Books(
        segments=segments,
        entries=int(entries),
        ends={f"{writer}/{boot}": f"{seq} {head}" for writer, boot, seq, head in ends},
        tables={table.name: table_digest(connection, table) for table in tables},
    )


def sums(connection: sa.Connection, reconciler: Reconciler) -> Sums:
    """Read the figures of what is added up."""
    account, posting = ledger.account.c, ledger.posting.c
    accounts, balances = connection.execute(sa.select(sa.func.count(), _total(account.balance))).one()
    postings, moved = connection.execute(sa.select(sa.func.count(), _total(posting.amount))).one()
    return Sums(
        version=reconciler.version,
        upto=connection.execute(sa.select(reconcile.progress.c.n)).scalar_one(),
        accounts=accounts,
        postings=postings,
        moved=int(moved),
        sum=int(balances),
        programs=reconciler.totals(connection),
        tables=reconciler.digests(connection),
    )


def add_up(engine: sa.Engine, reconciler: Reconciler, upto: int) -> None:
    """Add up the segments to this one, and none behind it."""
    waiting = sa.select(sa.func.count()).where(
        store.segment.c.n > sa.select(reconcile.progress.c.n).scalar_subquery(), store.segment.c.n <= upto
    )
    while True:
        with store.reading(engine) as connection:
            left: int = connection.execute(waiting).scalar_one()
        if not left:
            return
        reconciler.step(min(left, _AT_ONCE))


def copy(source: sa.Connection, target: sa.Connection, table: sa.Table) -> None:
    """Copy all rows of a table into an empty one of the same columns."""
    rows = source.execute(sa.select(table), execution_options={"yield_per": ROWS_AT_ONCE}).mappings()
    for some in rows.partitions(ROWS_AT_ONCE):
        target.execute(sa.insert(table), [dict(row) for row in some])


def _total(column: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(column), 0)
