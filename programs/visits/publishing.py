"""Publishes months, each once and for good, and writes the feed of those that are published."""

from typing import Final

import msgspec
import sqlalchemy as sa

from central import publishing
from central.centre import Centre
from central.console.books import place_names
from central.hiding import K
from central.published import MonthLine, sha256
from programs.visits.books import read_month, spots
from programs.visits.documents import COLUMNS, DAYS, FORMAT, HIDDEN, document
from programs.visits.entries import Published
from programs.visits.insight import covered_of
from programs.visits.tables import published

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


def publish(centre: Centre, month: int) -> Published:
    """Publish a month with what has arrived by now. What arrives later changes nothing that is published.

    Raises:
        PublishError: it is not over, or published already.
    """

    def made(connection: sa.Connection, now_ms: int, offset: int) -> Published:
        seen = covered_of(connection, month, now_ms, offset)
        text = document(read_month(connection, month, offset, spots(connection)))
        return Published(month, offset, K, seen.units, seen.complete, seen.missing, sha256(text))

    return publishing.publish(centre, published, month, made)


def feed(connection: sa.Connection) -> dict[str, bytes]:
    """Return the files of the feed, by name: a table for each month, and `feed.json` about all of them.

    Raises:
        PublishError: the tables of a month do not come to what was published.
    """
    files, lines = published.files(connection)
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
