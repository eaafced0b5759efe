"""`machi central coin held`: for how long what is on cards has been there, and when it runs out."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from central.cli.common import FOLDER, JSON, open_books, plainly, say

if TYPE_CHECKING:
    from programs.coin.turnover.ages import Ages, Band


@click.command(epilog="\b\nExamples:\n  machi central coin held /srv/town\n  machi central coin held /srv/town --json")
@FOLDER
@JSON
def held(folder: Path, as_json: bool) -> None:
    """Show for how long what is on cards has been there, and for how long it is good.

    It follows from each card's lots, so it takes a second for each ten thousand payments and charges. Bands of fewer
    than 5 people are hidden, and others from which they could be told.
    """
    from central.calendar import day_at
    from programs.coin.lots.books import all_purses
    from programs.coin.turnover.ages import ages

    centre = open_books(folder)
    with plainly(), centre.reconciler.counted() as connection:
        purses = all_purses(connection)
        today = day_at(connection, centre.town.clock.wall_ms())
    lots = ((what.rpartition("/")[2], lot) for what, purse in purses.items() for lot in purse.lots)
    found = ages(lots, sum(purse.owed for purse in purses.values()), today)
    if as_json:
        say({"schema": "machi.central.coin.held/1", **_document(found)}, as_json=True)
    else:
        click.echo("\n".join(_lines(found)))


def _document(found: "Ages") -> dict[str, object]:
    return {
        "yen": found.yen,
        "short": found.short,
        "since": [_row(band, one) for band, one in found.since.items()],
        "until": [_row(band, one) for band, one in found.until.items()],
    }


def _row(band: int, one: "Band") -> dict[str, object]:
    days = _days(band)
    return {"days": None if days is None else list(days), "yen": one.yen, "people_at_least": one.people_at_least}


def _days(band: int) -> tuple[int, int | None] | None:
    """Return the first and the last day of a band, which may have no end; None for ever."""
    from programs.coin.turnover.ages import BANDS, FOR_EVER

    if band == FOR_EVER:
        return None
    return (BANDS[band - 1] + 1 if band else 0), (BANDS[band] if band < len(BANDS) else None)


def _lines(found: "Ages") -> list[str]:
    from programs.coin.turnover.ages import SINCE, UNTIL

    if found.yen is None:
        return ["カードに残高のある人は5人未満なので、数を出しません。 / Fewer than 5 people have something on a card."]
    return [
        f"カードにある額 {found.yen:,}円 / held on cards: {found.yen:,} yen",
        *([f"たりない額 {found.short:,}円 / short: {found.short:,} yen"] if found.short else []),
        "カードに入ってから(日) / days since it came onto the card",
        *_of(found.since, SINCE),
        "期限まで(日) / days until it runs out",
        *_of(found.until, UNTIL),
    ]


def _of(bands: "Mapping[int, Band]", every: Iterable[int]) -> list[str]:
    lines = []
    for band in every:
        days = _days(band)
        name = "期限なし for ever" if days is None else f"{days[0]}-{'' if days[1] is None else days[1]}"
        lines.append(f"  {name:>16}  {_said(bands.get(band))}")
    return lines


def _said(one: "Band | None") -> str:
    if one is None:
        return "*"
    return f"{one.yen:,}円  {one.people_at_least:,}人以上 people or more" if one.yen else "0円"


COMMANDS = (held,)
