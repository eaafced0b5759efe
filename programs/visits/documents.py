"""A month as it is published: one table for spreadsheets and machines. Format 1; its bytes must never change."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from central.residents.ages import BANDS
from programs.visits.books import Month, Spot
from programs.visits.hiding import ByAge, Shown
from sync.months import written

FORMAT: Final = 1
HIDDEN: Final = "*"
COLUMNS: Final = ("month", "place", "service", "figure", "weekday", "hour", "other_place", "other_service", "value")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NOWHEN: Final = ("", "")
_NOBODY: Final = ("", "")

Row = tuple[str, ...]


def document(month: Month) -> bytes:
    """Return the table of a month. Hidden numbers are "*"; times that are in no row had no visit."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for spot in sorted(month.spots):
        writer.writerows((written(month.month), spot.place, spot.service, *row) for row in _rows(month, spot))
    return out.getvalue().encode()


def _rows(month: Month, spot: Spot) -> Iterator[Row]:
    seen = month.spots[spot]
    for figure in ("visits", "people", "touches", "new", "returning"):
        yield figure, *_NOWHEN, *_NOBODY, _value(getattr(seen, figure))
    if spot in month.ages:
        yield from _ages(month.ages[spot])
    yield from _times(seen)
    for other, number in month.beside(spot):
        yield "people_also_at_least", *_NOWHEN, other.place, other.service, str(number)


def _ages(seen: ByAge) -> Iterator[Row]:
    """Yield the people of each age band, also of those that are hidden."""
    for band in BANDS:
        yield f"people_{band.name}", *_NOWHEN, *_NOBODY, _value(seen.bands.get(band.name))


def _times(seen: Shown) -> Iterator[Row]:
    """Yield the visits by weekday and hour; where all are hidden, one row says so."""
    if not seen.at:
        yield "visits_at", HIDDEN, HIDDEN, *_NOBODY, HIDDEN
        return
    for weekday, day in enumerate(DAYS):
        for hour in range(24):
            value = seen.at.get((weekday, hour))
            if value != 0:
                yield "visits_at", day, str(hour), *_NOBODY, _value(value)


def _value(number: int | None) -> str:
    return HIDDEN if number is None else str(number)
