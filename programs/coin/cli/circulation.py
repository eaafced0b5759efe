"""`machi central coin circulation|local-banks`: how often coin is paid with, and how much leaves the town."""

import re
from pathlib import Path
from typing import Final

import click

from central.cli.common import FOLDER, JSON, open_books, plainly, say

_BRANCH: Final = re.compile(r"[0-9]{4}-[0-9]{3}")


@click.command(
    epilog="\b\nExamples:\n  machi central coin circulation /srv/town\n"
    "  machi central coin circulation /srv/town --csv > circulation.csv"
)
@FOLDER
@click.option("--csv", "as_csv", is_flag=True, help="Print a table for a spreadsheet.")
@JSON
def circulation(folder: Path, as_csv: bool, as_json: bool) -> None:
    """Show month by month how coin goes round: what came in, how often it was paid with, what left and how."""
    from programs.coin.procedures.circulation import EXPLAINED, months, table

    centre = open_books(folder)
    with plainly(), centre.reconciler.counted() as connection:
        known = list(months(connection))
    found = [{"month": one.month} | {of.name: getattr(one, of.name) for of in EXPLAINED} for one in known]
    if as_json:
        say({"schema": "machi.central.coin.circulation/1", "months": found}, as_json=True)
    elif as_csv:
        click.echo(table(known), nl=False)
    else:
        for line in found:
            click.echo(f"{line['month']}")
            for of in EXPLAINED:
                value = line[of.name]
                shown = "-" if value is None else f"{value:,}"
                click.echo(f"  {shown:>14}  {of.ja} {of.en}: {of.why_ja} {of.why_en}")


@click.command(
    name="local-banks",
    epilog="\b\nExamples:\n  machi central coin local-banks /srv/town --branch 0005-123 --branch 9900-001",
)
@FOLDER
@click.option("--branch", "branches", multiple=True, help="Bank and branch, as 0005-123; repeatable. All of them.")
@JSON
def local_banks(folder: Path, branches: tuple[str, ...], as_json: bool) -> None:
    """Show or say which branches of banks are in the town: what is transferred to others leaves it."""
    from programs.coin.settlement.facts import LocalBanks
    from programs.coin.settlement.tables import office_books
    from sync.messages import OFFICE_STREAM

    if wrong := [branch for branch in branches if not _BRANCH.fullmatch(branch)]:
        raise click.UsageError(f'"{wrong[0]}": write four digits of the bank and three of the branch, as 0005-123')
    centre = open_books(folder)
    with plainly():
        if branches:
            with centre.reconciler.counted() as connection:
                centre.streams.append(connection, OFFICE_STREAM, [LocalBanks(tuple(sorted(set(branches))))])
        with centre.reconciler.counted() as connection:
            named = sorted(office_books(connection).local or ())
    say({"schema": "machi.central.coin.local.banks/1", "branches": named}, as_json=as_json)


COMMANDS = (circulation, local_banks)
