"""Reads a file back and believes nothing: what is taken is, byte for byte, what `writing.write` makes of it.

So a file can be looked at before it goes to the bank, and one that was changed on its way is found where the format can
find it: a record that is missing, there twice, moved to another place in the order of kinds, too long or too short; a
count or a sum that does not add up; a byte where only one is right, or that no bank takes; anything behind the end.

The format itself cannot notice, and neither can this,
- when one valid value stands for another: a letter of a name or of a text for the payee, a digit of a payer code, a
  bank, a branch, an account or a customer code, a kind of account, the day, the mark that calls twenty digits a text;
- when two transfers have changed places;
- when yen were moved from one transfer to another, so that the sum is the same.
That is why a file is kept with its fingerprint (`writing.fingerprint`).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from programs.coin.zengin import fields
from programs.coin.zengin.errors import Why, ZenginError
from programs.coin.zengin.fields import Field
from programs.coin.zengin.layout import END, HEADER, RECORD_BYTES, TRAILER, WITH_CODES, WITH_EDI, transfer_layout
from programs.coin.zengin.values import Account, AccountKind, Batch, CustomerCodes, Edi, MonthDay, Payer, Transfer

_END_OF_FILE = b"\x1a"  # some banks' programs put it behind the last record, as CP/M did
_LINE_END = b"\r\n"
_NAMES = {layout.kind: layout.name for layout in (HEADER, WITH_CODES, TRAILER, END)}
_MAY_FOLLOW = {"": "1", "1": "2", "2": "28", "8": "9", "9": ""}
_MAKE_ANEW = "Do not send it; make it anew."


def read(file: bytes) -> Batch:
    """Return what a file pays. Line ends may be there or not, and one byte 1A may stand at the very end.

    Raises:
        ZenginError: it is not exactly as it should be; nothing of it is to be used.
    """
    records = _records(file)
    _check_order(records)
    with _in_record(1):
        payer, date = _header(records[0])
    transfers = []
    for number, record in enumerate(records[1:-2], 2):
        with _in_record(number):
            transfers.append(_transfer(record))
    with _in_record(len(records) - 1):
        batch = Batch(payer, date, tuple(transfers))
        _check_trailer(TRAILER.cut(records[-2]), batch)
    with _in_record(len(records)):
        END.cut(records[-1])
    return batch


def _records(file: bytes) -> list[bytes]:
    """Cut a file into records of the right length, with or without line ends."""
    body = file.removesuffix(_END_OF_FILE)
    if _LINE_END in body:
        records = body.split(_LINE_END)
        rest = records.pop()
        if rest:
            records.append(rest)
    else:
        records = [body[at : at + RECORD_BYTES] for at in range(0, len(body), RECORD_BYTES)]
        rest = b""
    for number, record in enumerate(records, 1):
        _check_shape(number, record)
    if rest:
        detail = f"has no line end, but those before it have. The file was cut or edited. {_MAKE_ANEW}"
        raise ZenginError(Why.LINE_END, detail, record=len(records))
    return records


def _check_shape(number: int, record: bytes) -> None:
    for name, byte in (("CR", b"\r"), ("LF", b"\n")):
        if byte in record:
            place = record.index(byte) + 1
            detail = f"byte {place} is {name} alone; a line ends with CR and LF, or not at all. {_MAKE_ANEW}"
            raise ZenginError(Why.LINE_END, detail, record=number)
    if len(record) != RECORD_BYTES:
        detail = f"has {len(record)} bytes, not {RECORD_BYTES}. The file was cut or edited. {_MAKE_ANEW}"
        raise ZenginError(Why.LENGTH, detail, record=number)


def _check_order(records: list[bytes]) -> None:
    """Check that there is one header, one transfer or more, one trailer, one end, and nothing else."""
    before = ""
    for number, record in enumerate(records, 1):
        kind = record[:1].decode("latin-1")
        if kind not in _NAMES:
            detail = f"begins with {kind!r}, which is no kind of record (1, 2, 8 or 9). {_MAKE_ANEW}"
            raise ZenginError(Why.RECORD_KIND, detail, record=number)
        if kind not in _MAY_FOLLOW[before]:
            detail = f"is {_named(kind)}, where there should be {_expected(before)}. {_MAKE_ANEW}"
            raise ZenginError(Why.ORDER, detail, record=number)
        before = kind
    if before != END.kind:
        detail = f"the file ends where there should be {_expected(before)}: it was cut. {_MAKE_ANEW}"
        raise ZenginError(Why.CUT_SHORT, detail)


def _expected(before: str) -> str:
    return " or ".join(map(_named, _MAY_FOLLOW[before])) or "nothing more"


def _named(kind: str) -> str:
    return f"a record of kind {kind} ({_NAMES[kind]})"


@contextmanager
def _in_record(number: int) -> Iterator[None]:
    """Say of every refusal in which record it was."""
    try:
        yield
    except ZenginError as error:
        raise error.in_record(number) from error


def _header(record: bytes) -> tuple[Payer, MonthDay]:
    cut = HEADER.cut(record)
    date = cut[fields.DATE]
    payer = Payer(cut[fields.PAYER_CODE], cut[fields.PAYER_NAME], _account(cut))
    return payer, MonthDay(int(date[:2]), int(date[2:]))


def _transfer(record: bytes) -> Transfer:
    layout = transfer_layout(record)
    cut = layout.cut(record)
    reference = (
        Edi(cut[fields.EDI]) if layout is WITH_EDI else CustomerCodes(cut[fields.CUSTOMER_1], cut[fields.CUSTOMER_2])
    )
    return Transfer(_account(cut), cut[fields.PAYEE_NAME], int(cut[fields.YEN]), reference)


def _account(cut: Mapping[Field, str]) -> Account:
    return Account(
        bank=cut[fields.BANK],
        branch=cut[fields.BRANCH],
        kind=_kind(cut[fields.ACCOUNT_KIND]),
        number=cut[fields.ACCOUNT],
        bank_name=cut[fields.BANK_NAME],
        branch_name=cut[fields.BRANCH_NAME],
    )


def _kind(digit: str) -> AccountKind:
    if digit not in set(AccountKind):
        detail = f"{digit} is no kind of account (1 ordinary, 2 current, 4 savings, 9 another). {_MAKE_ANEW}"
        raise ZenginError(Why.ACCOUNT_KIND, detail, field=fields.ACCOUNT_KIND.name)
    return AccountKind(digit)


def _check_trailer(cut: Mapping[Field, str], batch: Batch) -> None:
    said, found = int(cut[fields.COUNT]), len(batch.transfers)
    if said != found:
        detail = f"says {said} transfers, and there are {found}: one was lost or added. {_MAKE_ANEW}"
        raise ZenginError(Why.COUNT, detail, field=fields.COUNT.name)
    said, found = int(cut[fields.TOTAL]), batch.total_yen
    if said != found:
        detail = f"says {said} yen in all, and the transfers add up to {found}: one was changed. {_MAKE_ANEW}"
        raise ZenginError(Why.TOTAL, detail, field=fields.TOTAL.name)
