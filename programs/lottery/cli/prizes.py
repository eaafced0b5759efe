"""`machi central lottery prizes|collected|alternate`: who has fetched what, and what becomes of the rest."""

from pathlib import Path

import click

from central.cli.common import FOLDER, JSON, open_books, say
from programs.lottery.cli.asking import DRAW, refusing
from sync.terminal import printable

TICKET = click.argument("number", metavar="TICKET")


@click.command(
    epilog="\b\nExamples:\n  machi central lottery prizes /srv/town 2026-spring\n"
    "  machi central lottery prizes /srv/town 2026-spring --unit hall01"
)
@FOLDER
@DRAW
@click.option("--unit", help="The unit that is to hand out those that cards have won and no unit has.")
@JSON
def prizes(folder: Path, draw: str, unit: str | None, as_json: bool) -> None:
    """Show the prizes of a DRAW: who has won them, and who has fetched them; let a unit hand them out."""
    from programs.lottery.prizes import award, hand_out_at
    from programs.lottery.prizes import prizes as look

    centre = open_books(folder)
    with refusing():
        award(centre, draw)
        given = hand_out_at(centre, draw, unit) if unit else []
        found = look(centre, draw)
    states = [
        {
            "ticket": one.won.ticket,
            "prize_ja": one.won.prize_ja,
            "prize_en": one.won.prize_en,
            "holder": one.won.holder,
            "handed_out_by": one.by,
            "passed_to": one.passed_to,
        }
        for one in found
    ]
    document = {"draw": draw, "unclaimed": sum(one.is_open for one in found), "told_the_unit": len(given)}
    if as_json:
        say({"schema": "machi.central.lottery.prizes/1", **document, "prizes": states}, as_json=True)
        return
    say(document, as_json=False)
    for one in found:
        won, state = one.won, _state(one.by, one.passed_to)
        click.echo(printable(f"{won.ticket} {won.prize_ja} / {won.prize_en}: {state}"))


def _state(by: str, passed_to: str) -> str:
    if by:
        return f"渡し済み / handed out ({by})"
    return f"補欠へ / passed on to {passed_to}" if passed_to else "まだ / not fetched yet"


@click.command(epilog="\b\nExamples:\n  machi central lottery collected /srv/town 2026-spring D00001.0002")
@FOLDER
@DRAW
@TICKET
@JSON
def collected(folder: Path, draw: str, number: str, as_json: bool) -> None:
    """Note that the office itself has handed out the prize of a TICKET: one on paper, or a card that is gone."""
    from programs.lottery.prizes import collect

    centre = open_books(folder)
    with refusing():
        collect(centre, draw, number)
    say({"schema": "machi.central.lottery.collected/1", "draw": draw, "ticket": number}, as_json=as_json)


@click.command(epilog="\b\nExamples:\n  machi central lottery alternate /srv/town 2026-spring D00001.0002")
@FOLDER
@DRAW
@TICKET
@JSON
def alternate(folder: Path, draw: str, number: str, as_json: bool) -> None:
    """Let the next alternate have the prize of a TICKET for which nobody came."""
    from programs.lottery.prizes import pass_on

    centre = open_books(folder)
    with refusing():
        to = pass_on(centre, draw, number)
    say({"schema": "machi.central.lottery.alternate/1", "draw": draw, "ticket": number, "to": to}, as_json=as_json)


COMMANDS = (prizes, collected, alternate)
