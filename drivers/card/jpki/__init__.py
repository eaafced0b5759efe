"""公的個人認証 (JPKI): two certificates that name a card and its holder, and two keys that sign behind two secrets.

The authentication certificate can be read without a PIN, by anybody, and so copied: alone it identifies and proves
nothing. With its PIN the card signs, and that proves it. The signing certificate, with name and address, and its key
open only to the holder's password (`drivers/card/signing.py`), at a desk. Sources: the card's public readers, OpenSC's
JPKI driver (`card-jpki.c`), ISO/IEC 7816-4 and 7816-8.
"""

from dataclasses import dataclass

from drivers.card import commands, files, pins
from drivers.card.apdu import Status
from drivers.card.channel import Channel
from drivers.card.errors import NotReadableError, PinBlockedError, PinFormatError
from drivers.card.files import Use
from drivers.card.jpki.token import Token, TokenInfo, token, token_info
from drivers.card.proofs import digest_info
from drivers.card.reading import read_object, read_start, select, select_file

__all__ = [
    "PROOF_PURPOSE",
    "PinStates",
    "Token",
    "TokenInfo",
    "authorities",
    "certificate",
    "certificates_present",
    "pin_states",
    "pin_tries_left",
    "present",
    "sign",
    "token",
    "token_info",
    "verify_pin",
]

PROOF_PURPOSE = b"machitap/jpki-proof/1"
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


def certificate(channel: Channel) -> bytes:
    """Read the authentication certificate (DER); no PIN is needed.

    Raises:
        NotReadableError: there is none, or it cannot be read.
    """
    return read_object(channel, files.AUTH_CERTIFICATE)


def authorities(channel: Channel) -> tuple[bytes, bytes]:
    """Read what the card says its two authorities are (DER): of the authentication and of the signing certificate.

    To be shown, never to be believed; whom to believe is in `Trust`. The channel is a desk's.
    """
    return read_object(channel, files.AUTH_AUTHORITY), read_object(channel, files.SIGN_AUTHORITY)


def pin_tries_left(channel: Channel) -> int | None:
    """Ask how many tries the PIN has left (0 to 3) without spending one; None if the card does not say."""
    select_secret(channel, files.AUTH_PIN)
    return pins.tries(channel)


def pin_states(channel: Channel) -> PinStates:
    """Ask for the tries of both secrets without spending one. The channel is a desk's."""

    def left(file: int) -> int | None:
        return pins.tries(channel) if select_file(channel, file) else 0

    return PinStates(left(files.AUTH_PIN), left(files.SIGN_PASSWORD))


def verify_pin(channel: Channel, pin: str, *, spend_last_try: bool = False) -> None:
    """Show the card its PIN.

    Args:
        channel: with the application selected.
        pin: four digits; anything else is refused here, so that no try is spent.
        spend_last_try: a person has said that the last try may be spent.

    Raises:
        PinFormatError, PinWrongError, PinLastTryError, PinBlockedError: as they say.
        NotReadableError: the card answered something else; a try may have been spent.
    """
    if not Use.PIN.takes(pin.encode()):
        raise PinFormatError
    select_secret(channel, files.AUTH_PIN)
    pins.show(channel, pin, spend_last_try=spend_last_try)


def sign(channel: Channel, signed: bytes, key: int = files.AUTH_KEY) -> bytes:
    """Have a key sign, after its secret (RSASSA-PKCS1-v1_5 with SHA-256).

    Raises:
        NotReadableError: the card did not.
    """
    if not select_file(channel, key):
        raise NotReadableError("this card has no such key")
    response = channel.exchange(commands.sign(digest_info(signed), key=commands.CURRENT))
    if response.sw != Status.OK:
        raise NotReadableError(f"the card answered {response.sw:04X} when it should sign")
    return response.data


def select_secret(channel: Channel, file: int) -> None:
    """Make a secret's file current.

    Raises:
        PinBlockedError: a card that was issued without it (顔認証マイナンバーカード).
    """
    if not select_file(channel, file):
        raise PinBlockedError
