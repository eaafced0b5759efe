"""Steps: what the counter in a card has signed at a touch, and how anybody can check it who knows the card's key.

A card with a counter of its own (FIDO U2F raw messages 1.2, section 5) raises it with every signature, and signs where
it stands together with a challenge of ours. The challenge is made of dice, of the unit, and of what its counter was set
to; so what was signed for one payment says nothing for another one, or at another unit. Entries carry all of it: who
has a unit and its key, and not the card, can make up no step.

Arithmetic only. `drivers/card/u2f.py` asks the card, in the same words; a test holds the two together.
"""

import base64
import hashlib
import itertools
from abc import abstractmethod
from typing import Annotated, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from sync.entries import Card, Count, Fact, HashHex

COUNTER_MAX: Final = 2**32 - 1
STEPS_MAX: Final = 8
_PARAMETER: Final = hashlib.sha256(b"machitap/counter/1").digest()
_STEP: Final = b"machitap/card-step/1\0"
_TOUCH: Final = b"machitap/touch/1\0"
_HALF: Final = 32  # bytes of r, and of s

Signature = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9+/]{86}==$")]


class Step(msgspec.Struct, frozen=True):
    """One step: where the counter stands after it, the byte about presence, r and s (64 bytes, base64)."""

    value: Annotated[int, msgspec.Meta(ge=0, le=COUNTER_MAX)]
    presence: Annotated[int, msgspec.Meta(ge=0, le=255)]
    signature: Signature


class Steps(msgspec.Struct, frozen=True):
    """What a card has signed at one touch.

    Attributes:
        dice: what the unit threw for it (32 bytes, hex).
        asked: the amount that its counter was set to; 0 for none.
        made: one step after the other.
    """

    dice: HashHex
    asked: Count
    made: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1, max_length=STEPS_MAX)]

    @property
    def values(self) -> tuple[int, ...]:
        return tuple(step.value for step in self.made)


class Counted(Fact, frozen=True):
    """A fact that says what became of some steps of a card: once it is known, they are no riddle any more."""

    @property
    @abstractmethod
    def counted(self) -> tuple[str, Steps]:
        """Return whose steps they are, and which."""


class Stepped(Counted, frozen=True, tag="card.stepped"):
    """A card has counted at a touch at which nothing was paid by it."""

    card: Card
    steps: Steps

    @property
    def counted(self) -> tuple[str, Steps]:
        return self.card, self.steps


def nonce(dice: bytes, unit: str, asked: int) -> bytes:
    """Return the nonce of a touch: it names the unit, and what its counter is set to."""
    return hashlib.sha256(_TOUCH + dice + f"{unit}/{asked}".encode()).digest()


def hold(steps: Steps, unit: str, key: bytes) -> bool:
    """Tell whether a card's key (DER SubjectPublicKeyInfo) has signed every one of these steps, at that unit."""
    try:
        public = load_der_public_key(key)
    except ValueError:
        return False
    values, fresh = steps.values, nonce(bytes.fromhex(steps.dice), unit, steps.asked)
    is_rising = all(one < other for one, other in itertools.pairwise(values))
    return (
        isinstance(public, EllipticCurvePublicKey)
        and is_rising
        and all(_holds(public, step, fresh, number) for number, step in enumerate(steps.made))
    )


def _holds(public: EllipticCurvePublicKey, step: Step, fresh: bytes, number: int) -> bool:
    challenge = hashlib.sha256(_STEP + fresh + bytes((number,))).digest()
    signed = _PARAMETER + bytes((step.presence,)) + step.value.to_bytes(4, "big") + challenge
    raw = base64.b64decode(step.signature)
    r, s = (int.from_bytes(half, "big") for half in (raw[:_HALF], raw[_HALF:]))
    try:
        public.verify(encode_dss_signature(r, s), signed, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
