"""Puts results and states on the screen's board, with the names of the place."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from appliance.directory import Directory
from appliance.feedback import MANNERS, Shown
from appliance.receipts import Receipts
from appliance.screen.board import Behind, Board, Till, View
from appliance.tap import TapPath
from appliance.words import Catalogue, Words
from drivers.clock import Clock
from drivers.printer import Trouble
from sync.program import NO_WISH, Wish
from sync.symptoms import Grade, Symptom, What

_NO_PAPER: Final = {Trouble.PAPER: "PRN-001", Trouble.COVER: "PRN-002"}
_ILL: Final[Mapping[tuple[str, Grade], str]] = {
    (What.READER_HUNG, Grade.ACT): "CAR-004",
    (What.POWER, Grade.ACT): "CAR-002",
    (What.HOT, Grade.ACT): "CAR-001",
    (What.READER_DIRTY, Grade.SEE): "CAR-003",
    (What.READER_DIRTY, Grade.ACT): "CAR-003",
}


class Viewer:
    """Knows what the screen shows, and changes it only when something changed."""

    def __init__(self, board: Board, words: Catalogue, clock: Clock) -> None:
        self._board = board
        self._board.now_ms = clock.wall_ms
        self._words = words
        self._clock = clock
        self._closed: Words | None = None
        self.place: Callable[[], tuple[str, str]] = lambda: ("", "")
        self.phone: Callable[[], str] = lambda: "—"
        self.till: Callable[[], Till | None] = lambda: None
        self.is_practice: Callable[[], bool] = lambda: False
        self.notice: Callable[[], str | None] = lambda: None

    @property
    def shows_bill(self) -> bool:
        """Whether a code is up by which a phone may pay what the counter is set to."""
        till = self._board.view.till
        return bool(till and till.bill)

    def result(self, shown: Shown) -> None:
        """Show a result; `Feedback` calls this."""
        self._publish(shown)

    def state(self, closed: str | None) -> None:
        """Show that the unit serves, or the id of the words why it does not."""
        words = self._words[closed].fill({"phone": self.phone()}) if closed else None
        before = self._board.view
        now = self.till()
        is_new = not before.number or self.place()[0] != before.place or _counter(now) != _counter(before.till)
        has_changed = _wish(now) != _wish(before.till) or _operator(now) != _operator(before.till)
        has_forgotten = not before.shown and has_changed
        if words != self._closed or is_new or has_forgotten:
            self._closed = words
            self._publish(None)
        else:
            self.beside()

    def was_set(self) -> None:
        """Show what the counter was set to, in the place of any result."""
        self._publish(None)

    def pressed(self, name: str) -> None:
        """Hand a press of a button to the page, which does what its own button would."""
        self._board.press(name)

    def out_of_service(self) -> None:
        self.state("TAP-040")

    def beside(self) -> None:
        """Bring up to date what stands beside a result: that is neither shown again, nor taken away."""
        before, now = self._board.view, self.till()
        till = msgspec.structs.replace(before.till, receipt=now.receipt) if before.till and now else before.till
        self._board.amend(notice=self._notice(), till=till)

    def _notice(self) -> Words | None:
        notice = self.notice()
        return self._words[notice] if notice else None

    def _publish(self, shown: Shown | None) -> None:
        place, place_en = self.place()
        self._board.publish(
            View(
                place=place,
                place_en=place_en,
                closed=self._closed,
                notice=self._notice(),
                invitation=self._words["TAP-002"],
                shown=shown,
                till=self.till(),
                practice=self.is_practice(),
                light=MANNERS[shown.result].light if shown else (),
                at_ms=self._clock.wall_ms(),
            )
        )


def _wish(till: Till | None) -> Wish:
    return till.wish if till else NO_WISH


def _counter(till: Till | None) -> str:
    return till.counter if till else ""


def _operator(till: Till | None) -> Behind | None:
    return till.operator if till else None


def notice(receipts: Receipts, symptoms: Iterable[Symptom] = ()) -> str | None:
    """Return the id of the words about what staff can put right at once: that no receipt came out, or an ill unit."""
    if receipts.trouble:
        return _NO_PAPER.get(receipts.trouble, "PRN-003")
    return next((_ILL[one.what, one.grade] for one in symptoms if (one.what, one.grade) in _ILL), None)


def till(tap: TapPath, directory: Directory) -> Till | None:
    """Return the counter of this unit, if it is one that is set to something."""
    here = directory.here()
    counter = tap.counters.get(here.counter) if here else None
    if here is None or counter is None or not counter.wishes:
        return None
    receipts, name = tap.receipts, tap.wish_name
    return Till(
        here.counter,
        counter.wishes,
        tap.wish,
        round(tap.setting.left_s * 1000),
        bill=name if receipts.bill(tap.wish, name) else "",
        receipt=str(receipts.last.entry.id) if receipts.last else "",
        prints=receipts.print is not None,
        operator=_behind(tap),
        page=counter.page,
    )


def _behind(tap: TapPath) -> Behind:
    day = tap.moment().day
    now, person = tap.operators.here(day), tap.operators.person(day)
    name = person.name if person else ""
    return Behind(now.number, name, now.is_supervisor, now.is_needed, tap.operators.are_named())


def place_names(directory: Directory) -> tuple[str, str]:
    """Return the place's name in Japanese and English; the unit's own name for it before the centre has said one."""
    here = directory.here()
    named = directory.place(here.place) if here else None
    if named:
        return named.name, named.name_en
    return (here.place, here.place) if here else ("", "")
