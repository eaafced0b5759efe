"""What can be wrong with a card, sorted by what must happen next; the caller turns each into words for a person.

Three families: hold the card there again (`NotReadableError`), this card is not taken here now (`NotTakenError`), and
the PIN (`PinError`). No message carries anything that was read from the card but dates and counters.
"""

from datetime import date, datetime
from typing import ClassVar


class CardError(Exception):
    """A card could not be identified. `reason` is a short name for words, logs and the command line."""

    reason: ClassVar[str] = "card"


class NotReadableError(CardError):
    """The card was taken away, did not answer, or answered nonsense: hold it there again."""

    reason = "not_readable"


class NotTakenError(CardError):
    """The card answered well, and holding it there again would change nothing."""

    reason = "not_taken"


class OtherCardError(NotTakenError):
    """A card of another kind. Nothing was asked of it, and it was never sent a PIN.

    `kind`: "old_card" (住民基本台帳カード), "phone" (スマホ用電子証明書), "transit" (Suica and other FeliCa cards),
    "licence" (運転免許証), "residence" (在留カード), "passport", "bank", "tag" (a child's tag that this unit does not
    take), or "other".
    """

    reason = "other_card"

    def __init__(self, kind: str = "other") -> None:
        self.kind = kind
        super().__init__(f"this is no My Number Card ({kind})")


class UnknownCardError(NotTakenError):
    """A My Number Card that is not enrolled here.

    `index`: what the town may look it up by (see `drivers.card.common`), or None where it was not read.
    """

    reason = "unknown_card"

    def __init__(self, index: str | None = None) -> None:
        self.index = index
        super().__init__("a My Number Card, but not one that is enrolled here")


class ExpiredCardError(NotTakenError):
    """The card, its certificate or its credential has run out. `ended`: its last day."""

    reason = "expired"

    def __init__(self, what: str, ended: date) -> None:
        self.ended = ended
        super().__init__(f"the {what} ended on {ended.isoformat()}")


class RevokedCardError(ExpiredCardError):
    """The certificate stands on its authority's list of revoked ones. `ended`: since when."""

    reason = "revoked"

    def __init__(self, what: str, ended: date) -> None:
        super().__init__(what, ended)
        self.args = (f"the {what} was revoked on {ended.isoformat()}",)


class StaleCodeError(ExpiredCardError):
    """A code that counts once, or for some seconds, and was shown before or too late: show a fresh one.

    Where no day can be named, `ended` is the first day that can be written.
    """

    reason = "stale"

    def __init__(self, why: str, ended: date = date.min) -> None:
        super().__init__("code", ended)
        self.args = (why,)


class ClockDoubtError(NotTakenError):
    """Not valid yet. Far more often our clock is slow than the card early, so it is never called a forgery."""

    reason = "clock_doubt"

    def __init__(self, what: str, begins: date | datetime) -> None:
        self.begins = begins
        super().__init__(f"the {what} begins on {begins:%Y-%m-%d}; is this unit's clock right?")


class UnknownIssuerError(NotTakenError):
    """Nobody that we trust has signed this, so nothing could be checked; that does not make it a forgery."""

    reason = "unknown_issuer"


class TerminalRefusedError(UnknownIssuerError):
    """The card does not take this terminal: its certificate is of another town, or has run out."""

    reason = "terminal_refused"


class ForgedCardError(NotTakenError):
    """A signature that names a key of ours does not verify: an altered credential, or a copy without its key."""

    reason = "forged"


class TurnedBackError(ForgedCardError):
    """The counter in this card is not above where it stood before: a copy of the card, or a card that turns it back."""

    reason = "turned_back"


class PresenceError(NotReadableError):
    """The card signs once each time that it is held there; it has to be taken away and held there again."""

    reason = "presence"


class PinError(CardError):
    """The PIN did not open the card. Never try again by yourself: each try counts on the card."""

    reason = "pin"


class PinWrongError(PinError):
    """`tries_left`: 1 or more."""

    reason = "pin_wrong"

    def __init__(self, tries_left: int) -> None:
        self.tries_left = tries_left
        super().__init__(f"wrong PIN; tries left: {tries_left}")


class PinLastTryError(PinError):
    """One try is left and was not spent; a person has to say that they want to spend it."""

    reason = "pin_last_try"

    def __init__(self) -> None:
        super().__init__("one try is left, and was not spent")


class PinBlockedError(PinError):
    """No try is left (or this card has no PIN): only the municipal office can help."""

    reason = "pin_blocked"

    def __init__(self) -> None:
        super().__init__("the PIN is blocked")


class PinFormatError(PinError):
    """Not what such a secret looks like: the card was not asked, and no try was spent."""

    reason = "pin_format"

    def __init__(self, needed: str = "a PIN of four digits") -> None:
        super().__init__(f"{needed} is needed; the card was not asked")
