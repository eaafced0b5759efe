"""The facts of this program: a card was touched at a place; and a month's figures were published, as they then were."""

from typing import Final

import msgspec

from sync.entries import Count, Fact, HashHex, Ref
from sync.touches import Touched


class Touch(Touched, frozen=True, tag="visits.touch"):
    """A card was touched at a place."""


class AgeBand(msgspec.Struct, frozen=True):
    """Visits of one age band, and of how many people; `band`: as `central.residents.ages` names it."""

    band: Ref
    visits: Count
    people: Count


class Aged(Fact, frozen=True, tag="visits.aged"):
    """A month of one service at one place by age, as far as it may be shown; said before the month is published.

    Attributes:
        month: as `sync.months` counts them.
        visits, people: of all ages.
        bands: those that may be shown. What is hidden is in no entry.
    """

    month: int
    place: Ref
    service: Ref
    visits: Count
    people: Count
    bands: tuple[AgeBand, ...] = ()


class Published(Fact, frozen=True, tag="visits.published"):
    """The office published a month: what had arrived before this entry, and nothing that arrived after it.

    Attributes:
        month: as `sync.months` counts them.
        offset_minutes: how far the town's clock was ahead of UTC, by which hours are told.
        smallest: fewer people than these stand in no figure.
        units, complete: at so many units people touch, and so many of these had told everything of the month.
        missing: so many entries of the others were known to be waiting.
        sha256: of the document, to the byte.
        files: of so many residents, who agreed to it, an age was known; None: the month was not counted by age.
    """

    month: int
    offset_minutes: int
    smallest: Count
    units: Count
    complete: Count
    missing: Count
    sha256: HashHex
    files: Count | None = None


KINDS: Final = (Touch, Aged, Published)
"""Every kind of fact that this program writes."""
