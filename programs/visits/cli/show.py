"""`machi central visits show`: every number of the page, as text, JSON or a table."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from central.cli.common import FOLDER, JSON, NotFoundError, month_typed, open_books, plainly, say
from sync.terminal import printable

if TYPE_CHECKING:
    from programs.visits.hiding import ByAge, Shown
    from programs.visits.insight import Insight


@click.command(
    epilog="\b\nExamples:\n  machi central visits show /srv/town\n"
    "  machi central visits show /srv/town --month 2026-11 --place library --change 2026-09\n"
    "  machi central visits show /srv/town --month 2026-11 --csv > visits.csv"
)
@FOLDER
@click.option("--month", default="", help="As 2026-11; the last one that is over if left out.")
@click.option("--place", default="", help="One place: also hours, months, and what else its people used.")
@click.option("--service", default="visits", show_default=True, help="Which of its services.")
@click.option("--change", default="", help="Compare the months before this one with those from it on.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a table, as it would be published; ages once it is.")
@JSON
def show(folder: Path, month: str, place: str, service: str, change: str, as_csv: bool, as_json: bool) -> None:
    """Show what is used in the town, as the console's page does.

    A visit is a card's first touch at a place on a day. Numbers of fewer than 5 people are hidden, and others from
    which they could be told. Ages are those that were counted when the month was published.
    """
    from central.calendar import utc_offset_minutes
    from programs.visits.books import Spot
    from programs.visits.documents import document
    from programs.visits.insight import Asked, read

    asked = Asked(
        month_typed(month) if month else None,
        Spot(place, service) if place else None,
        month_typed(change) if change else None,
    )
    centre = open_books(folder)
    with plainly(), centre.reconciler.counted() as connection:
        found = read(connection, asked, centre.town.clock.wall_ms(), utc_offset_minutes(connection))
    if found is None:
        raise NotFoundError(f"{place}({service})の利用はまだありません。 / Nothing was ever used there: {place}")
    if as_csv:
        click.echo(document(found.all), nl=False)
    elif as_json:
        say({"schema": "machi.central.visits.show/1", **_document(found)}, as_json=True)
    else:
        click.echo("\n".join(printable(line) for line in _lines(found)))


def _document(found: "Insight") -> dict[str, Any]:
    import msgspec

    from sync.months import written

    spots = [
        {"place": spot.place, "service": spot.service, **_figures(seen), "ages": _ages(found.all.ages.get(spot))}
        for spot, seen in found.all.spots.items()
    ]
    document: dict[str, Any] = {
        "month": written(found.month),
        "is_over": found.is_over,
        "is_published": found.is_published,
        "coverage": msgspec.to_builtins(found.coverage),
        "findings": [msgspec.to_builtins(one) for one in found.findings],
        "spots": spots,
    }
    if found.spot:
        document |= {
            "spot": msgspec.to_builtins(found.spot),
            "at": [{"weekday": at[0], "hour": at[1], "visits": number} for at, number in found.seen.at.items()],
            "also": [{**msgspec.to_builtins(spot), "people_at_least": number} for spot, number in found.beside],
            "months": [{"month": written(month), **_totals(seen)} for month, seen in found.series.items()],
            "change": msgspec.to_builtins(found.change) if found.change else None,
        }
    return document


def _ages(seen: "ByAge | None") -> list[dict[str, Any]]:
    """Return the bands as they were published; None: hidden."""
    from central.residents.ages import BANDS

    shown = [(band, seen.bands.get(band.name)) for band in BANDS] if seen else []
    return [{"band": band.name, "ja": band.ja, "en": band.en, "people": people} for band, people in shown]


def _band(one: dict[str, Any]) -> str:
    return f"{one['ja']} / {one['en']}  people {_number(one['people'])}"


def _totals(seen: "Shown") -> dict[str, int | None]:
    return {"visits": seen.visits, "people": seen.people}


def _figures(seen: "Shown") -> dict[str, int | None]:
    return {**_totals(seen), "touches": seen.touches, "new": seen.new, "returning": seen.returning}


def _lines(found: "Insight") -> list[str]:
    from central.console.heat import DAYS
    from sync.months import written

    lines = [f"{written(found.month)}  {found.covered.ja} / {found.covered.en}"]
    lines += [f"{one.ja} / {one.en}" for one in found.findings]
    shown = found.all.spots if found.spot is None else {found.spot: found.seen}
    for spot, seen in shown.items():
        figures = "  ".join(f"{name} {_number(number)}" for name, number in _figures(seen).items())
        lines.append(f"{spot.place} ({spot.service})  {figures}")
        lines += [f"  {_band(one)}" for one in _ages(found.all.ages.get(spot))]
    for weekday, day in enumerate(DAYS if found.spot else ()):
        hours = " ".join(f"{_number(found.seen.at.get((weekday, hour))):>5}" for hour in range(24))
        lines.append(f"{day.en}  {hours}")
    lines += [f"+ {spot.place} ({spot.service})  >= {number}" for spot, number in found.beside]
    for month, seen in found.series.items():
        lines.append(f"{written(month)}  visits {_number(seen.visits)}  people {_number(seen.people)}")
    return lines


def _number(number: int | None) -> str:
    return "*" if number is None else f"{number:,}"


COMMANDS = (show,)
