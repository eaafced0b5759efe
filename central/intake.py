"""Receives segments: stores what was verified, and only then answers, signed, with what is held.

Nothing is interpreted here but what a journal's own form needs: boots, and the holes that a unit declares. Same id and
same bytes change nothing; same id and other bytes are kept as evidence and stop the unit. What is refused leaves no
trace in the books.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import sqlalchemy as sa

from central import heard, shelves, store
from central.attach import Attachment, Fork, attach
from central.branches import Branches
from central.incidents import Incidents
from central.peers import CALLER, CALLER_ALONE, GENERATION, Peer, admit
from central.prepared import Prepared, Row
from central.refusal import RefusedError
from central.streams import Streams, held_for
from central.town import Town
from central.verify import Keyring, Signed, check_found, check_welcome, verify
from sync.facts import UnitState
from sync.messages import ONE_UNIT, TOWN_STREAM, Holdings, Report, Why, is_stream, sign
from sync.segment import Segment
from sync.tree import ends_from_text

FENCE_BYTES: Final = 8
FENCE_MARK: Final = 4  # characters of the history's number that a fence begins with
_HEARD: Final = Prepared(
    sa.update(store.unit)
    .where(store.unit.c.name == sa.bindparam("of"))
    .values(contact_ms=sa.bindparam("now"), report=sa.bindparam("said"))
)
_KNOWN: Final = Prepared(
    sa.update(store.unit)
    .where(store.unit.c.name == sa.bindparam("of"), store.unit.c.epoch == sa.bindparam("life"))
    .where(sa.bindparam("known") == GENERATION)
    .values(unheard=0)
)
CONTACT_EVERY_MS: Final = 20_000  # how often an idle call is worth a sync of the disk
_MOVE_FENCE: Final = Prepared(
    sa.update(store.unit)
    .where(store.unit.c.name == sa.bindparam("unit"))
    .values(fence=sa.bindparam("fence"), fence_before=sa.bindparam("before"))
)


@dataclass(frozen=True)
class Delivery:
    """A segment that is good, and who brought it: whoever wrote it. `fence` and `nonce` as the caller quotes them."""

    peer: Peer
    signed: Signed
    fence: str
    nonce: str


class Intake:
    """The door for journals."""

    def __init__(self, engine: sa.Engine, town: Town, streams: Streams) -> None:
        self._engine = engine
        self._town = town
        self._streams = streams
        self._keyring = Keyring(engine, town)
        self._shown: dict[str, int] = {}  # until when units' certificates are good, as noted by this process

    def holdings(self, peer: Peer, report: Report, nonce: str) -> bytes:
        """Say, signed, what is held of the caller's journal.

        Raises:
            RefusedError: the caller is not enrolled.
        """
        with store.reading(self._engine) as connection:
            row = admit(connection, peer, CALLER)
            answer = self._answer(connection, row, row["fence"], nonce)
            is_known = bool(row["unheard"]) and _is_known(connection, row, report)
        self._note_contact(row, report, peer.ends_ms, is_known=is_known)
        return answer

    def verify(self, packed: bytes) -> Signed:
        """Check a packed segment before it waits to be stored. It takes no lock, and most of the time.

        Raises:
            RefusedError: with the reason.
        """
        return verify(self._keyring, self._town, packed)

    def note_refusal(self, peer: Peer, error: RefusedError) -> None:
        """Note that something which the caller brought was refused."""
        with self._engine.begin() as connection:
            _note_refusal(connection, peer, error)

    def store(self, deliveries: Sequence[Delivery]) -> list[bytes | RefusedError]:
        """Store what was delivered, with one sync of the disk for all; then say to each what is held of its caller.

        Of one that is refused nothing is stored but the evidence of a fork, and it does not hold up the others.
        """
        with self._engine.begin() as connection:
            shelves.lock(connection)
            return [self._receive(connection, delivery) for delivery in deliveries]

    def receive(self, peer: Peer, packed: bytes, fence: str, nonce: str) -> bytes:
        """Verify and store one packed segment, and say what is held of the caller.

        Raises:
            RefusedError: with the reason.
        """
        try:
            signed = self.verify(packed)
        except RefusedError as error:
            self.note_refusal(peer, error)
            raise
        (answer,) = self.store([Delivery(peer, signed, fence, nonce)])
        if isinstance(answer, RefusedError):
            raise answer
        return answer

    def stream(self, peer: Peer, name: str, ends: list[tuple[str, int]], limit: int) -> list[Segment]:
        """Return what the caller lacks of one of the centre's own journals, which it holds up to these ends.

        Raises:
            RefusedError: it holds something that is not held here: this centre was restored, and wants it back.
        """
        writer = name if name == TOWN_STREAM else ONE_UNIT + name
        with store.reading(self._engine) as connection:
            admit(connection, peer, CALLER)
            return shelves.missed(connection, writer, ends, limit)

    def carry_in(self, packed: bytes, *, found: bool = False) -> bool:
        """Take a packed segment that a person carried here; return whether anything in it was new.

        Args:
            found: it may be of a life that the office has given up, as far as that is added up here.

        Raises:
            RefusedError: with the reason.
        """
        signed = self.verify(packed)
        with self._engine.begin() as connection:
            shelves.lock(connection)
            (check_found if found else check_welcome)(connection, signed)
            attached = self._attach(connection, signed)
        if isinstance(attached, Fork):
            raise _refuse(attached)
        return attached.is_news

    def _receive(self, connection: sa.Connection, delivery: Delivery) -> bytes | RefusedError:
        peer, signed = delivery.peer, delivery.signed
        try:  # whatever may refuse comes before the first write
            row = admit(connection, peer)
            if row["state"] != UnitState.ACTIVE and not is_stream(signed.segment.unit):
                raise RefusedError(Why.SUSPENDED, f"{peer.unit} may listen, but nothing that it sends is taken")
            check_welcome(connection, signed, row)
            found = self._attach(connection, signed)
        except RefusedError as error:
            _note_refusal(connection, peer, error)
            return error
        if isinstance(found, Fork):
            _note_refusal(connection, peer, _refuse(found))
            return _refuse(found)
        is_own = signed.segment.unit == peer.unit  # what is carried for others says nothing of this disk
        fence = row["fence"]
        if is_own and found.is_news:
            fence = self._move_fence(connection, row, delivery.fence, branched=found.event is not None)
        if found.event or signed.segment.unit == ONE_UNIT + peer.unit:  # it may have stopped the unit
            (row,) = CALLER_ALONE.rows(connection, unit=peer.unit)
        return self._answer(connection, row, fence, delivery.nonce, signed.segment.boot)

    def _attach(self, connection: sa.Connection, signed: Signed) -> Attachment | Fork:
        segment = signed.segment
        branches = Branches(connection, segment.unit, signed.epoch)
        found = attach(branches, segment, signed.entries, signed.hashes, signed.public)
        now = self._town.clock.wall_ms()
        incidents = Incidents(connection, self._streams, now)
        if isinstance(found, Fork):
            held = branches.segment_with(found.boot, found.seq)
            incidents.fork(segment, found, shelves.packed(held), signed.packed, signed.epoch)
        elif found.is_news:
            shelves.fill(connection, found, now)
            if found.segment is not None:
                shelves.put(connection, found, signed.epoch, now, signed.packed if found.segment is segment else None)
            if found.event:
                incidents.look_at(segment, found.event, signed.epoch)
            if segment.unit.startswith(ONE_UNIT):
                incidents.obey(signed.entries)
        return found

    def _note_contact(self, row: Row, report: Report, ends_ms: int | None, *, is_known: bool) -> None:
        """Note that a unit was heard, and what it says of itself, if that is news.

        Args:
            ends_ms: until when the certificate is good that it showed.
            is_known: it has heard nothing that is not held here, for the first time since this centre was restored.
        """
        now, said = self._town.clock.wall_ms(), msgspec.json.encode(report).decode()
        fresh = ends_ms if ends_ms is not None and self._shown.get(row["name"]) != ends_ms else None
        is_news = is_known or fresh is not None or said != row["report"]
        if not is_news and 0 <= now - (row["contact_ms"] or 0) < CONTACT_EVERY_MS:
            return
        with self._engine.begin() as connection:
            _HEARD.run(connection, of=row["name"], now=now, said=said)
            if fresh is not None:
                heard.note_certificate(connection, row["name"], fresh)
            if is_known:
                _KNOWN.run(connection, of=row["name"], life=row["epoch"], known=row["generation"])
        if fresh is not None:
            self._shown[row["name"]] = fresh

    def _move_fence(self, connection: sa.Connection, row: Row, quoted: str, *, branched: bool) -> str:
        """Draw the next fence, and notice who brings news from an older state of his disk than was heard before.

        The fence before the last is good too, because the last answer may have been lost. A message that only repeats
        what is held may be as old as it likes, and so may news that continue the newest end (then it has not
        `branched`): they were held up on the way, but whoever wrote them has all that is held.
        """
        of_now = str(row["generation"])[:FENCE_MARK]  # what is late on the road may come from before a restore
        is_old = row["fence"] and quoted not in (row["fence"], row["fence_before"])
        if branched and is_old and quoted[:FENCE_MARK] in ("", of_now):
            incidents = Incidents(connection, self._streams, self._town.clock.wall_ms())
            incidents.note(row["name"], "old fence", {"epoch": row["epoch"]})
        fence: str = of_now + self._town.entropy.bytes(FENCE_BYTES).hex()
        _MOVE_FENCE.run(connection, unit=row["name"], fence=fence, before=row["fence"])
        return fence

    def _answer(self, connection: sa.Connection, row: Row, fence: str, nonce: str, delivered: str = "") -> bytes:
        """Say what is held of a unit; `delivered`: the boot of which it has just brought something."""
        holdings = held(connection, row, self._town.clock.wall_ms(), delivered)
        return sign(msgspec.structs.replace(holdings, fence=fence, nonce=nonce), self._town.signer)


def held(connection: sa.Connection, row: Row, now_ms: int, delivered: str = "") -> Holdings:
    """Return what is held of the unit in a row of `peers.CALLER`; `delivered`: a boot that is named in any case."""
    unit, epoch = row["name"], row["epoch"]
    reach = held_for(connection, unit, epoch)
    is_told = not delivered or any(head.boot == delivered for head in reach.heads)
    beside = None if is_told else Branches(connection, unit, epoch).reach(delivered)
    return Holdings(
        unit=unit,
        epoch=epoch,
        state=UnitState(row["state"]),
        heads=(*reach.heads, beside) if beside else reach.heads,
        generation=row["generation"],
        fence="",
        at=now_ms,
        streams=reach.streams,
        beside=beside.boot if beside else "",
        lost=reach.lost,
    )


def _is_known(connection: sa.Connection, row: Row, report: Report) -> bool:
    """Whether a unit has seen that this centre was restored, and holds nothing that was granted and is not here."""
    if report.generation != row["generation"]:
        return False
    try:
        ends = ends_from_text(report.heard)
        of_town = ends_from_text(report.heard_town) if report.heard_town else []
    except ValueError:
        return False
    streams = (ONE_UNIT + row["name"], ends), (TOWN_STREAM, of_town)
    return all(_holds(Branches(connection, name, shelves.STREAM_EPOCH), upto) for name, upto in streams if upto)


def _holds(branches: Branches, ends: Sequence[tuple[str, int]]) -> bool:
    return all((held := branches.get(boot)) is not None and held["seq"] >= seq for boot, seq in ends)


def _refuse(fork: Fork) -> RefusedError:
    return RefusedError(Why.FORK, f"{fork.boot}/{fork.seq} is held with another hash")


def _note_refusal(connection: sa.Connection, peer: Peer, error: RefusedError) -> None:
    table = store.unit
    noted = sa.update(table).where(table.c.name == peer.unit)
    connection.execute(noted.values(refused=table.c.refused + 1, refusal=str(error)[:400]))
