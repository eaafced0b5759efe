"""What a card, a tag or a code has shown: who it is, what that proves, and whether it can be shown again."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from drivers.card.jpki.crl import Revocation
from drivers.card.proofs import Evidence


class Proof(StrEnum):
    """What was shown at this tap. Journals hold these words; there are no others."""

    NONE = "none"  # an identifier was read, which a copy would have too
    CARD = "card"  # a key in the card signed our nonce
    PIN = "pin"  # the same, and its holder knew the PIN
    TOKEN = "token"  # noqa: S105 - a signed code instead of a card; `Fresh` says what a photograph of it is worth


class Fresh(StrEnum):
    """What keeps the same showing from being shown again, from nothing to everything."""

    COPY = "copy"  # nothing: a copy or a photograph does as well
    WINDOW = "window"  # it is good for some seconds, at any number of places
    COUNTER = "counter"  # it counts once at each unit; collected in advance, it is good where it was not seen yet
    NONCE = "nonce"  # it answers what we have just asked: it is here, now


@dataclass(frozen=True)
class Step:
    """A step of the counter in a card, signed for one challenge of ours.

    Fields:
        value: where the counter stands after it.
        presence: the byte in which the card says whether somebody was there.
        signature: r and s, 32 bytes each.
    """

    value: int
    presence: int
    signature: bytes


@dataclass(frozen=True)
class Presented:
    """A card, a tag or a code, identified.

    Fields:
        profile: "pass", "face", "jpki", "u2f", "sun", "felica", "type_a", "printed" or "phone".
        identifier: hexadecimal, the same for the life of the card and different for every profile. Key it with a
            secret of the town before it is stored.
        proof: what was shown.
        evidence: what was signed; None where nothing was.
        issuer: who vouches for it: the pass's issuer reference, or empty.
        expires: its last day, in Japan, or None.
        time_checked: False where nothing vouched for the clock, and so nothing was checked against it.
        revocation: what a list of revoked certificates says, and how old it is; None: no list was asked.
        fresh: what keeps this showing from being shown again.
        counter: a number that only grows, authenticated with the rest; None: there is none. Keep the highest seen of
            each identifier, and hand it back by `Trust.last_counter`.
        steps: what a card with a counter of its own has signed at this touch, one step after the other; or nothing.
    """

    profile: str
    identifier: str
    proof: Proof
    evidence: Evidence | None = None
    issuer: str = ""
    expires: date | None = None
    time_checked: bool = True
    revocation: Revocation | None = None
    fresh: Fresh = Fresh.COPY
    counter: int | None = None
    steps: tuple[Step, ...] = ()
