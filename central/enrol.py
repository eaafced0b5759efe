"""How a unit is let in: the office names it, a one-time code travels with the technician, the unit brings its own keys.

Private keys never leave the unit. Whoever asks again with the same code and key gets the same life again: the answer
may have been lost on its way. A replaced or suspended unit is let in again under the same name with new keys: that is
its next life (epoch), and nothing signed in an earlier one is taken any more.
"""

import base64
import hashlib
from collections.abc import Callable
from typing import Final

import msgspec
import sqlalchemy as sa

from central import shelves, store
from central.authority import Authority, CertificateError, moment, read_device
from central.prepared import Prepared
from central.refusal import RefusedError
from central.streams import Streams, held_for
from central.town import Town
from sync import chain
from sync.entries import BAD_JSON, EntryError
from sync.facts import Enrolled, HostSet, Key, Order, UnitSet, UnitState
from sync.messages import (
    OFFICE_STREAM,
    ONE_UNIT,
    TOWN_STREAM,
    Certificate,
    Enrolment,
    EnrolRequest,
    MessageError,
    RenewRequest,
    Report,
    Why,
    enrol_proof,
    is_stream,
    raw_bytes,
    renew_proof,
    text,
)
from sync.segment import to_text
from sync.technician import Before
from sync.tree import ends_text

CODE_BYTES: Final = 10
CODE_DAYS: Final = 7
DAY_MS: Final = 86_400_000
RENEW_DAYS: Final = 366
STREAM_ENTRIES_MAX: Final = 100_000
_PUBLIC: Final = Prepared(
    sa.select(store.unit_key.c.public)
    .where(store.unit_key.c.unit == sa.bindparam("of"))
    .where(store.unit_key.c.epoch == sa.bindparam("life"))
)


Vouch = Callable[[str, str], tuple[str, HostSet] | None]
"""Vouches for the SSH server of a unit (name, public key): its certificate and what is noted; None if nobody here can.

Raises ValueError if this is no such key.
"""


class Ticket(msgspec.Struct, frozen=True):
    """What the technician takes along: where the centre is, how to know it, and the one-time code.

    `town_key`, `seal`: by which an answer is known that comes as a file, and for which a request is sealed (base64).
    `before`: what was known of the life that the new one ends, if there is one.
    """

    url: str
    town: str
    unit: str
    code: str
    ca: str
    town_key: str
    seal: str
    before: Before | None = None


class Enroller:
    """The desk at which units are let in."""

    def __init__(
        self,
        engine: sa.Engine,
        town: Town,
        streams: Streams,
        authority: Authority,
        town_id: str,
        card_key: bytes,
        vouch: Vouch = lambda _unit, _key: None,
        renew_days: int = RENEW_DAYS,
    ) -> None:
        self._engine = engine
        self._town = town
        self._streams = streams
        self._authority = authority
        self._town_id = town_id
        self._card_key = card_key
        self._vouch = vouch
        self._renew_days = renew_days

    def invite(self, unit: str, place: str, counter: str, url: str, seal: bytes = b"") -> Ticket:
        """Name a unit, or give a known one a new life, and return the ticket with its one-time code.

        Args:
            seal: the town's public key for what comes sealed; without it, this ticket is of no use by hand.

        Raises:
            EntryError: this is no name for a unit, or it is that of a journal of the centre.
        """
        if is_stream(unit):
            raise EntryError(f'"{unit}" is the name of a journal of the centre; call the unit something else')
        code = base64.b32encode(self._town.entropy.bytes(CODE_BYTES)).decode()
        now = self._town.clock.wall_ms()
        with self._engine.begin() as connection:
            shelves.lock(connection)
            row = connection.execute(sa.select(store.unit).where(store.unit.c.name == unit)).mappings().one_or_none()
            epoch = row["epoch"] if row else 1
            before = None
            if row and public_key(connection, unit, epoch):
                before = _before(connection, row)
                epoch += 1
            if row is None:
                connection.execute(sa.insert(store.unit).values(name=unit, epoch=1, state=UnitState.ACTIVE))
            expires = now + CODE_DAYS * DAY_MS
            bound = self._bind(code, unit, epoch, expires)
            connection.execute(sa.insert(store.code).values(hash=bound, unit=unit, epoch=epoch, expires_ms=expires))
            self._streams.append(connection, TOWN_STREAM, [UnitSet(unit, place, counter)])
        town_key = text(self._town.signer.public)
        return Ticket(url, self._town_id, unit, code, self._authority.pem, town_key, text(seal), before)

    def enrol(self, request: EnrolRequest) -> Enrolment:
        """Let a unit in.

        Raises:
            RefusedError: the code is wrong, used or too old, or the unit does not hold the keys that it names.
        """
        now = self._town.clock.wall_ms()
        proven = enrol_proof(request.code, request.csr, request.host_key)
        self._check_proof(request.key, proven, request.proof)
        with self._engine.begin() as connection:
            shelves.lock(connection)
            epoch, is_new = self._use_code(connection, request, now)
            certificate = self._certify(request.csr, request.unit, epoch)
            if is_new:
                self._let_in(connection, request, epoch, now)
            host_certificate = self._certify_host(connection, request)
            streams = (TOWN_STREAM, ONE_UNIT + request.unit)
            segments = [one for name in streams for one in shelves.take(connection, name, [], STREAM_ENTRIES_MAX)]
        return Enrolment(
            town=self._town_id,
            unit=request.unit,
            epoch=epoch,
            certificate=certificate,
            ca=self._authority.pem,
            town_key=text(self._town.signer.public),
            card_key=text(self._card_key),
            segments=tuple(to_text(segment).decode() for segment in segments),
            host_certificate=host_certificate,
        )

    def _let_in(self, connection: sa.Connection, request: EnrolRequest, epoch: int, now: int) -> None:
        """Begin a life of a unit under the key that it brings."""
        key = {"unit": request.unit, "epoch": epoch, "public": request.key, "enrolled_ms": now}
        known = sa.select(store.unit_key.c.unit).where(store.unit_key.c.public == request.key)
        if connection.execute(known).first():
            raise RefusedError(Why.BAD_REQUEST, "this key was used before; a new life needs a new key")
        connection.execute(sa.insert(store.unit_key).values(key))
        state = {"epoch": epoch, "state": UnitState.ACTIVE, "fence": "", "fence_before": "", "unheard": 0}
        connection.execute(sa.update(store.unit).where(store.unit.c.name == request.unit).values(state))
        order = Order(name=request.unit, epoch=epoch, state=UnitState.ACTIVE, reason="enrolled")
        let_in = Enrolled(name=request.unit, epoch=epoch, key=Key(chain.ALG, request.key))
        self._streams.append_for(connection, request.unit, [order, let_in])

    def _certify_host(self, connection: sa.Connection, request: EnrolRequest) -> str:
        if not request.host_key:
            return ""
        try:
            vouched = self._vouch(request.unit, request.host_key)
        except ValueError as error:
            raise RefusedError(Why.BAD_REQUEST, f"the key of the SSH server: {error}") from error
        if vouched is None:
            return ""
        certificate, noted = vouched
        self._streams.append(connection, OFFICE_STREAM, [noted])
        return certificate

    def renew(self, request: RenewRequest) -> Certificate:
        """Give a unit a fresh certificate, also for a while after its last one ran out: its journal key vouches for it.

        Raises:
            RefusedError: the unit is not enrolled, the journal key did not sign the request, or the certificate that is
                to be replaced is not its last one, or ran out too long ago.
        """
        with self._engine.begin() as connection:
            row = (
                connection.execute(sa.select(store.unit).where(store.unit.c.name == request.unit))
                .mappings()
                .one_or_none()
            )
            public = public_key(connection, request.unit, row["epoch"]) if row else None
            if row is None or public is None or row["state"] == UnitState.CLOSED:
                raise RefusedError(Why.NOT_ENROLLED, f"{request.unit} is not enrolled")
        self._check_proof(public, renew_proof(request.csr, request.certificate), request.proof)
        self._check_last(request, row)
        return Certificate(self._certify(request.csr, request.unit, row["epoch"]), self._authority.pem)

    def _check_last(self, request: RenewRequest, row: sa.RowMapping) -> None:
        """Make sure that it is this life's certificate that is to be replaced, and no copy of an older one.

        A unit that was heard after a certificate ran out had a newer one by then.
        """
        try:
            device = read_device(self._authority.issued(request.certificate), self._town_id)
        except CertificateError as error:
            raise RefusedError(Why.NOT_ENROLLED, str(error)) from error
        if (device.unit, device.epoch) != (request.unit, row["epoch"]):
            raise RefusedError(Why.NOT_ENROLLED, f"{request.unit} is not enrolled in life {device.epoch}")
        ended = moment(device.ends_ms).date().isoformat()
        if (row["contact_ms"] or 0) > device.ends_ms:
            raise RefusedError(
                Why.NOT_ENROLLED, f"{request.unit} has had a newer certificate than the one that ran out on {ended}"
            )
        if self._town.clock.wall_ms() > device.ends_ms + self._renew_days * DAY_MS:
            raise RefusedError(
                Why.NOT_ENROLLED,
                f"the certificate of {request.unit} ran out on {ended}, more than {self._renew_days} days ago;"
                " the office may raise renew_days in central.toml, or let it in with a new ticket",
            )

    def close(self, unit: str, reason: str) -> bool:
        """End a unit's present life: it is lost, stolen or scrapped. Return whether there was such a unit."""
        with self._engine.begin() as connection:
            shelves.lock(connection)
            asked = sa.select(store.unit.c.epoch).where(store.unit.c.name == unit)
            epoch = connection.execute(asked).scalar()
            if epoch is not None:
                close_life(connection, self._streams, unit, epoch, reason)
            return epoch is not None

    def _use_code(self, connection: sa.Connection, request: EnrolRequest, now: int) -> tuple[int, bool]:
        """Return the life that a code is for, and whether it begins now."""
        table = store.code
        good = table.c.unit == request.unit, table.c.expires_ms >= now
        rows = connection.execute(sa.select(table).where(*good).with_for_update()).mappings().all()
        bound = (self._bind(request.code, request.unit, row["epoch"], row["expires_ms"]) for row in rows)
        row = next((row for row, fits in zip(rows, bound, strict=True) if row["hash"] == fits), None)
        if row is None:
            raise RefusedError(Why.BAD_CODE, "ask the office for a new ticket")
        holder = public_key(connection, request.unit, row["epoch"])
        if holder == request.key and self._is_active(connection, request.unit, row["epoch"]):
            return int(row["epoch"]), False
        if holder or row["used_ms"] is not None:
            raise RefusedError(Why.BAD_CODE, "this life of the unit has begun; ask the office for a new ticket")
        connection.execute(sa.update(table).where(table.c.hash == row["hash"]).values(used_ms=now))
        return int(row["epoch"]), True

    def _is_active(self, connection: sa.Connection, unit: str, epoch: int) -> bool:
        table = store.unit
        asked = sa.select(table.c.state).where(table.c.name == unit, table.c.epoch == epoch)
        return bool(connection.execute(asked).scalar() == UnitState.ACTIVE)

    def _certify(self, csr: str, unit: str, epoch: int) -> str:
        try:
            now = moment(self._town.clock.wall_ms())
            return self._authority.device(csr, self._town_id, unit, epoch, now)
        except CertificateError as error:
            raise RefusedError(Why.BAD_REQUEST, str(error)) from error

    def _bind(self, code: str, unit: str, epoch: int, expires_ms: int) -> str:
        """Return what is kept of a ticket: whoever can write to the database, but has no key, can make or prolong none.

        An Ed25519 signature is the same each time (RFC 8032), so it can be compared.
        """
        ticket = f"{unit}/{epoch}/{expires_ms}/{code.strip().upper()}"
        return hashlib.sha256(self._town.signer.sign(b"machitap/ticket/1\0" + ticket.encode())).hexdigest()

    def _check_proof(self, public: str, message: bytes, proof: str) -> None:
        try:
            self._town.check(raw_bytes(public), message, raw_bytes(proof))
        except (chain.SealError, MessageError) as error:
            raise RefusedError(Why.BAD_SEAL, "the unit does not hold the key that it names") from error


def public_key(connection: sa.Connection, unit: str, epoch: int) -> str | None:
    """Return the journal's public key (base64) of a life of a unit, or None if it never began."""
    found = _PUBLIC.row(connection, of=unit, life=epoch)
    return found["public"] if found else None


def _before(connection: sa.Connection, row: sa.RowMapping) -> Before:
    """Return what is known of the life that a ticket is going to end."""
    heads = held_for(connection, row["name"], row["epoch"]).heads
    try:
        said = msgspec.json.decode(row["report"] or b"{}", type=Report)
    except BAD_JSON:  # it came from another version
        said = Report()
    upto = ends_text(sorted((head.boot, head.seq) for head in heads))
    return Before(row["epoch"], upto, said.unsent, row["contact_ms"])


def close_life(connection: sa.Connection, streams: Streams, unit: str, epoch: int, reason: str) -> None:
    """End a unit's present life (`epoch`), within the caller's transaction.

    Tickets that are still about are void: they may be lost with it.
    """
    connection.execute(sa.update(store.unit).where(store.unit.c.name == unit).values(state=UnitState.CLOSED))
    unused = store.code.c.unit == unit, store.code.c.used_ms.is_(None)
    connection.execute(sa.delete(store.code).where(*unused))
    order = Order(name=unit, epoch=epoch, state=UnitState.CLOSED, reason=reason)
    streams.append_for(connection, unit, [order])
