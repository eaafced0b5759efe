"""What a season came to."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec


class Figures(msgspec.Struct):
    """Counts of the measured half of a season, and what the books say at its end.

    Attributes:
        visits: payments that somebody wanted to make; `away` at units out of reach, `first` by cards new there.
        false: refused although the card could afford it; `false_away` and `false_first` of those above.
        waited: accepted at the second touch, after others were asked for the money.
        overspent_yen: paid with money that nobody had put in.
        short_yen: what the ledger says that units gave out and nobody had.
        owed_yen: what cards owe the fund in the end.
        stranded_yen_h: yen at units out of reach, times hours.
        largest_yen: the most that one unit ever might give out.
        words: grants, recalls and what is said of counters, of the whole season; `all_visits` as well.
    """

    visits: int = 0
    away: int = 0
    first_away: int = 0
    false: int = 0
    false_away: int = 0
    false_first: int = 0
    waited: int = 0
    overspent_yen: int = 0
    short_yen: int = 0
    owed_yen: int = 0
    stranded_yen_h: float = 0.0
    largest_yen: int = 0
    words: int = 0
    all_visits: int = 0

    def note(self, *, is_away: bool, is_false: bool, is_new: bool, waited: bool, overspent: int) -> None:
        """Count one visit."""
        self.visits += 1
        self.away += is_away
        self.first_away += is_away and is_new
        self.false += is_false
        self.false_away += is_false and is_away
        self.false_first += is_false and is_away and is_new
        self.waited += waited
        self.overspent_yen += overspent

    def add(self, other: "Figures") -> None:
        """Add another season, as if both towns were one; of the largest holding the larger counts."""
        for name in self.__struct_fields__:
            both = getattr(self, name), getattr(other, name)
            setattr(self, name, max(both) if name == "largest_yen" else sum(both))


_COLUMNS: Final[tuple[tuple[str, Callable[[Figures], str]], ...]] = (
    ("false %", lambda figures: _percent(figures.false, figures.visits)),
    ("of away %", lambda figures: _percent(figures.false_away, figures.away)),
    ("of first %", lambda figures: _percent(figures.false_first, figures.first_away)),
    ("waited %", lambda figures: _percent(figures.waited, figures.visits)),
    ("overspent yen", lambda figures: f"{figures.overspent_yen:,}"),
    ("owed yen", lambda figures: f"{figures.owed_yen:,}"),
    ("stranded yen·h", lambda figures: f"{figures.stranded_yen_h:,.0f}"),
    ("largest yen", lambda figures: f"{figures.largest_yen:,}"),
    ("words/visit", lambda figures: f"{figures.words / max(1, figures.all_visits):.1f}"),
)


def table(found: Mapping[str, Figures]) -> str:
    """Return a table in Markdown: a line for each way to decide."""
    head = ["policy", *(name for name, _ in _COLUMNS)]
    rows = [[name, *(show(figures) for _, show in _COLUMNS)] for name, figures in found.items()]
    widths = [max(len(line[at]) for line in [head, *rows]) for at in range(len(head))]
    lines = [_line(head, widths), _line_under(widths)]
    return "\n".join([*lines, *(_line(row, widths) for row in rows)])


def _line_under(widths: list[int]) -> str:
    first, *others = widths
    return "|:" + "-" * (first + 1) + "|" + "|".join("-" * (width + 1) + ":" for width in others) + "|"


def _line(cells: list[str], widths: list[int]) -> str:
    first, *others = cells
    padded = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
    return "| " + " | ".join(padded) + " |"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / max(1, whole):.1f}"
