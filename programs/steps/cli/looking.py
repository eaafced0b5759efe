"""`machi central steps show|strike`: what counts of one person's days, and what shall not."""

from pathlib import Path

import click

from central.cli.common import FOLDER, JSON, NotFoundError, name_of_card, open_books, plainly, say
from programs.steps.cli.asking import DAY, iso
from programs.steps.entries import SOURCES


@click.command(epilog="\b\nExamples:\n  machi central steps show /srv/town 60033bab2dcddc48b295070670d111d3")
@FOLDER
@click.argument("card")
@click.option("--days", type=click.IntRange(1, 400), default=31, show_default=True)
@JSON
def show(folder: Path, card: str, days: int, as_json: bool) -> None:
    """Show the days of a CARD to the person who holds it: what counts, and what each source said."""
    from central.calendar import utc_offset_minutes
    from central.folder import Folder
    from programs.steps.office import of_card
    from sync.program import town_day

    name = name_of_card(Folder(folder), card)
    centre = open_books(folder)
    with plainly(), centre.reconciler.counted() as connection:
        today = town_day(centre.town.clock.wall_ms(), utc_offset_minutes(connection))
        known = of_card(connection, name, today - days + 1, today)
    found = [
        {"day": iso(day), "steps": state.walked, **{one.source: one.steps for one in state.readings}}
        for day, state in sorted(known.items(), reverse=True)
    ]
    say({"schema": "machi.central.steps.show/1", "card": name, "days": found}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi central steps strike /srv/town 60033bab2dcddc48b295070670d111d3 2026-12-15"
    ' pedometer --because "one zero too much"'
)
@FOLDER
@click.argument("card")
@click.argument("day", type=DAY)
@click.argument("source", type=click.Choice(SOURCES))
@click.option("--because", required=True, help="Why; it stays in the books.")
@JSON
def strike(folder: Path, card: str, day: int, source: str, because: str, as_json: bool) -> None:
    """Strike out what a SOURCE said of a CARD on a DAY: the next largest counts then, or nothing."""
    from central.folder import Folder
    from programs.steps import importing

    name = name_of_card(Folder(folder), card)
    centre = open_books(folder)
    with plainly():
        if not importing.strike(centre, name, day, source, because):
            raise NotFoundError(
                f"{iso(day)} に {source} の記録はありません。show で確かめてください。"
                f" / There is nothing of {source} on {iso(day)}: look with show."
            )
    say({"schema": "machi.central.steps.strike/1", "card": name, "day": iso(day), "source": source}, as_json=as_json)


COMMANDS = (show, strike)
