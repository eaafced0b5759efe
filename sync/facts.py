"""The core's own facts: what a unit says about itself, and what the centre tells all units.

A program's facts live in its own folder, `programs/<name>/entries.py`.
"""

from enum import StrEnum

import msgspec

from sync import accounts, neighbours, passkeys, residents, rights, staff, updates
from sync.entries import AtMs, BootId, Card, Count, Fact, HashHex, KeyText, Register, Seq, Text, UnitName
from sync.steps import Stepped


class Place(msgspec.Struct, frozen=True):
    """A position in a chain: the entry `boot/seq` and its hash."""

    boot: BootId
    seq: Seq
    hash: HashHex


class Key(msgspec.Struct, frozen=True):
    """A public key: raw bytes in base64, and its algorithm."""

    alg: str
    public: KeyText


# ---- what every writer says about itself -----------------------------------------------------------------


class Boot(Fact, frozen=True, tag="boot"):
    """The first entry of a run of a writer.

    `after`: the head that this run continues, or null for the first ever. `counter`: the anti-rollback counter, or
    null where there is none. `clean`: the run before ended in order. `clock`: how far the clock can be believed.
    """

    after: Place | None
    key: Key
    counter: Count | None
    clean: bool
    clock: str
    software: Text


class Gap(Fact, frozen=True, tag="gap"):
    """Entries `first` to `last` of the boot `of` are lost; what follows them there is chained to the hash `prev`.

    `prev` is null where nothing that follows could be saved.
    """

    of: BootId
    first: Seq
    last: Seq
    prev: HashHex | None
    cause: Text


class Applied(Fact, frozen=True, tag="applied"):
    """From here on this unit decides by what `stream` had said up to an entry."""

    stream: UnitName
    upto: Place


# ---- what the centre says ----------------------------------------------------------------------------------


class Town(Fact, frozen=True, tag="town"):
    """The town itself. `pass_issuers`: keys that may sign service passes, by reference. `phone`: whom to call."""

    name: Text
    name_en: Text
    phone: Text
    utc_offset_minutes: int
    pass_issuers: dict[str, KeyText] = msgspec.field(default_factory=dict)


class PlaceNamed(Fact, frozen=True, tag="place"):
    """A place where units stand: its names, with the reading in kana for voice and sorting."""

    place: UnitName
    name: Text
    kana: Text
    name_en: Text


class UnitSet(Fact, frozen=True, tag="unit"):
    """Which place a unit stands at and which counter it serves; `name`, because `unit` is who wrote the entry."""

    name: UnitName
    place: UnitName
    counter: UnitName


class CardState(StrEnum):
    ACTIVE = "active"
    STOPPED = "stopped"


class CardSet(Fact, frozen=True, tag="card"):
    """A card and whether it may be used."""

    card: Card
    state: CardState


class FaceKey(Fact, frozen=True, tag="face"):
    """The key of a card's face application, by which it proves itself without a PIN; enrolled once at a desk.

    `index`: where a unit looks the key up, the town's pseudonym for what the card says of itself. `key`: DER
    SubjectPublicKeyInfo in base64.
    """

    index: Card
    key: KeyText


class CounterKey(Fact, frozen=True, tag="counter"):
    """The key of a card with a counter of its own; learned once at a desk.

    `index`: where a unit looks it up, the town's pseudonym for the card's number in the air. `card`: its name. `key`:
    DER SubjectPublicKeyInfo in base64; `handle`: by which the card finds its own. `value`: where its counter stood.
    """

    index: Card
    card: Card
    key: KeyText
    handle: KeyText
    value: Count


class PhoneInvited(Fact, frozen=True, tag="phone.invited"):
    """The office has given the holder of a card a link with which one phone is let in; no unit reads this.

    `link`: SHA-256 of what binds the link's code to card and time. `until`: good so long, Unix milliseconds.
    """

    link: HashHex
    card: Card
    until: AtMs


class PhoneSet(Fact, frozen=True, tag="phone"):
    """A phone was let in: what it shows counts as that card. `link`: by which link; it is used up with it."""

    phone: Card
    card: Card
    link: HashHex


class TechnicianSet(Fact, frozen=True, tag="technician"):
    """The office gave a technician a certificate for SSH; no unit reads this.

    `key`: fingerprint of the technician's public key. `may`: the principals. `until`: it runs out, Unix milliseconds.
    """

    name: Text
    serial: Count
    key: Text
    may: tuple[str, ...]
    until: AtMs


class HostSet(Fact, frozen=True, tag="host"):
    """The SSH server of a unit got a certificate; no unit reads this. `key`: fingerprint of the server's public key."""

    name: UnitName
    serial: Count
    key: Text


class SshRevoked(Fact, frozen=True, tag="ssh.revoked"):
    """A certificate of a technician or of a unit's SSH server counts no more; no unit reads this."""

    serial: Count
    reason: Text


class UnitState(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"  # it may still listen; nothing that it writes is taken
    CLOSED = "closed"  # this life of the unit is over; it needs a new key

    @property
    def strictness(self) -> int:
        """Within one life a unit only goes down: whatever is stricter counts, and was said later."""
        return list(UnitState).index(self)


class Order(Fact, frozen=True, tag="order"):
    """What the centre orders one unit, in one of its lives (`epoch`)."""

    name: UnitName
    epoch: Count
    state: UnitState
    reason: Text


class Enrolled(Fact, frozen=True, tag="enrolled"):
    """A life (`epoch`) of a unit begins: what this key signs under this name was let in by the town."""

    name: UnitName
    epoch: Count
    key: Key


class TwinKey(Fact, frozen=True, tag="twin"):
    """For whom units seal the twins of their journals: a public key (X25519) whose other half the centre has."""

    alg: Text
    key: KeyText


CORE: tuple[type[Fact], ...] = (
    *(Boot, Gap, Applied, Town, PlaceNamed, UnitSet, CardSet, FaceKey, PhoneInvited, PhoneSet, Order, Enrolled),
    *(TwinKey, TechnicianSet, HostSet, SshRevoked),
    *(CounterKey, Stepped),
    *rights.KINDS,
    *rights.OFFICE,
    rights.Lacked,
    *neighbours.KINDS,
    *staff.CENTRE,
    *staff.KINDS,
    *updates.CENTRE,
    *accounts.CENTRE,
    *passkeys.CENTRE,
    *updates.KINDS,
    *residents.KINDS,
)


def register(programs: tuple[type[Fact], ...] = ()) -> Register:
    """Return a register of the core's facts and those of the given programs."""
    return Register(CORE + programs)
