"""What can be wrong with a code, each with a short name that stays: for words on a screen, for logs, for tests."""

from enum import StrEnum


class Why(StrEnum):
    """The short names."""

    FORM = "form"  # no code of this form, or of another version of it
    CHARACTERS = "characters"  # a character where it is not allowed
    TOO_LONG = "too-long"  # more than a code may hold
    CHECKSUM = "checksum"  # read wrong, or written wrong
    LAYOUT = "layout"  # parts and their lengths do not fit together
    TWICE = "twice"  # something is said twice
    MISSING = "missing"  # something that must be there is not
    UNKNOWN = "unknown"  # something of ours that this reader does not know
    LENGTH = "length"  # a value that is too short or too long
    VALUE = "value"  # a value that cannot be
    CURRENCY = "currency"  # not in yen
    COUNTRY = "country"  # not in Japan
    AMOUNT = "amount"  # not a whole number of yen
    FEE = "fee"  # a tip or a fee on top, which the coin does not have
    FOREIGN = "foreign"  # a good code, and nothing in it is for us
    SEAL = "seal"  # this key has not signed it
    ENTRY = "entry"  # it is about another entry


class CodeError(ValueError):
    """This code is not taken. `why`: the short name; the message is for whoever looks into it."""

    def __init__(self, why: Why, message: str) -> None:
        self.why = why
        super().__init__(message)
