"""What one unit wrote and every unit has to know: said on by the centre, once, in the town's journal.

A unit believes the town only. So what is chosen at one desk, and counts everywhere, goes up as that desk's entry and
down as the centre's word. Which entries those are, and what is said of them, the programs' offices know.
"""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from central import reconcile, settings, store
from central.branches import Branches
from central.office import Office
from central.reconcile import Reconciler
from central.streams import Streams
from sync.entries import Entry, Register, kind_of
from sync.messages import TOWN_STREAM, is_stream

_PLACE: Final = "telling"
_KEPT_EVERY: Final = 1_000  # segments
_ANY_LIFE: Final = 0


class Teller:
    """Says on what has arrived, a turn at a time.

    Its place is kept with every word, and now and then; in between it is in memory. So a turn with nothing to say costs
    one question, and a start reads a few entries more than it would have to.
    """

    def __init__(
        self,
        engine: sa.Engine,
        reconciler: Reconciler,
        streams: Streams,
        register: Register,
        offices: Sequence[Office],
    ) -> None:
        self._engine = engine
        self._reconciler = reconciler
        self._streams = streams
        self._register = register
        self._offices = offices
        self._seen = 0

    def turn(self) -> int:
        """Say on what has arrived since the last turn, in one transaction; return how many words that took."""
        with store.reading(self._engine) as connection:
            if _last(connection) == self._seen:
                return 0
        with self._reconciler.counted() as connection:
            place, upto = int(settings.get(connection, _PLACE) or 0), _last(connection)
            told = [
                fact
                for entry in self._arrived(connection, max(place, self._seen))
                for office in self._offices
                for fact in office.says_on(connection, entry)
            ]
            if told:
                self._streams.append(connection, TOWN_STREAM, told)
                upto = _last(connection)
            if told or upto - place >= _KEPT_EVERY:
                settings.put(connection, _PLACE, str(upto))
        self._seen = upto
        return len(told)

    def _arrived(self, connection: sa.Connection, since: int) -> list[Entry]:
        """Return the units' entries of which something may have to be said, in order of arrival."""
        kinds = [kind_of(kind) for office in self._offices for kind in office.heard_for_all]
        index = reconcile.entry
        order = (index.c.n, index.c.writer, index.c.boot, index.c.seq)
        asked = sa.select(*order).where(index.c.n > since, index.c.kind.in_(kinds)).order_by(*order)
        found = []
        for _, writer, boot, seq in connection.execute(asked).all():
            body = None if is_stream(writer) else Branches(connection, writer, _ANY_LIFE).body_at(boot, seq)
            if body is not None:
                found.append(self._register.decode(body))
        return found


def _last(connection: sa.Connection) -> int:
    return connection.execute(sa.select(sa.func.max(store.segment.c.n))).scalar() or 0
