"""What became of something after a month in which it was changed: some months before, and as many from it on.

Made of the totals of whole months that may be shown, and of nothing that is hidden. Arithmetic only.
"""

from collections.abc import Mapping, Sequence

import msgspec

from sync.months import days_in


class Change(msgspec.Struct, frozen=True):
    """Some months before a change and as many from it on: how many there were in each, and in how many days."""

    month: int
    months: int
    before: tuple[int, int]
    after: tuple[int, int]

    @property
    def a_day(self) -> tuple[float, float]:
        """Return how many there were a day, before and after."""
        return self.before[0] / self.before[1], self.after[0] / self.after[1]

    @property
    def percent(self) -> int | None:
        """Return by how much it has changed; None where there was nothing before."""
        (before, days_before), (after, days_after) = self.before, self.after
        return round(100 * after * days_before / (before * days_after)) - 100 if before else None


def change(totals: Mapping[int, int | None], month: int, most: int) -> Change | None:
    """Compare months with each other; None where not one month on either side may be shown.

    Args:
        totals: of months that are over; None: hidden.
        month: the first one after the change.
        most: so many months on either side, or as few as both sides have.
    """
    before = _run(totals, [month - 1 - number for number in range(most)])
    after = _run(totals, [month + number for number in range(most)])
    number = min(len(before), len(after))
    if not number:
        return None
    return Change(month, number, _sum(before[:number]), _sum(after[:number]))


def _run(totals: Mapping[int, int | None], months: Sequence[int]) -> list[tuple[int, int]]:
    """Return totals and days of the months, up to the first that is hidden or not there."""
    found = []
    for month in months:
        total = totals.get(month)
        if total is None:
            break
        found.append((total, days_in(month)))
    return found


def _sum(months: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return sum(total for total, _ in months), sum(days for _, days in months)
