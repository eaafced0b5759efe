"""One card at a time, as `machi card read` and `machi card holder` do it: what a page asks for, and no more.

The reader is opened for one question and let go of: between two, other programs of this PC can have it, and a reader
or a pcscd that went away is found again by itself. The trust folder is read anew each time, for the same reason.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from desk.words import CARD, DESK, of_card
from drivers.card import holder, trust_folder
from drivers.card.desk import Desk, NobodyCameError, NoReaderError, NoServiceError, Report, wait_for_card
from drivers.card.holder import HolderReport
from drivers.card.trust import Trust, TrustError
from drivers.clock import Clock
from drivers.entropy import Entropy
from drivers.reader import Field, Reader

READER_SECONDS: Final = 3.0
_NONE: Final = "none"
_NOT_PROVEN: Final = "not_proven"

IsWanted = Callable[[], bool]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the page is told.

    Fields:
        reason: "ok", one of `desk.words.DESK`, or of `desk.words.CARD`.
        ja, en: the same for a person.
        document: if it was read, exactly what the command prints as JSON; never where it was not.
    """

    schema: str = "machi.desk/1"
    ok: bool
    reason: str
    ja: str
    en: str
    document: Report | HolderReport | None = None


def trouble(reason: str) -> Answer:
    """Say what stands in the way before any card was asked."""
    say = DESK[reason]
    return Answer(ok=False, reason=reason, ja=say.ja, en=say.en)


class Cards:
    """What is done with a card at this desk.

    Args:
        reader: makes a driver that was not started yet.
        folder: the trust folder.
        clock, entropy: for the time of day, and for nonces.
        is_learning: keep the key of a card that has no service pass in the trust folder, once its holder opened it.
        seconds: how long a card is waited for.
    """

    def __init__(
        self,
        reader: Callable[[], Reader],
        folder: Path,
        clock: Clock,
        entropy: Entropy,
        *,
        is_learning: bool,
        seconds: float,
    ) -> None:
        self._reader = reader
        self._folder = folder
        self._clock = clock
        self._entropy = entropy
        self._is_learning = is_learning
        self._seconds = seconds

    def card(self, secret: str, is_wanted: IsWanted) -> Answer:
        """Say which card it is; with a secret (照合番号B or PIN) also one that proves itself by nothing else.

        What the card then says of its holder goes no further than here.
        """

        def ask(field: Field, trust: Trust) -> Answer:
            if secret:
                opened = self._opened(field, secret, trust)
                return _card(opened.card) if opened.card else _told(opened)
            desk = Desk(trust, self._clock, self._entropy)
            return _card(desk.read(field, None, spend_last_try=False, trace=False))

        return self._with_a_card(ask, is_wanted)

    def holder(self, secret: str, is_wanted: IsWanted) -> Answer:
        """Say whose card it is, with all signatures checked, and which."""

        def ask(field: Field, trust: Trust) -> Answer:
            return _told(self._opened(field, secret, trust))

        return self._with_a_card(ask, is_wanted)

    def _opened(self, field: Field, secret: str, trust: Trust) -> HolderReport:
        learn = self._folder if self._is_learning else None
        return holder.read(field, secret, trust, self._clock, self._entropy, learn=learn)

    def _with_a_card(self, ask: Callable[[Field, Trust], Answer], is_wanted: IsWanted) -> Answer:
        """Wait for a card and ask it; nobody is waited for whom no page asks about any more."""
        try:
            trust = trust_folder.load(self._folder)
        except (TrustError, OSError):
            return trouble("no_trust")
        driver = self._reader()
        try:
            field = wait_for_card(
                driver,
                self._clock,
                self._seconds,
                lambda _text: None,
                reader_seconds=READER_SECONDS,
                is_wanted=is_wanted,
            )
            try:
                return ask(field, trust)
            finally:
                field.close()
        except NobodyCameError:
            return trouble("no_card")
        except NoServiceError:
            return trouble("no_service")
        except NoReaderError:
            return trouble("no_reader")
        finally:
            driver.stop()


def _card(report: Report) -> Answer:
    """Tell of a card that was read without its holder; one that proved nothing could be anybody's copy."""
    if report.ok and report.proof == _NONE:
        say = CARD[_NOT_PROVEN]
        return Answer(ok=False, reason=_NOT_PROVEN, ja=say.ja, en=say.en)
    return _told(report)


def _told(report: Report | HolderReport) -> Answer:
    say = of_card(report.reason, report.kind, report.tries_left)
    return Answer(ok=report.ok, reason=report.reason, ja=say.ja, en=say.en, document=report if report.ok else None)
