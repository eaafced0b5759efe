"""What can be paid: one payer, one date, and transfers. A value that a bank file cannot hold cannot be made.

Names are in half-width kana already (`kana.py` writes them so), so what a treasurer looks at is what the bank gets.
"""

from enum import StrEnum
from typing import Final

import msgspec

from programs.coin.zengin import fields
from programs.coin.zengin.errors import Why, ZenginError

YEN_MAX: Final = 10**fields.YEN.width - 1
TOTAL_MAX: Final = 10**fields.TOTAL.width - 1
TRANSFERS_MAX: Final = 10**fields.COUNT.width - 1
NO_CODE: Final = "0" * fields.CUSTOMER_1.width
_DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class AccountKind(StrEnum):
    """預金種目. Nobody pays from a savings account (貯蓄)."""

    ORDINARY = "1"  # 普通
    CURRENT = "2"  # 当座
    SAVINGS = "4"  # 貯蓄
    OTHER = "9"  # その他


class Account(msgspec.Struct, frozen=True):
    """An account at a bank. Numbers decide; the names of bank and branch are for people and may be empty.

    Attributes:
        bank: four digits (金融機関コード).
        branch: three digits (支店番号).
        number: seven digits, zeros at the beginning included.
        bank_name, branch_name: half-width kana, without 銀行 and 支店.
    """

    bank: str
    branch: str
    kind: AccountKind
    number: str
    bank_name: str = ""
    branch_name: str = ""

    def __post_init__(self) -> None:
        fields.BANK.check(self.bank)
        fields.BANK_NAME.check(self.bank_name)
        fields.BRANCH.check(self.branch)
        fields.BRANCH_NAME.check(self.branch_name)
        fields.ACCOUNT.check(self.number)


class Payer(msgspec.Struct, frozen=True):
    """Whose money it is.

    Attributes:
        code: the ten digits that the bank gave the payer (委託者コード).
        name: half-width kana, at most 40 characters.
    """

    code: str
    name: str
    account: Account

    def __post_init__(self) -> None:
        fields.PAYER_CODE.check(self.code)
        fields.PAYER_NAME.check(self.name)
        if self.account.kind is AccountKind.SAVINGS:
            detail = "banks do not pay from a savings account. Pay from an ordinary or a current one."
            raise ZenginError(Why.ACCOUNT_KIND, detail, field=fields.ACCOUNT_KIND.name)


class CustomerCodes(msgspec.Struct, frozen=True, tag=True):
    """Two numbers of ten digits by which the payer knows the payee (顧客コード); zeros where there is none."""

    first: str = NO_CODE
    second: str = NO_CODE

    def __post_init__(self) -> None:
        fields.CUSTOMER_1.check(self.first)
        fields.CUSTOMER_2.check(self.second)


class Edi(msgspec.Struct, frozen=True, tag=True):
    """A text for the payee instead of them (EDI情報): half-width, at most 20 characters."""

    text: str

    def __post_init__(self) -> None:
        fields.EDI.check(self.text)


class Transfer(msgspec.Struct, frozen=True):
    """One payment.

    Attributes:
        name: who holds the account, in half-width kana, at most 30 characters.
        yen: one or more, at most ten digits.
    """

    account: Account
    name: str
    yen: int
    reference: CustomerCodes | Edi = CustomerCodes()

    def __post_init__(self) -> None:
        fields.PAYEE_NAME.check(self.name)
        if self.yen < 1:
            detail = (
                f"{self.yen} yen cannot be transferred. Leave this payee out, or let the sum wait for the next time."
            )
            raise ZenginError(Why.AMOUNT, detail, field=fields.YEN.name)
        if self.yen > YEN_MAX:
            detail = f"{self.yen} yen is more than a transfer can carry ({YEN_MAX}). Make several of it."
            raise ZenginError(Why.AMOUNT_TOO_LARGE, detail, field=fields.YEN.name)


class MonthDay(msgspec.Struct, frozen=True):
    """The day on which the bank pays. A file has no year: make it close to the day. Holidays are not known here."""

    month: int
    day: int

    def __post_init__(self) -> None:
        if not (1 <= self.month <= len(_DAYS_OF_MONTH) and 1 <= self.day <= _DAYS_OF_MONTH[self.month - 1]):
            detail = f"there is no day {self.day} of month {self.month}. Choose a day on which banks are open."
            raise ZenginError(Why.DATE, detail, field=fields.DATE.name)


class Batch(msgspec.Struct, frozen=True):
    """What one file pays: from one account, on one day."""

    payer: Payer
    date: MonthDay
    transfers: tuple[Transfer, ...]

    def __post_init__(self) -> None:
        count, total = len(self.transfers), self.total_yen
        if not count:
            raise ZenginError(Why.NO_TRANSFERS, "there is nobody to pay, so there is no file to make.")
        if count > TRANSFERS_MAX:
            detail = f"{count} transfers are more than a file can hold ({TRANSFERS_MAX}). Make several files."
            raise ZenginError(Why.TOO_MANY_TRANSFERS, detail, field=fields.COUNT.name)
        if total > TOTAL_MAX:
            detail = f"{total} yen in all is more than a file can pay ({TOTAL_MAX}). Make several files."
            raise ZenginError(Why.TOTAL_TOO_LARGE, detail, field=fields.TOTAL.name)

    @property
    def total_yen(self) -> int:
        return sum(transfer.yen for transfer in self.transfers)
