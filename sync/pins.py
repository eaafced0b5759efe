"""A PIN as it may be kept: salted, and slow to try. Arithmetic only.

Slow is not safe: a PIN of four digits has ten thousand values, and whoever holds what is kept here tries them all
within minutes. It keeps a PIN from being read off a disk by chance, and from being looked up in a list;
`docs/counter.md` says what a stolen disk gives away, and what to do then.
"""

from itertools import pairwise
from typing import Annotated, Final

import msgspec
from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

DIGITS_MIN: Final = 4
DIGITS_MAX: Final = 8
SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32
_COST: Final = 2**14  # with the blocks below: 16 MiB and a twentieth of a second on a PC, a fifth on a small board
_BLOCKS: Final = 8

Hex16 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$")]
Hex32 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class KeptPin(msgspec.Struct, frozen=True):
    """What is kept of a PIN (RFC 7914, N=16384, r=8, p=1)."""

    salt: Hex16
    hash: Hex32


def is_pin(text: str) -> bool:
    """Whether this can be a PIN at all: four to eight digits."""
    return DIGITS_MIN <= len(text) <= DIGITS_MAX and text.isascii() and text.isdigit()


def is_easy(pin: str) -> bool:
    """Whether it is one of those that are tried first: all the same, or all in a row."""
    steps = {int(after) - int(before) for before, after in pairwise(pin)}
    return steps in ({0}, {1}, {-1})


def keep(pin: str, salt: bytes, secret: str = "") -> KeptPin:
    """Return what is kept of a PIN.

    Args:
        secret: something that is there whenever the PIN is tried, and is kept nowhere; or "".
    """
    return KeptPin(salt.hex(), _derived(pin, salt, secret).hex())


def matches(pin: str, kept: KeptPin, secret: str = "") -> bool:
    """Whether this is the PIN of which that was kept."""
    return is_pin(pin) and bytes_eq(_derived(pin, bytes.fromhex(kept.salt), secret), bytes.fromhex(kept.hash))


def _derived(pin: str, salt: bytes, secret: str) -> bytes:
    return Scrypt(salt=salt + secret.encode(), length=_HASH_BYTES, n=_COST, r=_BLOCKS, p=1).derive(pin.encode())
