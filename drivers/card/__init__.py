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
    PresenceError,
    RevokedCardError,
    StaleCodeError,
    TerminalRefusedError,
    TurnedBackError,
    UnknownCardError,
    UnknownIssuerError,
)
from drivers.card.identify import identify, identify_code
from drivers.card.presented import Fresh, Presented, Proof, Step
from drivers.card.proofs import Evidence
from drivers.card.service_pass import PassProfile
from drivers.card.trust import COUNTER_PROFILE, Trust, TrustError
from drivers.card.u2f import STEPS_MAX, CounterKey

__all__ = [
    "COUNTER_PROFILE",
    "STEPS_MAX",
    "CardError",
    "ClockDoubtError",
    "CounterKey",
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
    "PresenceError",
    "Presented",
    "Proof",
    "RevokedCardError",
    "StaleCodeError",
    "Step",
    "TerminalRefusedError",
    "Trust",
    "TrustError",
    "TurnedBackError",
    "UnknownCardError",
    "UnknownIssuerError",
    "identify",
    "identify_code",
]
