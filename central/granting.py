"""Grants and recalls: the centre deals out what is free, and never what is not.

What is free is known only when everything that has arrived is added up, also what the centre itself has granted a
moment ago. So both happen in one transaction, one after the other: add up, look, say.
"""

from typing import Final

import msgspec
import sqlalchemy as sa

from central import ledger, shelves, store
from central.peers import Peer, admit
from central.reconcile import Reconciler
from central.refusal import RefusedError
from central.streams import Streams
from sync.facts import UnitState
from sync.messages import ONE_UNIT, RightsRequest, Why
from sync.rights import Grant, Recall
from sync.segment import ENTRIES_MAX, Segment
from sync.tree import ends_from_text

BLOCK: Final = 1_600  # who asks gets at least so much, if it is there: an ordinary sale is less in seven of ten cases
_UNHEARD: Final = (
    sa.select(store.unit.c.name)
    .where(store.unit.c.unheard == 1, store.unit.c.state != UnitState.CLOSED)
    .order_by(store.unit.c.name)
)


def unheard(connection: sa.Connection) -> list[str]:
    """Return the units that may know of grants which this centre, put back from a backup, has not heard of again."""
    return list(connection.execute(_UNHEARD).scalars())


class Share(msgspec.Struct, frozen=True):
    """How much of something one life of a unit may give out, or is to."""

    unit: str
    life: int
    amount: int


class NotFreeError(Exception):
    """So much is not free, or this unit may have nothing."""


class Granter:
    """Deals out rights."""

    def __init__(self, streams: Streams, reconciler: Reconciler) -> None:
        self._streams = streams
        self._reconciler = reconciler

    def grant(self, what: str, unit: str, amount: int) -> None:
        """Let a unit, in its present life, give out so much more.

        Raises:
            NotFreeError: so much is not free, the unit is suspended, closed or unknown, or this centre was restored and
                some unit may have been granted what it no longer knows of. Nothing is granted.
        """
        with self._reconciler.counted() as connection:
            life = self._life(connection, unit)
            if waited_for := unheard(connection):
                raise NotFreeError(f"not before {', '.join(waited_for)} has been heard: this centre was restored")
            if amount < 1 or ledger.balance(connection, ledger.free(what)) < amount:
                raise NotFreeError(f"{amount} of {what} are not free")
            self._streams.append_for(connection, unit, [Grant(unit, life, what, amount)])

    def ask(self, peer: Peer, request: RightsRequest) -> list[Segment]:
        """Grant what a unit lacks, if so much is free; return what it has not heard yet of its own stream.

        If there is something that it has not heard, that may be what it asks for: nothing more is granted then.

        Raises:
            RefusedError: the caller is not enrolled, or holds something that is not held here.
        """
        stream = ONE_UNIT + peer.unit
        try:
            ends = ends_from_text(request.since)
        except ValueError as error:
            raise RefusedError(Why.BAD_REQUEST, "since: boot/seq,boot/seq,…") from error
        with self._reconciler.counted() as connection:
            row = admit(connection, peer)
            missed = shelves.missed(connection, stream, ends, ENTRIES_MAX)
            if missed or row["state"] != UnitState.ACTIVE or connection.execute(_UNHEARD).first():
                return missed
            free = ledger.balance(connection, ledger.free(request.what))
            if free < request.lacks:
                return []
            grant = Grant(peer.unit, peer.epoch, request.what, min(free, max(request.lacks, BLOCK)))
            self._streams.append_for(connection, peer.unit, [grant])
            return shelves.missed(connection, stream, ends, ENTRIES_MAX)

    def recall(self, what: str, unit: str, amount: int) -> None:
        """Ask a unit to give back so much, or what it has left of it.

        Raises:
            NotFreeError: the unit is suspended, closed or unknown, and will not answer.
        """
        with self._reconciler.counted() as connection:
            life = self._life(connection, unit)
            self._streams.append_for(connection, unit, [Recall(unit, life, what, amount)])

    def shares(self, what: str) -> list[Share]:
        """Return who may give out how much of something, by what has arrived; in the order of the units' names."""
        prefix = f"{what}/at/"
        asked = sa.select(ledger.account.c.name, ledger.account.c.balance).where(
            ledger.account.c.name.startswith(prefix, autoescape=True), ledger.account.c.balance > 0
        )
        with self._reconciler.counted() as connection:
            rows = connection.execute(asked.order_by(ledger.account.c.name)).all()
        found = []
        for name, amount in rows:
            unit, _, life = name.removeprefix(prefix).partition("/")
            found.append(Share(unit, int(life), amount))
        return found

    def _life(self, connection: sa.Connection, unit: str) -> int:
        asked = sa.select(store.unit.c.epoch, store.unit.c.state).where(store.unit.c.name == unit)
        row = connection.execute(asked).one_or_none()
        if row is None or row.state != UnitState.ACTIVE:
            raise NotFreeError(f'unit "{unit}" is {row.state if row else "not known"}')
        return int(row.epoch)
