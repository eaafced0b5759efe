"""A segment is text that proves itself; every damage to it is noticed before anything is believed."""

import hashlib

import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from drivers.keystore.sim import Driver as Keystore
from sync import chain
from sync.segment import (
    ENTRIES_MAX,
    PACKED_MAX_BYTES,
    TEXT_MAX_BYTES,
    Segment,
    SegmentError,
    from_text,
    join,
    pack,
    split,
    to_text,
    unpack,
)

KEY = Keystore()
BODIES = tuple(f'{{"kind":"x","unit":"lib01","boot":"{"ab" * 8}","seq":{n},"at":0}}'.encode() for n in range(3, 8))


def sealed(bodies: tuple[bytes, ...] = BODIES, first: int = 3, prev: bytes = b"p" * 32) -> Segment:
    return Segment("lib01", "ab" * 8, first, prev, bodies, chain.seal(KEY, chain.links(prev, bodies)[-1]))


def test_the_chain_is_as_published() -> None:
    prev, body = bytes(32), b"{}"
    assert chain.link(prev, body) == hashlib.sha256(b"machitap/entry/1\0" + prev + body).digest()
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"machitap").digest())
    expected = key.sign(b"machitap/head/1\0" + chain.link(prev, body))
    assert chain.seal(KEY, chain.link(prev, body)) == expected


def test_text_and_back() -> None:
    segment = sealed()
    text = to_text(segment)
    assert text.startswith(b'machitap-segment 1\n{"unit":"lib01","boot":"abababababababab","first":3,"prev":"7070')
    assert from_text(text) == segment
    assert from_text(unpack(pack(text))) == segment
    assert segment.last == 7


def test_the_part_behind_an_entry_keeps_chain_and_seal() -> None:
    segment = sealed()
    part = segment.after(4, segment.hashes()[1])
    assert (part.first, part.bodies) == (5, BODIES[2:])
    assert part.hashes() == segment.hashes()[2:]
    chain.check_seal(KEY.public, part.hashes()[-1], part.seal)


@given(st.integers(0), st.integers(0, 255))
def test_every_flipped_byte_is_noticed(at: int, flip: int) -> None:
    text = bytearray(to_text(sealed()))
    before = bytes(text)
    text[at % len(text)] ^= flip
    try:
        segment = from_text(bytes(text))
        chain.check_seal(KEY.public, segment.hashes()[-1], segment.seal)
    except (SegmentError, chain.SealError):
        return
    same = (segment.prev, segment.bodies, segment.seal) == (b"p" * 32, BODIES, sealed().seal)
    # What names the segment is not under its seal: entries say themselves which they are, and are held against it.
    assert bytes(text) == before or (same and before.split(b"\n")[1] != bytes(text).split(b"\n")[1])


@given(st.integers(0))
def test_every_cut_is_noticed(at: int) -> None:
    text = to_text(sealed())
    with pytest.raises(SegmentError):
        from_text(text[: at % len(text)])


def test_order_and_number_matter() -> None:
    good = sealed()
    for bodies in (BODIES[::-1], BODIES[1:], BODIES[:-1], (*BODIES, BODIES[-1])):
        bad = Segment(good.unit, good.boot, good.first, good.prev, bodies, good.seal)
        with pytest.raises(chain.SealError):
            chain.check_seal(KEY.public, bad.hashes()[-1], bad.seal)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"machitap-segment 2\n",
        to_text(sealed()).replace(b'"first":3', b'"first":03'),
        to_text(sealed()).replace(b'"first":3', b'"first":3.0'),
        to_text(sealed()).replace(b'"first":3', b'"first":3,"more":1'),
        to_text(sealed()).replace(b'"prev":"70', b'"prev":"7'),
        to_text(sealed()) + b"more\n",
        to_text(sealed()).replace(b"\n", b"\r\n"),
    ],
)
def test_other_forms_are_refused(text: bytes) -> None:
    with pytest.raises(SegmentError):
        from_text(text)


def test_limits() -> None:
    with pytest.raises(SegmentError, match=str(ENTRIES_MAX)):
        from_text(to_text(sealed(tuple(b"{}" for _ in range(ENTRIES_MAX + 1)))))
    with pytest.raises(SegmentError, match=str(TEXT_MAX_BYTES)):
        from_text(b"x" * (TEXT_MAX_BYTES + 1))
    with pytest.raises(SegmentError, match=str(PACKED_MAX_BYTES)):
        unpack(b"x" * (PACKED_MAX_BYTES + 1))


def test_bombs_do_not_go_off() -> None:
    bomb = zstandard.ZstdCompressor(level=19).compress(bytes(200_000_000))
    assert len(bomb) < PACKED_MAX_BYTES
    with pytest.raises(SegmentError, match="size"):
        unpack(bomb)
    unsized = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(1000))
    with pytest.raises(SegmentError, match="size"):
        unpack(unsized)
    with pytest.raises(SegmentError):
        unpack(pack(b"one") + pack(b"two"))
    with pytest.raises(SegmentError):
        unpack(b"not zstd")


def test_a_file_of_segments() -> None:
    one, other = sealed(), sealed(BODIES[:2], prev=b"q" * 32)
    parts = split(join([one, other]))
    assert [from_text(part) for part in parts] == [one, other]
    with pytest.raises(SegmentError):
        split(b"something else")


def test_bytes_on_the_wire() -> None:
    """A typical segment of 500 touches costs less than 50 bytes an entry."""
    bodies = []
    for n in range(500):
        card = hashlib.sha256(str(n % 97).encode()).hexdigest()[:32]
        place = (
            f'"kind":"visits.touch","unit":"lib01","boot":"{"ab" * 8}","seq":{n + 1},"at":{1795392000000 + n * 31_337}'
        )
        bodies.append(f'{{{place},"card":"{card}","place":"library","day":20780,"proof":"card"}}'.encode())
    assert len(pack(to_text(sealed(tuple(bodies), first=1)))) / 500 < 50
