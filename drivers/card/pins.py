"""Showing a card a secret, with its counter in mind: each wrong try counts on the card, and the last one locks it.

Works on the secret's file that is current (ISO/IEC 7816-4, 11.5.6). Nothing here ever tries twice.
"""

from drivers.card import commands
from drivers.card.apdu import tries_left
from drivers.card.channel import Channel
from drivers.card.errors import NotReadableError, PinBlockedError, PinLastTryError, PinWrongError


def tries(channel: Channel) -> int | None:
    """Ask how many tries are left (0 to 15) without spending one; None if the card does not say.

    A VERIFY without a secret is a question.
    """
    return tries_left(channel.exchange(commands.ask_tries()).sw)


def show(channel: Channel, digits: str, *, spend_last_try: bool = False) -> None:
    """Show the secret, once, if at least two tries are left (or one, and a person has said that it may be spent).

    Raises:
        PinWrongError, PinLastTryError, PinBlockedError: as they say.
        NotReadableError: the card said something else; after the secret was sent, a try may be gone.
    """
    left = tries(channel)
    if left is None:
        raise NotReadableError("the card does not say how many tries are left; none was spent")
    if left == 0:
        raise PinBlockedError
    if left == 1 and not spend_last_try:
        raise PinLastTryError
    response = channel.exchange(commands.verify(digits))
    if response.ok:
        return
    left = tries_left(response.sw)
    if left is None:
        raise NotReadableError(f"the card answered {response.sw:04X} to a secret")
    if left == 0:
        raise PinBlockedError
    raise PinWrongError(left)
