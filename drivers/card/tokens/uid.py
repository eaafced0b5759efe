"""Numbers that answer in the air: the UID of a tag of type A, the IDm of a FeliCa card. They prove nothing at all.

The reader gives them out by itself (PC/SC part 3, 3.2.2.1.3). A My Number Card answers with four bytes that may be
drawn anew each time, and so do other cards; so four bytes are taken from a storage tag only, and never such that begin
with 08, which is the mark of a number drawn at random (ISO/IEC 14443-3, 6.5.4).
"""

from drivers.card import commands
from drivers.card.channel import Channel

_STORAGE_CARD = bytes.fromhex("A000000306")  # PC/SC's own name in the historical bytes (part 3, 3.1.3.2.3)
_TYPE_A, _FELICA = 0x03, 0x11  # the standard, in the byte that follows
_SINGLE, _DOUBLE, _TRIPLE, _IDM = 4, 7, 10, 8
_RANDOM = 0x08


def standard(atr: bytes) -> str:
    """Return "felica", "type_a", or "" for whatever is no storage tag, by the ATR that a PC/SC reader makes up."""
    at = atr.find(_STORAGE_CARD) + len(_STORAGE_CARD)
    if at < len(_STORAGE_CARD) or at >= len(atr):
        return ""
    return {_TYPE_A: "type_a", _FELICA: "felica"}.get(atr[at], "")


def of_a_chip(channel: Channel) -> str | None:
    """Return the number of a chip of type A that has one of its own, or None: it is no chip, or draws a new one."""
    return read(channel, "type_a") if not standard(channel.atr) else None


def read(channel: Channel, profile: str) -> str | None:
    """Return the number in hexadecimal, or None if this is nothing of the kind. `profile`: "felica" or "type_a"."""
    found = standard(channel.atr)
    if found not in {"", profile} or (profile == "felica" and not found):
        return None
    response = channel.exchange(commands.get_uid())
    number = response.data
    if not response.ok or not any(number):
        return None
    if profile == "felica":
        fits = len(number) == _IDM
    else:
        is_single = len(number) == _SINGLE and found == "type_a" and number[0] != _RANDOM
        fits = is_single or len(number) in {_DOUBLE, _TRIPLE}
    return number.hex() if fits else None
