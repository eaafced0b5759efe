"""The port that a program fills so that residents can look at what they have, and pay, with their own phones.

A program's `resident.py` has `PURSE`. It reads within a transaction of the caller's, and decides in one of its own.
"""

from typing import Final, Protocol

import msgspec
import sqlalchemy as sa

from central.centre import Centre
from sync import installed
from sync.chain import Signer

NUMBER_PATTERN: Final = r"^[0-9a-f]{32}$"


class Line(msgspec.Struct, frozen=True):
    """One thing that happened to the money of a card.

    Attributes:
        entry: its id, for whoever asks the office about it.
        at_ms: when, by the clock of whoever wrote it.
        what: "pay", "charge", "void", "refund", "gift" or "other".
        name, name_en: of the shop or place; "" where there is none.
        yen: what came in; below zero, what went out.
        is_coming: it counts, and the shop's machine has not heard of it yet.
    """

    entry: str
    at_ms: int
    what: str
    name: str
    name_en: str
    yen: int
    is_coming: bool = False


class Away(msgspec.Struct, frozen=True):
    """Money that lies at a machine which has not called for a while: some of it may be spent, and nobody here knows.

    `since_ms`: when it called last; None for never.
    """

    name: str
    name_en: str
    yen: int
    since_ms: int | None


class Sheet(msgspec.Struct, frozen=True):
    """What a resident sees.

    Attributes:
        at_ms: as of when, by the centre.
        usable: all the money of the card. `away`: the part of it that lies at machines out of reach.
        points: what payments have earned.
        lines: what happened last, the newest first.
    """

    at_ms: int
    usable: int
    points: int
    away: tuple[Away, ...]
    lines: tuple[Line, ...]


class Shop(msgspec.Struct, frozen=True):
    """Somebody who can be paid. `in_reach`: a machine of theirs has called in the last minutes, and will say so."""

    place: str
    name: str
    name_en: str
    in_reach: bool


class Bill(msgspec.Struct, frozen=True):
    """What a shop's code asks for. `yen`: None if the payer says how much."""

    shop: Shop
    yen: int | None


class Order(msgspec.Struct, frozen=True):
    """What a resident wants paid.

    Attributes:
        number: drawn by the page for this payment and no other; sent again, it pays nothing again.
        card, phone: whose money, and by which phone.
        yen: how much.
        code: what the shop's code says; or "".
        place: who is paid, where no code was read.
    """

    number: str
    card: str
    phone: str
    yen: int
    code: str = ""
    place: str = ""


class Paid(msgspec.Struct, frozen=True):
    """What became of an order.

    Attributes:
        entry: the payment, or "" while the money is fetched from the machines at which it lies: ask again soon.
        at_ms: when it was written.
        points: what it earned.
        is_heard: the shop's machine has heard of it.
    """

    entry: str
    shop: Shop
    yen: int
    points: int
    at_ms: int
    is_heard: bool = False


class NotPaidError(Exception):
    """This is not paid, and nothing is booked. `why`: which words say so; `values`: numbers in them."""

    def __init__(self, why: str, **values: int | str) -> None:
        self.why = why
        self.values = values
        super().__init__(why)


class Purse(Protocol):
    """One program's money, for its holders."""

    def sheet(self, connection: sa.Connection, card: str, now_ms: int) -> Sheet:
        """Return what the holder of a card sees."""

    def shops(self, connection: sa.Connection, now_ms: int) -> list[Shop]:
        """Return who can be paid, by name."""

    def read(self, connection: sa.Connection, code: str, now_ms: int) -> Bill:
        """Return what a shop's code asks for.

        Raises:
            NotPaidError: nothing can be paid by it.
        """

    def pay(self, centre: Centre, order: Order) -> Paid:
        """Pay, once for each number.

        Raises:
            NotPaidError: nothing was booked.
        """

    def paid(self, centre: Centre, phone: str, number: str) -> Paid:
        """Return the payment that a phone made under a number.

        Raises:
            NotPaidError: there is none.
        """

    def paper(self, number: bytes, key: bytes, issuer: str, signer: Signer, now_ms: int) -> bytes:
        """Return what the town signs about a phone's key, so that units believe the codes that the phone shows."""


def purse() -> Purse | None:
    """Return the purse of the first installed program that has one."""
    found = (module.PURSE for module in installed.parts("resident").values() if hasattr(module, "PURSE"))
    return next(found, None)
