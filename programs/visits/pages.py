"""The page of what is used in the town: by place and service, weekday and hour, by whom, and together with what.

Officers publish a month there, which is when it is counted by age.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central import store
from central.centre import Centre
from central.console.brought import Act, NotDoneError, Page, Said
from central.console.heat import heat
from central.console.moment import Moment, Say
from central.console.roles import TOWN_HALL
from central.hiding import K
from central.residents.ages import BANDS, Band, year_began
from central.residents.days import day
from programs.visits.books import Spot
from programs.visits.documents import document
from programs.visits.hiding import ByAge, Shown
from programs.visits.insight import MONTHS, VISITS, Asked, Insight, read
from programs.visits.publishing import publish
from sync.accounts import Role
from sync.months import FIRST_MONTH, days_in, month_named, month_of, written
from sync.program import town_day

MONTHS_OFFERED: Final = 2 * MONTHS
TICKED: Final = "yes"


class Line(msgspec.Struct, frozen=True):
    """One spot in the list of all."""

    spot: Spot
    name: Say
    seen: Shown
    a_day: str


class Bar(msgspec.Struct, frozen=True):
    """One month in a row of months; `share`: of the highest, in percent."""

    month: str
    seen: Shown
    share: int


class BandLine(msgspec.Struct, frozen=True):
    """One age band of a spot; `people`: None if hidden; `share`: of the largest, in percent."""

    band: Band
    people: int | None
    share: int


def shown(engine: sa.Engine, moment: Moment, **filters: str) -> Mapping[str, Any] | None:
    """Return what the page shows; None if somebody asks for what is not there."""
    found = _read(engine, moment, **filters)
    if found is None:
        return None
    this = month_of(town_day(moment.now_ms, moment.offset_minutes))
    return {
        "found": found,
        "month": written(found.month),
        "months": [written(this - number) for number in range(MONTHS_OFFERED)],
        "lines": list(_lines(found)),
        "total": sum(seen.visits or 0 for seen in found.all.spots.values()),
        "several": len({spot.service for spot in found.all.spots}) > 1,
        "heat": heat(found.seen.at),
        "bars": _bars(found.series),
        "bands": BANDS,
        "counted_on": day(year_began(found.month)),
        "ages": _bands(found.all.ages.get(found.spot)) if found.spot else [],
        "ticked": TICKED,
        "beside": [(spot, found.names[spot.place], number) for spot, number in found.beside],
        "since": filters["change"],
        "service": VISITS,
        "k": K,
    }


def table(engine: sa.Engine, moment: Moment, **filters: str) -> bytes | None:
    """Return the month as it would be published, by age once it is; a byte order mark, for spreadsheets."""
    found = _read(engine, moment, **filters)
    return None if found is None else b"\xef\xbb\xbf" + document(found.all)


def _read(engine: sa.Engine, moment: Moment, **filters: str) -> Insight | None:
    asked = {name: month_named(filters[name]) if filters[name] else None for name in ("month", "change")}
    if any(filters[name] and number is None for name, number in asked.items()):
        return None
    spot = Spot(filters["place"], filters["service"] or VISITS) if filters["place"] else None
    with store.reading(engine) as connection:
        return read(connection, Asked(spot=spot, **asked), moment.now_ms, moment.offset_minutes)


def _lines(found: Insight) -> Iterator[Line]:
    """Yield the spots, those of most visits first, and those that are hidden at the end."""
    days = days_in(found.month)
    ordered = sorted(found.all.spots.items(), key=lambda one: (-(one[1].visits or 0), one[0]))
    for spot, seen in ordered:
        yield Line(spot, found.names[spot.place], seen, f"{(seen.visits or 0) / days:.1f}")


def _bands(seen: ByAge | None) -> list[BandLine]:
    if seen is None:
        return []
    most = max(seen.bands.values(), default=0)
    people = [(band, seen.bands.get(band.name)) for band in BANDS]
    return [BandLine(band, number, 100 * (number or 0) // most if most else 0) for band, number in people]


def _bars(series: Mapping[int, Shown]) -> list[Bar]:
    most = max([seen.visits or 0 for seen in series.values()], default=0)
    return [
        Bar(written(month), seen, 100 * (seen.visits or 0) // most if most else 0)
        for month, seen in series.items()
        if month >= FIRST_MONTH
    ]


def _publish(centre: Centre, by: str, form: Mapping[str, str]) -> Said:
    month = month_named(form.get("month", ""))
    if month is None or form.get("sure") != TICKED:
        raise NotDoneError(
            "公開した数は、あとから変えられません。確かめたら、しるしをつけてください。",
            "Figures cannot be changed once they are published: look at them, and tick the box.",
        )
    said = publish(centre, month, by)
    ja, en = ("", "") if said.files is None else (f"年代は{said.files:,}人分。", f" Ages of {said.files:,} residents.")
    return Said(
        f"{written(month)} を公開しました。{ja}machi central visits feed で書き出せます。",
        f"{written(month)} is published.{en} machi central visits feed writes the files.",
        {"month": written(month)},
    )


PAGES: Final = (
    Page(
        "visits",
        "利用",
        "Visits",
        TOWN_HALL,
        shown,
        filters=("month", "place", "service", "change"),
        table=table,
        acts=(Act("publish", frozenset({Role.OFFICER}), _publish),),
        open_data=("month",),
    ),
)
