"""Why a bank file is refused: one error, made of a code that words are looked up by and a sentence for a treasurer."""

from enum import StrEnum


class Why(StrEnum):
    """What is wrong. A code keeps its meaning for ever, because the words of the screens are found by it."""

    # a value that cannot stand in a file
    LETTERS = "letters"  # characters that banks do not take
    MARK = "mark"  # a voicing mark behind a letter that has none
    SPACES = "spaces"  # a space at the beginning or at the end
    EMPTY = "empty"  # a name is missing
    TOO_LONG = "too-long"
    NOT_DIGITS = "not-digits"
    DIGIT_COUNT = "digit-count"  # digits, but not as many as there must be
    ACCOUNT_KIND = "account-kind"
    AMOUNT = "amount"  # not one yen or more
    AMOUNT_TOO_LARGE = "amount-too-large"
    DATE = "date"
    NO_TRANSFERS = "no-transfers"
    TOO_MANY_TRANSFERS = "too-many-transfers"
    TOTAL_TOO_LARGE = "total-too-large"

    # a file that is not as it was made
    LINE_END = "line-end"
    LENGTH = "length"
    RECORD_KIND = "record-kind"
    ORDER = "order"
    CUT_SHORT = "cut-short"
    BYTE = "byte"  # no character of this code
    FIXED = "fixed"  # another value where there is only one
    COUNT = "count"
    TOTAL = "total"


class ZenginError(Exception):
    """Something cannot be written into a bank file, or a file is not what it should be. Nothing was written or taken.

    Attributes:
        why: the code.
        detail: what is wrong and what to do about it.
        field: which field, in English words ("payee name"); "" where it is no single one.
        record: which record of the file, counted from 1 (the header); 0 outside a file.
    """

    def __init__(self, why: Why, detail: str, *, field: str = "", record: int = 0) -> None:
        where = ", ".join([f"record {record}"] * bool(record) + [field] * bool(field))
        super().__init__(f"{where}: {detail}" if where else detail)
        self.why = why
        self.detail = detail
        self.field = field
        self.record = record

    def in_record(self, record: int) -> "ZenginError":
        """Return the same, said of a record of a file."""
        return ZenginError(self.why, self.detail, field=self.field, record=record)
