"""A file that was made here is read back as it was; one that was changed is refused wherever the format can notice."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from programs.coin.zengin import fields, letters
from programs.coin.zengin.errors import ZenginError
from programs.coin.zengin.fields import C
from programs.coin.zengin.layout import END, HEADER, TRAILER, WITH_CODES, WITH_EDI
from programs.coin.zengin.letters import DAKUTEN_AFTER, HANDAKUTEN_AFTER
from programs.coin.zengin.reading import read
from programs.coin.zengin.values import Account, AccountKind, Batch, CustomerCodes, Edi, MonthDay, Payer, Transfer
from programs.coin.zengin.writing import write
from tests.programs.coin.zengin.golden import BATCH, FILE, FILE_IN_LINES, RECORDS

# What `reading.py` says that the format cannot notice.
UNNOTICED = {
    *("payer code", "payer name", "transfer date", "bank number", "bank name", "branch number", "branch name"),
    *("account kind", "account number", "payee name", "customer code 1", "customer code 2", "EDI text", "EDI mark"),
}
# What a byte becomes: another digit or letter, half a voiced letter, what a text editor or a disk makes of it.
STRAYS = b"01248 9A-(Ya\xb1\xde\xa6\x00\n\r\x1a\x80\xff"
LAYOUTS = (HEADER, WITH_CODES, WITH_EDI, TRAILER, END)


def accepted(file: bytes) -> Batch | None:
    try:
        return read(file)
    except ZenginError:
        return None


@pytest.mark.parametrize("file", [FILE, FILE_IN_LINES, FILE + b"\x1a", FILE_IN_LINES + b"\x1a"])
def test_a_good_file_is_read(file: bytes) -> None:
    assert read(file) == BATCH


def test_one_changed_byte_is_noticed_where_the_format_can_notice() -> None:
    slipped = set()
    places = [(field, byte) for layout in LAYOUTS for field in layout.fields for byte in range(field.width)]
    for at, (field, _) in enumerate(places):
        for stray in STRAYS:
            changed = FILE[:at] + bytes((stray,)) + FILE[at + 1 :]
            batch = accepted(changed) if changed != FILE else None
            if batch is not None:
                assert batch != BATCH
                assert write(batch, line_ends=False) == changed
                slipped.add(field.name)
    assert slipped == UNNOTICED


def test_a_lost_a_doubled_and_a_moved_record_are_noticed() -> None:
    for at in range(len(RECORDS)):
        assert accepted(b"".join(RECORDS[:at] + RECORDS[at + 1 :])) is None
        assert accepted(b"".join(RECORDS[: at + 1] + RECORDS[at:])) is None
    for order in itertools.permutations(range(len(RECORDS))):
        taken = accepted(b"".join(RECORDS[at] for at in order)) is not None
        assert taken == (order in {(0, 1, 2, 3, 4), (0, 2, 1, 3, 4)}), "two transfers may change places unnoticed"


def test_yen_that_moved_between_transfers_are_not_noticed() -> None:
    moved = FILE.replace(b"0000123456", b"0000123455").replace(b"0000000001", b"0000000002")
    assert read(moved).total_yen == BATCH.total_yen
    assert read(moved) != BATCH


@pytest.mark.parametrize("file", [FILE, FILE_IN_LINES])
def test_a_file_that_was_cut_or_has_more_behind_it_is_refused(file: bytes) -> None:
    for size in range(len(file)):
        assert accepted(file[:size]) is None
    for more in (b"\x1a\x1a", b"\x1a\r\n", b"\n", b"\r\n\r\n", b"\0", b" ", file):
        assert accepted(file + more) is None


def texts(field: C) -> st.SearchStrategy[str]:
    voiced = [f"{kana}ﾞ" for kana in DAKUTEN_AFTER] + [f"{kana}ﾟ" for kana in HANDAKUTEN_AFTER]
    syllables = sorted(field.allowed - {"ﾞ", "ﾟ"}) + voiced
    made = st.lists(st.sampled_from(syllables), max_size=field.width).map(lambda parts: "".join(parts).strip(" "))
    return made.filter(lambda text: int(field.needed) <= len(text) <= field.width)


def digits(width: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=width, max_size=width)


def accounts(kinds: list[AccountKind]) -> st.SearchStrategy[Account]:
    return st.builds(
        Account,
        digits(4),
        digits(3),
        st.sampled_from(kinds),
        digits(7),
        bank_name=texts(fields.BANK_NAME),
        branch_name=texts(fields.BRANCH_NAME),
    )


BATCHES = st.builds(
    Batch,
    st.builds(
        Payer,
        digits(10),
        texts(fields.PAYER_NAME),
        accounts([AccountKind.ORDINARY, AccountKind.CURRENT, AccountKind.OTHER]),
    ),
    st.builds(MonthDay, st.integers(1, 12), st.integers(1, 28)),
    st.lists(
        st.builds(
            Transfer,
            accounts(list(AccountKind)),
            texts(fields.PAYEE_NAME),
            st.integers(1, 10**10 - 1),
            st.builds(CustomerCodes, digits(10), digits(10)) | st.builds(Edi, texts(fields.EDI)),
        ),
        min_size=1,
        max_size=4,
    ).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(BATCHES, st.booleans())
def test_what_was_written_is_read_back(batch: Batch, line_ends: bool) -> None:
    file = write(batch, line_ends=line_ends)
    assert len(file) == (len(batch.transfers) + 3) * (122 if line_ends else 120)
    assert read(file) == batch


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([FILE, FILE_IN_LINES]),
    st.lists(st.tuples(st.integers(0, 610), st.integers(0, 3), st.binary(max_size=3)), min_size=1, max_size=3),
)
def test_what_is_taken_is_what_would_be_written(file: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    for at, gone, put in edits:
        file = file[:at] + put + file[at + gone :]
    batch = accepted(file)
    if batch is not None:
        assert file.removesuffix(b"\x1a") == write(batch, line_ends=b"\r\n" in file)


def test_the_letters_of_the_code_are_one_byte_each_and_come_back() -> None:
    for letter in sorted(letters.EDI):
        data = letters.encode(letter)
        assert len(data) == 1
        assert letters.decode(data, 1, "name") == letter
