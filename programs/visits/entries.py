"""The facts of this program: a card was touched at a place; and a month's figures were published, as they then were."""

from typing import Final

from sync.published import PublishedMonth
from sync.touches import Touched


class Touch(Touched, frozen=True, tag="visits.touch"):
    """A card was touched at a place."""


class Published(PublishedMonth, frozen=True, tag="visits.published"):
    """The office published what is used in a month."""


KINDS: Final = (Touch, Published)
"""Every kind of fact that this program writes."""
