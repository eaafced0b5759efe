"""The tap path: one touch, from the card (or a code on paper or a phone) to the beep. Read this page first.

Who waits for whom: the person waits for the card, and for one commit to this unit's own disk; and where this unit may
not give out enough, and the town was heard a moment ago, for its word, but no longer than a moment.
"""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from appliance import raised
from appliance.asking import Asking
from appliance.counter import Counter
from appliance.directory import Directory
from appliance.feedback import Feedback, Shown
from appliance.journal import Execute, JournalFullError, Written
from appliance.opening import Opened
from appliance.operators import Operators
from appliance.raised import Ask, Believed
from appliance.receipts import Receipts
from appliance.setting import Setting
from appliance.trust import Believer, what_to_say
from drivers.card import COUNTER_PROFILE, identify_code
from drivers.card.errors import CardError
from drivers.clock import Clock, Confidence
from drivers.entropy import Entropy
from drivers.reader import Field
from sync.cards import pin_secret, pseudonym
from sync.entries import Entry, Fact
from sync.facts import CardState, UnitState
from sync.pins import SALT_BYTES
from sync.program import (
    JAPAN_MINUTES,
    NOTHING_TYPED,
    Decision,
    Moment,
    Remark,
    Result,
    Tap,
    Typed,
    Wish,
    WishError,
    town_day,
    town_minute,
)
from sync.rights import Lacked
from sync.steps import Stepped

REPEAT_S: Final = 5.0  # the same card again within this time is the same touch
ASKED_S: Final = 60.0  # so long somebody may type what they were asked for
NONCE_BYTES: Final = 32
_HOUR: Final = 60  # minutes


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
        spares_money: whether the unit is so ill that nothing may be spent here, as long as the rest can go on.
        asking: asks the town for what somebody needs who stands here.
        receipts: what is printed about what was written.
        operators: knows who stands behind the counter.
        remarks: what other programs say of entries that were written.
        welcome: is told of every card before it is served; in practice it gives it something to spend.
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
    receipts: Receipts
    operators: Operators
    remarks: Callable[[Iterable[Entry]], Sequence[Remark]]
    welcome: Callable[[str], None] = lambda _: None
    spares_money: Callable[[], bool] = lambda: False
    setting: Setting = field(init=False)
    _last: tuple[str, float, Shown] | None = field(default=None, init=False)
    _last_code: str = field(default="", init=False)
    _waiting: Believed | None = field(default=None, init=False)
    _asked: tuple[Believed, float] | None = field(default=None, init=False)  # who is to type something, until when

    def __post_init__(self) -> None:
        self.setting = Setting(self.clock, self.now_ms)

    def set(self, wish: Wish) -> None:
        """Set the counter: the next card that is held here is asked this, even if it was here a moment ago.

        Raises:
            WishError: this unit's counter cannot be set to that, or no card was held here before.
        """
        self.go_on(at_once=True)
        counter = self.counter
        if wish.what and (counter is None or wish.what not in counter.wishes):
            raise WishError(f'this counter cannot be set to "{wish.what}"')
        self.setting.set(wish)
        self._last = self._asked = None

    @property
    def counter(self) -> Counter | None:
        """The counter that this unit serves, or None if it was told of none that is installed."""
        here = self.directory.here()
        return self.counters.get(here.counter) if here else None

    @property
    def wish(self) -> Wish:
        """What the counter is set to now."""
        return self.setting.wish

    @property
    def wish_name(self) -> str:
        """Return a name for this setting of the counter, which no other one of this unit has."""
        return self.setting.name(self.opened.journal.tip)

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
        seam = (card, self.entropy.bytes(NONCE_BYTES), self.unit, self.wish.amount)
        try:
            return self._answer(lambda now: raised.ask(*seam, self._steps, self.believer.trust(), now))
        finally:
            card.close()

    def show(self, code: str) -> Shown | None:
        """Serve whoever holds a code before the scanner, as text.

        Raises:
            JournalBrokenError: as `touch`.
        """
        spell = self.receipts.spelled  # within the answer: what is no code is told as a card that cannot be read
        return self._answer(lambda now: (identify_code(spell(code), self.believer.trust(), now), None), code)

    def enter(self, pin: str, *, is_signed: bool = False) -> Shown:
        """Go on for whoever was asked for a PIN, or for a signature, without the card being held there again.

        Raises:
            WishError: nobody was asked, or too long ago.
            JournalBrokenError: as `touch`.
        """
        believed, until = self._asked or (None, 0.0)
        if believed is None or self.clock.mono() >= until or not self.wish.what:
            raise WishError("nobody was asked for a PIN here; hold the card there first")
        if closed := self.closed():
            return self.feedback.show(Result.HELP, closed, self.phone())
        self._asked = None
        presented = believed.presented
        secret = pin_secret(self.card_key, presented.profile, presented.identifier)
        typed = Typed(pin, secret, self.entropy.bytes(SALT_BYTES).hex(), is_signed)
        shown = self._finish(believed, wait=False, typed=typed)
        if shown is None:
            raise LookupError("who waits for nothing is answered")
        return shown

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

    def _answer(self, ask: Ask, code: str = "") -> Shown | None:
        say = self.feedback.show
        phone = self.phone()
        try:
            if closed := self.closed():
                return say(Result.HELP, closed, phone)
            if code and code == self._last_code and self._last and (again := self._touched_again(self._last[0])):
                self.feedback.repeat(again)  # a phone that is held there a little longer is no second showing
                return again
            say(Result.READING, "TAP-001")
            believed = self._believe(ask, code)
            if again := self._touched_again(believed.card):
                self.feedback.repeat(again)
                self._note_steps(believed)
                return again
            if self._is_stopped(believed.card) or self._is_stopped(believed.name):
                refused = say(Result.REFUSED, "TAP-031", phone)
                self._note_steps(believed)
                return refused
        except CardError as error:
            result, message = what_to_say(error)
            return say(result, message, phone)
        return self._finish(believed, wait=self.asking.is_worth_it)

    def _finish(self, believed: Believed, *, wait: bool, typed: Typed = NOTHING_TYPED) -> Shown | None:
        try:
            shown = (
                self._tell_unheard(believed) or self._sign_in(believed) or self._serve(believed, wait=wait, typed=typed)
            )
        except JournalFullError:
            self._waiting = None
            return self.feedback.show(Result.HELP, "TAP-043")
        if shown is None:
            return None
        self._waiting = None
        self._last = believed.card, self.clock.mono(), shown
        self._last_code = believed.code
        self.believer.note(believed.presented)
        return shown

    def closed(self) -> str | None:
        """Return the id of the words that say why this unit serves nobody now, or None if it does."""
        order, here = self.directory.order(), self.directory.here()
        if order and order.state is not UnitState.ACTIVE:
            return "TAP-044"
        if not here or here.counter not in self.counters:
            return "TAP-042"
        spends = self.counters[here.counter].spends
        if spends and self.frozen():
            return "TAP-045"
        if not self.has_room():
            return "TAP-043"
        return "TAP-046" if spends and self.spares_money() else None

    def now_ms(self) -> int:
        """Return the time: that of the clock, but never one before the town's last word."""
        return max(self.clock.wall_ms(), self.town_ms())

    def phone(self) -> dict[str, int | str]:
        """Return whom to call, for words that name the number."""
        return {"phone": town.phone} if (town := self.directory.town()) else {}

    def _believe(self, ask: Ask, code: str) -> Believed:
        now = datetime.fromtimestamp(self.now_ms() / 1000, UTC)
        presented, steps = ask(None if self.clock.confidence() is Confidence.UNKNOWN else now)
        name = pseudonym(self.card_key, presented.profile, presented.identifier)
        return Believed(self.directory.whose(name), presented, name, code, steps)

    def _is_stopped(self, name: str) -> bool:
        known = self.directory.card(name)
        return known is not None and known.state is CardState.STOPPED

    def _touched_again(self, card: str) -> Shown | None:
        if self._last and self._last[0] == card and self.clock.mono() - self._last[1] < REPEAT_S:
            return self._last[2]
        return None

    def _sign_in(self, believed: Believed) -> Shown | None:
        """Let whoever works here begin with a touch; somebody who pays with the same card is a customer."""
        if self.wish.what:
            return None
        decision = self.operators.by_card(believed.card, believed.presented.proof, self.moment().day)
        return self.carry_out(decision, stepped=believed.stepped) if decision else None

    def _serve(self, believed: Believed, *, wait: bool, typed: Typed) -> Shown | None:
        self.welcome(believed.card)
        tap, counter = self._tap(believed, typed)
        if tap.operator.is_missing:
            return self.carry_out(Decision(Result.HELP, "TAP-050"), stepped=believed.stepped)
        shelf, program = self.opened.shelf, counter.program
        besides = [shelf.state_of(reader, key) for reader, key in program.besides(tap)]
        decision = program.decide(shelf.state(program, program.asks(tap)), *besides, tap)
        if decision.lacks and wait:
            if self._waiting is None:
                self.asking.ask(*decision.lacks)
            self._waiting = believed
            return None
        if decision.otherwise and not self.asking.is_worth_it:
            decision = decision.otherwise
        if not decision.facts and not tap.wish.what:
            self.setting.note(believed.card)
        shown = self.carry_out(decision, self.believer.kept(believed.presented), believed.stepped)
        self._asked = (believed, self.clock.mono() + ASKED_S) if decision.goes_on else None
        return shown

    def carry_out(
        self, decision: Decision, also: Callable[[Execute], None] = lambda _: None, stepped: Stepped | None = None
    ) -> Shown:
        """Write what was decided, and only then say it.

        Args:
            also: what else is written in the same commit.
            stepped: what the counter in the card has signed for it.

        Raises:
            JournalFullError: no room; nothing was written, and nothing said.
            JournalBrokenError: as `touch`.
        """
        facts, later = raised.with_steps(decision, stepped)
        appended = self.opened.journal.append(facts, also) if facts else ()  # the commit
        written = appended[-1] if appended else None
        if written:
            self.opened.counted.raise_to(written.entry.seq)
            if not decision.goes_on:
                self.setting.clear()
        remarks = self.remarks(one.entry for one in appended)
        shown = self.feedback.show(decision.result, decision.message, decision.values, written, remarks)  # the beep
        if written:
            self.receipts.give(written)
        if decision.lacks and not self.asking.is_worth_it:
            later = (*later, Lacked(self.life, *decision.lacks))  # somebody was refused who could not be asked for
        self._note(later)
        return shown

    def _note(self, facts: Sequence[Fact]) -> None:
        """Write down, after the beep, what the centre is to learn."""
        with contextlib.suppress(JournalFullError):
            if facts:
                written = self.opened.journal.append(facts)[-1]
                self.opened.counted.raise_to(written.entry.seq)

    def _note_steps(self, believed: Believed) -> None:
        self._note((believed.stepped,) if believed.stepped else ())

    def _steps(self, identifier: str, value: int) -> int:
        """Return how often a card is to raise its counter in all, which stands there after the first time."""
        card = self.directory.whose(pseudonym(self.card_key, COUNTER_PROFILE, identifier))
        asked = (self.wish, card, value, self.unit, self.life)
        return self.counter.steps(*asked, self.opened.shelf.state_of) if self.counter else 1

    def clock_time(self, at_ms: int) -> str:
        """Return a moment as a clock of the town showed it."""
        hour, minute = divmod(town_minute(at_ms, self._offset_minutes()), _HOUR)
        return f"{hour}:{minute:02}"

    def moment(self) -> Moment:
        """Return where and when something is done here.

        Raises:
            LookupError: this unit does not know where it stands; it is closed.
        """
        here, at = self.directory.here(), self.clock.wall_ms()
        if here is None:
            raise LookupError("a unit that does not know where it stands is closed")
        day, minute = self._day(at), town_minute(at, self._offset_minutes())
        return Moment(self.unit, here.place, at, day, minute, self.life, self.operators.here(day))

    def _tell_unheard(self, believed: Believed) -> Shown | None:
        """Tell what became of a touch that was written just before the power went, instead of writing another one."""
        entry = self.opened.unheard
        if entry is None or getattr(entry.fact, "card", None) != believed.card:
            return None
        self.opened.unheard = None
        tap, counter = self._tap(believed)
        decision = counter.recorded(entry)
        stored = self.opened.journal.stored(entry.boot, entry.seq)
        if decision is None or stored is None or self._day(entry.at) != tap.day:
            return None
        written = Written(entry, *stored[1:])
        remarks = self.remarks([entry])
        shown = self.feedback.show(decision.result, decision.message, decision.values, written, remarks)
        self._note_steps(believed)
        self.receipts.give(written, again=True)  # it may have been printed before the power went, and said so
        return shown

    def _tap(self, believed: Believed, typed: Typed = NOTHING_TYPED) -> tuple[Tap, Counter]:
        now, counter = self.moment(), self.counter
        if counter is None:
            raise LookupError("a unit without a counter is closed")
        proof, wish = believed.presented.proof, self.wish
        where = (now.unit, now.place, now.at_ms, now.day, now.life)
        rest = (wish, self.setting.before, now.operator, typed, believed.steps)
        return Tap(believed.card, proof, *where, *rest), counter

    def _day(self, at_ms: int) -> int:
        return town_day(at_ms, self._offset_minutes())

    def _offset_minutes(self) -> int:
        town = self.directory.town()
        return town.utc_offset_minutes if town else JAPAN_MINUTES
