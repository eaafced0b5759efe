"""What the screen shows now, handed from the daemon's thread to the pages that watch."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from appliance.feedback import Shown
from appliance.words import Words
from drivers.light import Pattern

HEARTBEAT_S: Final = 5.0


class View(msgspec.Struct, frozen=True):
    """Everything that a page needs.

    Attributes:
        place, place_en: where the unit stands.
        closed: the words that say why nobody is served, or None while the unit serves.
        invitation: the words of an idle unit.
        shown: the last result, or None.
        light: what the light shows.
        at_ms: the unit's time.
        number: grows with every change; a page plays a sound once per number.
    """

    place: str = ""
    place_en: str = ""
    closed: Words | None = None
    invitation: Words | None = None
    shown: Shown | None = None
    light: tuple[Pattern, ...] = ()
    at_ms: int = 0
    number: int = 0


class Board:
    """One writer, the daemon; any number of pages in the web server's own event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed: asyncio.Event | None = None
        self._numbers = itertools.count(1)
        self.view = View()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Say in which event loop the pages are served; called there."""
        self._loop = loop
        self._changed = asyncio.Event()

    def publish(self, view: View) -> None:
        """Show something else from now on; may be called from any thread."""
        self.view = msgspec.structs.replace(view, number=next(self._numbers))
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    async def views(self) -> AsyncIterator[View]:
        """Yield the present view, then every later one, and one at least every few seconds as a sign of life."""
        while self._changed is not None:
            changed = self._changed
            yield self.view
            try:
                await asyncio.wait_for(changed.wait(), HEARTBEAT_S)
            except TimeoutError:
                continue

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = asyncio.Event()
