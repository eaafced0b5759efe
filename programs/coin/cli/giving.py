"""What the town gives to cards: to one, to those of a list, and on top of what was charged."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from central.cli.common import FOLDER, JSON, REFUSED, RefusedForSafetyError, open_books, plainly, say
from programs.coin.lots.facts import Given, Source
from sync.terminal import printable

if TYPE_CHECKING:
    from programs.coin.lots.giving import Outcome


class Day(click.ParamType[int]):
    """A day of the town's calendar, as days since 1970-01-01."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from programs.coin.lots.days import day_of

        try:
            return value if isinstance(value, int) else day_of(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


DAY = Day()
FUND = click.option(
    "--fund", default="", help="Which fund pays, fund/NAME in the ledger; the source's name if left out."
)
EXPIRES = click.option("--expires", type=DAY, default=0, help="The last day on which it is good; for ever if left out.")
ISSUE = click.option("--issue", default="", help="As certificates of this issue; as coin if left out.")
TO_ANYBODY = click.option("--to-anybody", is_flag=True, help="Also to cards of which the town knows nothing yet.")


@click.command(
    epilog="\b\nExamples:\n  machi central coin give /srv/town 60033bab2dcddc48b295070670d111d3 3000"
    " --source grant --reason 敬老の日 --expires 2027-03-31"
)
@FOLDER
@click.argument("card")
@click.argument("yen", type=int)
@click.option("--source", required=True, type=click.Choice(["premium", "grant"]))
@click.option("--reason", required=True, help="For whom it reads in the history of the card.")
@EXPIRES
@FUND
@ISSUE
@click.option("--id", "given_id", default="", help="What it is for; nothing is given twice under one id.")
@TO_ANYBODY
@JSON
def give(folder: Path, as_json: bool, to_anybody: bool, **wanted: Any) -> None:
    """Give YEN to a CARD: it can be spent as soon as a shop asks for it."""
    from programs.coin.lots import giving

    source, fund, ref = wanted.pop("source"), wanted.pop("fund"), wanted.pop("given_id")
    gift = Given(**wanted, source=Source(source), fund=fund or source, day=0, ref=f"id:{ref}" if ref else "")
    centre = open_books(folder)
    with plainly():
        try:
            outcome = giving.give(centre, [gift], to_anybody=to_anybody)
        except giving.NotGivenError as error:
            raise RefusedForSafetyError(str(error)) from error
    say(figures("give", outcome), as_json=as_json)


@click.command(
    name="give-list",
    epilog="\b\nExamples:\n  machi central coin give-list /srv/town grants.csv\n"
    "  machi central coin give-list /srv/town grants.csv --fund welfare",
)
@FOLDER
@click.argument("listed", type=click.File("rb"))
@FUND
@TO_ANYBODY
@JSON
def give_list(folder: Path, listed: BinaryIO, fund: str, to_anybody: bool, as_json: bool) -> None:
    """Give what a CSV list says: card, yen, source, reason, and if you like expires, id and issue.

    If one line cannot be given, nothing of the list is, and every such line is named. The same list again gives nothing
    more.
    """
    from programs.coin.lots import giving, lists

    with _listed("give-list", as_json=as_json):
        numbered = lists.gifts(listed.read(), fund)
    centre = open_books(folder)
    with plainly(), _listed("give-list", as_json=as_json, numbers=[number for number, _ in numbered]):
        outcome = giving.give(centre, [gift for _, gift in numbered], to_anybody=to_anybody)
    say(figures("give-list", outcome), as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi central coin premium /srv/town --campaign winter --percent 20 --cap 5000"
    " --from 2026-12-01 --to 2026-12-31 --expires 2027-03-31"
)
@FOLDER
@click.option("--campaign", "name", required=True, help="Keeps it apart from others; use the same one every night.")
@click.option("--percent", required=True, type=click.IntRange(1, 100))
@click.option("--cap", required=True, type=click.IntRange(1), help="The most that one card gets in this campaign (¥).")
@click.option("--from", "first", required=True, type=DAY, help="The first day of charges that count.")
@click.option("--to", "last", required=True, type=DAY, help="The last such day; it must be over.")
@EXPIRES
@FUND
@JSON
def premium(folder: Path, as_json: bool, **wanted: Any) -> None:
    """Put a premium on top of what was charged, once for each charge: run it every night, up to yesterday.

    `stopped`: cards that are stopped get nothing by themselves; give it to the holder's new card.
    """
    from programs.coin.lots.giving import NotGivenError
    from programs.coin.lots.premium import Campaign, NotDueError, put_on_top

    centre = open_books(folder)
    with plainly():
        try:
            outcome, stopped = put_on_top(centre, Campaign(**wanted | {"fund": wanted["fund"] or Source.PREMIUM}))
        except (NotGivenError, NotDueError) as error:
            raise RefusedForSafetyError(str(error)) from error
    say({**figures("premium", outcome), "stopped": stopped}, as_json=as_json)


def figures(command: str, outcome: "Outcome") -> dict[str, Any]:
    """Return what a person has to know of what was given."""
    return {
        "schema": f"machi.central.coin.{command.replace('-', '.')}/1",
        "given": len(outcome.given),
        "given_yen": sum(gift.yen for gift in outcome.given),
        "already": len(outcome.already),
        "already_yen": sum(gift.yen for gift in outcome.already),
    }


@contextmanager
def _listed(command: str, *, as_json: bool, numbers: Sequence[int] = ()) -> Iterator[None]:
    """Name every line that was refused, and end with the exit code for that.

    Args:
        numbers: which lines of the file the refusals count.
    """
    from programs.coin.lots.giving import NotGivenError
    from programs.coin.lots.lists import LineError, ListError

    try:
        yield
    except NotGivenError as error:
        _refuse(command, [f"line {numbers[refusal.at]}: {refusal.why}" for refusal in error.refusals], as_json=as_json)
    except (ListError, LineError) as error:
        _refuse(command, str(error).splitlines(), as_json=as_json)


def _refuse(command: str, refused: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        schema = f"machi.central.coin.{command.replace('-', '.')}/1"
        say({"schema": schema, "given": 0, "given_yen": 0, "refused": refused}, as_json=True)
    for line in refused:
        click.echo(printable(line), err=True)
    click.echo("nothing was given; put the lines right and give the list again", err=True)
    sys.exit(REFUSED)


COMMANDS = (give, give_list, premium)
