"""`machi central coin reconcile`: units' records, the town's ledger and the bank, side by side for each shop."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from central.cli.common import CHECK_FAILED, FOLDER, JSON, NotFoundError, open_books, plainly, say
from sync.terminal import printable

if TYPE_CHECKING:
    from programs.coin.reconciling.sums import Sums


@click.command(
    epilog="\b\nExamples:\n  machi central coin reconcile /srv/town\n"
    "  machi central coin reconcile /srv/town --period 3 --place fish\n"
    "  machi central coin reconcile /srv/town --period open --json"
)
@FOLDER
@click.option(
    "--period", default="", help="The number of a batch, or `open` for what is not settled; or the last batch."
)
@click.option("--place", default="", help="Only this shop.")
@JSON
@click.pass_context
def reconcile(context: click.Context, folder: Path, period: str, place: str, as_json: bool) -> None:
    """Compare what units wrote, what the ledger has and what the bank was told to pay, for each shop in a period.

    Ends with exit code 2 if nothing explains a difference.
    """
    from central.calendar import utc_offset_minutes
    from central.store import reading
    from programs.coin.reconciling import differences, sums
    from programs.coin.settlement import tables
    from programs.coin.settlement.books import fold

    centre = open_books(folder)
    with plainly():
        centre.reconciler.catch_up()
        with reading(centre.engine) as connection:
            said, offset = tables.said_entries(connection), utc_offset_minutes(connection)
            books = fold(said)
            wanted = sums.asked(books, period)
            if wanted is None:
                raise NotFoundError(f"there is no period {period}; machi central coin batches FOLDER lists them")
            rows = [one for one in sums.sums(connection, books, wanted, offset) if place in ("", one.place)]
            found = differences.differences(connection, books, said, wanted, offset)
    mine = [one for one in found if place in ("", one.place)]
    if as_json:
        shops = [_shop(one) for one in rows]
        items = [{"name": one.name, "entry": one.entry, "place": one.place, "yen": one.yen} for one in mine]
        head = {"schema": "machi.central.coin.reconcile/1", "period": wanted.name}
        say({**head, "first": wanted.first, "last": wanted.last, "shops": shops, "differences": items}, as_json=True)
    else:
        for one in rows:
            click.echo(printable(_line(one)))
        for item in mine:
            click.echo(printable(f"  {item.name} {item.yen:+,}: {item.entry} {item.place}"))
    if any(one.unexplained for one in rows):
        context.exit(CHECK_FAILED)


def _shop(one: "Sums") -> dict[str, Any]:
    figures = {name: getattr(one, name) for name in ("place", "units", "ledger", "bank", "difference", "unexplained")}
    return {**figures, "why": dict(one.why)}


def _line(one: "Sums") -> str:
    why = ", ".join(f"{name} {yen:+,}" for name, yen in one.why.items())
    return f"{one.place}: units {one.units:,}, ledger {one.ledger:,}, bank {one.bank:,} ({why or 'no difference'})"


COMMANDS = (reconcile,)
