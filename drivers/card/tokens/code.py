"""The envelope of our QR codes: letters that a code packs tightly, around what the town has signed.

`MACHI1:` and then the bytes in base 45 (RFC 9285), whose characters are those of a code's alphanumeric mode, so that 85
bytes make 128 characters and a code of 41 by 41 points. The bytes are a `drivers.card.paper`, printed or a phone's; a
phone adds its own (`phone.py`).
"""

from drivers.card.errors import NotReadableError

PREFIX = "MACHI1:"
_CHARS_MAX = 1024
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_PAIR, _TRIPLET = 2, 3


def to_text(data: bytes) -> str:
    """Pack bytes for a QR code (RFC 9285, 4)."""
    groups = []
    for at in range(0, len(data), _PAIR):
        chunk = data[at : at + _PAIR]
        value, chars = int.from_bytes(chunk, "big"), len(chunk) + 1
        for _ in range(chars):
            value, digit = divmod(value, len(_ALPHABET))
            groups.append(_ALPHABET[digit])
    return PREFIX + "".join(groups)


def from_text(text: str) -> bytes:
    """Unpack what a scanner read.

    Raises:
        NotReadableError: this is no code of ours.
    """
    packed = text.strip("\r\n")
    if not packed.startswith(PREFIX) or len(packed) > _CHARS_MAX:
        raise NotReadableError("no code of ours")
    data = b""
    for at in range(len(PREFIX), len(packed), _TRIPLET):
        digits = [_ALPHABET.find(char) for char in packed[at : at + _TRIPLET]]
        value = sum(digit * len(_ALPHABET) ** place for place, digit in enumerate(digits))
        size = len(digits) - 1
        if -1 in digits or not size or value >= 256**size:
            raise NotReadableError("a code that was read wrong")
        data += value.to_bytes(size, "big")
    return data
