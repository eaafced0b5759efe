"""The one fact of this program: a card was touched at a place."""

from typing import Final

from sync.touches import Touched


class Touch(Touched, frozen=True, tag="visits.touch"):
    """A card was touched at a place."""


KINDS: Final = (Touch,)
"""Every kind of fact that this program writes."""
