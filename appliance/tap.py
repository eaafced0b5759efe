"""The tap path: one touch, from the card (or a code on paper or a phone) to the beep. Read this page first.

Who waits for whom: the person waits for the card, and for one commit to this unit's own disk; and where this unit may
not give out enough, and the town was heard a moment ago, for its word, but no longer than a moment.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import msgspec

from appliance.asking import Asking
from appliance.counter import Counter
from appliance.directory import Directory
from appliance.feedback import Feedback, Shown
from appliance.journal import JournalFullError, Written
from appliance.opening import Opened
from appliance.trust import Believer
from drivers.card import Presented, identify, identify_code
from drivers.card.errors import (
    CardError,
    ClockDoubtError,
    ExpiredCardError,
    ForgedCardError,
    NotReadableError,
    OtherCardError,
    RevokedCardError,
    StaleCodeError,
    UnknownCardError,
    UnknownIssuerError,
)
from drivers.clock import Clock, Confidence
from drivers.entropy import Entropy
from drivers.reader import Field
from sync.cards import pseudonym
from sync.facts import CardState, UnitState
from sync.program import NO_WISH, Result, Tap, Wish, WishError, town_day
from sync.rights import Lacked

REPEAT_S: Final = 5.0  # the same card again within this time is the same touch
WISH_S: Final = 90.0  # so long a counter stays set
NONCE_BYTES: Final = 32
JAPAN_MINUTES: Final = 540

_CARD_SAYS: Final[Mapping[type[CardError], tuple[Result, str]]] = {
    NotReadableError: (Result.RETRY, "TAP-010"),
    OtherCardError: (Result.HELP, "TAP-034"),
    UnknownCardError: (Result.HELP, "TAP-030"),
    StaleCodeError: (Result.RETRY, "TAP-036"),
    RevokedCardError: (Result.REFUSED, "TAP-031"),
    ExpiredCardError: (Result.REFUSED, "TAP-032"),
    ForgedCardError: (Result.REFUSED, "TAP-033"),
    ClockDoubtError: (Result.HELP, "TAP-035"),
    UnknownIssuerError: (Result.HELP, "TAP-035"),
}


class Believed(msgspec.Struct, frozen=True):
    """Somebody who was identified: the name in this town, and what was shown."""

    card: str
    presented: Presented


@dataclass
class TapPath:
    """Everything that a touch needs; made once in `appliance.build`.

    Attributes:
        life: which life of the unit this is.
        card_key: the town's secret for the names of cards.
        believer: knows whom to believe, as the directory stands now.
        has_room: whether the disk has room for entries.
        town_ms: the time that the town said last; a clock that is behind it is wrong.
        frozen: why nothing may be spent here, or "".
        asking: asks the town for what somebody needs who stands here.
    """

    unit: str
    life: int
    card_key: bytes
    opened: Opened
    directory: Directory
    counters: Mapping[str, Counter]
    believer: Believer
    feedback: Feedback
    clock: Clock
    entropy: Entropy
    has_room: Callable[[], bool]
    town_ms: Callable[[], int]
    frozen: Callable[[], str]
    asking: Asking
    _wish: tuple[Wish, float] = field(default=(NO_WISH, 0.0), init=False)
    _last: tuple[str, float, Shown] | None = field(default=None, init=False)
    _waiting: Believed | None = field(default=None, init=False)

    def set(self, wish: Wish) -> None:
        """Set the counter: the next card that is held here is asked this, even if it was here a moment ago.

        Raises:
            WishError: this unit's counter cannot be set to that.
        """
        self.go_on(at_once=True)
        here = self.directory.here()
        counter = self.counters.get(here.counter) if here else None
        if wish.what and (counter is None or wish.what not in counter.wishes):
            raise WishError(f'this counter cannot be set to "{wish.what}"')
        self._wish = wish, self.clock.mono() + WISH_S
        self._last = None

    @property
    def wish(self) -> Wish:
        """What the counter is set to now; it forgets by itself, so that nobody pays what another one left behind."""
        wish, until = self._wish
        return wish if self.clock.mono() < until else NO_WISH

    @property
    def wish_left_s(self) -> float:
        """Return for how long the counter stays set."""
        return max(0.0, self._wish[1] - self.clock.mono()) if self._wish[0].what else 0.0

    @property
    def waits(self) -> bool:
        """Whether somebody stands here for whom the town was asked."""
        return self._waiting is not None

    def touch(self, card: Field) -> Shown | None:
        """Serve one card from being laid down to the beep.

        Returns:
            What was said; None if the town was asked first, and `go_on` will say it.

        Raises:
            JournalBrokenError: the disk failed in a commit; nothing was announced, and the process must end.
        """
        nonce = self.entropy.bytes(NONCE_BYTES)
        try:
            return self._answer(lambda now: identify(card, nonce, self.believer.trust(), now))
        finally:
            card.close()

    def show(self, code: str) -> Shown | None:
        """Serve whoever holds a code before the scanner, as text.

        Raises:
            JournalBrokenError: as `touch`.
        """
        return self._answer(lambda now: identify_code(code, self.believer.trust(), now))

    def unreadable(self) -> Shown:
        """Say that nothing could be read, and that nothing happened."""
        return self.feedback.show(Result.RETRY, "TAP-010")

    def go_on(self, *, at_once: bool = False) -> Shown | None:
        """Decide again for whoever waits, if something came or the time is up.

        Args:
            at_once: wait no longer, whatever may come.

        Raises:
            JournalBrokenError: as `touch`.
        """
        if self._waiting is None:
            return None
        return self._finish(self._waiting, wait=not at_once and self.asking.left_s > 0)

    def _answer(self, ask: Callable[[datetime | None], Presented]) -> Shown | None:
        say = self.feedback.show
        phone = {"phone": town.phone} if (town := self.directory.town()) else {}
        try:
            if closed := self.closed():
                return say(Result.HELP, closed, phone)
            say(Result.READING, "TAP-001")
            believed = self._believe(ask)
            if again := self._touched_again(believed.card):
                self.feedback.repeat(again)
                return again
            if (known := self.directory.card(believed.card)) and known.state is CardState.STOPPED:
                return say(Result.REFUSED, "TAP-031", phone)
        except CardError as error:
            result, message = next(said for kind, said in _CARD_SAYS.items() if isinstance(error, kind))
            return say(result, message, phone)
        return self._finish(believed, wait=self.asking.is_worth_it)

    def _finish(self, believed: Believed, *, wait: bool) -> Shown | None:
        try:
            shown = self._tell_unheard(believed) or self._serve(believed, wait=wait)
        except JournalFullError:
            self._waiting = None
            return self.feedback.show(Result.HELP, "TAP-043")
        if shown is None:
            return None
        self._waiting = None
        self._last = believed.card, self.clock.mono(), shown
        self.believer.note(believed.presented)
        return shown

    def closed(self) -> str | None:
        """Return the id of the words that say why this unit serves nobody now, or None if it does."""
        order, here = self.directory.order(), self.directory.here()
        if order and order.state is not UnitState.ACTIVE:
            return "TAP-044"
        if not here or here.counter not in self.counters:
            return "TAP-042"
        if self.frozen() and self.counters[here.counter].spends:
            return "TAP-045"
        return None if self.has_room() else "TAP-043"

    def _believe(self, ask: Callable[[datetime | None], Presented]) -> Believed:
        now = datetime.fromtimestamp(max(self.clock.wall_ms(), self.town_ms()) / 1000, UTC)
        presented = ask(None if self.clock.confidence() is Confidence.UNKNOWN else now)
        return Believed(pseudonym(self.card_key, presented.profile, presented.identifier), presented)

    def _touched_again(self, card: str) -> Shown | None:
        if self._last and self._last[0] == card and self.clock.mono() - self._last[1] < REPEAT_S:
            return self._last[2]
        return None

    def _serve(self, believed: Believed, *, wait: bool) -> Shown | None:
        tap, counter = self._tap(believed)
        shelf, program = self.opened.shelf, counter.program
        besides = [shelf.state_of(reader, key) for reader, key in program.besides(tap)]
        decision = program.decide(shelf.state(program, program.asks(tap)), *besides, tap)
        if decision.lacks and wait:
            if self._waiting is None:
                self.asking.ask(*decision.lacks)
            self._waiting = believed
            return None
        written = self.opened.journal.append(decision.facts)[-1] if decision.facts else None  # the commit
        if written:
            self.opened.counted.raise_to(written.entry.seq)
            self._wish = NO_WISH, 0.0
        shown = self.feedback.show(decision.result, decision.message, decision.values, written)  # the beep
        if decision.lacks and not self.asking.is_worth_it:
            self._note_lack(*decision.lacks)
        return shown

    def _note_lack(self, what: str, amount: int) -> None:
        """Write down, after the beep, that somebody was refused who could not be asked for: for the centre to learn."""
        with contextlib.suppress(JournalFullError):
            written = self.opened.journal.append([Lacked(self.life, what, amount)])[-1]
            self.opened.counted.raise_to(written.entry.seq)

    def _tell_unheard(self, believed: Believed) -> Shown | None:
        """Tell what became of a touch that was written just before the power went, instead of writing another one."""
        entry = self.opened.unheard
        if entry is None or getattr(entry.fact, "card", None) != believed.card:
            return None
        self.opened.unheard = None
        tap, counter = self._tap(believed)
        decision = counter.recorded(entry)
        entry_hash = self.opened.journal.hash_at(entry.boot, entry.seq)
        if decision is None or entry_hash is None or self._day(entry.at) != tap.day:
            return None
        return self.feedback.show(decision.result, decision.message, decision.values, Written(entry, entry_hash))

    def _tap(self, believed: Believed) -> tuple[Tap, Counter]:
        here = self.directory.here()
        if here is None:
            raise LookupError("a unit that does not know where it stands is closed")
        at = self.clock.wall_ms()
        proof = believed.presented.proof
        tap = Tap(believed.card, proof, self.unit, here.place, at, self._day(at), self.life, self.wish)
        return tap, self.counters[here.counter]

    def _day(self, at_ms: int) -> int:
        town = self.directory.town()
        return town_day(at_ms, town.utc_offset_minutes if town else JAPAN_MINUTES)
