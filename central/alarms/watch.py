"""One look at the town, and what follows from it.

Looking and sending only read; what they return is noted when it is the writer's turn, and takes a moment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from central import heard, store
from central.alarms import books
from central.alarms.letters import letter
from central.alarms.outbox import Tried, after, due, put
from central.alarms.recipients import Recipients
from central.alarms.sending import Sender
from central.alarms.telling import step
from central.console.desk import Desk
from central.console.moment import Moment
from central.console.troubles import SILENT_MS, Trouble

_ID_BYTES: Final = 12
_BLIND_MS: Final = SILENT_MS + 120_000  # who was silent before the centre began is found silent again by then


@dataclass(frozen=True)
class Watch:
    """Looks at the town and tells. `url`: where people open the console, or "" if only on this machine."""

    desk: Desk
    sender: Sender
    url: str = ""

    def look(self) -> Callable[[], bool]:
        """Look at everything; return what notes it, which writes, and tells whether there is something to be sent."""
        moment, seen = self.desk.moment(), self.desk.seen()
        found = self.desk.troubles(seen, moment)
        return lambda: self._note(found, moment)

    def send(self) -> Callable[[], None] | None:
        """Send what is due; return what notes how it went, which writes; None if nothing was due."""
        now_ms = self.desk.moment().now_ms
        with store.reading(self.desk.centre.engine) as connection:
            to, outbox = books.recipients(connection), books.state(connection).outbox
        parcels = due(outbox, now_ms)
        if not parcels:
            return None
        tried = self.sender.send_all(to, [one for one in parcels if one.to in to.to])
        return lambda: self._note_tried(tried)

    def _note(self, found: list[Trouble], moment: Moment) -> bool:
        with self.desk.centre.engine.begin() as connection:
            heard.learn(connection)
            to, before = books.recipients(connection), books.state(connection)
            now = self._told(to, before, found, moment) if to.to else books.State()
            if now != before:
                books.set_state(connection, now)
            return bool(due(now.outbox, moment.now_ms))

    def _told(self, to: Recipients, before: books.State, found: list[Trouble], moment: Moment) -> books.State:
        quiet = to.quiet is not None and to.quiet.holds(moment.hour)
        blind = moment.now_ms - self.desk.since_ms < _BLIND_MS
        told, news = step(before.told, found, moment.now_ms, quiet=quiet, blind=blind)
        if not news.is_any:
            return msgspec.structs.replace(before, told=told)
        written = letter(self.desk.books.town().name, news, self.url, moment)
        number = self.desk.centre.town.entropy.bytes(_ID_BYTES).hex()
        return books.State(told, put(before.outbox, number, to.to, written, moment.now_ms))

    def _note_tried(self, tried: list[Tried]) -> None:
        with self.desk.centre.engine.begin() as connection:
            to, now = books.recipients(connection), books.state(connection)
            outbox = after(now.outbox, tried, to.to, self.desk.moment().now_ms)
            books.set_state(connection, msgspec.structs.replace(now, outbox=outbox))
