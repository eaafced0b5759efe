"""Command and response APDUs, byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.card.apdu import Command, Response, tries_left

BYTE = st.integers(0, 255)


@pytest.mark.parametrize(
    ("command", "raw"),
    [
        (Command(0, 0x20, 0, 0x80), "00200080"),  # case 1
        (Command(0, 0xB0, 0x86, 0, le=32), "00B0860020"),  # case 2
        (Command(0, 0xB0, 0x8A, 0, le=256), "00B08A0000"),
        (Command(0, 0xB0, 0, 0, le=257), "00B00000000101"),  # case 2, extended
        (Command(0, 0xB0, 0, 0, le=65_536), "00B00000000000"),
        (Command(0, 0xA4, 2, 0x0C, b"\x00\x0a"), "00A4020C02000A"),  # case 3
        (Command(0x80, 0x2A, 0, 0x80, b"abc", le=256), "802A00800361626300"),  # case 4
        (Command(0, 0x88, 0, 1, bytes(256), le=256), "00880001000100" + "00" * 256 + "0100"),  # case 4, extended
    ],
)
def test_the_standard_s_forms(command: Command, raw: str) -> None:
    assert command.encode().hex().upper() == raw
    assert Command.parse(bytes.fromhex(raw)) == command


@given(BYTE, BYTE, BYTE, BYTE, st.binary(max_size=600), st.integers(0, 65_536))
def test_what_is_encoded_is_what_a_card_reads(cla: int, ins: int, p1: int, p2: int, data: bytes, le: int) -> None:
    command = Command(cla, ins, p1, p2, data, le)
    assert Command.parse(command.encode()) == command


@given(st.binary(max_size=40))
def test_a_card_reads_any_bytes_or_refuses_them(raw: bytes) -> None:
    try:
        command = Command.parse(raw)
    except ValueError:
        return
    assert len(command.data) <= len(raw)


@pytest.mark.parametrize("command", [Command(0, 0, 0, 0, bytes(65_536)), Command(0, 0, 0, 0, le=65_537)])
def test_what_no_apdu_can_carry_is_refused(command: Command) -> None:
    with pytest.raises(ValueError, match="65,53"):
        command.encode()


def test_a_response_is_data_and_status() -> None:
    response = Response.parse(bytes.fromhex("0102 9000"))
    assert (response.data, response.sw, response.ok) == (b"\x01\x02", 0x9000, True)
    assert response.encode() == bytes.fromhex("01029000")


@pytest.mark.parametrize(
    ("sw", "left"),
    [(0x63C3, 3), (0x63C0, 0), (0x63CF, 15), (0x6984, 0), (0x6983, 0), (0x9000, None), (0x6300, None), (0x6982, None)],
)
def test_how_many_tries_a_status_leaves(sw: int, left: int | None) -> None:
    assert tries_left(sw) == left
