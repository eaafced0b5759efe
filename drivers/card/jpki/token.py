"""What kind of thing answers to the application's name: the token file, EF 0006 (CK_TOKEN_INFO of PKCS #11, 3.2).

The file has 160 bytes, numbers big-endian. Its label tells a card from an old card and from a phone; the rest is for
people. Sources: the card's public readers; OpenSC reads the label only.
"""

from dataclasses import dataclass
from enum import StrEnum

from drivers.card import files
from drivers.card.channel import Channel
from drivers.card.errors import NotReadableError
from drivers.card.reading import read_start

_LABEL_BYTES = 32
_FILE_BYTES = 160
_FLAGS_AT, _PIN_MAX_AT, _PIN_MIN_AT = 96, 116, 120


class Token(StrEnum):
    """What it is; only a `CARD` is ever sent a PIN."""

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


@dataclass(frozen=True)
class TokenInfo:
    """The whole file. `pin_lengths`: the longest and the shortest secret that the token says it takes."""

    kind: Token
    label: str
    manufacturer: str
    model: str
    serial: str
    flags: int
    pin_lengths: tuple[int, int]


def kind_of(label: bytes) -> Token:
    """Name a token by its label, padded with spaces or zeros."""
    return _TOKENS.get(label.rstrip(b" \0"), Token.UNKNOWN)


def token(channel: Channel) -> Token:
    """Read the label only."""
    return kind_of(read_start(channel, files.TOKEN_INFO, _LABEL_BYTES))


def token_info(channel: Channel) -> TokenInfo:
    """Read the whole file.

    Raises:
        NotReadableError: it is shorter than it must be.
    """
    data = read_start(channel, files.TOKEN_INFO, _FILE_BYTES)
    if len(data) < _FILE_BYTES:
        raise NotReadableError(f"a token file of {len(data)} bytes")

    def text(begin: int, end: int) -> str:
        return data[begin:end].rstrip(b" \0").decode("ascii", "replace")

    def number(at: int) -> int:
        return int.from_bytes(data[at : at + 4], "big")

    label, manufacturer, model, serial = (text(*span) for span in ((0, 32), (32, 64), (64, 80), (80, 96)))
    lengths = (number(_PIN_MAX_AT), number(_PIN_MIN_AT))
    return TokenInfo(kind_of(data[:_LABEL_BYTES]), label, manufacturer, model, serial, number(_FLAGS_AT), lengths)
