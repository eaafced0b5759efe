"""What other programs may read of an entry, whatever it was for: a touch, a payment, what was counted on a day.

Programs do not know each other; they meet in the journal. A program whose fact is such a thing makes it one of the
kinds below, and whoever counts touches (points do) reads all of them alike. A fact whose kind has fields of its own for
it says them by a property, and so keeps its bytes. Arithmetic only.
"""

import functools
from abc import abstractmethod
from typing import Self

import msgspec

from sync.entries import Card, Entry, Fact, Ref, kind_of


def service_of(fact: Fact | type[Fact]) -> str:
    """Return what an entry was for: the name of the program that wrote it."""
    return _service(fact if isinstance(fact, type) else type(fact))


@functools.cache
def _service(kind: type[Fact]) -> str:
    return kind_of(kind).partition(".")[0]


class Touched(Fact, frozen=True):
    """A card was touched at a place. A kind that adds fields gives them defaults.

    Attributes:
        day: days since 1970-01-01 by the town's calendar, as the unit saw it.
        proof: what the card proved: "none", "card", "pin" or "token".
    """

    card: Card
    place: Ref
    day: int
    proof: str

    @property
    def service(self) -> str:
        """What the touch was for: the name of the program that wrote it."""
        return service_of(self)


class Paid(msgspec.Struct, frozen=True):
    """So much (yen) was paid with a card at a place on a day of the town's calendar."""

    card: str
    place: str
    day: int
    yen: int


class PaidBack(msgspec.Struct, frozen=True):
    """So much (yen) of an earlier payment is the card's again.

    `of`: its entry, as unit/boot/seq, or as boot/seq if the same writer wrote it.
    """

    card: str
    of: str
    yen: int


class Measure(msgspec.Struct, frozen=True):
    """What a source (`by`) counted of a person on a day. Its last word counts; of several sources, the largest does.

    `count` is 0 where what it said is struck out.
    """

    card: str
    day: int
    by: str
    count: int


class Sampled(Fact, frozen=True):
    """A fact that can give an example of itself, from which the laws of whoever reads it invent more."""

    @classmethod
    @abstractmethod
    def sample(cls) -> Self:
        """Return one that could be written."""


class Paying(Sampled, frozen=True):
    """Something was paid with a card."""

    @abstractmethod
    def paid(self, writer: str) -> Paid:
        """Return what was paid, if it stands in the journal of this writer; ¥0, if it moves nothing there."""


class PayingBack(Sampled, frozen=True):
    """Some of a payment is given back, or all of it."""

    @property
    @abstractmethod
    def paid_back(self) -> PaidBack:
        """Return what is given back, and of which payment."""


class Measuring(Sampled, frozen=True):
    """Something was counted of a person over a day: steps."""

    @property
    @abstractmethod
    def measure(self) -> Measure:
        """Return what was counted, and by which source."""


def card_of(entry: Entry) -> str:
    """Return whose card an entry of one of these kinds is about; "" for every other."""
    match entry.fact:
        case Touched(card=card):
            return card
        case Paying() as fact:
            return fact.paid(entry.unit).card
        case PayingBack() as fact:
            return fact.paid_back.card
        case Measuring() as fact:
            return fact.measure.card
        case _:
            return ""
