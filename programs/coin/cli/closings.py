"""The closings of the tills: each held against its entries, and which shops have missed one."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from central.cli.common import CHECK_FAILED, FOLDER, JSON, open_books, plainly
from programs.coin.cli.asking import terms_of
from programs.coin.settlement.calendar import iso
from sync.terminal import printable

if TYPE_CHECKING:
    from programs.coin.till.books import Checked, Standing

_DAYS: Final = 31


@click.command(
    epilog="\b\nExamples:\n  machi central coin closings /srv/town\n"
    "  machi central coin closings /srv/town --days 7 --unit shop01"
)
@FOLDER
@click.option("--unit", default="", help="Only those of this unit.")
@click.option("--days", type=click.IntRange(1, 10_000), default=_DAYS, show_default=True, help="As far back as this.")
@JSON
@click.pass_context
def closings(context: click.Context, folder: Path, unit: str, days: int, as_json: bool) -> None:
    """List the closings of the tills (Z), each held against the entries that it covers, and tell who has missed one.

    Ends with exit code 2 if a closing is wrong or was missed.
    """
    from central.calendar import day_at
    from central.store import reading
    from programs.coin.till import books

    centre = open_books(folder)
    with plainly():
        by_clock = terms_of(centre).close_minute >= 0
        with reading(centre.engine) as connection:
            now = day_at(connection, centre.town.clock.wall_ms())
            found = books.closings(connection, now - days, unit)
            tills = [one for one in books.standings(connection, now, is_by_clock=by_clock) if unit in ("", one.unit)]
    if as_json:
        click.echo(msgspec.json.encode({"schema": "machi.central.coin.closings/1", "closings": found, "tills": tills}))
    else:
        for line in (*map(_line, found), *map(_standing, tills)):
            click.echo(printable(line))
    if any(one.wrong for one in found) or any(one.is_missed for one in tills):
        context.exit(CHECK_FAILED)


def _line(one: "Checked") -> str:
    sums = one.sums
    taken = [
        f"{sums.payments} payments \u00a5{sums.paid:,}",
        *_named("voids", sums.voids, sums.voided),
        *_named("refunds", sums.refunds or 0, sums.refunded or 0),
        *_named("charges", sums.charges, sums.charged),
        *_named("undone", sums.undos, sums.undone),
    ]
    if one.difference is not None:
        taken.append(f"cash {one.difference:+,}{f' ({one.reason})' if one.reason else ''}")
    by = "by the clock" if one.is_automatic else "by hand"
    verdict = f"WRONG: {'; '.join(one.wrong)}" if one.wrong else "right"
    return f"{one.unit}/{one.life} no. {one.number}, {iso(one.day)}, {', '.join(taken)}, {by}: {verdict}"


def _named(name: str, count: int, yen: int) -> list[str]:
    return [f"{count} {name} \u00a5{yen:,}"] if count else []


def _standing(one: "Standing") -> str:
    last = f"last closing no. {one.number} of {iso(one.day)}" if one.number else "never closed"
    open_ = f"{one.open_entries} entries since {iso(one.since_day)} in none" if one.since_day is not None else ""
    state: Any = "MISSED" if one.is_missed else "this life is over" if one.is_over else ""
    return f"{one.unit}/{one.life}: " + ", ".join(filter(None, (last, open_, state)))


COMMANDS = (closings,)
