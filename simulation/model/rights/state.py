"""What there is in the specification of rights: boxes with a journal each, the centre's books, what is on its way.

A journal is a word, one letter an entry:

    g  a granted yen has arrived          n  a recall has arrived and there was nothing to give back
    b  a yen was given back to the centre r  heard that the centre was restored from a backup
    p  a yen was paid                     c  a yen in cash was taken in, and may be spent here
    v  a payment was made void            0-9  began again from an old copy of the disk; each such start is different

What the centre says to one life of a unit is a word as well: G grants a yen, R recalls one.
"""

from functools import cache
from typing import Final

import msgspec
from msgspec.structs import replace

UNITS: Final = ("shop", "bus")
NO_COUNTER: Final = -1


class Box(msgspec.Struct, frozen=True, gc=False):
    """A machine with a disk, in one life of a unit.

    Attributes:
        counter: how many entries the counter outside its disk has seen.
        frozen: it found its journal shorter than its counter, and does nothing with money any more.
        put_back, is_copy: what happened to its disk; nobody in the town knows.
        asked: the number of its last request, where requests are numbered in memory; a good unit does not.
    """

    unit: int
    life: int = 1
    journal: str = ""
    counter: int = NO_COUNTER
    frozen: bool = False
    put_back: bool = False
    is_copy: bool = False
    asked: int = 0


class Account(msgspec.Struct, frozen=True, gc=False):
    """What the centre has of one unit, in its present life: what it said, what it heard, what may be spent there."""

    life: int = 1
    lines: str = ""
    held: str = ""
    rights: int = 0
    branched: bool = False  # two journals under one name: nothing more is granted or booked
    asked: int = 0


class Books(msgspec.Struct, frozen=True, gc=False):
    """The centre: what was charged here, and where it is now.

    Attributes:
        suspense: rights of lives that are over; nobody knows whether they were used.
        cash: charged at units, as far as the centre heard.
        fund: put in by the town's fund.
        restored: how often these books were put back from a backup.
        unheard: the units that restored books still have to hear.
    """

    charged: int
    free: int
    accounts: tuple[Account, Account] = (Account(), Account())
    spent: int = 0
    cash: int = 0
    suspense: int = 0
    fund: int = 0
    restored: int = 0
    unheard: frozenset[int] = frozenset()


class Sent(msgspec.Struct, frozen=True, gc=False):
    """A word that is written nowhere any more and may still arrive."""

    unit: int
    life: int
    word: str
    restored: int = 0


class Left(msgspec.Struct, frozen=True, gc=False):
    """How often something may still happen; this is what bounds a search."""

    grants: int = 0
    recalls: int = 0
    payments: int = 0
    voids: int = 0
    cash: int = 0
    cuts: int = 0
    put_back: int = 0
    clones: int = 0
    closings: int = 0
    funds: int = 0
    restores: int = 0


class State(msgspec.Struct, frozen=True, gc=False):
    """Everything.

    Attributes:
        paid, charged: the yen for which people heard a beep.
        adrift: journals that no disk holds any more.
        said: words of the centre that its books do not hold any more.
        copies: (unit, life) for each copy of a disk that could go on spending unnoticed: what that costs is bounded.
        backup: the books as they were kept aside, or None.
    """

    boxes: tuple[Box, ...]
    books: Books
    left: Left
    paid: int = 0
    charged: int = 0
    adrift: tuple[Sent, ...] = ()
    said: tuple[Sent, ...] = ()
    copies: tuple[tuple[int, int], ...] = ()
    backup: Books | None = None


def start(balance: int, left: Left) -> State:
    """Return a town in which a card was charged and nothing has been granted yet."""
    return State((Box(0, counter=0), Box(1)), Books(balance, balance), left, charged=balance)


@cache
def own(journal: str) -> int:
    """Return the yen that a unit may spend, as the fold over its own journal says."""
    count = journal.count
    return count("g") + count("c") + count("v") - count("p") - count("b")


@cache
def applied(journal: str) -> int:
    """Return how many of the centre's lines a journal has taken in: the number that a unit quotes."""
    return sum(journal.count(letter) for letter in "gbn")


def granted(state: State, unit: int, life: int) -> int:
    """Return the yen ever granted to one life of a unit, as far as the centre or anything on its way knows."""
    account = state.books.accounts[unit]
    most = account.lines.count("G") if account.life == life else 0
    for sent in state.said:
        if sent.unit == unit and sent.life == life:
            most = max(most, sent.word.count("G"))
    return most


def with_account(books: Books, unit: int, account: Account) -> Books:
    """Return books with another account for one unit."""
    accounts = books.accounts
    return replace(books, accounts=(account, accounts[1]) if unit == 0 else (accounts[0], account))
