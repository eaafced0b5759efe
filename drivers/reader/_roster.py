"""The readers that are there, each with its slot; coming and going is reported."""

from collections.abc import Callable, Sequence

from drivers.reader import Event, ReaderCame, ReaderLeft
from drivers.reader._presence import Slot


class Roster:
    """Args: `make`: a slot for a reader of this name. `report`: takes events."""

    def __init__(self, make: Callable[[str], Slot], report: Callable[[Event], None]) -> None:
        self.slots: dict[str, Slot] = {}
        self._make = make
        self._report = report

    def update(self, names: Sequence[str]) -> None:
        """Take note that exactly these readers are there."""
        for name in [known for known in self.slots if known not in names]:
            self.slots.pop(name).end()
            self._report(ReaderLeft(name))
        for name in names:
            if name not in self.slots:
                self.slots[name] = self._make(name)
                self._report(ReaderCame(name))

    def clear(self) -> None:
        self.update(())
