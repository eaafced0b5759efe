"""The card's pseudonym: what a journal calls a card, so that it names neither a person nor a serial number."""

import hashlib
import hmac

CARD_BYTES = 16
INDEX = "index"  # the profile under which a card's own index is turned into a pseudonym; never a card's name


def pseudonym(town_card_key: bytes, profile: str, identifier: str) -> str:
    """Return the card's name in this town, 32 hex digits.

    The first 16 bytes of HMAC-SHA256 over profile and identifier: the same card has another name in another town,
    and nobody without the town's key can find the card that belongs to a name, or the other way round.

    Args:
        town_card_key: the town's secret for this purpose, 32 bytes.
        profile: how the card was identified ("pass", "face", …); identifiers of two profiles never mix.
        identifier: what the card said it is.
    """
    message = profile.encode() + b"\0" + identifier.encode()
    return hmac.new(town_card_key, message, hashlib.sha256).digest()[:CARD_BYTES].hex()
