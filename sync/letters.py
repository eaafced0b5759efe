"""What a unit and the neighbour that keeps its twin write to each other: signed letters, on a network nobody trusts.

There is no TLS between units, for no unit has a certificate to be called by, and none is needed: a twin is sealed for
the town already. What matters is who says something and to which question, and that the letters say themselves. Each
side's process draws a key when it starts, and its journal's key vouches for that, once; the other side knows the
journal's key from the town. A question bears a nonce and the answer gives it back, so nothing can be played again;
whoever adds something says behind what, so nothing can be added twice.
"""

import hashlib
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar, cast

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync import chain
from sync.entries import BAD_JSON, BootId, Count, HashHex, KeyText, Seq, UnitName
from sync.messages import MessageError, envelope, open_envelope, raw_bytes, text
from sync.neighbours import KeepSet, NeighbourSet, Party

PORT: Final = 4710
PATH: Final = "/v1/twin/"  # and behind it the unit that asks
HEADER: Final = "machi-letter"
LETTER_MAX_BYTES: Final = 4096
ANSWER_MAX_BYTES: Final = 256 * 1024  # a twin of a thousand runs of a unit fits
NOTHING: Final = bytes(32).hex()  # the head of a twin without a record
_VOUCHED: Final = b"machitap/vouched/1\0"
_HEAD: Final = b"machitap/twin-head/1\0"


class LetterError(ValueError):
    """This is no letter by whom it should be, or it answers something else."""


class Role(StrEnum):
    WRITER = "writer"
    KEEPER = "keeper"


class Vouched(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A unit's journal key says: the process with this key (Ed25519, base64) speaks for me in this matter."""

    unit: UnitName
    epoch: Count
    role: Role
    key: KeyText


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A unit asks its neighbour how far its twin goes, or to add a record to it.

    Attributes:
        town_key: for which key of the town what it asks about is sealed, as the records name it.
        size, head: behind what the record comes; the head covers every record of the twin before.
        record: the digest that the record bears, or None if nothing is to be added.
    """

    of: UnitName
    epoch: Count
    keeper: UnitName
    keeper_epoch: Count
    town_key: str
    nonce: HashHex
    size: Count = 0
    head: HashHex = NOTHING
    record: HashHex | None = None


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The neighbour says what is on its disk now; `trouble`: why a record was not added, or "".

    Attributes:
        size, head: of the file, and over its records, one after the other.
        upto: for each boot, up to which entry it goes.
        broken: how many spots of the file are not whole.
    """

    keeper: UnitName
    keeper_epoch: Count
    of: UnitName
    epoch: Count
    nonce: HashHex
    size: Count
    head: HashHex
    upto: dict[BootId, Seq]
    broken: Count = 0
    trouble: Annotated[str, msgspec.Meta(max_length=20)] = ""


class Keeping(msgspec.Struct, frozen=True):
    """What a keeper's process has to know: which unit it speaks for, and whose twins it keeps."""

    unit: UnitName
    epoch: Count
    guests: tuple[KeepSet, ...]


class Writing(msgspec.Struct, frozen=True):
    """What a writer's process has to know: for which unit it speaks, and to whom."""

    unit: UnitName
    epoch: Count
    neighbour: NeighbourSet


class _Letter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    vouched: msgspec.Raw
    said: msgspec.Raw


Said = TypeVar("Said", Ask, Kept)

# Made here, in one thread: msgspec 0.22 crashes if several threads are the first to read a struct.
_LETTER: Final = msgspec.json.Decoder(_Letter)
_VOUCHED_READER: Final = msgspec.json.Decoder(Vouched)
_READERS: Final[dict[type[msgspec.Struct], msgspec.json.Decoder[Any]]] = {
    kind: msgspec.json.Decoder(kind) for kind in (Ask, Kept)
}
_DOMAINS: Final = {Ask: b"machitap/twin-ask/1\0", Kept: b"machitap/twin-kept/1\0"}
_WRITTEN_BY: Final = {Ask: Role.WRITER, Kept: Role.KEEPER}


class Hand:
    """A process that writes letters for its unit, with a key of its own that is nowhere but in its memory."""

    def __init__(self, vouch_for: Callable[[str], bytes]) -> None:
        """`vouch_for`: has the unit's daemon vouch for a public key (base64)."""
        self._secret = Ed25519PrivateKey.generate()
        self._vouched = vouch_for(text(self.public))

    @property
    def public(self) -> bytes:
        return self._secret.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._secret.sign(message)

    def write(self, said: Ask | Kept) -> bytes:
        """Return a letter."""
        signed = envelope(_DOMAINS[type(said)], said, self)
        return msgspec.json.encode(_Letter(msgspec.Raw(self._vouched), msgspec.Raw(signed)))


def vouch(unit: str, epoch: int, role: Role, key: str, signer: chain.Signer) -> bytes:
    """Vouch for a process with the key of the unit's journal."""
    return envelope(_VOUCHED, Vouched(unit, epoch, role, key), signer)


def read(raw: bytes, kind: type[Said], by: Party, check: chain.Check = chain.check_signature) -> Said:
    """Read a letter that has to be by a process of this unit, in this life.

    Raises:
        LetterError: it is not.
    """
    try:
        letter = _LETTER.decode(raw)
        vouched = _VOUCHED_READER.decode(open_envelope(_VOUCHED, bytes(letter.vouched), raw_bytes(by.key), check))
        body = open_envelope(_DOMAINS[kind], bytes(letter.said), raw_bytes(vouched.key), check)
        said = cast("Said", _READERS[kind].decode(body))
    except (*BAD_JSON, MessageError, chain.SealError) as error:
        raise LetterError(f"not a letter of {by.unit} in life {by.epoch}: {error}") from error
    if (vouched.unit, vouched.epoch, vouched.role) != (by.unit, by.epoch, _WRITTEN_BY[kind]):
        raise LetterError(f"a letter of {vouched.unit} in life {vouched.epoch}, as {vouched.role}")
    return said


def answers(kept: Kept, ask: Ask) -> bool:
    """Whether this answers that question, and no other."""
    said = (kept.keeper, kept.keeper_epoch, kept.of, kept.epoch, kept.nonce)
    return said == (ask.keeper, ask.keeper_epoch, ask.of, ask.epoch, ask.nonce)


def next_head(head: str, record: str) -> str:
    """Return the head of a twin behind one more record: SHA-256 over the head before and the record's digest."""
    return hashlib.sha256(_HEAD + bytes.fromhex(head) + bytes.fromhex(record)).hexdigest()
