"""Makes the file: header, transfers, trailer with count and sum, end."""

import hashlib

from programs.coin.zengin import fields
from programs.coin.zengin.fields import Field
from programs.coin.zengin.layout import END, HEADER, TRAILER, WITH_CODES, WITH_EDI
from programs.coin.zengin.values import Account, Batch, Edi, Transfer


def write(batch: Batch, *, line_ends: bool = True) -> bytes:
    """Return the file that pays a batch; the same batch always gives the same bytes.

    Args:
        line_ends: whether CR and LF stand behind each record, which makes it 122 bytes. The bank says what it takes;
            many take both.

    Raises:
        ZenginError: never for a batch that was made as it should be.
    """
    end = b"\r\n" if line_ends else b""
    lines = [_header(batch), *map(_transfer, batch.transfers), _trailer(batch), END.line({})]
    return b"".join(line + end for line in lines)


def fingerprint(file: bytes) -> str:
    """Return the SHA-256 of a file in hexadecimal. It finds what the format does not: see `reading.py`."""
    return hashlib.sha256(file).hexdigest()


def _header(batch: Batch) -> bytes:
    payer, date = batch.payer, batch.date
    return HEADER.line(
        {
            fields.PAYER_CODE: payer.code,
            fields.PAYER_NAME: payer.name,
            fields.DATE: f"{date.month:02d}{date.day:02d}",
            **_account(payer.account),
        }
    )


def _transfer(transfer: Transfer) -> bytes:
    common: dict[Field, str] = {
        **_account(transfer.account),
        fields.PAYEE_NAME: transfer.name,
        fields.YEN: fields.YEN.quantity(transfer.yen),
    }
    reference = transfer.reference
    if isinstance(reference, Edi):
        return WITH_EDI.line({**common, fields.EDI: reference.text})
    return WITH_CODES.line({**common, fields.CUSTOMER_1: reference.first, fields.CUSTOMER_2: reference.second})


def _trailer(batch: Batch) -> bytes:
    return TRAILER.line(
        {
            fields.COUNT: fields.COUNT.quantity(len(batch.transfers)),
            fields.TOTAL: fields.TOTAL.quantity(batch.total_yen),
        }
    )


def _account(account: Account) -> dict[Field, str]:
    return {
        fields.BANK: account.bank,
        fields.BANK_NAME: account.bank_name,
        fields.BRANCH: account.branch,
        fields.BRANCH_NAME: account.branch_name,
        fields.ACCOUNT_KIND: account.kind,
        fields.ACCOUNT: account.number,
    }
