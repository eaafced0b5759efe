"""Picks out of many entries those that a fold reads: most of what arrives is none of its business."""

from collections.abc import Iterable
from typing import Final

from sync.entries import Entry, Fact


class Sieve:
    """Lets through the entries whose facts are of some kinds, in their order.

    To ask `isinstance` of every entry, in every fold, is what adding up would spend most of its time on. So each type
    of fact is asked only once.
    """

    def __init__(self, *kinds: type[Fact]) -> None:
        self._is_one: Final = _Answers(kinds)

    def __call__(self, entries: Iterable[Entry]) -> list[Entry]:
        is_one = self._is_one
        return [entry for entry in entries if is_one[type(entry.fact)]]

    def others(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return those that it does not let through."""
        is_one = self._is_one
        return [entry for entry in entries if not is_one[type(entry.fact)]]


class _Answers(dict[type[Fact], bool]):
    """Whether a type is of some kinds, as far as that was asked."""

    def __init__(self, kinds: tuple[type[Fact], ...]) -> None:
        super().__init__()
        self._kinds = kinds

    def __missing__(self, asked: type[Fact]) -> bool:
        found = self[asked] = issubclass(asked, self._kinds)
        return found
