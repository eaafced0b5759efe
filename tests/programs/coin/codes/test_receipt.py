"""The code on a receipt: what it proves, what it does not, and that nothing altered passes for more than it is."""

import base64
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from programs.coin.codes.errors import CodeError, Why
from programs.coin.codes.receipt import Receipt, check, check_entry, read, write
from sync.chain import ORIGIN, PublicKey
from sync.entries import INT_MAX, EntryId
from tests.appliance.conftest import Box

# The worked example of docs/journal-format.md, section 11: the last entry of the first boot, and the hash before it.
KEY = PublicKey(base64.b64decode("A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="))
PREV = bytes.fromhex("7e76e7198832a5516cb2882a40082b840a638678c75469e3e5ea391f93b07aa1")
BODY = (
    b'{"kind":"visits.touch","unit":"lib01","boot":"9f3c0a1b22d4e5f6","seq":4,"at":1792000003000,'
    b'"card":"0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c","place":"library","day":20741,"proof":"card"}'
)
RECEIPT = Receipt(
    EntryId("lib01", "9f3c0a1b22d4e5f6", 4),
    bytes.fromhex("e0b2980de45277e1c963e18858b9815e9967fbeefd7fcce7d0943d391ce81fa3"),
    base64.b64decode("Vx1iHDuwiGf17V6QfXngHWC0ISaTAIOgSVTcdFYDqz+3xC669ltbAmxrJICgNgHWNzMP2BCRnq9eowNdja1QCg=="),
)
TEXT = (
    "MACHIR1:LIB01/9F3C0A1B22D4E5F6/4/E0B2980DE45277E1C963E18858B9815E9967FBEEFD7FCCE7D0943D391CE81FA3/"
    "571D621C3BB08867F5ED5E907D79E01D60B42126930083A04954DC745603AB3F"
    "B7C42EBAF65B5B026C6B2480A03601D637330FD810919EAF5EA3035D8DAD500A"
)


def refused(why: Why, text: str) -> None:
    with pytest.raises(CodeError) as caught:
        read(text)
    assert caught.value.why is why, str(caught.value)
    assert str(caught.value)


def unproved(receipt: Receipt, key: PublicKey = KEY) -> None:
    with pytest.raises(CodeError, match="has not signed this hash") as caught:
        check(receipt, key)
    assert caught.value.why is Why.SEAL


def about_another(receipt: Receipt, prev: bytes = PREV, body: bytes = BODY) -> str:
    with pytest.raises(CodeError) as caught:
        check_entry(receipt, prev, body)
    assert caught.value.why is Why.ENTRY
    return str(caught.value)


# ---------------------------------------------------------------------------------------------- what it proves


def test_the_published_example_letter_by_letter() -> None:
    assert write(RECEIPT) == TEXT
    assert read(TEXT) == RECEIPT
    check(RECEIPT, KEY)
    check_entry(RECEIPT, PREV, BODY)


def test_a_receipt_out_of_a_unit_s_own_journal(tmp_path: Path) -> None:
    """Whatever a unit commits can be printed and checked: each commit's last entry is signed."""
    box = Box()
    opened = box.start()
    box.write(opened, 3)
    opened.journal.copy_to(str(tmp_path / "journal.db"))
    with closing(sqlite3.connect(tmp_path / "journal.db")) as journal:
        written = journal.execute("SELECT boot, seq, body, hash, sig FROM entry ORDER BY seq").fetchall()
    prev, key = ORIGIN, PublicKey(box.keystore.public)
    assert len(written) == 4
    for boot, seq, body, entry_hash, seal in written:
        receipt = read(write(Receipt(EntryId("lib01", boot, seq), entry_hash, seal)))
        check(receipt, key)
        check_entry(receipt, prev, body.encode())
        unproved(receipt, KEY)
        prev = entry_hash


def test_every_letter_of_hash_and_seal_counts() -> None:
    begin = TEXT.index("/4/") + 3
    for at in range(begin, len(TEXT)):
        if TEXT[at] != "/":
            other = "1" if TEXT[at] == "0" else "0"
            unproved(read(TEXT[:at] + other + TEXT[at + 1 :]))


def test_another_unit_s_key_and_no_key_at_all() -> None:
    unproved(RECEIPT, PublicKey(bytes(range(32))))
    unproved(RECEIPT, PublicKey(b"short"))


def test_a_hash_of_one_entry_with_the_seal_of_another() -> None:
    unproved(msgspec.structs.replace(RECEIPT, hash=PREV))


@pytest.mark.parametrize(("old", "new"), [("/4/", "/5/"), ("9F3C", "9F3D"), ("LIB01", "LIB02")])
def test_an_altered_id_shows_as_soon_as_the_entry_is_there(old: str, new: str) -> None:
    """The seal is over the hash, and the hash over the entry; the id beside them is only where to look."""
    altered = read(TEXT.replace(old, new))
    check(altered, KEY)
    assert "altered" in about_another(altered)


def test_an_entry_that_says_more_than_was_signed_is_another() -> None:
    assert "another entry" in about_another(RECEIPT, body=BODY.replace(b'"day":20741', b'"day":20742'))
    assert "another entry" in about_another(RECEIPT, prev=ORIGIN)
    assert "another entry" in about_another(RECEIPT, body=b"")


# ---------------------------------------------------------------------------------------------- what is refused

ID, HASH, SEAL = "LIB01/9F3C0A1B22D4E5F6/4", "AB" * 32, "CD" * 64


@pytest.mark.parametrize(
    ("why", "text"),
    [
        (Why.FORM, ""),
        (Why.FORM, TEXT.lower()),
        (Why.FORM, "MACHI1:ABC"),
        (Why.FORM, TEXT.replace("MACHIR1", "MACHIR2")),
        (Why.TOO_LONG, f"{TEXT}{'0' * 50}"),
        (Why.LAYOUT, "MACHIR1:"),
        (Why.LAYOUT, f"MACHIR1:{ID}/{HASH}"),
        (Why.LAYOUT, f"MACHIR1:{ID}/{HASH}/{SEAL}/"),
        (Why.LAYOUT, f"MACHIR1:{ID}/{HASH}//{SEAL}"),
        (Why.LAYOUT, f"MACHIR1:{ID}/{HASH}/{SEAL}\n"),
        (Why.LAYOUT, f"MACHIR1:{ID}/{HASH} /{SEAL}"),
        (Why.LAYOUT, f"MACHIR1:{ID}/{HASH.lower()}/{SEAL}"),
        (Why.LAYOUT, f"MACHIR1:{ID}/{HASH[:-1]}/{SEAL}"),
        (Why.LAYOUT, f"MACHIR1:{ID}/{HASH[:-1]}G/{SEAL}"),
        (Why.LAYOUT, f"MACHIR1:{ID.lower()}/{HASH}/{SEAL}"),
        (Why.LAYOUT, f"MACHIR1:{ID[:-1]}04/{HASH}/{SEAL}"),
        (Why.LAYOUT, f"MACHIR1:{ID[:-1]}0/{HASH}/{SEAL}"),
        (Why.LAYOUT, f"MACHIR1:{ID[:-1]}-4/{HASH}/{SEAL}"),
        (Why.LAYOUT, f"MACHIR1:{ID[:-1]}４/{HASH}/{SEAL}"),
        (Why.LAYOUT, f"MACHIR1:{ID[:-1]}{2**53}/{HASH}/{SEAL}"),
        (Why.LAYOUT, f"MACHIR1:{ID[:-1]}true/{HASH}/{SEAL}"),
        (Why.LAYOUT, f"MACHIR1:01LIB/9F3C0A1B22D4E5F6/4/{HASH}/{SEAL}"),
        (Why.LAYOUT, f"MACHIR1:LIB_1/9F3C0A1B22D4E5F6/4/{HASH}/{SEAL}"),
        (Why.LAYOUT, f"MACHIR1:\u212aIB01/9F3C0A1B22D4E5F6/4/{HASH}/{SEAL}"),  # lower() makes a k of the kelvin sign
        (Why.LAYOUT, f"MACHIR1:{ID.replace('9', 'G')}/{HASH}/{SEAL}"),
        (Why.LENGTH, f"MACHIR1:{ID}/{HASH[:-2]}/{SEAL}"),
        (Why.LENGTH, f"MACHIR1:{ID}/{HASH}/{SEAL}00"),
        (Why.LENGTH, f"MACHIR1:{ID}/{SEAL}/{HASH}"),
        (Why.LENGTH, f"MACHIR1:{ID}//"),
    ],
)
def test_what_is_not_taken_and_why(why: Why, text: str) -> None:
    refused(why, text)


@pytest.mark.parametrize(
    ("receipt", "why"),
    [
        (msgspec.structs.replace(RECEIPT, hash=b""), Why.LENGTH),
        (msgspec.structs.replace(RECEIPT, seal=bytes(63)), Why.LENGTH),
        (msgspec.structs.replace(RECEIPT, entry=EntryId("LIB01", "9f3c0a1b22d4e5f6", 4)), Why.LAYOUT),
        (msgspec.structs.replace(RECEIPT, entry=EntryId("lib01", "9f3c", 4)), Why.LAYOUT),
        (msgspec.structs.replace(RECEIPT, entry=EntryId("lib01", "9f3c0a1b22d4e5f6", 0)), Why.LAYOUT),
        (msgspec.structs.replace(RECEIPT, entry=EntryId("lib01\n", "9f3c0a1b22d4e5f6", 4)), Why.CHARACTERS),
    ],
)
def test_what_cannot_be_said_is_not_written(receipt: Receipt, why: Why) -> None:
    with pytest.raises(CodeError) as caught:
        write(receipt)
    assert caught.value.why is why, str(caught.value)


receipts = st.builds(
    Receipt,
    st.builds(
        EntryId,
        st.from_regex("[a-z][a-z0-9-]{0,31}", fullmatch=True),
        st.from_regex("[0-9a-f]{16}", fullmatch=True),
        st.integers(1, INT_MAX),
    ),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=64, max_size=64),
)


@given(receipts)
def test_what_is_written_reads_the_same(receipt: Receipt) -> None:
    text = write(receipt)
    assert read(text) == receipt
    assert re.fullmatch(r"[0-9A-Z $%*+./:-]+", text), "the letters of a QR code's alphanumeric mode"


@given(st.text(max_size=300), st.lists(st.text("0123456789ABCDEF-\n ", max_size=140), max_size=6))
def test_no_text_makes_it_fail(text: str, parts: list[str]) -> None:
    for noisy in (text, "MACHIR1:" + text, f"MACHIR1:{ID}/{text}/{SEAL}", "MACHIR1:" + "/".join(parts)):
        try:
            assert write(read(noisy)) == noisy
        except CodeError:
            continue


@pytest.mark.parametrize(
    ("unit", "seq", "chars", "version"), [("a", 1, 222, 9), ("lib01", 4711, 229, 9), ("a" * 32, INT_MAX, 268, 10)]
)
def test_how_large_the_codes_are(unit: str, seq: int, chars: int, version: int) -> None:
    """As the first page of `receipt` says."""
    text = write(msgspec.structs.replace(RECEIPT, entry=EntryId(unit, "9f3c0a1b22d4e5f6", seq)))
    assert len(text) == chars
    assert read(text).entry.seq == seq
    assert segno.make(text, error="m", boost_error=False, micro=False).version == version
