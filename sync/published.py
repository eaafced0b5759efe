"""What the office says when it publishes the figures of a month, whichever program's."""

from sync.entries import Count, Fact, HashHex


class PublishedMonth(Fact, frozen=True):
    """The office published a month: what had arrived before this entry, and nothing that arrived after it.

    Attributes:
        month: as `sync.months` counts them.
        offset_minutes: how far the town's clock was ahead of UTC, by which hours are told.
        smallest: fewer people than these stand in no figure.
        units, complete: at so many units people were served, and so many of these had told everything of the month.
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
