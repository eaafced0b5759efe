"""The segment: consecutive entries of one boot with the seal of the last, as signed text that proves itself.

It does not matter who carries it: HTTP, a USB stick, another unit. The text is format 1 of docs/journal-format.md; on
the way it is compressed with zstd, and both sizes are capped before anything is read.
"""

import base64
import binascii
from collections.abc import Sequence
from threading import local  # noqa: TID251 - none is begun here
from typing import Final

import msgspec
import zstandard

from sync import chain
from sync.entries import BAD_JSON, BootId, Entry, HashHex, Register, Seq, UnitName

TITLE: Final = b"machitap-segment 1"
ENTRIES_MAX: Final = 500
TEXT_MAX_BYTES: Final = 4 * 1024 * 1024
PACKED_MAX_BYTES: Final = 1024 * 1024
BODIES_MAX_BYTES: Final = 768 * 1024  # where whoever cuts segments stops: it fits even if nothing can be compressed
SEAL_BYTES: Final = 64
_LEVEL: Final = 3  # a higher level saves two bytes an entry and costs four times the work


class SegmentError(ValueError):
    """These bytes are not a segment in format 1."""


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    unit: UnitName
    boot: BootId
    first: Seq
    prev: HashHex


# Made here, in one thread: msgspec 0.22 crashes if several threads are the first to read a struct.
_HEADER: Final = msgspec.json.Decoder(_Header)


class _Zstd(local):
    """Made once a thread: two must not share them, and to make them takes longer than a small segment does."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


_zstd: Final = _Zstd()


class Segment(msgspec.Struct, frozen=True):
    """Entries `first` … `last` of one boot, as bytes.

    Attributes:
        prev: the hash before `first` (32 bytes).
        bodies: the entries' own bytes, at least one.
        seal: signature over the hash of the last (64 bytes).
    """

    unit: str
    boot: str
    first: int
    prev: bytes
    bodies: tuple[bytes, ...]
    seal: bytes

    @property
    def last(self) -> int:
        return self.first + len(self.bodies) - 1

    def hashes(self) -> list[bytes]:
        """Return the hash of every entry, first to last."""
        return chain.links(self.prev, self.bodies)

    def entries(self, register: Register) -> list[Entry]:
        """Read every entry.

        Raises:
            EntryError: one of them is not in format 1, or is not the entry that the header promises.
        """
        return [register.decode_at(self.unit, self.boot, seq, body) for seq, body in enumerate(self.bodies, self.first)]

    def stored_entries(self, register: Register) -> list[Entry]:
        """Read every entry of a segment that was found good when it was stored; see `Register.decode_stored`."""
        numbered = enumerate(self.bodies, self.first)
        return [register.decode_stored(self.unit, self.boot, seq, body) for seq, body in numbered]

    def after(self, seq: int, entry_hash: bytes) -> "Segment":
        """Return the part behind entry `seq`, whose hash is `entry_hash`."""
        cut = seq + 1 - self.first
        return msgspec.structs.replace(self, first=seq + 1, prev=entry_hash, bodies=self.bodies[cut:])

    def upto(self, seq: int) -> "Segment":
        """Return the part up to entry `seq`, to be read; its seal does not fit it any more if anything was cut off."""
        return msgspec.structs.replace(self, bodies=self.bodies[: seq + 1 - self.first]) if seq < self.last else self


def to_text(segment: Segment) -> bytes:
    """Return the segment as text, one item a line."""
    header = msgspec.json.encode(_Header(segment.unit, segment.boot, segment.first, segment.prev.hex()))
    return b"\n".join((TITLE, header, *segment.bodies, base64.b64encode(segment.seal), b""))


def from_text(text: bytes) -> Segment:
    """Read a segment's text. Neither chain nor seal is checked here.

    Raises:
        SegmentError: it is not in format 1, or too large.
    """
    if len(text) > TEXT_MAX_BYTES:
        raise SegmentError(f"a segment of {len(text)} bytes; {TEXT_MAX_BYTES} is the most")
    lines = text.split(b"\n")
    if lines[0] != TITLE:
        raise SegmentError(f'a segment begins "{TITLE.decode()}"; this begins {lines[0][:40]!r}')
    if len(lines) < len((TITLE, "header", "entry", "seal", "end")) or lines[-1]:
        raise SegmentError("the segment is cut short")
    if len(lines) - 4 > ENTRIES_MAX:
        raise SegmentError(f"a segment of {len(lines) - 4} entries; {ENTRIES_MAX} is the most")
    try:
        header = _HEADER.decode(lines[1])
        seal = base64.b64decode(lines[-2], validate=True)
    except (*BAD_JSON, binascii.Error) as error:
        raise SegmentError(f"not a segment: {error}") from error
    if msgspec.json.encode(header) != lines[1] or base64.b64encode(seal) != lines[-2]:
        raise SegmentError("not the one spelling of this segment")
    if len(seal) != SEAL_BYTES:
        raise SegmentError(f"a seal has {SEAL_BYTES} bytes")
    return Segment(header.unit, header.boot, header.first, bytes.fromhex(header.prev), tuple(lines[2:-2]), seal)


def pack(text: bytes) -> bytes:
    """Compress for the way."""
    return _zstd.compressor.compress(text)


def unpack(packed: bytes) -> bytes:
    """Undo `pack`, never growing beyond the limit whatever the bytes claim.

    Raises:
        SegmentError: it is not zstd, or it would be too large.
    """
    if len(packed) > PACKED_MAX_BYTES:
        raise SegmentError(f"{len(packed)} compressed bytes; {PACKED_MAX_BYTES} is the most")
    try:
        if not 0 <= zstandard.frame_content_size(packed) <= TEXT_MAX_BYTES:
            raise SegmentError(f"the frame must say its size, and it must be at most {TEXT_MAX_BYTES} bytes")
        return _zstd.decompressor.decompress(packed, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise SegmentError(f"not compressed as it should be: {error}") from error


def join(segments: Sequence[Segment]) -> bytes:
    """Return several segments as one file, one after the other, as it is carried on a USB stick."""
    return b"".join(to_text(segment) for segment in segments)


def split(text: bytes) -> list[bytes]:
    """Cut a file of several segments into their texts; one that ends early is kept as it is and fails to read."""
    starts = _line_starts(text, TITLE)
    if not starts or starts[0] != 0:
        raise SegmentError("this file does not begin with a segment")
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


def _line_starts(text: bytes, line: bytes) -> list[int]:
    found, at = [], 0
    while (at := text.find(line + b"\n", at)) >= 0:
        if at == 0 or text[at - 1 : at] == b"\n":
            found.append(at)
        at += len(line)
    return found
