"""The card: one thing upwards, `identify`, which says who a card is and what it has proven; one file per application.

    presented = identify(field, nonce, trust, now)

Everything that is sent to a card passes a gate with an allow-list of applications and files (`files.py`, `gate.py`).
The 12-digit 個人番号 is on none of them. `sim/` is the virtual card.
"""

from drivers.card.channel import Exchange
from drivers.card.errors import (
    CardError,
    ClockDoubtError,
    ExpiredCardError,
    ForgedCardError,
    NotReadableError,
    NotTakenError,
    OtherCardError,
    PinBlockedError,
    PinError,
    PinFormatError,
    PinLastTryError,
    PinWrongError,
    RevokedCardError,
    StaleCodeError,
    TerminalRefusedError,
    UnknownCardError,
    UnknownIssuerError,
)
from drivers.card.identify import identify, identify_code
from drivers.card.presented import Fresh, Presented, Proof
from drivers.card.proofs import Evidence
from drivers.card.service_pass import PassProfile
from drivers.card.trust import Trust, TrustError

__all__ = [
    "CardError",
    "ClockDoubtError",
    "Evidence",
    "Exchange",
    "ExpiredCardError",
    "ForgedCardError",
    "Fresh",
    "NotReadableError",
    "NotTakenError",
    "OtherCardError",
    "PassProfile",
    "PinBlockedError",
    "PinError",
    "PinFormatError",
    "PinLastTryError",
    "PinWrongError",
    "Presented",
    "Proof",
    "RevokedCardError",
    "StaleCodeError",
    "TerminalRefusedError",
    "Trust",
    "TrustError",
    "UnknownCardError",
    "UnknownIssuerError",
    "identify",
    "identify_code",
]
