"""Publishes months, each once and for good, and writes the feed of those that are published."""

from typing import Final

import msgspec
import sqlalchemy as sa

from central.calendar import utc_offset_minutes
from central.centre import Centre
from central.console.books import place_names
from central.hiding import K
from programs.visits.books import read_month, spots
from programs.visits.documents import COLUMNS, DAYS, FORMAT, HIDDEN, document, sha256
from programs.visits.entries import Published
from programs.visits.insight import covered_of, end_ms, is_published
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
}


class PublishError(Exception):
    """A month cannot be published; the message says why, in Japanese and in English."""

    def __init__(self, ja: str, en: str) -> None:
        super().__init__(f"{ja} / {en}")


class MonthLine(msgspec.Struct, frozen=True):
    """One month in the feed; `complete` of `units` had told everything of it, of the others `missing` entries."""

    month: str
    file: str
    sha256: str
    units: int
    complete: int
    missing: int


def publish(centre: Centre, month: int) -> Published:
    """Publish a month with what has arrived by now. What arrives later changes nothing that is published.

    Raises:
        PublishError: it is not over, or published already.
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
        text = document(read_month(connection, month, offset, spots(connection)))
        seen = covered_of(connection, month, now_ms, offset)
        said = Published(month, offset, K, seen.units, seen.complete, seen.missing, sha256(text))
        centre.streams.append(connection, OFFICE_STREAM, [said])
    centre.reconciler.catch_up()
    return said


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
        lines.append(MonthLine(written(said.month), name, said.sha256, said.units, said.complete, said.missing))
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
