"""`machi central steps show|strike|strike-tool`: what counts of people's days, and what shall not."""

from pathlib import Path

import click

from central.cli.common import FOLDER, JSON, NotFoundError, name_of_card, open_books, plainly, say
from programs.steps.cli.asking import DAY, SOURCE
from programs.steps.entries import LAST_DAY, tool
from sync.days import written


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
        {"day": written(day), "steps": state.walked, **{one.source: one.steps for one in state.readings}}
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
@click.argument("source", type=SOURCE)
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
                f"{written(day)} に {source} の記録はありません。show で確かめてください。"
                f" / There is nothing of {source} on {written(day)}: look with show."
            )
    say(
        {"schema": "machi.central.steps.strike/1", "card": name, "day": written(day), "source": source}, as_json=as_json
    )


@click.command(
    name="strike-tool",
    epilog="\b\nExamples:\n  machi central steps strike-tool /srv/town health-app --dry-run --because -\n"
    '  machi central steps strike-tool /srv/town health-app --from 2026-12-01 --because "its token was stolen"',
)
@FOLDER
@click.argument("name", metavar="TOOL")
@click.option("--from", "first", type=DAY, default=0, help="Only days from this one on.")
@click.option("--to", "last", type=DAY, default=LAST_DAY, help="Only days up to this one.")
@click.option("--because", required=True, help="Why; it stays in the books.")
@click.option("--dry-run", is_flag=True, help="Write nothing, and say how much it would be.")
@JSON
def strike_tool(folder: Path, name: str, first: int, last: int, because: str, dry_run: bool, as_json: bool) -> None:
    """Strike out all that the TOOL has sent of some days: of each day the next largest counts then, or nothing.

    It stays struck out, also if the tool sends it again. Take its token away first: machi central user remove.
    """
    from programs.steps import importing

    centre = open_books(folder)
    with plainly():
        struck = importing.strike_source(centre, tool(name), first, last, because, dry=dry_run)
    if not struck:
        raise NotFoundError(
            f"道具 {name} から届いた歩数は、その期間にありません。名前を確かめてください: machi central user list"
            f" / The tool {name} has sent nothing of these days that counts; look for its name: machi central user list"
        )
    cards = len({card for card, _ in struck})
    document = {"source": tool(name), "dry_run": dry_run, "days": len(struck), "cards": cards}
    say({"schema": "machi.central.steps.strike-tool/1", **document}, as_json=as_json)


COMMANDS = (show, strike, strike_tool)
