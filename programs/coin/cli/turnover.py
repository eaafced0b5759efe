"""`machi central coin turnover`: every number of the page of how coin goes round, as text, JSON or a table."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from central.cli.common import FOLDER, JSON, month_typed, open_books, plainly, say
from sync.terminal import printable

if TYPE_CHECKING:
    from programs.coin.insight import Insight


@click.command(
    epilog="\b\nExamples:\n  machi central coin turnover /srv/town\n"
    "  machi central coin turnover /srv/town --month 2026-11 --change 2026-09\n"
    "  machi central coin turnover /srv/town --month 2026-11 --csv > turnover.csv"
)
@FOLDER
@click.option("--month", default="", help="As 2026-11; the last one that is over if left out.")
@click.option("--change", default="", help="Compare the months before this one with those from it on.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the month as a table.")
@JSON
def turnover(folder: Path, month: str, change: str, as_csv: bool, as_json: bool) -> None:
    """Show who pays where and when in a month, as the console's page does.

    Numbers of fewer than 5 people are hidden, and others from which they could be told. What a shop takes in is its
    secret: the table is for those who settle with shops.
    """
    from central.calendar import utc_offset_minutes
    from programs.coin.insight import Asked, read
    from programs.coin.turnover.sheets import table

    asked = Asked(month_typed(month) if month else None, month_typed(change) if change else None)
    centre = open_books(folder)
    with plainly(), centre.reconciler.counted() as connection:
        found = read(connection, asked, centre.town.clock.wall_ms(), utc_offset_minutes(connection))
    if as_csv:
        click.echo(table(found.month, found.seen), nl=False)
    elif as_json:
        say({"schema": "machi.central.coin.turnover/1", **_document(found)}, as_json=True)
    else:
        click.echo("\n".join(printable(line) for line in _lines(found)))


def _document(found: "Insight") -> dict[str, Any]:
    import msgspec

    from sync.months import written

    seen = found.seen
    figures = ("payments", "yen", "back", "late", "all_shops", "all_desks")
    return {
        "month": written(found.month),
        "is_over": found.is_over,
        "is_published": found.is_published,
        "coverage": msgspec.to_builtins(found.coverage),
        "findings": [msgspec.to_builtins(one) for one in found.findings],
        **{name: getattr(seen, name) for name in figures},
        **{f"{name}_at_least": getattr(seen, name) for name in ("people", "new", "returning")},
        "at": [{"weekday": at[0], "hour": at[1], "payments": number} for at, number in seen.at.items()],
        "ways": dict(seen.ways),
        "shops": [{"place": place, **msgspec.to_builtins(shop)} for place, shop in seen.shops.items()],
        "desks": [{"place": place, **msgspec.to_builtins(desk)} for place, desk in seen.desks.items()],
        "together": [
            {"charged_at": desk, "paid_at": shop, "people_at_least": number}
            for (desk, shop), number in seen.together.items()
        ],
        "months": [msgspec.to_builtins(one) | {"stays": one.stays, "velocity": one.velocity} for one in found.series],
        "change": msgspec.to_builtins(found.change) if found.change else None,
    }


def _lines(found: "Insight") -> list[str]:
    from central.console.heat import DAYS
    from sync.months import written

    seen = found.seen
    lines = [f"{written(found.month)}  {found.covered.ja} / {found.covered.en}"]
    lines += [f"{one.ja} / {one.en}" for one in found.findings]
    for weekday, day in enumerate(DAYS if seen.payments else ()):
        hours = " ".join(f"{_number(seen.at.get((weekday, hour))):>5}" for hour in range(24))
        lines.append(f"{day.en}  {hours}")
    for place, shop in seen.shops.items():
        lines.append(f"{place}  yen {shop.yen:,}  payments {shop.payments:,}  people >= {shop.people_at_least}")
    for place, desk in seen.desks.items():
        lines.append(f"+ {place}  charged {desk.yen:,}  people >= {desk.people_at_least}")
    lines += [f"{desk} -> {shop}  people >= {number}" for (desk, shop), number in seen.together.items()]
    lines += [f"{one.month}  paid {one.paid:,}  charged {one.charged:,}  held {one.held:,}" for one in found.series]
    return lines


def _number(number: int | None) -> str:
    return "*" if number is None else f"{number:,}"


COMMANDS = (turnover,)
