"""What the office says when it publishes how coin goes round in a month."""

from typing import Annotated, Final

import msgspec

from sync.published import PublishedMonth


class Published(PublishedMonth, frozen=True, tag="coin.published"):
    """The office published who paid when in a month.

    Attributes:
        percent: nobody can tell what one shop took in to within so much of it (`dominance`).
    """

    percent: Annotated[int, msgspec.Meta(ge=1, le=100)]


KINDS: Final = (Published,)
