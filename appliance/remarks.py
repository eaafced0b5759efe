"""What programs without a counter say of what was just written: points, for a touch that another program took.

It is said by the states after the commit, so a unit says nothing that it would not say of the entry later.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from appliance.shelf import Shelf
from sync.entries import Entry
from sync.program import Beside, Remark


class Remarks:
    """Asks every such program, in the order of their names."""

    def __init__(self, shelf: Shelf, besides: Sequence[Beside[Any]]) -> None:
        self._shelf = shelf
        self._besides = besides

    def on(self, entries: Iterable[Entry]) -> list[Remark]:
        """Return what is said of entries that are in the journal.

        Raises:
            ShelfError: the stored state is damaged; end the process, the next start folds it again.
        """
        asked = (
            beside.says(*(self._shelf.state_of(reader, key) for reader, key in beside.asks(entry)), entry)
            for entry in entries
            for beside in self._besides
            if isinstance(entry.fact, beside.kinds)
        )
        return [remark for remark in asked if remark]
