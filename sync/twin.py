"""The twin: a second copy of a unit's journal in a file to which is only ever added, sealed for the centre alone.

A record is one segment, sealed by HPKE (RFC 9180) for a key of the town, so whoever writes it cannot read it again. In
the clear it says whose it is and which entries it brings: by that a unit sees how far its twin goes, and by the digest
behind it whether it is as it was written. Records that are cut short or have rotted are stepped over; what they held is
written again behind them. The form is in docs/device.md.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, BinaryIO, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from sync.entries import BAD_JSON, BootId, Count, Seq, UnitName
from sync.segment import PACKED_MAX_BYTES, Segment, SegmentError, from_text, pack, to_text, unpack

ALG: Final = "x25519"
TITLE: Final = b"machitap-twin 1 "
SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)  # a Pi 4 has no instructions for AES
_OVERHEAD: Final = 48  # the ephemeral key, and the tag
_INFO: Final = b"machitap/twin/1\0"
_KEY_DIGITS: Final = 16
_LINE_MAX: Final = 512
_DIGEST_LINE: Final = 65
_FILE_NAME: Final = re.compile(r"([a-z][a-z0-9-]*)-([0-9]{1,9})\.twin")


class TwinError(ValueError):
    """This record cannot be opened, or is not what it says."""


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a record says in the clear.

    Attributes:
        key: for which key of the town it is sealed: the first digits of its SHA-256.
        after: up to where the file held this boot before; whoever holds that, holds it up to `last` with this record.
        bytes: how long the sealed part is.
    """

    unit: UnitName
    epoch: Count
    key: str
    boot: BootId
    after: Count
    last: Seq
    bytes: Annotated[int, msgspec.Meta(gt=_OVERHEAD, le=PACKED_MAX_BYTES + _OVERHEAD)]


_HEAD: Final = msgspec.json.Decoder(Head)


@dataclass(frozen=True)
class Record:
    """A record that is as it was written."""

    head: Head
    line: bytes
    sealed: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.line + self.sealed).hexdigest()


@dataclass(frozen=True)
class Owner:
    """Whose twin it is, and for whom it is sealed: a raw public key of the town."""

    unit: str
    epoch: int
    key: bytes

    @property
    def file(self) -> str:
        """The name of the twin: one for each life of a unit."""
        return file_name(self.unit, self.epoch)


@dataclass
class Held:
    """How far a twin goes: for each boot, up to which entry all are there. `broken`: how many spots are not whole."""

    upto: dict[str, int] = field(default_factory=dict)
    broken: int = 0

    def add(self, head: Head) -> None:
        if head.after <= self.upto.get(head.boot, 0) < head.last:
            self.upto[head.boot] = head.last


def file_name(unit: str, epoch: int) -> str:
    return f"{unit}-{epoch}.twin"


def life_of(file: str) -> tuple[str, int] | None:
    """Undo `file_name`; None for any other name."""
    found = _FILE_NAME.fullmatch(file)
    return (found[1], int(found[2])) if found else None


def key_id(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:_KEY_DIGITS]


def seal(owner: Owner, segment: Segment, after: int) -> bytes:
    """Return a segment as a record, to be added to a twin that holds its boot up to entry `after`."""
    packed = pack(to_text(segment))
    sealed_bytes = len(packed) + _OVERHEAD
    head = Head(owner.unit, owner.epoch, key_id(owner.key), segment.boot, after, segment.last, sealed_bytes)
    line = TITLE + msgspec.json.encode(head) + b"\n"
    sealed = SUITE.encrypt(packed, X25519PublicKey.from_public_bytes(owner.key), _INFO + line)
    return b"\n" + line + sealed + b"\n" + _digest(line, sealed)


def records(file: BinaryIO) -> Iterator[Record | None]:
    """Yield the records of a file in their order, and None for each spot where one begins that is not whole."""
    while line := file.readline(_LINE_MAX):
        if not line.startswith(TITLE):
            continue  # the empty line before a record, or what is left of one that is broken
        behind = file.tell()
        record = _read(line, file)
        if record is None:
            file.seek(behind)
        yield record


def held(found: Iterable[Record | None], owner: Owner) -> Held:
    """Say how far a twin goes, by its records that are this owner's."""
    so_far = Held()
    mine = (owner.unit, owner.epoch, key_id(owner.key))
    for record in found:
        if record is None:
            so_far.broken += 1
        elif (record.head.unit, record.head.epoch, record.head.key) == mine:
            so_far.add(record.head)
    return so_far


def digest_of(record: bytes) -> str:
    """Return the digest that a record bears which was just sealed."""
    return record[-_DIGEST_LINE:-1].decode()


def open_record(record: Record, key: X25519PrivateKey) -> Segment:
    """Open a record with the town's secret key. Neither chain nor seal of the segment is checked here.

    Raises:
        TwinError: it is sealed for another key, was changed, or does not hold what it says.
    """
    try:
        packed = SUITE.decrypt(record.sealed, key, _INFO + record.line)
        segment = from_text(unpack(packed))
    except InvalidTag as error:
        raise TwinError(f"sealed for another key than this town's ({record.head.key}), or changed") from error
    except SegmentError as error:
        raise TwinError(str(error)) from error
    said = record.head
    if (segment.unit, segment.boot, segment.last) != (said.unit, said.boot, said.last):
        raise TwinError("it holds something else than it says")
    return segment


def _read(line: bytes, file: BinaryIO) -> Record | None:
    try:
        head = _HEAD.decode(line[len(TITLE) :])
    except BAD_JSON:
        return None
    sealed = file.read(head.bytes)
    if file.read(1 + _DIGEST_LINE) != b"\n" + _digest(line, sealed):
        return None
    return Record(head, line, sealed)


def _digest(line: bytes, sealed: bytes) -> bytes:
    return hashlib.sha256(line + sealed).hexdigest().encode() + b"\n"
