"""The facts of this program: a card was touched at a place; and a month's figures were published, as they then were."""

from typing import Final

import msgspec

from sync.entries import Count, Fact, Ref
from sync.published import PublishedMonth
from sync.touches import Touched


class Touch(Touched, frozen=True, tag="visits.touch"):
    """A card was touched at a place."""


class AgeBand(msgspec.Struct, frozen=True):
    """So many people of one age band; `band`: as `central.residents.ages` names it."""

    band: Ref
    people: Count


class Aged(Fact, frozen=True, tag="visits.aged"):
    """A month of one service at one place by age, as far as it may be shown; said before the month is published.

    Attributes:
        month: as `sync.months` counts them.
        people: of all ages.
        bands: those that may be shown. What is hidden is in no entry.
    """

    month: int
    place: Ref
    service: Ref
    people: Count
    bands: tuple[AgeBand, ...] = ()


class Published(PublishedMonth, frozen=True, tag="visits.published"):
    """The office published what is used in a month.

    Attributes:
        files: of so many residents, who agreed to it, an age was known; None: the month was not counted by age.
    """

    files: Count | None = None


KINDS: Final = (Touch, Aged, Published)
"""Every kind of fact that this program writes."""
