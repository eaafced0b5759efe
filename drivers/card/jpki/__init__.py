"""公的個人認証 (JPKI): two certificates that name a card and its holder, and two keys that sign behind two secrets.

The authentication certificate can be read without a PIN, by anybody, and so copied: alone it identifies and proves
nothing. With its PIN the card signs, and that proves it. The signing certificate, with name and address, and its key
open only to the holder's password (`drivers/card/signing.py`), at a desk. Sources: the card's public readers, OpenSC's
JPKI driver (`card-jpki.c`), ISO/IEC 7816-4 and 7816-8.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from drivers.card import commands, files, pins
from drivers.card.apdu import Status
from drivers.card.channel import Channel
from drivers.card.errors import NotReadableError, PinFormatError
from drivers.card.files import Use
from drivers.card.jpki.token import Token, TokenInfo, token, token_info
from drivers.card.proofs import digest_info
from drivers.card.reading import SHORT_OFFSET_MAX, read_object, read_start, select, select_file

__all__ = [
    "BEGINNING_BYTES",
    "PROOF_PURPOSE",
    "PinStates",
    "Token",
    "TokenInfo",
    "authorities",
    "certificate",
    "certificates_present",
    "pin_shown",
    "pin_states",
    "present",
    "sign",
    "token",
    "token_info",
]

PROOF_PURPOSE = b"machitap/jpki-proof/1"
BEGINNING_BYTES = SHORT_OFFSET_MAX  # so that it can be read on after another file was read
_AVAILABLE = 0x8F


@dataclass(frozen=True)
class PinStates:
    """How many tries are left: of the authentication PIN (3 at most) and of the signing password (5 at most).

    0: blocked, or a card that was issued without one (顔認証マイナンバーカード). None: the card does not say.
    """

    authentication: int | None
    signing: int | None


def present(channel: Channel) -> bool:
    """Select the application. False: not a My Number Card."""
    return select(channel, files.JPKI)


def certificates_present(channel: Channel) -> tuple[bool, bool]:
    """Tell whether the card holds a signing and an authentication certificate."""
    flags = read_start(channel, files.CERTIFICATES_PRESENT, 3)
    if len(flags) < 2:  # noqa: PLR2004 - one byte each
        raise NotReadableError("the list of certificates is cut short")
    return flags[0] == _AVAILABLE, flags[1] == _AVAILABLE


def certificate(channel: Channel, known: Callable[[bytes], bytes | None] | None = None) -> bytes:
    """Read the authentication certificate (DER); no PIN is needed.

    `known`: finds one that was read before by its first `BEGINNING_BYTES`. They hold its number, its days and its
    holder's number, so no two begin alike.

    Raises:
        NotReadableError: there is none, or it cannot be read.
    """
    return read_object(channel, files.AUTH_CERTIFICATE, first=BEGINNING_BYTES, known=known)


def authorities(channel: Channel) -> tuple[bytes, bytes]:
    """Read what the card says its two authorities are (DER): of the authentication and of the signing certificate.

    To be shown, never to be believed; whom to believe is in `Trust`. The channel is a desk's.
    """
    return read_object(channel, files.AUTH_AUTHORITY), read_object(channel, files.SIGN_AUTHORITY)


def pin_states(channel: Channel) -> PinStates:
    """Ask for the tries of both secrets without spending one. The channel is a desk's."""
    return PinStates(pins.tries(channel, files.AUTH_PIN), pins.tries(channel, files.SIGN_PASSWORD))


def pin_shown(channel: Channel, pin: str, *, spend_last_try: bool = False) -> AbstractContextManager[None]:
    """Show the card its PIN, with the application selected; at the end the card forgets it.

    Args:
        channel: with the application selected.
        pin: four digits; anything else is refused here, so that no try is spent.
        spend_last_try: a person has said that the last try may be spent.

    Raises:
        PinFormatError: these are no four digits.
        As `drivers.card.pins.show`: when it is entered.
    """
    if not Use.PIN.takes(pin.encode()):
        raise PinFormatError
    return pins.shown(channel, files.AUTH_PIN, pin, spend_last_try=spend_last_try, until=files.JPKI)


def sign(channel: Channel, signed: bytes, key: int = files.AUTH_KEY) -> bytes:
    """Have a key sign, after its secret (RSASSA-PKCS1-v1_5 with SHA-256).

    It is named by its short identifier; a card that does not take that gets the SELECT.

    Raises:
        NotReadableError: the card did not.
    """
    said = digest_info(signed)
    response = channel.exchange(commands.sign(said, key=commands.CURRENT | key))
    if response.sw != Status.OK and select_file(channel, key):
        response = channel.exchange(commands.sign(said, key=commands.CURRENT))
    if response.sw != Status.OK:
        raise NotReadableError(f"the card answered {response.sw:04X} when it should sign")
    return response.data
