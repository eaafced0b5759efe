"""Says which numbers may be shown, so that no number of fewer than K people can be told from those that are.

What somebody could do with tables is subtract: a total less the cells that are shown leaves the others. So a small
cell never hides alone, and never only among small ones. Where any is hidden, the smallest of the large ones is hidden
with it; where there is no large one, the whole table is. Then no hidden cell can be told, whatever is subtracted from
what (`docs/insight.md` has the argument, and the tests try all small tables). Arithmetic only, for whichever program.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, TypeVar

K: Final = 5
"""A number is small if it is about fewer people than these, and about any at all."""

_Key = TypeVar("_Key")


class Cell(NamedTuple):
    """A number, and how many people stand behind it."""

    number: int
    people: int


def cells(table: Mapping[_Key, Cell], keys: Iterable[_Key], k: int) -> dict[_Key, int]:
    """Return the cells of a table that may be shown, if its total is shown, too.

    Args:
        keys: of all cells that there might be.
    """
    there = {key: cell for key, cell in table.items() if cell.people}
    hidden = {key for key, cell in there.items() if cell.people < k}
    if hidden:
        large = {key: (cell.people, cell.number) for key, cell in there.items() if key not in hidden}
        if not large:
            return {}
        least = min(large.values())
        hidden |= {key for key, size in large.items() if size == least}  # all of them: to choose one would tell which
    return {key: there[key].number if key in there else 0 for key in keys if key not in hidden}


def shared(one: int, other: int, both: int, k: int = K) -> int | None:
    """Return how many people at least used two things: a multiple of k, or None.

    Args:
        one, other: how many people used each; both are shown elsewhere.

    Exactly, it would say how many used only one of them. Where even the multiple does, it is hidden.
    """
    least = both // k * k
    is_exact = least == min(one, other)
    if least < k or (is_exact and 0 < abs(one - other) < k):
        return None
    return least
