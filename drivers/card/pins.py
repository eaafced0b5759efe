"""Showing a card a secret, with its counter in mind: each wrong try counts on the card, and the last one locks it.

The secret's file is named by its short identifier in VERIFY itself (ISO/IEC 7816-4, 11.5.6), which saves selecting it.
That is a short cut and no more: unless a card answers it with two tries or more, the file is selected and asked in the
way that every reader of this card uses, and that answer counts. A secret goes to the very reference whose counter was
asked just before. Nothing here ever tries twice.
"""

import contextlib
from collections.abc import Iterator

from drivers.card import commands
from drivers.card.apdu import tries_left
from drivers.card.channel import Channel
from drivers.card.commands import CURRENT
from drivers.card.errors import CardError, NotReadableError, PinBlockedError, PinLastTryError, PinWrongError
from drivers.card.files import Application
from drivers.card.reading import select, select_file
from drivers.reader import ReaderError

_SURELY = 2  # so many tries are left that one may be spent without asking anybody


def tries(channel: Channel, file: int) -> int | None:
    """Ask how many tries a secret has left (0 to 15) without spending one; None if the card does not say.

    0 also stands for a card that was issued without this secret (顔認証マイナンバーカード).
    """
    return _asked(channel, file)[1]


def show(channel: Channel, file: int, secret: str, *, spend_last_try: bool = False) -> None:
    """Show the secret, once, if at least two tries are left (or one, and a person has said that it may be spent).

    Raises:
        PinWrongError, PinLastTryError, PinBlockedError: as they say.
        NotReadableError: the card said something else; after the secret was sent, a try may be gone.
    """
    reference, left = _asked(channel, file)
    if left is None:
        raise NotReadableError("the card does not say how many tries are left; none was spent")
    if left == 0:
        raise PinBlockedError
    if left == 1 and not spend_last_try:
        raise PinLastTryError
    response = channel.exchange(commands.verify(secret, reference))
    if response.ok:
        return
    left = tries_left(response.sw)
    if left is None:
        raise NotReadableError(f"the card answered {response.sw:04X} to a secret")
    if left == 0:
        raise PinBlockedError
    raise PinWrongError(left)


@contextlib.contextmanager
def shown(
    channel: Channel, file: int, secret: str, *, spend_last_try: bool = False, until: Application
) -> Iterator[None]:
    """Show the secret, and at the end select `until`, so that the card forgets it.

    Losing power does that as well. But if this process died in between, the card would lie there open until somebody
    takes it away: a reset alone does not close it.

    Raises:
        As `show`.
    """
    try:
        show(channel, file, secret, spend_last_try=spend_last_try)
        yield
    finally:
        with contextlib.suppress(CardError, ReaderError):
            select(channel, until)


def _asked(channel: Channel, file: int) -> tuple[int, int | None]:
    """Return by which reference the secret can be shown, and how many tries it has left."""
    by_short_id = CURRENT | file
    left = tries_left(channel.exchange(commands.ask_tries(by_short_id)).sw)
    if left is not None and left >= _SURELY:
        return by_short_id, left
    if not select_file(channel, file):
        return CURRENT, 0
    return CURRENT, tries_left(channel.exchange(commands.ask_tries(CURRENT)).sw)
