"""The terms of the coin: shown, or set."""

from pathlib import Path
from typing import Any, Final

import click
import msgspec

from central.cli.common import FOLDER, JSON, open_books, plainly, say
from programs.coin.cli.asking import terms_of

_LAST_MINUTE: Final = 24 * 60 - 1
_NEVER: Final = -1


def _minute(text: str | None) -> int | None:
    """Read a time of day as minutes after midnight; "never" is -1."""
    if text is None or text == "never":
        return _NEVER if text else None
    try:
        hours, minutes = map(int, text.split(":"))
    except ValueError as error:
        raise click.BadParameter('a time such as 22:30, or "never"') from error
    minute = hours * 60 + minutes
    if not (0 <= minutes < 60 and 0 <= minute <= _LAST_MINUTE):  # noqa: PLR2004 - of an hour
        raise click.BadParameter('a time such as 22:30, or "never"')
    return minute


@click.command(
    epilog="\b\nExamples:\n  machi central coin terms /srv/town\n  machi central coin terms /srv/town --points 5"
)
@FOLDER
@click.option("--step", "step_yen", type=click.IntRange(1, 100_000), help="Cash is charged in multiples of this (¥).")
@click.option("--ceiling", "ceiling_yen", type=click.IntRange(1, 10_000_000), help="The most on one card (¥).")
@click.option("--points", "points_per_100_yen", type=click.IntRange(0, 100), help="Points for each whole ¥100 paid.")
@click.option("--cash-good-days", type=click.IntRange(0, 10_000), help="Charged money is good so long; 0: for ever.")
@click.option("--month", "month_yen", type=click.IntRange(0, 10_000_000), help="Most charged a month (¥); 0: any.")
@click.option("--cash-out/--no-cash-out", default=None, help="Give cash for coin, as far as the law lets the town.")
@click.option("--token", "token_yen", type=click.IntRange(0, 1_000_000), help="The most at once by a code or tag (¥).")
@click.option("--network", help="The town's domain, backwards, for its shops' codes: \"jp.example.town\".")
@click.option(
    "--rights-on-receipts/--no-rights-on-receipts", default=None, help="Say on receipts what can still be spent there."
)
@click.option(
    "--close",
    "close_minute",
    metavar="HH:MM",
    callback=lambda _context, _option, value: _minute(value),
    help='When every till is closed, if nobody has done it; "never" to leave it to people.',
)
@click.option(
    "--pin-over", "pin_over_yen", type=click.IntRange(0, 1_000_000), help="A PIN for payments above this (¥); 0: never."
)
@click.option(
    "--refund-days", type=click.IntRange(0, 90), help="So long shops give back themselves; 0: the town hall does."
)
@click.option(
    "--supervised/--no-supervised",
    default=None,
    help="Where people sign in, taking back another's sale and opening a drawer takes a supervisor.",
)
@JSON
def terms(folder: Path, as_json: bool, **wanted: Any) -> None:
    """Show the terms that count, or set some of them: every unit hears of it with its next contact."""
    centre = open_books(folder)
    with plainly():
        said = terms_of(centre)
        if changed := {name: value for name, value in wanted.items() if value is not None}:
            said = msgspec.structs.replace(said, **changed)
            centre.registrar.say([said])
    figures = {name: value for name, value in msgspec.structs.asdict(said).items() if isinstance(value, int | str)}
    say({"schema": "machi.central.coin.terms/1"} | figures, as_json=as_json)


COMMANDS = (terms,)
