"""How a simulated town signs: really in one seed of twenty, and with marks in all others.

A third of a run would be elliptic curves that are the same in every seed. Everything that is signed and checked is so
with marks too, by the very code that does it otherwise; only what stands behind `sign` and `check` is cheaper. Whoever
issues passes marks them; of the residents fewer hold passes, whose own keys sign as well, and more hold tags.
"""

import random
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from drivers.keystore.sim import Driver as Keystore
from drivers.keystore.sim import mark
from sync import chain

REAL_SHARE: Final = 0.05


@dataclass(frozen=True)
class Signatures:
    """How keys sign, and how that is checked."""

    are_real: bool

    def key(self, seed: str) -> Keystore:
        return Keystore(Keystore.Options(seed, marks=not self.are_real))

    @property
    def check(self) -> chain.Check:
        return chain.check_signature if self.are_real else _check_mark

    def issuer(self, seed: str) -> tuple[Keystore, Ed25519PublicKey]:
        """Return the key of somebody who issues passes, and what units know of it."""
        key = self.key(seed)
        public = Ed25519PublicKey.from_public_bytes(key.public)
        return key, public if self.are_real else _MarkedKey(public)


REAL: Final = Signatures(are_real=True)
MARKS: Final = Signatures(are_real=False)


def of_seed(seed: str) -> Signatures:
    """Return how the town of this seed signs."""
    is_real = random.Random(f"{seed}/signatures").random() < REAL_SHARE  # noqa: S311 - to be thrown again
    return REAL if is_real else MARKS


def _check_mark(public: bytes, message: bytes, signature: bytes) -> None:
    if mark(public, message) != signature:
        raise chain.SealError("the mark is not by this key under these bytes")


class _MarkedKey(Ed25519PublicKey):
    """The public key of somebody who marks."""

    def __init__(self, public: Ed25519PublicKey) -> None:
        self._public = public
        self._raw = public.public_bytes_raw()

    def verify(self, signature: Any, data: Any) -> None:
        if mark(self._raw, data) != signature:
            raise InvalidSignature

    def public_bytes(self, encoding: Any, format: Any) -> bytes:  # noqa: A002 - cryptography calls it so
        return self._public.public_bytes(encoding, format)

    def public_bytes_raw(self) -> bytes:
        return self._raw

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _MarkedKey) and other._raw == self._raw

    def __hash__(self) -> int:
        return hash(self._raw)

    def __copy__(self) -> "_MarkedKey":
        return self

    def __deepcopy__(self, _memo: dict[Any, Any]) -> "_MarkedKey":
        return self
