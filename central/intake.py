"""Receives segments: verifies, stores, and only then answers, signed, with what is held.

Nothing is interpreted here but what a journal's own form needs: boots, and the holes that a unit declares. Same id and
same bytes change nothing; same id and other bytes are kept as evidence and stop the unit. What is refused leaves no
trace in the books.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec
import sqlalchemy as sa

from central import shelves, store
from central.attach import Attachment, Fork, attach
from central.branches import Branches, Row
from central.incidents import Incidents
from central.refusal import RefusedError
from central.streams import ONE_UNIT, Streams, is_stream
from central.town import Town
from sync import chain
from sync.entries import Entry, EntryError
from sync.facts import UnitState
from sync.messages import TOWN_STREAM, Head, Holdings, Report, Why, raw_bytes, sign, text
from sync.segment import Segment, SegmentError, from_text, unpack

FENCE_BYTES: Final = 8
GENERATION: Final = "generation"


@dataclass(frozen=True)
class Peer:
    """Who is calling, as its device certificate says: a unit, in one of its lives."""

    unit: str
    epoch: int


@dataclass(frozen=True)
class _Signed:
    """A segment whose form and signature are good, and the life of the unit in which it was signed."""

    segment: Segment
    entries: list[Entry]
    hashes: list[bytes]
    epoch: int
    public: str


class Intake:
    """The door for journals."""

    def __init__(self, engine: sa.Engine, town: Town, streams: Streams) -> None:
        self._engine = engine
        self._town = town
        self._streams = streams

    def holdings(self, peer: Peer, report: Report, nonce: str) -> bytes:
        """Say, signed, what is held of the caller's journal.

        Raises:
            RefusedError: the caller is not enrolled.
        """
        with self._engine.begin() as connection:
            row = self._admit(connection, peer)
            said = {"contact_ms": self._town.clock.wall_ms(), "report": msgspec.json.encode(report).decode()}
            connection.execute(sa.update(store.unit).where(store.unit.c.name == peer.unit).values(said))
            return self._answer(connection, peer, row["fence"], nonce, Branches.heads)

    def receive(self, peer: Peer, packed: bytes, fence: str, nonce: str) -> bytes:
        """Take a packed segment, whoever wrote it and whoever carries it, and say what is held of the caller.

        Raises:
            RefusedError: with the reason; but for the evidence of a fork, nothing was stored.
        """
        try:
            with self._engine.begin() as connection:
                row = self._admit(connection, peer)
                if row["state"] != UnitState.ACTIVE:
                    raise RefusedError(Why.SUSPENDED, f"{peer.unit} may listen, but nothing that it sends is taken")
                boot, found = self._store(connection, packed)
                grew = isinstance(found, Attachment) and found.segment is not None
                next_fence = self._move_fence(connection, row, fence) if grew else row["fence"]
                answer = self._answer(connection, peer, next_fence, nonce, lambda held: held.heads_and(boot))
        except RefusedError as error:
            self._note_refusal(peer, error)
            raise
        if isinstance(found, Fork):
            raise RefusedError(Why.FORK, f"{found.boot}/{found.seq} is held with another hash")
        return answer

    def stream(self, peer: Peer, name: str, ends: list[tuple[str, int]], limit: int) -> list[Segment]:
        """Return what the caller lacks of one of the centre's own journals, which it holds up to these ends.

        Raises:
            RefusedError: it holds something that is not held here: this centre was restored, and wants it back.
        """
        writer = name if name == TOWN_STREAM else ONE_UNIT + name
        with self._engine.begin() as connection:
            self._admit(connection, peer)
            branches = Branches(connection, writer, shelves.STREAM_EPOCH)
            for boot, seq in ends:
                row = branches.get(boot)
                if row is None or row["seq"] < seq:
                    raise RefusedError(Why.UNKNOWN_HEAD, f"{writer}/{boot}/{seq} is not held here", branches.heads())
            return list(shelves.take(connection, writer, ends, limit))

    def carry_in(self, packed: bytes) -> bool:
        """Take a packed segment that a person carried here; return whether anything in it was new.

        Raises:
            RefusedError: with the reason.
        """
        with self._engine.begin() as connection:
            _, found = self._store(connection, packed)
        if isinstance(found, Fork):
            raise RefusedError(Why.FORK, f"{found.boot}/{found.seq} is held with another hash")
        return found.segment is not None

    def _store(self, connection: sa.Connection, packed: bytes) -> tuple[str, Attachment | Fork]:
        signed = self._verify(connection, packed)
        segment = signed.segment
        branches = Branches(connection, segment.unit, signed.epoch)
        found = attach(branches, segment, signed.entries, signed.hashes, signed.public)
        now = self._town.clock.wall_ms()
        incidents = Incidents(connection, self._streams, now)
        if isinstance(found, Fork):
            held = branches.segment_with(found.boot, found.seq)
            incidents.fork(segment, found, shelves.packed(held), packed, signed.epoch)
        elif found.segment is not None:
            shelves.put(connection, found, signed.epoch, now, packed if found.segment is segment else None)
            if found.event:
                incidents.look_at(segment, found.event, signed.epoch)
        return segment.boot, found

    def _verify(self, connection: sa.Connection, packed: bytes) -> _Signed:
        try:
            segment = from_text(unpack(packed))
            entries = segment.entries(self._town.register)
        except (SegmentError, EntryError) as error:
            raise RefusedError(Why.BAD_SEGMENT, str(error)) from error
        hashes = segment.hashes()
        keys = self._keys(connection, segment.unit)
        if not keys:
            raise RefusedError(Why.NOT_YOURS, f'no unit "{segment.unit}" is enrolled in this town')
        for epoch, public, state in keys:
            try:
                chain.check_seal(raw_bytes(public), hashes[-1], segment.seal)
            except chain.SealError:
                continue
            if state != UnitState.ACTIVE:
                raise RefusedError(
                    Why.SUSPENDED, f"nothing that {segment.unit} signed in life {epoch} is taken any more"
                )
            return _Signed(segment, entries, hashes, epoch, public)
        raise RefusedError(Why.BAD_SEAL, f"{segment.unit}/{segment.boot}/{segment.last} is not signed by that unit")

    def _keys(self, connection: sa.Connection, writer: str) -> list[tuple[int, str, str]]:
        """Return (epoch, public key, state) of the lives in which this writer may have signed, the latest first."""
        if is_stream(writer):
            return [(0, text(self._town.signer.public), UnitState.ACTIVE)]
        keys, unit = store.unit_key, store.unit
        state = sa.case((unit.c.epoch == keys.c.epoch, unit.c.state), else_=UnitState.CLOSED.value)
        asked = (
            sa.select(keys.c.epoch, keys.c.public, state)
            .join(unit, unit.c.name == keys.c.unit)
            .where(keys.c.unit == writer)
            .order_by(keys.c.epoch.desc())
        )
        return [(row[0], row[1], row[2]) for row in connection.execute(asked)]

    def _admit(self, connection: sa.Connection, peer: Peer) -> Row:
        asked = sa.select(store.unit).where(store.unit.c.name == peer.unit).with_for_update()
        row = connection.execute(asked).mappings().one_or_none()
        if row is None or row["epoch"] != peer.epoch or row["state"] == UnitState.CLOSED:
            raise RefusedError(Why.NOT_ENROLLED, f"{peer.unit} is not enrolled in this life; enrol it again")
        return row

    def _move_fence(self, connection: sa.Connection, row: Row, quoted: str) -> str:
        """Draw the next fence, and notice who brings news from an older state of his disk than was heard before.

        The fence before the last is good too, because the last answer may have been lost; and a message that only
        repeats what is held may be as old as it likes.
        """
        if row["fence"] and quoted not in (row["fence"], row["fence_before"]):
            incidents = Incidents(connection, self._streams, self._town.clock.wall_ms())
            incidents.note(row["name"], "old fence", {"epoch": row["epoch"]})
        fence = self._town.entropy.bytes(FENCE_BYTES).hex()
        moved = sa.update(store.unit).where(store.unit.c.name == row["name"])
        connection.execute(moved.values(fence=fence, fence_before=row["fence"]))
        return fence

    def _answer(
        self,
        connection: sa.Connection,
        peer: Peer,
        fence: str,
        nonce: str,
        heads: Callable[[Branches], tuple[Head, ...]],
    ) -> bytes:
        state = connection.execute(sa.select(store.unit.c.state).where(store.unit.c.name == peer.unit)).scalar_one()
        generation = connection.execute(
            sa.select(store.setting.c.value).where(store.setting.c.name == GENERATION)
        ).scalar_one()
        holdings = Holdings(
            unit=peer.unit,
            epoch=peer.epoch,
            state=UnitState(state),
            heads=heads(Branches(connection, peer.unit, peer.epoch)),
            generation=generation,
            fence=fence,
            at=self._town.clock.wall_ms(),
            nonce=nonce,
        )
        return sign(holdings, self._town.signer)

    def _note_refusal(self, peer: Peer, error: RefusedError) -> None:
        table = store.unit
        with self._engine.begin() as connection:
            noted = sa.update(table).where(table.c.name == peer.unit)
            connection.execute(noted.values(refused=table.c.refused + 1, refusal=str(error)[:400]))
