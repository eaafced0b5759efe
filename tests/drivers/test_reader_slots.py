"""Which slot of a reader is meant, and how much it carries: names and properties as drivers really give them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.reader._limits import command_max, properties
from drivers.reader._slots import chosen

PICC = "ACS ACR1252 1S CL Reader [ACR1252 Dual Reader PICC] 00 00"
SAM = "ACS ACR1252 1S CL Reader [ACR1252 Dual Reader SAM] 01 00"
CONTACT = "HID Global OMNIKEY 5422 Smartcard Reader [OMNIKEY 5422 Smartcard Reader] (OKCM0031305151) 00 00"
CONTACTLESS = "HID Global OMNIKEY 5422 Smartcard Reader [OMNIKEY 5422CL Smartcard Reader] (OKCM0031305151) 01 00"
PLAIN = "SONY FeliCa RC-S300/S (1234567) 00 00"
DESK = "Gemalto PC Twin Reader 00 00"
ALL = [PICC, SAM, CONTACT, CONTACTLESS, PLAIN, DESK]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("", [PICC, CONTACTLESS, PLAIN, DESK]),
        ("ACR1252", [PICC]),
        ("SAM", [SAM]),
        ("ACR1252 Dual Reader SAM", [SAM]),
        ("OMNIKEY", [CONTACT, CONTACTLESS]),
        ("5422CL", [CONTACTLESS]),
        ("[OMNIKEY 5422 Smartcard Reader]", [CONTACT]),
        ("RC-S300", [PLAIN]),
        ("nobody's", []),
    ],
)
def test_the_slot_that_is_meant(part: str, expected: list[str]) -> None:
    assert chosen(ALL, part) == expected


def test_a_contact_slot_is_used_while_it_is_the_only_one() -> None:
    assert chosen([CONTACT], "") == [CONTACT]
    assert chosen(["SAMSUNG Reader 00 00"], "") == ["SAMSUNG Reader 00 00"]


@given(names=st.lists(st.sampled_from(ALL), unique=True), part=st.text(max_size=4))
def test_nothing_is_made_up_and_the_order_stays(names: list[str], part: str) -> None:
    found = chosen(names, part)
    assert [name for name in names if name in found] == found
    assert all(part in name for name in found)


def test_what_a_reader_says_about_itself() -> None:
    assert properties(bytes.fromhex("1204 0033 0012  0A04 00000100")) == {
        0x12: bytes.fromhex("00330012"),
        0x0A: bytes.fromhex("00000100"),
    }
    assert properties(b"\x12") == {}


@pytest.mark.parametrize(
    ("reader", "data_max", "expected"),
    [
        (DESK, None, 0),
        (DESK, 0, 0),
        (DESK, 256, 261),
        (PICC, 503, 512),  # what a buffer of 522 bytes leaves
        (PICC, 65_536, 65_544),
        ("ACS ACR122U PICC Interface 00 00", 65_536, 261),
    ],
)
def test_how_much_a_reader_carries(reader: str, data_max: int | None, expected: int) -> None:
    announced = b"" if data_max is None else b"\x0a\x04" + data_max.to_bytes(4, "little")
    assert command_max(reader, announced) == expected


@given(st.binary(max_size=40))
def test_no_announcement_breaks_it(announced: bytes) -> None:
    assert command_max(DESK, announced) in {0, *range(261, 65_545)}
