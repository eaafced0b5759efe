"""The bank's file of a batch, made from what the office said and from nothing else; so it can be made again."""

from collections.abc import Iterable

from programs.coin.settlement import calendar
from programs.coin.settlement.books import BatchBook
from programs.coin.settlement.facts import Account, PayerSet, ShopSet, Transfer
from programs.coin.zengin import kana, reading, values, writing
from programs.coin.zengin.values import AccountKind, CustomerCodes, MonthDay, Payer

_CODE: int = 10  # digits of a customer code


class AnotherFileError(Exception):
    """What can be written now is not what was written then; the message says what to do."""


def account(bank: str, branch: str, kind: str, number: str, bank_name: str = "", branch_name: str = "") -> Account:
    """Return an account as it stands in a file.

    Raises:
        ZenginError: it cannot stand in one.
    """
    names = kana.office(bank_name), kana.office(branch_name)
    _value(found := Account(bank, branch, kind, number, *names))
    return found


def shop(place: str, name: str, of: Account) -> ShopSet:
    """Return to whom a shop is paid, as a file has it.

    Raises:
        ZenginError: it cannot stand in one.
    """
    written = kana.name(name)
    values.Transfer(_value(of), written, 1)
    return ShopSet(place, written, of)


def payer(code: str, name: str, of: Account) -> PayerSet:
    """Return from whom shops are paid, as a file has it.

    Raises:
        ZenginError: it cannot stand in one.
    """
    written = kana.name(name)
    _payer(PayerSet(code, written, of))
    return PayerSet(code, written, of)


def file(payer: PayerSet, pay_on: int, transfers: Iterable[Transfer]) -> bytes:
    """Return the file that pays a batch; nothing, if nobody is paid. The number of the batch is in every line.

    Raises:
        ZenginError: so much cannot stand in one file.
    """
    lines = tuple(
        values.Transfer(_value(one.account), one.name, one.yen, CustomerCodes(f"{one.batch:0{_CODE}d}"))
        for one in transfers
    )
    if not lines:
        return b""
    batch = values.Batch(_payer(payer), MonthDay(*calendar.month_day(pay_on)), lines)
    written = writing.write(batch)
    if reading.read(written) != batch:
        raise AnotherFileError("the bank's file does not read back as it was written; nothing was said. Report this.")
    return written


def fingerprint(written: bytes) -> str:
    """Return SHA-256 of a file (hex); empty if there is none."""
    return writing.fingerprint(written) if written else ""


def again(book: BatchBook) -> bytes:
    """Return the file of a batch that was made, byte for byte.

    Raises:
        AnotherFileError: it would be another.
    """
    made = (Transfer(book.number, sent.place, sent.yen, sent.name, sent.account) for sent in book.transfers)
    written = file(book.said.payer, book.said.pay_on, made)
    if fingerprint(written) != book.said.file:
        raise AnotherFileError(
            f"the file of batch {book.number} would not be the one that was made. Do not send it: use the one that was "
            "kept, or write it with the version of machitap that made it."
        )
    return written


def _payer(said: PayerSet) -> Payer:
    return Payer(said.code, said.name, _value(said.account))


def _value(of: Account) -> values.Account:
    return values.Account(
        bank=of.bank,
        branch=of.branch,
        kind=AccountKind(of.kind),
        number=of.number,
        bank_name=of.bank_name,
        branch_name=of.branch_name,
    )
