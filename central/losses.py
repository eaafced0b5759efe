"""A unit that is lost: what is at stake, and the decision to expect nothing more of it.

It holds whatever there is to give out, money or seats; who is made good for it, and how, is for the programs.
"""

from typing import Final

import msgspec
import sqlalchemy as sa

from central import ledger, lost, store
from central.enrol import close_life
from central.heirs import what_of
from central.lost import LostLife
from central.reconcile import Reconciler
from central.streams import Streams
from sync.facts import UnitState
from sync.messages import OFFICE_STREAM
from sync.rights import Lost

_UNIT: Final = sa.select(store.unit).where(store.unit.c.name == sa.bindparam("of"))


class NotLostError(Exception):
    """There is no such unit, it has not lived this life, or this was said already."""


class Amount(msgspec.Struct, frozen=True):
    """So much of a thing, and how much of it is lacking: it was given out more often than it was there."""

    what: str
    amount: int
    short: int = 0


class Stake(msgspec.Struct, frozen=True):
    """What a life of a unit holds, by all that has arrived. What it did and has not sent, nobody here can know.

    Attributes:
        state: of the unit: "active", "suspended" or "closed"; of an earlier life "over".
        contact_ms: when the unit was last heard of, in any life, by the centre.
        unsent: how many entries it had not sent then, as it said itself.
        rights: what it may give out, by thing.
        incidents: the numbers of those that nobody has closed.
        given_up: that the office has given this life up, or None.
    """

    unit: str
    life: int
    state: str
    contact_ms: int | None
    unsent: int
    rights: tuple[Amount, ...]
    incidents: tuple[int, ...]
    given_up: LostLife | None

    @property
    def total(self) -> int:
        return sum(right.amount for right in self.rights)


class Losses:
    """Where the office gives units up."""

    def __init__(self, streams: Streams, reconciler: Reconciler) -> None:
        self._streams = streams
        self._reconciler = reconciler

    def stake(self, unit: str, life: int | None = None) -> Stake:
        """Return what is at stake at a unit.

        Args:
            life: one of its earlier ones; the present one if left out.

        Raises:
            NotLostError: there is no such unit, or it has not lived this life.
        """
        with self._reconciler.counted() as connection:
            row, of = known(connection, unit, life)
            report = msgspec.json.decode(row["report"]) if row["report"] else {}
            table = store.incident
            waiting = sa.select(table.c.n).where(table.c.unit == unit, table.c.closed_ms.is_(None)).order_by(table.c.n)
            return Stake(
                *(unit, of, row["state"] if of == row["epoch"] else "over"),
                *(row["contact_ms"], report.get("unsent", 0), tuple(_rights(connection, unit, of))),
                *(tuple(connection.execute(waiting).scalars()), lost.find(connection, unit, of)),
            )

    def give_up(self, unit: str, life: int | None = None, *, stolen: bool, reason: str) -> None:
        """Expect nothing more of a life: it is closed, if it is not, and all that it might give out is in suspense.

        Args:
            stolen: others may have its key, so that nothing is believed that it had not sent by now.

        Raises:
            NotLostError: as `stake`, or the office has said the same before.
        """
        with self._reconciler.counted() as connection:
            row, of = known(connection, unit, life)
            before = lost.find(connection, unit, of)
            if before and (before.stolen or not stolen):
                raise NotLostError(f"life {of} of {unit} was given up before")
            if of == row["epoch"] and row["state"] != UnitState.CLOSED:
                close_life(connection, self._streams, unit, of, reason)
            self._streams.append(connection, OFFICE_STREAM, [Lost(unit, of, stolen)])


def known(connection: sa.Connection, unit: str, life: int | None) -> tuple[sa.RowMapping, int]:
    """Return a unit's row, and which of its lives is meant: the present one, if none is named.

    Raises:
        NotLostError: there is no such unit, or it has not lived this life.
    """
    row = connection.execute(_UNIT, {"of": unit}).mappings().one_or_none()
    if row is None:
        raise NotLostError(f"there is no unit {unit}")
    of = row["epoch"] if life is None else life
    if not 1 <= of <= row["epoch"]:
        raise NotLostError(f"{unit} lives its life {row['epoch']}; there is no life {of}")
    return row, of


def _rights(connection: sa.Connection, unit: str, life: int) -> list[Amount]:
    """Return what a life may give out, and of what it gave out too much."""
    table = ledger.account
    mine = table.c.name.endswith(f"/at/{unit}/{life}", autoescape=True)
    found: dict[str, int] = {}
    lacking: dict[str, int] = {}
    for name, balance in connection.execute(sa.select(table.c.name, table.c.balance).where(mine, table.c.balance != 0)):
        kept = lacking if name.startswith(ledger.SHORT) else found
        kept[what_of(name.removeprefix(ledger.SHORT))] = abs(balance)
    return [Amount(what, found.get(what, 0), lacking.get(what, 0)) for what in sorted(found.keys() | lacking.keys())]
