"""How a simulated town signs: really in one seed of twenty, and with marks in all others.

A third of a run would be elliptic curves that are the same in every seed. Everything that is signed and checked is so
with marks too, by the very code that does it otherwise; only what stands behind `sign` and `check` is cheaper, and of
the residents fewer hold passes, whose keys sign as well, and more hold tags.
"""

import random
from dataclasses import dataclass
from typing import Final

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


REAL: Final = Signatures(are_real=True)
MARKS: Final = Signatures(are_real=False)


def of_seed(seed: str) -> Signatures:
    """Return how the town of this seed signs."""
    is_real = random.Random(f"{seed}/signatures").random() < REAL_SHARE  # noqa: S311 - to be thrown again
    return REAL if is_real else MARKS


def _check_mark(public: bytes, message: bytes, signature: bytes) -> None:
    if mark(public, message) != signature:
        raise chain.SealError("the mark is not by this key under these bytes")
