"""The centre of a simulated town: the real intake, streams and reconciliation over a database in memory.

Its process can die at any statement, and its database can be put back to an earlier state.
"""

import functools
from collections.abc import Callable
from typing import Any, Final, TypeVar

import pysqlite3
import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from central import store
from central.authority import Authority, moment
from central.centre import Centre, assemble
from central.history import begin_history
from central.migrations import migrate
from central.office import offices
from central.peers import Peer
from central.reconcile import Reconciler
from drivers.clock.sim import Driver as Clock
from drivers.entropy.sim import Driver as Entropy
from simulation.signatures import REAL, Signatures
from sync import installed
from sync.client import UnreachableError
from sync.facts import PlaceNamed, Town
from sync.messages import Report, RightsRequest
from sync.segment import Segment

TOWN_ID: Final = "todai"
_IN_MEMORY: Final = "sqlite://"
_SECRET_BYTES: Final = 32
_Result = TypeVar("_Result")


class CentreCutError(Exception):
    """The centre's process died in the middle of a statement; what was not committed is gone."""


class _Connection(pysqlite3.Connection):  # type: ignore[misc]  # its types are nobody's
    """A database in memory whose process dies at a statement, or before it commits; `left`: at which from now."""

    left: int | None = None

    def cursor(self, *_: object) -> "_Cursor":
        opened: _Cursor = super().cursor(_Cursor)
        return opened

    def commit(self) -> None:
        self.count()
        super().commit()

    def count(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                self.left = None
                raise CentreCutError


class _Cursor(pysqlite3.Cursor):  # type: ignore[misc]
    def execute(self, sql: str, *values: object) -> Any:
        if self.connection.left is not None and not sql.startswith("BEGIN"):
            self.connection.count()
        return super().execute(sql, *values)

    def executemany(self, *asked: object) -> Any:
        self.connection.count()
        return super().executemany(*asked)


def open_sim_centre(clock: Clock, seed: str, url: str = _IN_MEMORY) -> Centre:
    """Make the centre of a simulated town.

    Args:
        url: an empty database; one in memory if left out.
    """
    return SimCentre(clock, seed, url).centre


def name_place(centre: Centre, place: str) -> None:
    """Name a place; its id will do for a simulated one."""
    centre.registrar.place(PlaceNamed(place, place, place, place))


def _open_empty() -> sa.Engine:
    return store.open_engine(_IN_MEMORY, poolclass=StaticPool, connect_args={"factory": _Connection})


@functools.cache
def _with_tables() -> Any:
    """Return a database with all tables and nothing in them, which every town copies: to make them takes longer."""
    engine = _open_empty()
    migrate(engine)
    Reconciler(engine, installed.register(), offices()).prepare()
    return engine.raw_connection().driver_connection


class SimCentre:
    """A centre through many lives of its process.

    Attributes:
        centre: the running one.
        cuts: how often it died.
        restores: how often its database was put back.
    """

    def __init__(self, clock: Clock, seed: str, url: str = _IN_MEMORY, signatures: Signatures = REAL) -> None:
        entropy = Entropy(Entropy.Options(f"{seed}/centre"))
        self._engine = _open_empty() if url == _IN_MEMORY else store.open_engine(url)
        self._clock = clock
        self._seed = seed
        self._backup: Any = None
        self.cuts = 0
        self.restores = 0
        if url == _IN_MEMORY:
            _with_tables().backup(self._raw())
        else:
            migrate(self._engine)
        with self._engine.begin() as connection:
            connection.execute(sa.insert(store.setting).values(name=store.GENERATION, value=entropy.bytes(8).hex()))
        self._signer = signatures.key(entropy.bytes(_SECRET_BYTES).hex())
        self._check = signatures.check
        self._authority = Authority(*Authority.create(TOWN_ID, moment(clock.wall_ms())))
        self.card_key = entropy.bytes(_SECRET_BYTES)
        self.resident_key = Entropy(Entropy.Options(f"{seed}/residents")).bytes(_SECRET_BYTES)
        self.centre = self._assemble(entropy)
        self.centre.reconciler.prepare()
        self.centre.registrar.town(Town("灯台町", "Todai", "00-1234", 540))

    @property
    def intake(self) -> "SimCentre":
        """Return the door: this very object, which dies now and then behind it."""
        return self

    # ---- the door

    def holdings(self, peer: Peer, report: Report, nonce: str) -> bytes:
        return self.run(lambda: self.centre.intake.holdings(peer, report, nonce))

    def receive(self, peer: Peer, packed: bytes, fence: str, nonce: str) -> bytes:
        return self.run(lambda: self.centre.intake.receive(peer, packed, fence, nonce))

    def stream(self, peer: Peer, name: str, ends: list[tuple[str, int]], limit: int) -> list[Segment]:
        return self.run(lambda: self.centre.intake.stream(peer, name, ends, limit))

    def ask(self, peer: Peer, request: RightsRequest) -> list[Segment]:
        return self.run(lambda: self.centre.granter.ask(peer, request))

    # ---- what may happen to it

    def run(self, do: Callable[[], _Result]) -> _Result:
        """Let the centre do something.

        Raises:
            UnreachableError: it died over it, and runs again.
        """
        try:
            return do()
        except CentreCutError as error:
            self.restart()
            raise UnreachableError("the centre died over it") from error

    def restart(self) -> None:
        """Let the process be gone, and begin another over the same database."""
        self.cuts += 1
        self.centre = self._assemble(Entropy(Entropy.Options(f"{self._seed}/centre/{self.cuts}")))

    def cut_after(self, statements: int | None) -> None:
        """Let the process die at the n-th statement from now; None takes it back."""
        self._raw().left = statements

    def back_up(self) -> None:
        """Copy the database as it stands."""
        self._backup = pysqlite3.connect(":memory:")
        self._raw().backup(self._backup)

    def restore(self) -> bool:
        """Put the last copy in the place of the database, as the manual says; return whether there was one."""
        if self._backup is None:
            return False
        self._backup.backup(self._raw())
        self.restores += 1
        entropy = Entropy(Entropy.Options(f"{self._seed}/restored/{self.restores}"))
        begin_history(self._engine, entropy)
        self.centre = self._assemble(entropy)
        return True

    def _assemble(self, entropy: Entropy) -> Centre:
        return assemble(
            *(self._engine, self._signer, self._authority, self.card_key, TOWN_ID),
            *(self._clock, entropy, self._check),
            resident_keys={1: self.resident_key},
        )

    def _raw(self) -> Any:
        return self._engine.raw_connection().driver_connection
