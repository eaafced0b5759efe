"""A journal that is written for a power cutter: does this disk keep what it says it has kept?

It is opened, written and opened again as a unit's own is; only that nobody touches a card for its entries.
"""

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final

import msgspec

from appliance.config import JOURNAL_FILE
from appliance.opening import Opened, World, close_in_order, open_journal
from sync import installed
from sync.entries import EntryId
from sync.facts import Applied

UNIT: Final = "trial"


class Outcome(msgspec.Struct, frozen=True):
    """What became of entries that were announced before the power went.

    Attributes:
        announced: how many of them.
        missing: those that the journal does not hold. Of an honest disk there are none.
        lost: how many holes this start found in the journal.
    """

    announced: int
    missing: list[EntryId]
    lost: int


def write(world: World, entries: int = 0) -> Iterator[EntryId]:
    """Write entry after entry to a journal; yield each as soon as it is durable, when a unit would beep.

    Args:
        world: the disk that is tried, and the rest.
        entries: how many; 0 for as many as there are room and time for.

    Raises:
        UnfitError, DiskError, JournalFullError, JournalBrokenError: see `appliance.opening`.
    """
    journal = _open(world).journal
    try:
        for _ in range(entries) if entries else count():
            assert journal.tip
            (written,) = journal.append([Applied(UNIT, journal.tip)])
            yield written.entry.id
    finally:
        close_in_order(journal)


def look(world: World, announced: Iterable[EntryId]) -> Outcome:
    """Open the journal as after a power cut, and look for what was announced before.

    Raises:
        UnfitError, DiskError, JournalFullError, JournalBrokenError: see `appliance.opening`.
    """
    opened = _open(world)
    try:
        wanted = list(announced)
        missing = [one for one in wanted if opened.journal.hash_at(one.boot, one.seq) is None]
        return Outcome(len(wanted), missing, len(opened.lost))
    finally:
        close_in_order(opened.journal)


def _open(world: World) -> Opened:
    return open_journal(world, JOURNAL_FILE, UNIT, installed.register(), (), UNIT)
