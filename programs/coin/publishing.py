"""Publishes how coin goes round, month by month, each once and for good, and writes the feed of those that are out."""

from typing import Final

import msgspec
import sqlalchemy as sa

from central import publishing
from central.centre import Centre
from central.hiding import K
from central.published import MonthLine, sha256
from programs.coin.insight import covered_of
from programs.coin.turnover.books import counted
from programs.coin.turnover.documents import COLUMNS, DAYS, FORMAT, HIDDEN, document
from programs.coin.turnover.dominance import P
from programs.coin.turnover.facts import Published
from programs.coin.turnover.tables import published

FEED: Final = "feed.json"
_ABOUT: Final = {
    "yen": "店に払われた額。取り消しと返金を引いたもの。 / What was paid at shops, less what was void or given back.",
    "payments": "支払いの件数。取り消した分はふくみません。 / Payments, without those that were made void.",
    "shops": "支払いのあった店の数。 / Shops at which was paid.",
    "people_at_least": "払った人(カード)。5の倍数に切り捨て。 / People (cards) who paid, rounded down to fives.",
    "new_at_least": "はじめて払った人。5の倍数に切り捨て。 / Those who paid for the first time ever, likewise.",
    "returning_at_least": "前にも払った人。5の倍数に切り捨て。 / Those who had paid before, likewise.",
    "charged_yen": "現金からコインになった額。 / Cash that became coin.",
    "payments_at": "曜日と時刻ごとの支払いの件数。行のない時刻は0。 / Payments by weekday and hour; no row: none.",
}


def publish(centre: Centre, month: int) -> Published:
    """Publish a month with what has arrived by now. What arrives later changes nothing that is published.

    Raises:
        PublishError: it is not over, or published already.
    """

    def made(connection: sa.Connection, now_ms: int, offset: int) -> tuple[tuple[()], Published]:
        seen = covered_of(connection, month, now_ms, offset)
        text = document(month, counted(connection, month, offset))
        return (), Published(month, offset, K, seen.units, seen.complete, seen.missing, sha256(text), P)

    return publishing.publish(centre, published, month, made)


def feed(connection: sa.Connection) -> dict[str, bytes]:
    """Return the files of the feed, by name: a table for each month, and `feed.json` about all of them.

    Raises:
        PublishError: the tables of a month do not come to what was published.
    """
    files, months = published.files(connection)
    return files | {FEED: _about([published.line(said) for said in months])}


def _about(lines: list[MonthLine]) -> bytes:
    about = {
        "schema": "machi.coin.feed/1",
        "format": FORMAT,
        "columns": COLUMNS,
        "weekdays": DAYS,
        "hidden": HIDDEN,
        "smallest": K,
        "percent": P,
        "figures": _ABOUT,
        "months": lines,
    }
    return msgspec.json.format(msgspec.json.encode(about), indent=2) + b"\n"
