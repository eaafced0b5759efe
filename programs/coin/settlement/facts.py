"""What the office says when it pays shops: facts of its own journal, which no unit ever hears.

Only there do they count: whoever else writes one of these moves nothing. Days are counted from 1970-01-01 by the
town's calendar.
"""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from sync.entries import Count, Fact, Ref, Text

YEN_MAX: Final = 10**10 - 1  # what one line of a bank's file can carry

Number = Annotated[int, msgspec.Meta(ge=1, le=10**9)]
Paid = Annotated[int, msgspec.Meta(ge=1, le=YEN_MAX)]
Kana = Annotated[str, msgspec.Meta(max_length=40)]
Run = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,40}/[0-9a-f]{16}/[1-9][0-9]{0,15}-[1-9][0-9]{0,15}$")]
EntryName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,40}/[0-9a-f]{16}/[1-9][0-9]{0,15}$")]
BranchCode = Annotated[str, msgspec.Meta(pattern="^[0-9]{4}-[0-9]{3}$")]
Person = Annotated[str, msgspec.Meta(max_length=64)]
Fingerprint = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?$")]


class Account(msgspec.Struct, frozen=True, omit_defaults=True):
    """An account at a bank, in the digits and the half-width kana of a bank's file; `kind`: 1, 2, 4 or 9 (預金種目)."""

    bank: Annotated[str, msgspec.Meta(pattern="^[0-9]{4}$")]
    branch: Annotated[str, msgspec.Meta(pattern="^[0-9]{3}$")]
    kind: Annotated[str, msgspec.Meta(pattern="^[1249]$")]
    number: Annotated[str, msgspec.Meta(pattern="^[0-9]{7}$")]
    bank_name: Kana = ""
    branch_name: Kana = ""


class PayerSet(Fact, frozen=True, tag="coin.payer"):
    """From which account shops are paid; `code`: the ten digits that the bank gave the payer (委託者コード)."""

    code: Annotated[str, msgspec.Meta(pattern="^[0-9]{10}$")]
    name: Kana
    account: Account


class ShopSet(Fact, frozen=True, tag="coin.shop"):
    """To which account a shop is paid, and in whose name it stands."""

    place: Ref
    name: Kana
    account: Account


class LocalBanks(Fact, frozen=True, tag="coin.local-banks"):
    """Which branches of banks are in the town ("0005-123"): what goes to others leaves it. What is said last counts."""

    branches: Annotated[tuple[BranchCode, ...], msgspec.Meta(max_length=300)]


class Batch(Fact, frozen=True, tag="coin.batch"):
    """Shops are paid for what was entered up to a day; who gets what follows in entries of their own.

    Attributes:
        number: counted from 1; in every entry that belongs to it.
        upto: the last day that it pays for.
        pay_on: the day on which the bank is to pay.
        payer: from which account, as it was said then.
        transfers, yen: how many there are, and their sum.
        file: SHA-256 of the bank's file (hex); empty if nobody is paid.
        although: why it was made although the books lack something; mostly empty.
    """

    number: Number
    upto: int
    pay_on: int
    payer: PayerSet
    transfers: Count
    yen: Count
    file: Fingerprint
    although: Text = ""


class Transfer(Fact, frozen=True, tag="coin.transfer"):
    """A shop is paid by a batch, to the account that the office knew then."""

    batch: Number
    place: Ref
    yen: Paid
    name: Kana
    account: Account


class Counted(Fact, frozen=True, tag="coin.counted"):
    """Which entries of a shop a batch has counted, be it paid by it or not.

    Attributes:
        runs: `unit/boot/first-last`: every entry about this shop from the first to the last, both included, unless an
            earlier batch has counted it. What was not held then is in no run.
    """

    batch: Number
    place: Ref
    runs: tuple[Run, ...]


class State(StrEnum):
    """What became of a batch. It only goes forward; `void` is possible before it was sent, and is the end."""

    MADE = "made"
    SENT = "sent"
    ACCEPTED = "accepted"
    VOID = "void"


class BatchMarked(Fact, frozen=True, tag="coin.batch-marked"):
    """The office says what became of a batch."""

    batch: Number
    state: State
    because: Text = ""


class TransferBack(Fact, frozen=True, tag="coin.transfer-back"):
    """A transfer did not reach its shop, or was never sent: the shop has to get the money again."""

    batch: Number
    place: Ref
    yen: Paid
    because: Text


class DisputeOpened(Fact, frozen=True, tag="coin.dispute-opened"):
    """Somebody says that an entry (`about`: its id) is wrong, and why; disputes are counted from 1. No names."""

    number: Number
    about: EntryName
    because: Text


class DisputeClosed(Fact, frozen=True, tag="coin.dispute-closed"):
    """What came of a dispute."""

    number: Number
    outcome: Text


class DisputeTaken(Fact, frozen=True, tag="coin.dispute-taken"):
    """Somebody works on a dispute from now on (`by`: the account's name), or nobody does any more ("")."""

    number: Number
    by: Person


class Reason(StrEnum):
    """What a dispute or a difference comes from, as the office has found out."""

    SHORT = "short"  # taken without a network; the balance turned out later to be too small
    LATE = "late"
    TWICE = "twice"
    TYPED = "typed"
    CASH = "cash"
    UNIT = "unit"
    BANK = "bank"
    OTHER = "other"


class DisputeJudged(Fact, frozen=True, tag="coin.dispute-judged"):
    """What somebody has found out so far about a dispute; what was said last counts, and all of it is kept.

    `note`: in words, without names. `due`: until which day it is to be closed (days since 1970-01-01); 0: not said.
    """

    number: Number
    reason: Reason
    by: Person
    note: Text = ""
    due: Count = 0


class Settled(Fact, frozen=True, tag="coin.settled"):
    """In the journal of all units: a batch was made. By it a restored centre finds out that it has lost one."""

    batch: Number
    upto: int
    pay_on: int


OFFICE: Final = (
    *(PayerSet, ShopSet, LocalBanks, Batch, Transfer, Counted, BatchMarked, TransferBack),
    *(DisputeOpened, DisputeTaken, DisputeJudged, DisputeClosed),
)
"""What counts in the office's journal, and nowhere else."""

KINDS: Final = (*OFFICE, Settled)
