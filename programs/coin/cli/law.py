"""What the law asks: who issues the coin, and what is unused on the base dates."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from central.cli.common import FOLDER, JSON, open_books, plainly, say
from programs.coin.cli.asking import terms_of
from programs.coin.cli.confirming import refusals

_EPOCH = date(1970, 1, 1)
_REGIMES = ("municipal", "third-party", "own-shop", "six-months")


@click.command(
    epilog="\b\nExamples:\n  machi central coin law /srv/town\n  machi central coin law /srv/town --regime third-party"
)
@FOLDER
@click.option("--regime", type=click.Choice(_REGIMES), help="Who issues the coin: ask the town's lawyers.")
@JSON
def law(folder: Path, regime: str | None, as_json: bool) -> None:
    """Show or set who issues the coin in the eyes of the law, and what that asks of the office."""
    centre = open_books(folder)
    with plainly():
        said = terms_of(centre)
        if regime is not None:
            said = msgspec.structs.replace(said, law=msgspec.structs.replace(said.law, regime=regime))
            centre.registrar.say([said])
    duties: dict[str, Any] = msgspec.structs.asdict(said.law.duties)
    say({"schema": "machi.central.coin.law/1", "regime": said.law.regime, **duties}, as_json=as_json)


@click.command(epilog="\b\nExamples:\n  machi central coin unused /srv/town --on 2027-03-31")
@FOLDER
@click.option("--on", "on", type=click.DateTime(["%Y-%m-%d"]), required=True, help="A day that is over in the town.")
@JSON
def unused(folder: Path, on: datetime, as_json: bool) -> None:
    """Add up what was on cards and unused at the end of a day, and what has to be done about it (基準日未使用残高)."""
    from programs.coin.law import is_base_date, previous_base_date
    from programs.coin.procedures import unused as adding_up

    centre = open_books(folder)
    day = on.date()
    before = previous_base_date(day)
    with refusals():
        found = adding_up.unused(centre, (day - _EPOCH).days, (before - _EPOCH).days)
    document = {
        "on": day.isoformat(),
        "is_base_date": is_base_date(day),
        "unused": found.yen,
        "since": before.isoformat(),
        "onto_cards": found.since,
        "regime": found.regime,
        "must_report": found.reports and is_base_date(day),
        "to_secure": found.to_secure,
    }
    say({"schema": "machi.central.coin.unused/1", **document}, as_json=as_json)


COMMANDS = (law, unused)
