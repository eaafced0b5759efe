"""Every refusal has a code, says where it is and what to do, and is shown here once at least."""

import re
from collections.abc import Callable

import msgspec
import pytest

from programs.coin.zengin import fields
from programs.coin.zengin.errors import Why, ZenginError
from programs.coin.zengin.reading import read
from programs.coin.zengin.values import Batch, CustomerCodes, Edi, MonthDay, Payer, Transfer
from tests.programs.coin.zengin import golden
from tests.programs.coin.zengin.golden import BATCH, END, FILE, FILE_IN_LINES, TO_A_BAKER, TO_A_SHOP

ACCOUNT = BATCH.payer.account
SHOP = BATCH.transfers[0]
SAVINGS = BATCH.transfers[1].account
MOST = Transfer(ACCOUNT, "ﾏﾙﾔ", 10**10 - 1)


def account(**changed: str) -> Callable[[], object]:
    return lambda: msgspec.structs.replace(ACCOUNT, **changed)


def transfer(**changed: object) -> Callable[[], object]:
    return lambda: msgspec.structs.replace(SHOP, **changed)


BAD_VALUES: list[tuple[Callable[[], object], Why, str]] = [
    (account(bank="999"), Why.DIGIT_COUNT, "bank number"),
    (account(bank="99999"), Why.DIGIT_COUNT, "bank number"),
    (account(bank="９９９９"), Why.NOT_DIGITS, "bank number"),
    (account(bank="²³¹⁹"), Why.NOT_DIGITS, "bank number"),
    (account(branch=""), Why.NOT_DIGITS, "branch number"),
    (account(branch="01"), Why.DIGIT_COUNT, "branch number"),
    (account(number="012345"), Why.DIGIT_COUNT, "account number"),  # a zero put before it could be another's
    (account(number="-123456"), Why.NOT_DIGITS, "account number"),
    (account(bank_name="ﾄｳﾀﾞｲ ﾎﾝﾃﾝ"), Why.LETTERS, "bank name"),
    (account(bank_name="ﾄｳﾀﾞｲﾄｳﾀﾞｲﾄｳﾀﾞｲﾄ"), Why.TOO_LONG, "bank name"),
    (account(branch_name="ﾎﾝﾃﾝ(ｱ)"), Why.LETTERS, "branch name"),
    (account(branch_name="ﾎﾝﾃﾝﾞ"), Why.MARK, "branch name"),
    (lambda: Payer("12345", "ﾏﾁ", ACCOUNT), Why.DIGIT_COUNT, "payer code"),
    (lambda: Payer("0000012345", "", ACCOUNT), Why.EMPTY, "payer name"),
    (lambda: Payer("0000012345", "ｱ" * 41, ACCOUNT), Why.TOO_LONG, "payer name"),
    (lambda: Payer("0000012345", "ﾏﾁ", SAVINGS), Why.ACCOUNT_KIND, "account kind"),
    (transfer(name=""), Why.EMPTY, "payee name"),
    (transfer(name=" ﾏﾙﾔ"), Why.SPACES, "payee name"),
    (transfer(name="ﾏﾙﾔ "), Why.SPACES, "payee name"),
    (transfer(name="マルヤ"), Why.LETTERS, "payee name"),
    (transfer(name="ﾔﾏﾀﾞｰ"), Why.LETTERS, "payee name"),
    (transfer(name="ｷｬﾉﾝ"), Why.LETTERS, "payee name"),
    (transfer(name="ｦｶﾞﾜ"), Why.LETTERS, "payee name"),
    (transfer(name="abc"), Why.LETTERS, "payee name"),
    (transfer(name="丸屋"), Why.LETTERS, "payee name"),
    (transfer(name="ﾞﾏﾙﾔ"), Why.MARK, "payee name"),
    (transfer(name="ｱ" * 31), Why.TOO_LONG, "payee name"),
    (transfer(name="ｶﾞ" * 15 + "ｱ"), Why.TOO_LONG, "payee name"),
    (transfer(yen=0), Why.AMOUNT, "yen"),
    (transfer(yen=-1), Why.AMOUNT, "yen"),
    (transfer(yen=10**10), Why.AMOUNT_TOO_LARGE, "yen"),
    (lambda: CustomerCodes("42"), Why.DIGIT_COUNT, "customer code 1"),
    (lambda: CustomerCodes(second="000000004X"), Why.NOT_DIGITS, "customer code 2"),
    (lambda: Edi("ｱ" * 21), Why.TOO_LONG, "EDI text"),
    (lambda: Edi("¥100"), Why.LETTERS, "EDI text"),
    (lambda: MonthDay(0, 1), Why.DATE, "transfer date"),
    (lambda: MonthDay(13, 1), Why.DATE, "transfer date"),
    (lambda: MonthDay(4, 31), Why.DATE, "transfer date"),
    (lambda: MonthDay(2, 30), Why.DATE, "transfer date"),
    (lambda: MonthDay(1, 0), Why.DATE, "transfer date"),
    (lambda: Batch(BATCH.payer, BATCH.date, ()), Why.NO_TRANSFERS, ""),
    (lambda: Batch(BATCH.payer, BATCH.date, (SHOP,) * 1_000_000), Why.TOO_MANY_TRANSFERS, "number of transfers"),
    (lambda: Batch(BATCH.payer, BATCH.date, (MOST,) * 101), Why.TOTAL_TOO_LARGE, "total yen"),
]


@pytest.mark.parametrize(("make", "why", "field"), BAD_VALUES)
def test_a_value_that_a_file_cannot_hold_cannot_be_made(make: Callable[[], object], why: Why, field: str) -> None:
    with pytest.raises(ZenginError) as refused:
        make()
    assert (refused.value.why, refused.value.field, refused.value.record) == (why, field, 0)
    assert str(refused.value).startswith(f"{field}: " if field else refused.value.detail)


def test_what_just_fits_is_taken() -> None:
    assert len(msgspec.structs.replace(SHOP, name="ｶﾞ" * 15).name) == 30
    assert Payer("9999999999", "ｱ" * 40, ACCOUNT).name == "ｱ" * 40
    assert Edi("").text == ""
    assert MonthDay(2, 29).day == 29
    assert msgspec.structs.replace(SHOP, yen=10**10 - 1).yen == 9_999_999_999
    assert Batch(BATCH.payer, BATCH.date, (MOST,) * 100).total_yen == 999_999_999_900
    assert len(Batch(BATCH.payer, BATCH.date, (SHOP,) * 999_999).transfers) == 999_999


def test_values_that_come_as_json_are_checked_too() -> None:
    kept = msgspec.json.encode(BATCH)
    assert msgspec.json.decode(kept, type=Batch) == BATCH
    with pytest.raises(ZenginError, match="yen: 0 yen cannot be transferred"):
        msgspec.json.decode(kept.replace(b'"yen":1,', b'"yen":0,'), type=Batch)


def test_a_field_never_takes_more_than_fits() -> None:
    with pytest.raises(ZenginError, match="yen: 10000000000 has 11 digits"):
        fields.written(fields.YEN, fields.YEN.quantity(10**10))
    with pytest.raises(ZenginError, match="begins or ends with a space"):
        fields.written(fields.PAYEE_NAME, "ﾏﾙﾔ ")


def in_record(number: int, byte: int, put: bytes) -> bytes:
    """Put bytes into a record of the good file; both are counted from 1, as in the messages."""
    at = (number - 1) * 120 + byte - 1
    return FILE[:at] + put + FILE[at + len(put) :]


BAD_FILES: list[tuple[bytes, Why, int, str, str]] = [
    (b"", Why.CUT_SHORT, 0, "", "record of kind 1"),
    (b"\x1a", Why.CUT_SHORT, 0, "", "record of kind 1"),
    (FILE[:-120], Why.CUT_SHORT, 0, "", "record of kind 9"),
    (FILE[:-240], Why.CUT_SHORT, 0, "", "record of kind 2 (transfer) or a record of kind 8 (trailer)"),
    (FILE[:-1], Why.LENGTH, 5, "", "has 119 bytes, not 120"),
    (FILE + b"\0", Why.LENGTH, 6, "", "has 1 bytes, not 120"),
    (FILE_IN_LINES.replace(b"0000123456", b"000123456"), Why.LENGTH, 2, "", "has 119 bytes, not 120"),
    (FILE_IN_LINES + b"\r\n", Why.LENGTH, 6, "", "has 0 bytes"),
    (FILE_IN_LINES.replace(b"\r\n", b"\n"), Why.LINE_END, 2, "", "byte 1 is LF alone"),
    (FILE_IN_LINES.replace(b"\r\n", b"\r"), Why.LINE_END, 2, "", "byte 1 is CR alone"),
    (FILE_IN_LINES.replace(b"\r\n", b"\n", 1), Why.LINE_END, 1, "", "byte 121 is LF alone"),
    (FILE_IN_LINES[:-2], Why.LINE_END, 5, "", "has no line end"),
    (in_record(2, 1, b"5"), Why.RECORD_KIND, 2, "", "'5'"),
    (FILE.decode("shift_jis").encode("cp037", "replace"), Why.RECORD_KIND, 1, "", "begins with"),  # EBCDIC
    (FILE[120:], Why.ORDER, 1, "", "is a record of kind 2 (transfer), where there should be a record of kind 1"),
    (golden.HEADER + golden.TRAILER + END, Why.ORDER, 2, "", "is a record of kind 8 (trailer), where"),
    (FILE + FILE, Why.ORDER, 6, "", "where there should be nothing more"),
    (golden.HEADER + TO_A_SHOP + TO_A_BAKER + END, Why.ORDER, 4, "", "should be a record of kind 2 (transfer) or"),
    (in_record(1, 2, b"11"), Why.FIXED, 1, "kind of transfer", "holds '11', and in a file from here '21'"),
    (in_record(1, 4, b"1"), Why.FIXED, 1, "kind of code", "holds '1'"),
    (in_record(1, 120, b"X"), Why.FIXED, 1, "filler", "make it anew"),
    (in_record(2, 39, b"0013"), Why.FIXED, 2, "clearing house", "holds '0013'"),
    (in_record(2, 91, b"1"), Why.FIXED, 2, "new account", "holds '1'"),
    (in_record(2, 112, b"8"), Why.FIXED, 2, "way of transfer", "holds '8'"),
    (in_record(2, 113, b"N"), Why.FIXED, 2, "EDI mark", "holds 'N'"),
    (in_record(3, 113, b" "), Why.NOT_DIGITS, 3, "customer code 1", "digits 0 to 9"),
    (in_record(5, 60, b"."), Why.FIXED, 5, "filler", "make it anew"),
    (in_record(1, 5, b"     12345"), Why.NOT_DIGITS, 1, "payer code", "is no number"),
    (in_record(1, 15, b" " * 40), Why.EMPTY, 1, "payer name", "is missing"),
    (in_record(1, 55, b"0230"), Why.DATE, 1, "transfer date", "no day 30 of month 2"),
    (in_record(1, 96, b"4"), Why.ACCOUNT_KIND, 1, "account kind", "savings"),
    (in_record(2, 43, b"3"), Why.ACCOUNT_KIND, 2, "account kind", "3 is no kind of account"),
    (in_record(2, 51, "丸".encode("shift_jis")), Why.BYTE, 2, "payee name", "byte 51 (0x8A)"),
    (in_record(2, 51, "ﾏ".encode()), Why.BYTE, 2, "payee name", "byte 51 (0xEF)"),
    (in_record(2, 51, b"\t"), Why.BYTE, 2, "payee name", "(0x09)"),
    (in_record(2, 51, b"\xde"), Why.MARK, 2, "payee name", "voicing mark"),
    (in_record(2, 51, b" "), Why.SPACES, 2, "payee name", "begins or ends"),
    (in_record(2, 51, b"m"), Why.LETTERS, 2, "payee name", "do not take m"),
    (in_record(2, 51, b"\\"), Why.LETTERS, 2, "payee name", "do not take \\"),
    (in_record(3, 81, b"0000000000"), Why.AMOUNT, 3, "yen", "0 yen cannot be transferred"),
    (in_record(3, 81, b"-000000001"), Why.NOT_DIGITS, 3, "yen", "is no number"),
    (in_record(3, 81, b"0000000002"), Why.TOTAL, 4, "total yen", "says 123457 yen in all, and the transfers"),
    (in_record(4, 8, b"000000123458"), Why.TOTAL, 4, "total yen", "add up to 123457"),
    (in_record(4, 2, b"000003"), Why.COUNT, 4, "number of transfers", "says 3 transfers, and there are 2"),
    (golden.HEADER + TO_A_SHOP + golden.TRAILER + END, Why.COUNT, 3, "number of transfers", "there are 1"),
]


@pytest.mark.parametrize(("file", "why", "record", "field", "said"), BAD_FILES)
def test_a_bad_file_is_refused_with_its_place(file: bytes, why: Why, record: int, field: str, said: str) -> None:
    with pytest.raises(ZenginError) as refused:
        read(file)
    error = refused.value
    assert (error.why, error.record, error.field) == (why, record, field)
    assert said in error.detail
    where = ", ".join([f"record {record}"] * (record > 0) + [field] * (field != ""))
    assert str(error) == (f"{where}: {error.detail}" if where else error.detail)


def test_every_refusal_says_what_to_do() -> None:
    what_to_do = re.compile(r"\b(Write|write|Make|make|ask|Pay|Leave|Choose|no file to make)\b")
    for make, *_ in BAD_VALUES:
        with pytest.raises(ZenginError, match=what_to_do):
            make()
    for file, *_ in BAD_FILES:
        with pytest.raises(ZenginError, match=what_to_do):
            read(file)


def test_every_code_is_shown_here() -> None:
    assert {why for _, why, _ in BAD_VALUES} | {why for _, why, *_ in BAD_FILES} == set(Why)
