"""The entry: one fact with its place in the world, as one line of JSON whose bytes are hashed, stored and sent.

A *fact* is what somebody wants remembered (a visit, a payment, a boot). An *entry* is that fact in the journal of one
writer: `unit/boot/seq`, an id that is used once and for ever. Arithmetic only: no disk, no clock, no dice.
"""

import functools
import re
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Final, Union

import msgspec

UNIT_PATTERN: Final = r"^[a-z][a-z0-9-]{0,31}$"
BOOT_PATTERN: Final = r"^[0-9a-f]{16}$"
INT_MAX: Final = 2**53 - 1  # the largest integer that every JSON reader keeps exactly
BODY_MAX_BYTES: Final = 16_384

UnitName = Annotated[str, msgspec.Meta(pattern=UNIT_PATTERN)]
BootId = Annotated[str, msgspec.Meta(pattern=BOOT_PATTERN)]
Seq = Annotated[int, msgspec.Meta(ge=1, le=INT_MAX)]
Count = Annotated[int, msgspec.Meta(ge=0, le=INT_MAX)]
AtMs = Annotated[int, msgspec.Meta(ge=-INT_MAX, le=INT_MAX)]
HashHex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
KeyText = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9+/]+={0,2}$", max_length=1024)]
Card = Annotated[str, msgspec.Meta(min_length=32, max_length=32)]  # a pattern would cost a third of the intake
Ref = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]  # names a place or a service that the centre named
Text = Annotated[str, msgspec.Meta(max_length=400)]


BAD_JSON: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""Everything that bytes from elsewhere can make msgspec raise."""


class EntryError(ValueError):
    """These bytes are not an entry in format 1."""


class Fact(msgspec.Struct, frozen=True, gc=False, tag_field="kind", omit_defaults=True):
    """What somebody wants remembered. Each kind is a subclass whose tag is its name for ever.

    Values are integers, strings, booleans, null, and objects or lists of those; never floats. A field that has its
    default value is left out, so that every fact has one spelling only.
    """


class EntryId(msgspec.Struct, frozen=True, order=True):
    """The only key under which an entry is ever booked."""

    unit: UnitName
    boot: BootId
    seq: Seq

    def __str__(self) -> str:
        return f"{self.unit}/{self.boot}/{self.seq}"

    @classmethod
    def parse(cls, text: str) -> "EntryId":
        """Read `unit/boot/seq`.

        Raises:
            EntryError: it is not of that form.
        """
        parts = text.split("/")
        try:
            unit, boot, seq = parts
            return msgspec.convert({"unit": unit, "boot": boot, "seq": seq}, cls, strict=False)
        except (ValueError, msgspec.ValidationError) as error:
            raise EntryError(f'"{text}" is not an entry id (unit/boot/seq)') from error


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A fact and its place: which writer, in which run of its daemon, as which entry, and when by its own clock.

    `at` is Unix milliseconds; no rule about money may depend on it.
    """

    unit: str
    boot: str
    seq: int
    at: int
    fact: Fact

    @property
    def id(self) -> EntryId:
        return EntryId(self.unit, self.boot, self.seq)

    @property
    def kind(self) -> str:
        return self.fact.name if isinstance(self.fact, Unread) else kind_of(self.fact)


def kind_of(fact: Fact | type[Fact]) -> str:
    """Return the tag of a fact, as it stands in the journal: "boot", "visits.visit"."""
    return _tag(fact if isinstance(fact, type) else type(fact))


@functools.cache
def _tag(kind: type[Fact]) -> str:
    return str(kind.__struct_config__.tag)


class Unread(Fact, frozen=True, tag="?"):
    """A fact of a kind that this side does not know: carried, stored and passed on, read by nobody here."""

    name: str
    body: bytes


_ENVELOPE_NAMES: Final = frozenset({"kind", "unit", "boot", "seq", "at"})


class _Envelope(msgspec.Struct, frozen=True):
    kind: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")]
    unit: UnitName
    boot: BootId
    seq: Seq
    at: AtMs


def encode(entry: Entry) -> bytes:
    """Return the bytes that are hashed, stored and sent: `{"kind":…,"unit":…,"boot":…,"seq":…,"at":…, the fact}`."""
    if isinstance(entry.fact, Unread):
        return entry.fact.body
    fact = msgspec.json.encode(entry.fact)
    cut = _behind_kind(entry.kind)
    return fact[:cut] + _place(entry.unit, entry.boot, entry.seq) + str(entry.at).encode() + fact[cut:]


_FRONT: Final = re.compile(rb'\{"kind":"[^"\\]*","unit":"([^"\\]*)","boot":"([0-9a-f]{16})","seq":([0-9]{1,16}),"at":')

_TIME: Final = re.compile(rb"-?[0-9]{1,16}")


def place_of(body: bytes) -> EntryId | None:
    """Return the place that an entry gives itself, read off its first bytes alone; None if it gives none."""
    found = _FRONT.match(body)
    return EntryId(found[1].decode("ascii", "replace"), found[2].decode(), int(found[3])) if found else None


def at_of(body: bytes) -> int | None:
    """Return the time that an entry bears, read off its first bytes alone; None if it bears none."""
    found = _FRONT.match(body)
    time = _TIME.match(body, found.end()) if found else None
    return int(time[0]) if time else None


def stands_at(body: bytes, boot: str, seq: int) -> bool:
    """Tell whether an entry says itself that this is its place, in whichever journal."""
    found = _FRONT.match(body)
    return found is not None and found[2] == boot.encode() and int(found[3]) == seq


def _behind_kind(kind: str) -> int:
    return len(kind) + len('{"kind":""')


def _place(unit: str, boot: str, seq: int) -> bytes:
    return f',"unit":"{unit}","boot":"{boot}","seq":{seq},"at":'.encode()


class Register:
    """The kinds of fact that this side can read: the core's and those of the installed programs."""

    def __init__(self, kinds: Iterable[type[Fact]]) -> None:
        self.kinds = tuple(dict.fromkeys(kinds))
        names = [kind_of(kind) for kind in self.kinds]
        if twice := sorted(name for name, count in Counter(names).items() if count > 1):
            raise ValueError(f"two facts share a name: {', '.join(twice)}")
        for kind in self.kinds:
            if taken := _ENVELOPE_NAMES & set(kind.__struct_encode_fields__):
                raise ValueError(f"{kind.__name__}: {', '.join(sorted(taken))} stand in every entry already")
        self._names = frozenset(names)
        self._cuts = {kind: _behind_kind(name) for kind, name in zip(self.kinds, names, strict=True)}
        self._facts = msgspec.json.Decoder(Union[self.kinds])  # noqa: UP007
        self._envelope = msgspec.json.Decoder(_Envelope)
        self._anything = msgspec.json.Decoder(float_hook=_refuse_float)

    def decode(self, body: bytes) -> Entry:
        """Read one entry, and make sure that its bytes are the only spelling of what they say.

        Raises:
            EntryError: not JSON, a value out of range, a field too many or too few, or another spelling.
        """
        try:
            place = self._envelope.decode(body)
        except BAD_JSON as error:
            raise EntryError(f"not an entry: {error}") from error
        return self.decode_at(place.unit, place.boot, place.seq, body)

    def decode_at(self, unit: str, boot: str, seq: int, body: bytes) -> Entry:
        """Read one entry that must be `unit/boot/seq`; three times as fast as `decode`.

        Raises:
            EntryError: as `decode`, or it says that it is another entry.
        """
        if len(body) > BODY_MAX_BYTES:
            raise EntryError(f"{unit}/{boot}/{seq}: {len(body)} bytes; {BODY_MAX_BYTES} is the most")
        try:
            fact = self._facts.decode(body)
            plain = msgspec.json.encode(fact)
            cut = self._cuts[type(fact)]
        except BAD_JSON as error:
            plain, cut, fact = self._unread(body, error)
        front = plain[:cut] + _place(unit, boot, seq)
        try:
            at = int(body[len(front) : len(body) - len(plain) + cut])
        except ValueError:
            at = INT_MAX + 1
        if b"%b%d%b" % (front, at, plain[cut:]) != body or not -INT_MAX <= at <= INT_MAX:
            raise EntryError(f"{unit}/{boot}/{seq}: not the one spelling of this entry")
        return Entry(unit, boot, seq, at, fact)

    def decode_stored(self, unit: str, boot: str, seq: int, body: bytes) -> Entry:
        """Read one entry that was found good when it was stored.

        Its kind may have become known only since, and be of another form than this entry; then it stays unread.

        Raises:
            EntryError: these bytes are no entry at all.
        """
        try:
            return self.decode_at(unit, boot, seq, body)
        except EntryError:
            try:
                place = self._envelope.decode(body)
            except BAD_JSON as error:
                raise EntryError(f"not an entry: {error}") from error
            if (place.unit, place.boot, place.seq) != (unit, boot, seq):
                raise
            return Entry(unit, boot, seq, place.at, Unread(place.kind, body))

    def _unread(self, body: bytes, why: Exception) -> tuple[bytes, int, Fact]:
        """Read a fact of a kind that is not known here, as far as its spelling goes."""
        try:
            fields = self._anything.decode(body)
            kind = self._envelope.decode(body).kind
            if kind in self._names:
                raise EntryError(f"not an entry: {why}")
            for name in ("unit", "boot", "seq", "at"):
                del fields[name]
            _check_values(fields)
        except BAD_JSON as error:
            raise EntryError(f"not an entry: {error}") from error
        return msgspec.json.encode(fields), _behind_kind(kind), Unread(kind, body)


def _check_values(value: object) -> None:
    if isinstance(value, dict):
        for each in value.values():
            _check_values(each)
    elif isinstance(value, list):
        for each in value:
            _check_values(each)
    elif isinstance(value, int) and abs(value) > INT_MAX:
        raise EntryError(f"{value} is more than a JSON reader keeps exactly")


def _refuse_float(text: str) -> float:
    raise EntryError(f"{text} is a floating-point number")
