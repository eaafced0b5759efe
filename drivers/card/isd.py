"""The card manager (GlobalPlatform's issuer security domain): the card's number and last day, free to anybody.

For looking a card up, and for nothing else: whoever has read it once can show it again, it proves no card, and it can
be used to follow a person about. So the number does not leave this file; the index is a hash of it, and is keyed by the
town before it is kept, like the other one (`drivers.card.common`). Objects as public readers of the card found them.
"""

import hashlib
from dataclasses import dataclass
from datetime import date

from drivers.card import commands, files
from drivers.card.apdu import Status
from drivers.card.channel import Channel
from drivers.card.errors import NotReadableError
from drivers.card.reading import select
from drivers.card.validity import parse_day

_PURPOSE = b"machitap/card-manager-index/1\0"
_MUNICIPALITY_DIGITS = 5


@dataclass(frozen=True)
class ManagerRecord:
    """What it says. `index`: SHA-256 over our purpose and the number; proves nothing. None: the card does not say."""

    index: str
    municipality: str | None
    expires: date | None


def read(channel: Channel) -> ManagerRecord | None:
    """Select the card manager and read its objects; None if there is none, or it does not say its number.

    The channel is a desk's (`allowed=files.DESK`).

    Raises:
        NotReadableError: it says something that makes no sense.
    """
    if not select(channel, files.MANAGER):
        return None
    number = _object(channel, files.CARD_NUMBER)
    if not number:
        return None
    municipality, expires = _object(channel, files.MUNICIPALITY), _object(channel, files.EXPIRY)
    if municipality is not None and not (len(municipality) == _MUNICIPALITY_DIGITS and municipality.isdigit()):
        raise NotReadableError("the card manager's municipality is none")
    try:
        day = None if expires is None else parse_day(expires)
    except ValueError as error:
        raise NotReadableError(f"the card manager's last day: {error}") from error
    return ManagerRecord(
        hashlib.sha256(_PURPOSE + number).hexdigest(), None if municipality is None else municipality.decode(), day
    )


def _object(channel: Channel, tag: int) -> bytes | None:
    response = channel.exchange(commands.get_data(tag))
    if response.sw == Status.REFERENCE_NOT_FOUND:
        return None
    if response.sw != Status.OK:
        raise NotReadableError(f"asking the card manager for {tag:04X}: {response.sw:04X}")
    return response.data
