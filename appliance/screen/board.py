"""What the screen shows now, handed from the daemon's thread to the pages that watch."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, Callable
from typing import Final

import msgspec

from appliance.feedback import Shown
from appliance.words import Words
from drivers.light import Pattern
from sync.program import Wish

HEARTBEAT_S: Final = 5.0
_MS: Final = 1000


class Behind(msgspec.Struct, frozen=True):
    """Who is signed in behind a counter.

    Attributes:
        number: 0 for nobody.
        name: what the screen calls them, or "".
        is_needed: somebody has to be.
        can_be: the office has named somebody who could be.
    """

    number: int = 0
    name: str = ""
    is_supervisor: bool = False
    is_needed: bool = False
    can_be: bool = False


class Till(msgspec.Struct, frozen=True):
    """A counter that is set to something before a card comes.

    Attributes:
        counter: which one it is.
        wishes: what it can be set to.
        wish: what it is set to now.
        left_ms: for how long, as of putting it up.
        bill: names the code by which a phone can pay it, or "".
        receipt: names the last entry that a receipt is about, or "".
        prints: there is a printer.
        page: where its page is.
        operator: who stands behind it.
    """

    counter: str
    wishes: tuple[str, ...]
    wish: Wish
    left_ms: int
    bill: str = ""
    receipt: str = ""
    prints: bool = False
    operator: Behind = Behind()
    page: str = "/counter"


class View(msgspec.Struct, frozen=True):
    """Everything that a page needs.

    Attributes:
        place, place_en: where the unit stands.
        till: the counter, if it is one that is set to something.
        closed: the words that say why nobody is served, or None while the unit serves.
        notice: the words of something that staff should see to, while the unit serves; or None.
        invitation: the words of an idle unit.
        shown: the last result, or None.
        light: what the light shows.
        at_ms: the unit's time, as of sending.
        age_ms: for how long this has been on the board, as of sending; a page that comes late must not show an old
            result to the next person.
        practice: nothing here is about money, and the page must leave no doubt of it.
        number: grows with every change; a page plays a sound once per number.
    """

    place: str = ""
    place_en: str = ""
    closed: Words | None = None
    notice: Words | None = None
    invitation: Words | None = None
    shown: Shown | None = None
    light: tuple[Pattern, ...] = ()
    at_ms: int = 0
    age_ms: int = 0
    till: Till | None = None
    practice: bool = False
    number: int = 0


class Key(msgspec.Struct, frozen=True):
    """A button beside the screen was pressed: a digit, "00", "enter", "clear" or "cancel"."""

    key: str


class Board:
    """One writer, the daemon; any number of pages in the web server's own event loop.

    What is pressed on buttons goes to one page only, the one that was opened last: two would do everything twice.

    Attributes:
        now_ms: the unit's clock; without one, the time of a view is when it was put up.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed: asyncio.Event | None = None
        self._numbers = itertools.count(1)
        self._keys: list[Key] = []
        self._foremost: object = None  # the page that was opened last, while it is open
        self._pages = 0
        self._watchers: list[Callable[[View], None]] = []
        self._up: tuple[View, float] = View(), 0.0  # with when it was put up, by the event loop's clock
        self.now_ms: Callable[[], int] | None = None

    @property
    def view(self) -> View:
        """What was put up last."""
        return self._up[0]

    @property
    def pages(self) -> int:
        """How many pages are open."""
        return self._pages

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Say in which event loop the pages are served; called there."""
        self._loop = loop
        self._changed = asyncio.Event()

    def watch(self, watcher: Callable[[View], None]) -> None:
        """Tell somebody of every view as it is put up, in the thread that puts it up; it must return at once."""
        self._watchers.append(watcher)

    def publish(self, view: View) -> None:
        """Show something else from now on; may be called from any thread."""
        numbered = msgspec.structs.replace(view, number=next(self._numbers))
        self._up = numbered, self._loop.time() if self._loop else 0.0
        for watcher in self._watchers:
            watcher(numbered)
        self._ring()

    def press(self, name: str) -> None:
        """Hand a press on to the page; may be called from any thread. Where no page is open, it does nothing."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take_key, Key(name))

    def _take_key(self, key: Key) -> None:
        if self._foremost is not None:
            self._keys.append(key)
            self._wake()

    def _ring(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def amend(self, **changes: object) -> None:
        """Change something beside the result; the number stays, so that no page shows or plays that anew."""
        view, since = self._up
        amended = msgspec.structs.replace(view, **changes)
        if amended != view:
            self._up = amended, since
            self._ring()

    def present(self) -> View:
        """Return what is on the board as of this moment."""
        view, since = self._up
        age_ms = round((self._loop.time() - since) * _MS) if self._loop else 0
        return msgspec.structs.replace(view, at_ms=self.now_ms() if self.now_ms else view.at_ms, age_ms=age_ms)

    async def views(self) -> AsyncGenerator[View | Key, None]:
        """Yield the present view, then every later one, and one at least every few seconds as a sign of life.

        The page that was opened last is handed every key too, in order, before the view that follows it.
        """
        page = self._foremost = object()
        self._pages += 1
        self._keys.clear()  # nobody pressed these for a page that was not there
        try:
            while self._changed is not None:
                changed = self._changed
                while self._foremost is page and self._keys:
                    yield self._keys.pop(0)
                yield self.present()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), HEARTBEAT_S)
        finally:
            self._pages -= 1
            if self._foremost is page:
                self._foremost = None

    def end(self) -> None:
        """Show nothing any more, and let all pages go; may be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._let_go)

    def _let_go(self) -> None:
        changed, self._changed = self._changed, None
        if changed is not None:
            changed.set()

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = asyncio.Event()
