"""The facts of this program: a card was touched at a place; and a month's figures were published, as they then were."""

from typing import Final

from sync.entries import Count, Fact, HashHex
from sync.touches import Touched


class Touch(Touched, frozen=True, tag="visits.touch"):
    """A card was touched at a place."""


class Published(Fact, frozen=True, tag="visits.published"):
    """The office published a month: what had arrived before this entry, and nothing that arrived after it.

    Attributes:
        month: as `sync.months` counts them.
        offset_minutes: how far the town's clock was ahead of UTC, by which hours are told.
        smallest: fewer people than these stand in no figure.
        units, complete: at so many units people touch, and so many of these had told everything of the month.
        missing: so many entries of the others were known to be waiting.
        sha256: of the document, to the byte.
    """

    month: int
    offset_minutes: int
    smallest: Count
    units: Count
    complete: Count
    missing: Count
    sha256: HashHex


KINDS: Final = (Touch, Published)
"""Every kind of fact that this program writes."""
