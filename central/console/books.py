"""What the console asks of the books: plain questions, answered as plain values. Read only."""

from typing import Any

import msgspec
import sqlalchemy as sa

from central import reconcile, store
from central.branches import Branches
from central.incidents import KINDS, open_ones
from sync import chain
from sync.directory import place_key, unit_key
from sync.entries import EntryId, Register
from sync.facts import PlaceNamed, UnitSet
from sync.messages import raw_bytes, text


class UnitLine(msgspec.Struct, frozen=True):
    """One unit, as the office sees it. Times are Unix milliseconds by the centre, but `oldest_ms` by the unit."""

    name: str
    place: str
    place_name: str
    counter: str
    state: str
    epoch: int
    contact_ms: int | None
    unsent: int
    oldest_ms: int | None
    says: str
    software: str
    entries: int
    refused: int
    refusal: str | None


class EntryLine(msgspec.Struct, frozen=True):
    """One entry, as it arrived. `n` is its segment's number in order of arrival."""

    id: str
    n: int
    at: int
    kind: str
    place_name: str
    hash: str


class Proof(msgspec.Struct, frozen=True):
    """Everything that shows that an entry is what it was: its bytes, the chain to a signed head, the key."""

    id: str
    body: str
    hash: str
    prev: str
    head: str
    head_hash: str
    seal: str
    key: str
    received_ms: int
    holds: bool


class IncidentLine(msgspec.Struct, frozen=True):
    n: int
    unit: str
    kind: str
    means: str
    opened_ms: int
    detail: dict[str, Any]


class Books:
    """The centre's books, open for reading."""

    def __init__(self, engine: sa.Engine, register: Register) -> None:
        self._engine = engine
        self._register = register

    def units(self) -> list[UnitLine]:
        held = sa.select(store.branch.c.writer, sa.func.sum(store.branch.c.seq).label("entries")).group_by(
            store.branch.c.writer
        )
        with store.reading(self._engine) as connection:
            entries = {writer: int(count) for writer, count in connection.execute(held)}
            rows = connection.execute(sa.select(store.unit).order_by(store.unit.c.name)).mappings().all()
            return [self._unit(connection, row, entries.get(row["name"], 0)) for row in rows]

    def _unit(self, connection: sa.Connection, row: sa.RowMapping, entries: int) -> UnitLine:
        report = msgspec.json.decode(row["report"]) if row["report"] else {}
        here = reconcile.statement(connection, unit_key(row["name"])).fact
        here = here if isinstance(here, UnitSet) else UnitSet(row["name"], "-", "-")
        return UnitLine(
            name=row["name"],
            place=here.place,
            place_name=_place_name(connection, here.place),
            counter=here.counter,
            state=row["state"],
            epoch=row["epoch"],
            contact_ms=row["contact_ms"],
            unsent=report.get("unsent", 0),
            oldest_ms=report.get("oldest_ms"),
            says=report.get("state", ""),
            software=report.get("software", ""),
            entries=entries,
            refused=row["refused"],
            refusal=row["refusal"],
        )

    def incidents(self) -> list[IncidentLine]:
        with store.reading(self._engine) as connection:
            return [
                IncidentLine(
                    row["n"],
                    row["unit"],
                    row["kind"],
                    KINDS.get(row["kind"], ""),
                    row["opened_ms"],
                    msgspec.json.decode(row["detail"]),
                )
                for row in open_ones(connection)
            ]

    def latest(self, kinds: tuple[str, ...], count: int, after: int = 0) -> list[EntryLine]:
        """Return the entries of these kinds that arrived last, the newest first; `after`: only behind that segment."""
        table = reconcile.entry
        asked = sa.select(table).where(table.c.kind.in_(kinds), table.c.n > after)
        asked = asked.order_by(table.c.n.desc(), table.c.seq.desc()).limit(count)
        with store.reading(self._engine) as connection:
            places: dict[str, str] = {}
            return [self._line(connection, row, places) for row in connection.execute(asked).mappings().all()]

    def _line(self, connection: sa.Connection, row: sa.RowMapping, places: dict[str, str]) -> EntryLine:
        writer = row["writer"]
        if writer not in places:
            here = reconcile.statement(connection, unit_key(writer)).fact
            places[writer] = _place_name(connection, here.place) if isinstance(here, UnitSet) else writer
        name = str(EntryId(writer, row["boot"], row["seq"]))
        return EntryLine(name, row["n"], row["at"], row["kind"], places[writer], row["hash"].hex())

    def proof(self, place: EntryId, town_key: bytes) -> Proof | None:
        """Return an entry with its proof, checked anew from the stored bytes, or None if it is not held."""
        with store.reading(self._engine) as connection:
            branches = Branches(connection, place.unit, 0)
            row, segment = branches.get(place.boot), branches.segment_with(place.boot, place.seq)
            if row is None or segment is None:
                return None
            asked = sa.select(store.unit_key.c.public).where(
                store.unit_key.c.unit == place.unit, store.unit_key.c.epoch == row["epoch"]
            )
            public = connection.execute(asked).scalar() or text(town_key)
            received = sa.select(store.segment.c.received_ms).where(
                store.segment.c.writer == place.unit,
                store.segment.c.boot == place.boot,
                store.segment.c.first == segment.first,
            )
            received_ms = connection.execute(received).scalar() or 0
        hashes = segment.hashes()
        at = place.seq - segment.first
        return Proof(
            id=str(place),
            body=segment.bodies[at].decode(),
            hash=hashes[at].hex(),
            prev=(hashes[at - 1] if at else segment.prev).hex(),
            head=f"{place.unit}/{place.boot}/{segment.last}",
            head_hash=hashes[-1].hex(),
            seal=text(segment.seal),
            key=public,
            received_ms=received_ms,
            holds=_holds(raw_bytes(public), hashes[-1], segment.seal),
        )


def _holds(public: bytes, head_hash: bytes, seal: bytes) -> bool:
    try:
        chain.check_seal(public, head_hash, seal)
    except chain.SealError:
        return False
    return True


def _place_name(connection: sa.Connection, place: str) -> str:
    fact = reconcile.statement(connection, place_key(place)).fact
    return fact.name if isinstance(fact, PlaceNamed) else place
