"""What a unit should have answered, by a model that a child could keep: a list of who was counted on which day."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from simulation.books import Booked, Books
from simulation.deeds import FACILITY
from simulation.people import RAN_OUT, Box, People, Touch
from sync.program import Result

REPEAT_MS: Final = 5_000
SHOWN_AGAIN: Final = frozenset({"VIS-011", "COI-021", "COI-032", "COI-044", "COI-076"})
_STOPPED: Final = "TAP-031"
_FULL: Final = "TAP-043"
_FROZEN: Final = "TAP-045"
_NO_MONEY: Final = frozenset(
    {
        *("COI-001", "COI-002", "COI-003", "COI-010", "COI-011", "COI-013", "COI-033", "COI-040", "COI-041", "COI-042"),
        *("COI-071", "COI-073", "COI-074", "COI-075", "COI-077"),
    }
)
_SUSPENDED: Final = "TAP-044"
_EXCEPTIONS: Final = frozenset(
    {"its disk lies", "its disk failed", "its disk rots", "its disk was put back", "it is a double"}
)


@dataclass
class Matched:
    """Who is behind each booked touch.

    Attributes:
        recovered: of a touch that the power cut short, by its place in the list, what was booked of it all the same.
        unexplained: what was booked without anybody's having heard it or having been cut short.
        booked: the ids of all booked touches.
    """

    recovered: dict[int, Booked] = field(default_factory=dict)
    unexplained: list[Booked] = field(default_factory=list)
    booked: frozenset[str] = frozenset()


def match(people: People, books: Books, name_of: Callable[[int], str]) -> Matched:
    """Find for each booked touch the person who made it."""
    said = (touch.said for touch in people.touches if touch.said)
    heard = {shown.entry for shown in said if shown.entry and shown.message not in SHOWN_AGAIN}
    dark: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, touch in enumerate(people.touches):
        if touch.card >= 0 and touch.cut and not touch.noted:
            dark[touch.unit, name_of(touch.card)].append(at)
    matched = Matched(booked=frozenset(books.touches))
    for booked in books.touches.values():
        if booked.entry in heard:
            continue
        waiting = dark[booked.unit, booked.card]
        by = next((at for at in waiting if people.touches[at].wall_ms == booked.at), None)
        if by is None:
            matched.unexplained.append(booked)
        else:
            waiting.remove(by)
            matched.recovered[by] = booked
    return matched


def wrong(people: People, matched: Matched) -> Iterator[tuple[Touch, str]]:
    """Return every answer that the model would not have given, with what it would have said."""
    by_box: dict[int, list[tuple[int, Touch]]] = defaultdict(list)
    for at, touch in enumerate(people.touches):
        by_box[touch.box].append((at, touch))
    for number, touches in by_box.items():
        box = people.boxes[number]
        model = _Model(people, box, matched)
        for at, touch in touches:
            if why := model.judge(at, touch):
                yield touch, f"card {touch.card} at {touch.unit} heard {touch.said and touch.said.message}: {why}"


class _Model:
    """One box, as somebody would note it down who stands beside it."""

    def __init__(self, people: People, box: Box, matched: Matched) -> None:
        self._people = people
        self._box = box
        self._matched = matched
        self._counted: set[tuple[int, int]] = set()
        self._before: set[tuple[int, str]] = set()  # whose entries a restart may show again
        self._dark: set[tuple[int, int]] = set()  # whose touch was cut short on which day, and is not booked
        self._last: Touch | None = None

    def judge(self, at: int, touch: Touch) -> str:
        """Return what is wrong with an answer, or ""."""
        if touch.waited_s > 0:
            return f"it took {touch.waited_s:.3f} s more than the card"
        if touch.card < 0:
            is_excused = touch.card == RAN_OUT and not touch.has_clock
            return "a card that must not be served was" if touch.noted and not is_excused else ""
        if not touch.lit or touch.said is None:
            self._remember_dark(at, touch)
            return ""
        return self._judge_noted(touch) if touch.noted else self._judge_refused(touch)

    def _remember_dark(self, at: int, touch: Touch) -> None:
        if (booked := self._matched.recovered.get(at)) is not None:
            self._counted.add((touch.card, touch.day))
            self._before.add((touch.card, booked.entry))
        elif touch.cut:
            self._dark.add((touch.card, touch.day))

    def _judge_noted(self, touch: Touch) -> str:
        said = touch.said
        if said is None:
            return ""
        before = self._last
        again = before and before.card == touch.card and before.life == touch.life and not touch.wish.what
        if again and before and before.said and touch.at - before.at < REPEAT_MS:
            return "" if said == before.said else "the same touch was answered in two ways"
        known = (touch.card, touch.day) in self._counted
        before_this = (touch.card, said.entry) in self._before
        self._before.add((touch.card, said.entry))
        self._counted.add((touch.card, touch.day))
        self._last = touch
        if self._is_odd:
            return ""
        if self._is_stopped(touch) is True:
            return "this card was stopped, and the unit had heard of it"
        # A box that dies before it has sent anything takes with it whether a touch in the dark counted.
        is_gone = said.entry not in self._matched.booked
        if said.message in SHOWN_AGAIN:
            is_dark = any(card == touch.card for card, _ in self._dark)
            return "" if before_this or (is_gone and is_dark) else "that was not this card's last touch"
        return self._judge_result(said.result, touch, known=known, is_gone=is_gone)

    def _judge_result(self, result: Result, touch: Touch, *, known: bool, is_gone: bool) -> str:
        if self._box.counter != FACILITY:
            return "" if result is Result.OK_PAY else "money moved, and it was not said"
        expected = Result.ALREADY if known else Result.OK_POINTS
        may_be_known = is_gone and result is Result.ALREADY and (touch.card, touch.day) in self._dark
        return "" if result is expected or may_be_known else f"it should have been {expected}"

    def _judge_refused(self, touch: Touch) -> str:
        said = touch.said
        if said is None or touch.torn or self._is_odd:
            return ""
        if said.message == _STOPPED:
            return "this card was never stopped" if self._is_stopped(touch) is False else ""
        excused = {_FULL: "its disk was full" in self._box.mishaps}
        excused |= dict.fromkeys((_SUSPENDED, _FROZEN), bool(self._box.mishaps))
        excused |= dict.fromkeys(_NO_MONEY, self._box.counter != FACILITY)
        return "" if excused.get(said.message) else "a good card was sent away"

    @property
    def _is_odd(self) -> bool:
        """Whether this box may have forgotten something, which others have to notice."""
        return not _EXCEPTIONS.isdisjoint(self._box.mishaps) or bool(self._people.restored)

    def _is_stopped(self, touch: Touch) -> bool | None:
        """Whether this unit knows that the card is stopped; None where it may or may not have heard of it."""
        heard = max((at for at in self._box.synced if at <= touch.at), default=self._box.since)
        said = [(when, stopped) for when, card, stopped in self._people.stopped if card == touch.card]
        if any(heard <= when <= touch.at for when, _ in said) or self._people.restored:
            return None
        return next((stopped for when, stopped in reversed(said) if when < heard), False)
