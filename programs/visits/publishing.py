"""Publishes months, each once and for good, and writes the feed of those that are published.

Where the town has stated that it counts ages, a month is counted by age as it is published, and never again: two counts
would tell the band of whoever agreed in between.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
import sqlalchemy as sa

from central.ages import CardBands
from central.calendar import utc_offset_minutes
from central.centre import Centre
from central.residents.ages import BANDS, year_began
from central.residents.sealing import SealingError
from programs.visits.books import Spot, count_ages, read_month, spots
from programs.visits.documents import COLUMNS, DAYS, FORMAT, HIDDEN, document, sha256
from programs.visits.entries import AgeBand, Aged, Published
from programs.visits.hiding import ByAge, K
from programs.visits.insight import VISITS, covered_of, end_ms, is_published, place_names
from programs.visits.tables import published
from sync.messages import OFFICE_STREAM
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
        f"{part}_{band.name}": f"{ja}: 年度はじめ(4月1日)の年齢が{band.ja}。 / {en} by age on 1 April: {band.en}."
        for part, ja, en in (("people", "人", "People"), ("visits", "利用", "Visits"))
        for band in BANDS
    },
}


class PublishError(Exception):
    """A month cannot be published; the message says why, in Japanese and in English."""

    def __init__(self, ja: str, en: str) -> None:
        super().__init__(f"{ja} / {en}")
        self.ja, self.en = ja, en


class MonthLine(msgspec.Struct, frozen=True):
    """One month in the feed.

    Attributes:
        units, complete, missing: `complete` of `units` had told everything of it, of the others `missing` entries.
        files: of so many residents an age was known; None: it was not counted by age.
    """

    month: str
    file: str
    sha256: str
    units: int
    complete: int
    missing: int
    files: int | None


def publish(centre: Centre, month: int, by: str) -> Published:
    """Publish a month with what has arrived by now. What arrives later changes nothing that is published.

    Args:
        by: who does it, as the journal will name them where files are opened to count by age.

    Raises:
        PublishError: it is not over, or published already, or files do not open.
    """
    with centre.reconciler.counted() as connection:
        now_ms, offset = centre.town.clock.wall_ms(), utc_offset_minutes(connection)
        if end_ms(month, offset) > now_ms:
            raise PublishError(
                f"{written(month)} はまだ終わっていません。月が変わってから公開してください。",
                f"{written(month)} is not over yet: publish it when it is.",
            )
        if is_published(connection, month):
            raise PublishError(
                f"{written(month)} はもう公開ずみで、数字は変えません。feed で同じファイルを書き出せます。",
                f"{written(month)} is published, and stays as it is; feed writes the same file again.",
            )
        all_spots = spots(connection)
        known = _bands(centre, connection, month, by)
        ages = count_ages(connection, month, all_spots, known.bands) if known else {}
        text = document(read_month(connection, month, offset, all_spots, ages))
        seen = covered_of(connection, month, now_ms, offset)
        files = known.files if known else None
        said = Published(month, offset, K, seen.units, seen.complete, seen.missing, sha256(text), files)
        centre.streams.append(connection, OFFICE_STREAM, [*_aged(month, ages), said])
    centre.reconciler.catch_up()
    return said


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
        Aged(month, spot.place, spot.service, seen.visits, seen.people, _shown_bands(seen))
        for spot, seen in ages.items()
    ]


def _shown_bands(seen: ByAge) -> tuple[AgeBand, ...]:
    return tuple(AgeBand(band, cell.number, cell.people) for band, cell in seen.bands.items())


def feed(connection: sa.Connection) -> dict[str, bytes]:
    """Return the files of the feed, by name: a table for each month, and `feed.json` about all of them.

    Raises:
        PublishError: the tables of a month do not come to what was published.
    """
    files: dict[str, bytes] = {}
    lines = []
    for row in connection.execute(sa.select(published).order_by(published.c.month)):
        said = msgspec.json.decode(row.said, type=Published)
        raw, name = row.document.encode(), f"visits-{written(said.month)}.csv"
        if sha256(raw) != said.sha256:
            raise PublishError(
                f"{written(said.month)} の数字が、公開したものと合いません。公開ずみのファイルを使いつづけてください。",
                f"The figures of {written(said.month)} are not those that were published: keep the file that is out.",
            )
        files[name] = raw
        covered = said.units, said.complete, said.missing, said.files
        lines.append(MonthLine(written(said.month), name, said.sha256, *covered))
    places = sorted({spot.place for spot in spots(connection)})
    return files | {FEED: _about(lines, places, connection)}


def _about(lines: list[MonthLine], places: list[str], connection: sa.Connection) -> bytes:
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
