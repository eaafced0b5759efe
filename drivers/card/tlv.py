"""BER-TLV and simple-TLV: how data objects are packed in a card's files (ISO/IEC 8825-1, ISO/IEC 7816-4, 5.2).

The reader is strict about lengths and generous about the rest: files on this card have filler (00 or FF) behind their
objects, lengths written `82 hh ll` where one byte would do, and tags nobody has told us about. Everything is capped, so
that no card can make it work hard.
"""

from collections.abc import Iterator
from dataclasses import dataclass

TOTAL_MAX = 65_536
OBJECTS_MAX = 128
DEPTH_MAX = 8
OFFSETS = 0xDF21  # the table of offsets in this card's records
_OFFSET_BYTES = 2
_TAG_BYTES_MAX = 3
_LENGTH_BYTES_MAX = 3
_FILLERS = b"\x00\xff"
_LONG_TAG = 0x1F
_MORE = 0x80
_SHORT_LENGTH_MAX = 0x7F
_SIMPLE_LONG = 0xFF


class TlvError(ValueError):
    """These bytes are no TLV, or more of it than any card of ours needs."""


@dataclass(frozen=True, slots=True)
class Tlv:
    """One object. `tag` is its bytes as one number (0x7F4E); `raw` is header and value as they stood in the file."""

    tag: int
    value: bytes
    raw: bytes
    depth: int = 0

    def children(self) -> "list[Tlv]":
        """Read the value as a list of objects.

        Raises:
            TlvError: it is none, or the nesting is deeper than `DEPTH_MAX`.
        """
        if self.depth + 1 > DEPTH_MAX:
            raise TlvError("nested too deeply")
        return list(_objects(self.value, self.depth + 1))

    def child(self, tag: int) -> "Tlv":
        """Return the one child with this tag.

        Raises:
            TlvError: there is none, or there are two.
        """
        found = [child for child in self.children() if child.tag == tag]
        if len(found) != 1:
            raise TlvError(f"{len(found)} objects {tag:X} where one was expected")
        return found[0]


def parse(data: bytes) -> list[Tlv]:
    """Read all objects of a file, without its filler.

    Raises:
        TlvError: the bytes are no TLV.
    """
    return list(_objects(data, 0))


def first(data: bytes) -> Tlv:
    """Read the first object of a file; whatever follows it is filler.

    Raises:
        TlvError: there is none.
    """
    for found in _objects(data, 0):
        return found
    raise TlvError("an empty file")


def expect(data: bytes, tag: int) -> Tlv:
    """Read the first object of a file, which must have this tag.

    Raises:
        TlvError: it has another, or there is none.
    """
    found = first(data)
    if found.tag != tag:
        raise TlvError(f"{found.tag:X} where {tag:X} was expected")
    return found


def total_length(start: bytes) -> int:
    """Return how long the first object is, header included, from its first bytes; they need not hold all of it.

    Raises:
        TlvError: the header is cut short, or no header.
    """
    _, length, header = _header(start, 0)
    return header + length


def _objects(data: bytes, depth: int) -> Iterator[Tlv]:
    if len(data) > TOTAL_MAX:
        raise TlvError("too long")
    at = count = 0
    while True:
        at = len(data) - len(data[at:].lstrip(b"\0"))  # filler between two objects; an FF may begin a tag, such as FF10
        if not data[at:].strip(_FILLERS):
            return
        count += 1
        if count > OBJECTS_MAX:
            raise TlvError("too many objects")
        tag, length, header = _header(data, at)
        end = at + header + length
        if end > len(data):
            raise TlvError(f"object {tag:X} is cut short")
        yield Tlv(tag, data[at + header : end], data[at:end], depth)
        at = end


def _header(data: bytes, at: int) -> tuple[int, int, int]:
    """Return tag, length and the size of both, of the object that begins at `at`."""
    tag_bytes = 1
    if data[at : at + 1] and data[at] & _LONG_TAG == _LONG_TAG:
        tag_bytes += 1
        while data[at + tag_bytes - 1 : at + tag_bytes] and data[at + tag_bytes - 1] & _MORE:
            tag_bytes += 1
            if tag_bytes > _TAG_BYTES_MAX:
                raise TlvError("a tag of too many bytes")
    length_at = at + tag_bytes
    if length_at >= len(data):
        raise TlvError("a header is cut short")
    if data[length_at] <= _SHORT_LENGTH_MAX:
        return int.from_bytes(data[at:length_at], "big"), data[length_at], tag_bytes + 1
    length_bytes = data[length_at] & _SHORT_LENGTH_MAX
    raw = data[length_at + 1 : length_at + 1 + length_bytes]
    if not 1 <= length_bytes <= _LENGTH_BYTES_MAX:
        raise TlvError("a length of this form is not used on cards")
    if len(raw) != length_bytes:
        raise TlvError("a header is cut short")
    return int.from_bytes(data[at:length_at], "big"), int.from_bytes(raw, "big"), tag_bytes + 1 + length_bytes


def write(tag: int, value: bytes, *, long: bool = False) -> bytes:
    """Return one object with the shortest length; `long` writes `82 hh ll` as the card's issuer does."""
    size = len(value)
    if long:
        length = b"\x82" + size.to_bytes(2, "big")
    elif size <= _SHORT_LENGTH_MAX:
        length = bytes((size,))
    else:
        digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
        length = bytes((_MORE | len(digits),)) + digits
    return tag.to_bytes((tag.bit_length() + 7) // 8, "big") + length + value


def check_offsets(body: Tlv, tags: tuple[int, ...]) -> None:
    """Check that a record begins with its table of offsets, and that this points at these objects.

    The card's records of personal data have such a table: two bytes for each object, counted from the first byte of the
    file. It is not signed, so a record whose table points elsewhere is refused: two readers could see two things in it.

    Raises:
        TlvError: it points elsewhere, or there is none.
    """
    places: dict[int, int] = {}
    at = len(body.raw) - len(body.value)
    for child in body.children():
        places[child.tag] = at
        at += len(child.raw)
    table = body.child(OFFSETS).value
    said = [int.from_bytes(table[i : i + _OFFSET_BYTES], "big") for i in range(0, len(table), _OFFSET_BYTES)]
    if next(iter(places)) != OFFSETS or said != [places.get(tag) for tag in tags]:
        raise TlvError("the table of offsets points elsewhere")


def parse_simple(data: bytes) -> dict[int, bytes]:
    """Read simple-TLV: one byte of tag, one byte of length, or FF and two more (ISO/IEC 7816-4, 5.2.1).

    Raises:
        TlvError: the bytes are no simple-TLV.
    """
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        if data[at] in _FILLERS:
            at += 1
            continue
        if at + 1 >= len(data):
            raise TlvError("a header is cut short")
        length, header = data[at + 1], 2
        if length == _SIMPLE_LONG:
            length, header = int.from_bytes(data[at + 2 : at + 4], "big"), 4
        value = data[at + header : at + header + length]
        if len(value) != length or at + header > len(data):
            raise TlvError(f"object {data[at]:02X} is cut short")
        found[data[at]] = value
        at += header + length
    return found
