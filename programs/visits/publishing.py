"""Publishes months, each once and for good, and writes the feed of those that are published.

Where the town has stated that it counts ages, a month is counted by age as it is published, and never again: two counts
would tell the band of whoever agreed in between.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
import sqlalchemy as sa

from central import publishing
from central.ages import CardBands
from central.centre import Centre
from central.console.books import place_names
from central.hiding import K
from central.published import MonthLine, PublishError, sha256
from central.residents.ages import BANDS, year_began
from central.residents.sealing import SealingError
from programs.visits.books import Spot, count_ages, read_month, spots
from programs.visits.documents import COLUMNS, DAYS, FORMAT, HIDDEN, document
from programs.visits.entries import AgeBand, Aged, Published
from programs.visits.hiding import ByAge
from programs.visits.insight import VISITS, covered_of
from programs.visits.tables import published
from sync.months import written

FEED: Final = "feed.json"
_ABOUT: Final = {
    "visits": "利用。1枚のカードが1か所で1日に何度タッチしても1つ。 / A card's first touch at a place on a day.",
    "people": "カードの枚数。カードのない人はふくみません。 / Cards; whoever has none is not in it.",
    "touches": "タッチの数。行きと帰り、もう一度のタッチもふくみます。 / All touches, also on going and again.",
    "new": "その場所にはじめて来た人。 / People who came there for the first time ever.",
    "returning": "前にも来た人。 / People who had come there before.",
    "visits_at": "曜日と時刻ごとの利用。行のない時刻は0。 / Visits by weekday and hour; no row: none.",
    "people_also_at_least": "その月に両方を使った人(5の倍数に切り捨て)。 / People of both, rounded down to fives.",
    **{
        f"people_{band.name}": f"人: 年度はじめ(4月1日)の年齢が{band.ja}。 / People by age on 1 April: {band.en}."
        for band in BANDS
    },
}


class CountedLine(MonthLine, frozen=True):
    """One month in the feed. `files`: of so many residents an age was known; None: it was not counted by age."""

    files: int | None


def publish(centre: Centre, month: int, by: str) -> Published:
    """Publish a month with what has arrived by now. What arrives later changes nothing that is published.

    Args:
        by: who does it, as the journal will name them where files are opened to count by age.

    Raises:
        PublishError: it is not over, or published already, or files do not open.
    """

    def made(connection: sa.Connection, now_ms: int, offset: int) -> tuple[list[Aged], Published]:
        all_spots = spots(connection)
        known = _bands(centre, connection, month, by)
        ages = count_ages(connection, month, all_spots, known.bands) if known else {}
        text = document(read_month(connection, month, offset, all_spots, ages))
        seen = covered_of(connection, month, now_ms, offset)
        files = known.files if known else None
        said = Published(month, offset, K, seen.units, seen.complete, seen.missing, sha256(text), files)
        return _aged(month, ages), said

    return publishing.publish(centre, published, month, made)


def _bands(centre: Centre, connection: sa.Connection, month: int, by: str) -> CardBands | None:
    """Return the age bands of cards; None where the town has not stated that it counts ages."""
    if not centre.letterhead.counts_ages:
        return None
    why = f"{written(month)} の利用を年代ごとに数えるため(名前は出ません)"
    try:
        return centre.ages.of_cards(connection, VISITS, year_began(month), by, why)
    except SealingError as error:
        ja, _, en = str(error).partition("\n")
        raise PublishError(ja, en) from error


def _aged(month: int, ages: Mapping[Spot, ByAge]) -> list[Aged]:
    return [
        Aged(month, spot.place, spot.service, seen.people, tuple(AgeBand(*one) for one in seen.bands.items()))
        for spot, seen in ages.items()
    ]


def feed(connection: sa.Connection) -> dict[str, bytes]:
    """Return the files of the feed, by name: a table for each month, and `feed.json` about all of them.

    Raises:
        PublishError: the tables of a month do not come to what was published.
    """
    files, months = published.files(connection)
    lines = [CountedLine(**msgspec.structs.asdict(published.line(said)), files=said.files) for said in months]
    places = sorted({spot.place for spot in spots(connection)})
    return files | {FEED: _about(lines, places, connection)}


def _about(lines: list[CountedLine], places: list[str], connection: sa.Connection) -> bytes:
    names = place_names(connection, set(places))
    about = {
        "schema": "machi.visits.feed/1",
        "format": FORMAT,
        "columns": COLUMNS,
        "weekdays": DAYS,
        "hidden": HIDDEN,
        "smallest": K,
        "figures": _ABOUT,
        "places": [{"place": place, "ja": names[place].ja, "en": names[place].en} for place in places],
        "months": lines,
    }
    return msgspec.json.format(msgspec.json.encode(about), indent=2) + b"\n"
