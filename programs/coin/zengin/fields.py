"""The fields of a bank file as the published tables have them: N holds digits, C holds letters.

A field of digits is right-aligned and filled with zeros, a field of letters left-aligned and filled with spaces. Each
knows what may stand in it, and refuses the rest in writing as in reading; nothing is ever cut to fit.
"""

from dataclasses import dataclass
from typing import Final

from programs.coin.zengin import letters
from programs.coin.zengin.errors import Why, ZenginError
from programs.coin.zengin.letters import Letters


@dataclass(frozen=True)
class N:
    """A field of digits.

    Attributes:
        name: as errors call it.
        width: how many bytes.
        only: the one value that it has in every file of ours; None where values differ.
    """

    name: str
    width: int
    only: str | None = None

    def filled(self, value: str) -> str:
        """Return the whole field: a value has all its digits already, so that none is put before an account number."""
        return value

    def bare(self, text: str) -> str:
        return text

    def quantity(self, value: int) -> str:
        """Return a sum or a count with its zeros; `check` finds one that is too large."""
        return f"{value:0{self.width}d}"

    def check(self, value: str) -> None:
        """Check that a value fills the field with digits.

        Raises:
            ZenginError: NOT_DIGITS or DIGIT_COUNT.
        """
        if not (value.isascii() and value.isdigit()):
            raise ZenginError(
                Why.NOT_DIGITS, f"{value!r} is no number. Write digits 0 to 9 and nothing else.", field=self.name
            )
        if len(value) != self.width:
            raise ZenginError(
                Why.DIGIT_COUNT,
                f"{value} has {len(value)} digits, not {self.width}. Write it as the bank has it, zeros at the "
                "beginning included.",
                field=self.name,
            )


@dataclass(frozen=True)
class C:
    """A field of letters.

    Attributes:
        name: as errors call it.
        width: how many bytes; a voicing mark takes one.
        allowed: what may stand in it.
        needed: whether it may not be empty.
        only: the one value that it has in every file of ours; None where values differ.
    """

    name: str
    width: int
    allowed: Letters = letters.NAME
    needed: bool = False
    only: str | None = None

    def filled(self, value: str) -> str:
        """Return the whole field."""
        return value.ljust(self.width)

    def bare(self, text: str) -> str:
        """Return the value of a whole field, without what fills it."""
        return text.rstrip(" ")

    def check(self, value: str) -> None:
        """Check that a value fits and can be read back as it is.

        Raises:
            ZenginError: EMPTY, SPACES, LETTERS, MARK or TOO_LONG.
        """
        if self.needed and not value:
            raise ZenginError(
                Why.EMPTY, "is missing. Write it in kana, as it stands in the bank book.", field=self.name
            )
        if value != value.strip(" "):
            detail = f"{value!r} begins or ends with a space. Write it without."
            raise ZenginError(Why.SPACES, detail, field=self.name)
        letters.check(value, self.allowed, self.name)
        if len(value) > self.width:
            raise ZenginError(
                Why.TOO_LONG,
                f"{value} has {len(value)} characters, each voicing mark counted, and there is room for {self.width}. "
                "It is not cut here: ask how the bank has it in short.",
                field=self.name,
            )


Field = N | C


def written(field: Field, value: str) -> str:
    """Return a field with this value, exactly as wide as it must be.

    Raises:
        ZenginError: it cannot hold that.
    """
    field.check(value)
    return field.filled(value)


def read(field: Field, data: bytes, first: int) -> str:
    """Return the value of a field.

    Args:
        data: its bytes.
        first: where the first of them stands in the record, counted from 1.

    Raises:
        ZenginError: BYTE or FIXED, or it holds what cannot be written.
    """
    text = letters.decode(data, first, field.name)
    if field.only is not None and text != field.filled(field.only):
        raise ZenginError(
            Why.FIXED,
            f"holds {text!r}, and in a file from here {field.filled(field.only)!r}. It was changed, or made by another "
            "program. Do not send it; make it anew.",
            field=field.name,
        )
    value = field.bare(text)
    field.check(value)
    return value


PAYER_CODE: Final = N("payer code", 10)
PAYER_NAME: Final = C("payer name", 40, needed=True)
DATE: Final = N("transfer date", 4)
BANK: Final = N("bank number", 4)
BANK_NAME: Final = C("bank name", 15, letters.OFFICE)
BRANCH: Final = N("branch number", 3)
BRANCH_NAME: Final = C("branch name", 15, letters.OFFICE)
ACCOUNT_KIND: Final = N("account kind", 1)
ACCOUNT: Final = N("account number", 7)
PAYEE_NAME: Final = C("payee name", 30, needed=True)
YEN: Final = N("yen", 10)
CUSTOMER_1: Final = N("customer code 1", 10)
CUSTOMER_2: Final = N("customer code 2", 10)
EDI: Final = C("EDI text", 20, letters.EDI)
COUNT: Final = N("number of transfers", 6)
TOTAL: Final = N("total yen", 12)
