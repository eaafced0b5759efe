"""The card's pseudonym: what a journal calls a card, so that it names neither a person nor a serial number."""

import hmac

CARD_BYTES = 16
PIN = "pin"  # the profile under which a card's identifier is turned into a secret; never a card's name
COUNTER = "u2f"  # the profile of cards with a counter of their own
INDEX = "index"  # the profile under which a card's own index is turned into a pseudonym; never a card's name


def pin_secret(town_card_key: bytes, profile: str, identifier: str) -> str:
    """Return what it takes to try a PIN besides the PIN (64 hex digits): only who has read the card can make it.

    It is kept nowhere. Who has the town's key, from a stolen disk, still has to guess the identifier.
    """
    message = b"\0".join((PIN.encode(), profile.encode(), identifier.encode()))
    return hmac.digest(town_card_key, message, "sha256").hex()


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
    return hmac.digest(town_card_key, message, "sha256")[:CARD_BYTES].hex()
