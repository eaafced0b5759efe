"""BER-TLV and simple-TLV, from good cards and from bad ones."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.card import tlv

TAGS = st.sampled_from([0x06, 0x42, 0x86, 0x5F20, 0x7F21, 0xDF11, 0xFF10])


@given(
    st.lists(st.tuples(TAGS, st.binary(max_size=300), st.booleans()), max_size=8),
    st.sampled_from([b"", b"\0\0", b"\xff\xff\xff"]),
)
def test_what_is_written_is_read(objects: list[tuple[int, bytes, bool]], filler: bytes) -> None:
    data = b"".join(tlv.write(tag, value, long=long) for tag, value, long in objects)
    assert [(each.tag, each.value) for each in tlv.parse(data + filler)] == [(tag, value) for tag, value, _ in objects]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = tlv.parse(data)
    except tlv.TlvError:
        return
    assert sum(len(each.raw) for each in found) <= len(data)
    for each in found:
        assert each.raw in data
        assert each.raw.endswith(each.value)


def test_filler_may_stand_before_between_and_behind() -> None:
    data = bytes.fromhex("0000 0601AA 00 860155 00FF00FF")
    assert [(each.tag, each.value) for each in tlv.parse(data)] == [(0x06, b"\xaa"), (0x86, b"\x55")]


def test_ff_may_begin_a_tag() -> None:
    """The files of this card's face application begin with FF10, FF20, FF30."""
    (record,) = tlv.parse(bytes.fromhex("FF10 03 060155 FFFF"))
    assert record.tag == 0xFF10
    assert record.child(0x06).value == b"\x55"


def test_a_length_may_take_two_bytes_where_none_is_needed() -> None:
    assert tlv.first(bytes.fromhex("DF11 820001 41")).value == b"A"


@pytest.mark.parametrize(
    "data",
    ["06", "0602AA", "7F", "7F21", "5F", "0680AA", "0684000000 01AA", "0682FFFFAA", "9FFFFFFFFF0100", "FF"],
)
def test_what_does_not_add_up_is_refused(data: str) -> None:
    raw = bytes.fromhex(data)
    if raw == b"\xff":
        assert tlv.parse(raw) == []  # filler alone
        return
    with pytest.raises(tlv.TlvError):
        tlv.parse(raw)


def test_nesting_ends() -> None:
    data = b"\x06\x00"
    for _ in range(tlv.DEPTH_MAX + 1):
        data = tlv.write(0x7F21, data)
    (each,) = tlv.parse(data)
    for _ in range(tlv.DEPTH_MAX):
        (each,) = each.children()
    with pytest.raises(tlv.TlvError, match="deep"):
        each.children()


def test_a_child_that_is_missing_or_there_twice_is_refused() -> None:
    (both,) = tlv.parse(tlv.write(0x7F21, bytes.fromhex("0600 0600")))
    for tag in (0x06, 0x42):
        with pytest.raises(tlv.TlvError):
            both.child(tag)


@pytest.mark.parametrize("data", [bytes(65_536), b"\xff" * 65_536, b"\0" * 65_535 + b"\x06", b"\x06\x00" * 32_768])
def test_a_card_cannot_make_it_work_hard(data: bytes) -> None:
    begun = time.perf_counter()
    with contextlib.suppress(tlv.TlvError):
        tlv.parse(data)
    assert time.perf_counter() - begun < 0.1


def test_a_file_of_more_than_64_kib_is_refused() -> None:
    with pytest.raises(tlv.TlvError, match="too long"):
        tlv.parse(bytes(65_537))


@pytest.mark.parametrize(("start", "total"), [("3082062B", 1583), ("7F21820233", 568), ("FF10", None), ("0603AA", 5)])
def test_how_long_an_object_will_be(start: str, total: int | None) -> None:
    if total is None:
        with pytest.raises(tlv.TlvError):
            tlv.total_length(bytes.fromhex(start))
    else:
        assert tlv.total_length(bytes.fromhex(start)) == total


def test_simple_tlv() -> None:
    long = bytes.fromhex("02FF0100") + bytes(256)
    assert tlv.parse_simple(bytes.fromhex("0102AABB") + long + b"\xff") == {1: b"\xaa\xbb", 2: bytes(256)}


@given(st.binary(max_size=300))
def test_any_bytes_are_simple_tlv_or_refused(data: bytes) -> None:
    try:
        found = tlv.parse_simple(data)
    except tlv.TlvError:
        return
    assert all(value in data for value in found.values())
