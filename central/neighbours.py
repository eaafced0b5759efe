"""Which unit keeps the twin of which other one: said to both, each with the other's key, and anew if a key changes."""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from central import shelves, store
from central.enrol import public_key
from central.reconcile import Reconciler, statements
from central.streams import Streams
from sync.directory import keep_key, neighbour_key
from sync.facts import UnitState
from sync.neighbours import KeepSet, NeighbourSet, Party

_LIVES: Final = sa.select(store.unit_key.c.unit, store.unit_key.c.epoch).order_by(*store.unit_key.c)


class NeighbourError(Exception):
    """This cannot be said; the message says why, in both languages, and nothing was."""


@dataclass(frozen=True)
class Kept:
    """What was said last of one unit's twin.

    Attributes:
        neighbour: where it is kept, or None if that was never said.
        shares: what every unit was told that keeps something of it, or has kept.
    """

    neighbour: NeighbourSet | None
    shares: tuple[KeepSet, ...]


class Neighbours:
    """Says who keeps whose twin."""

    def __init__(self, engine: sa.Engine, streams: Streams, reconciler: Reconciler) -> None:
        self._engine = engine
        self._streams = streams
        self._reconciler = reconciler
        self._seen: list[tuple[object, ...]] | None = None

    def of(self, unit: str) -> Kept:
        """Return what was said last of a unit's twin."""
        with self._reconciler.counted() as connection:
            return _kept(connection, unit)

    def name(self, unit: str, keeper: str, address: str, mib: int) -> Kept:
        """Have `keeper` keep the twin of `unit`; whoever kept it before keeps what it has, and takes nothing more.

        Args:
            address: where the unit finds it, as `192.0.2.7:4710`.
            mib: how much room it may take there.

        Raises:
            NeighbourError: one of them is not there, or they are one.
        """
        if unit == keeper:
            raise NeighbourError(
                f"{unit} の控えを {unit} 自身が預かることはできません\na unit cannot keep a twin of its own: {unit}"
            )
        with self._reconciler.counted() as connection:
            of, by = _party(connection, unit), _party(connection, keeper)
            before = _kept(connection, unit)
            forget = max((share.forget for share in before.shares if share.keeper == keeper), default=0)
            self._streams.append_for(connection, unit, [NeighbourSet(unit, by, address)])
            self._streams.append_for(connection, keeper, [KeepSet(keeper, of, mib, forget)])
            self._end(connection, before, but=keeper)
        return self.of(unit)

    def nobody(self, unit: str) -> Kept:
        """Have nobody keep the twin of a unit any more; what is kept stays until it may be forgotten."""
        with self._reconciler.counted() as connection:
            before = _kept(connection, unit)
            if before.neighbour and before.neighbour.keeper:
                self._streams.append_for(connection, unit, [NeighbourSet(unit, None)])
            self._end(connection, before)
        return self.of(unit)

    def forget(self, unit: str, life: int) -> Kept:
        """Let every neighbour delete what it keeps of a unit up to a life, which must be over.

        Raises:
            NeighbourError: that life is not over.
        """
        with self._reconciler.counted() as connection:
            shelves.lock(connection)
            epoch, state = _life(connection, unit)
            if life > epoch or (life == epoch and state != UnitState.CLOSED):
                raise NeighbourError(
                    f"{unit} の {life} 回目の登録は続いています。その控えは消せません\n"
                    f"life {life} of {unit} is not over; its twin has to be kept"
                )
            for share in _kept(connection, unit).shares:
                if share.forget < life:
                    fact = KeepSet(share.keeper, share.of, share.mib, life)
                    self._streams.append_for(connection, share.keeper, [fact])
        return self.of(unit)

    def turn(self) -> int:
        """Say anew what names a key of a life that is over, if lives began since the last turn; return how much."""
        with store.reading(self._engine) as connection:
            lives = [tuple(row) for row in connection.execute(_LIVES)]
        if lives == self._seen:
            return 0
        said = 0
        with self._reconciler.counted() as connection:
            units = sorted({str(unit) for unit, _ in lives})
            parties = {unit: party for unit in units if (party := _present(connection, unit))}
            for unit, of in parties.items():
                said += self._renew(connection, of, _kept(connection, unit), parties)
        self._seen = lives
        return said

    def _renew(self, connection: sa.Connection, of: Party, kept: Kept, parties: dict[str, Party]) -> int:
        old = kept.neighbour.keeper if kept.neighbour else None
        if old is None or kept.neighbour is None:
            return 0
        by = parties.get(old.unit, old)
        told = [share for share in kept.shares if share.keeper == old.unit and share.of != of]
        if by != old:
            self._streams.append_for(connection, of.unit, [NeighbourSet(of.unit, by, kept.neighbour.address)])
        for share in told:
            fact = KeepSet(share.keeper, of, share.mib, share.forget)
            self._streams.append_for(connection, share.keeper, [fact])
        return len(told) + (by != old)

    def _end(self, connection: sa.Connection, before: Kept, but: str = "") -> None:
        for share in before.shares:
            if share.mib and share.keeper != but:
                fact = KeepSet(share.keeper, share.of, 0, share.forget)
                self._streams.append_for(connection, share.keeper, [fact])


def _kept(connection: sa.Connection, unit: str) -> Kept:
    names = connection.execute(sa.select(store.unit.c.name).order_by(store.unit.c.name)).scalars().all()
    keys = [neighbour_key(unit), *(keep_key(name, unit) for name in names)]
    facts = [said.fact for said in statements(connection, keys).values()]
    near = next((fact for fact in facts if isinstance(fact, NeighbourSet)), None)
    return Kept(near, tuple(fact for fact in facts if isinstance(fact, KeepSet)))


def _life(connection: sa.Connection, unit: str) -> tuple[int, str]:
    """Return the present life of a unit, and its state."""
    asked = sa.select(store.unit.c.epoch, store.unit.c.state).where(store.unit.c.name == unit)
    row = connection.execute(asked).one_or_none()
    if row is None:
        raise NeighbourError(f"{unit} という端末はありません\nthere is no unit {unit}; look at: machi central status")
    return row.epoch, row.state


def _present(connection: sa.Connection, unit: str) -> Party | None:
    epoch, state = _life(connection, unit)
    key = public_key(connection, unit, epoch)
    return Party(unit, epoch, key) if key and state != UnitState.CLOSED else None


def _party(connection: sa.Connection, unit: str) -> Party:
    party = _present(connection, unit)
    if party is None:
        raise NeighbourError(
            f"{unit} はまだ登録されていないか、登録が終わっています\n{unit} is not enrolled, or its life is over"
        )
    return party
