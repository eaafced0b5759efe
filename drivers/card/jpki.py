"""公的個人認証 (JPKI): the certificate that names a card, and with its PIN a signature that proves it.

The certificate can be read without a PIN, by anybody, and so copied: alone it identifies and proves nothing. Sources:
the card's public readers, OpenSC's JPKI driver (`card-jpki.c`), ISO/IEC 7816-4 and 7816-8.
"""

from enum import StrEnum

from drivers.card import commands, files, pins
from drivers.card.apdu import Status
from drivers.card.channel import Channel
from drivers.card.errors import NotReadableError, PinBlockedError, PinFormatError
from drivers.card.proofs import digest_info
from drivers.card.reading import read_object, read_start, select, select_file

PROOF_PURPOSE = b"machitap/jpki-proof/1"
_LABEL_BYTES = 32
_AVAILABLE = 0x8F
_PIN_DIGITS = 4


class Token(StrEnum):
    """What kind of thing answers to the application's name; only a `CARD` is ever sent a PIN."""

    CARD = "card"  # 個人番号カード
    OLD_CARD = "old_card"  # 住民基本台帳カード
    ANDROID = "android"
    IPHONE = "iphone"
    UNKNOWN = "unknown"


_TOKENS = {
    b"JPKIAPICCTOKEN2": Token.CARD,
    b"JPKIAPICCTOKEN": Token.OLD_CARD,
    b"JPKIAPGPSETOKEN": Token.ANDROID,
    b"JPKIAPIOSTOKEN": Token.IPHONE,
}


def present(channel: Channel) -> bool:
    """Select the application. False: not a My Number Card."""
    return select(channel, files.JPKI)


def token(channel: Channel) -> Token:
    """Read the token's label, the first field of its CK_TOKEN_INFO (PKCS #11, 3.2), padded with spaces."""
    label = read_start(channel, files.TOKEN_INFO, _LABEL_BYTES).rstrip(b" \0")
    return _TOKENS.get(label, Token.UNKNOWN)


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


def pin_tries_left(channel: Channel) -> int | None:
    """Ask how many tries the PIN has left (0 to 3) without spending one; None if the card does not say."""
    _select_pin(channel)
    return pins.tries(channel)


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
    if len(pin) != _PIN_DIGITS or not (pin.isascii() and pin.isdigit()):
        raise PinFormatError
    _select_pin(channel)
    pins.show(channel, pin, spend_last_try=spend_last_try)


def sign(channel: Channel, signed: bytes) -> bytes:
    """Have the authentication key sign, after the PIN (RSASSA-PKCS1-v1_5 with SHA-256).

    Raises:
        NotReadableError: the card did not.
    """
    if not select_file(channel, files.AUTH_KEY):
        raise NotReadableError("this card has no authentication key")
    response = channel.exchange(commands.sign(digest_info(signed), key=commands.CURRENT))
    if response.sw != Status.OK:
        raise NotReadableError(f"the card answered {response.sw:04X} when it should sign")
    return response.data


def _select_pin(channel: Channel) -> None:
    if not select_file(channel, files.AUTH_PIN):
        raise PinBlockedError  # a card that was issued without a PIN (顔認証マイナンバーカード)
