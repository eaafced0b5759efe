"""Gift certificates of an earlier system, taken over once."""

import sys
from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from central.cli.common import CHECK_FAILED, FOLDER, JSON, REFUSED, open_books, plainly, say
from programs.coin.cli.giving import TO_ANYBODY
from sync.terminal import printable

_SCHEMA = "machi.central.coin.migrate/1"


@click.command(
    name="migrate-certificates",
    epilog="\b\nExamples:\n  machi central coin migrate-certificates /srv/town balances.csv history.csv"
    " --issue summer-2026 --total 12345600",
)
@FOLDER
@click.argument("balances", type=click.File("rb"))
@click.argument("history", type=click.File("rb"), required=False)
@click.option("--issue", required=True, help="What the certificates are called from now on: a-z, 0-9, - (19 at most).")
@click.option(
    "--total", required=True, type=click.IntRange(0), help="What is left on all, as the earlier system says it."
)
@TO_ANYBODY
@JSON
def migrate_certificates(
    folder: Path, balances: BinaryIO, history: BinaryIO | None, issue: str, total: int, to_anybody: bool, as_json: bool
) -> None:
    """Turn gift certificates into coin: BALANCES has id, card, yen and expires; HISTORY has id, day, yen and text.

    All of it or nothing: the total, the list and the history must agree to the yen. The same lists again do nothing.
    Exit code 2 if what the books say afterwards is not what the lists say.
    """
    from programs.coin.lots import lists, migrating

    centre = open_books(folder)
    with plainly():
        try:
            found = lists.read(lists.lines(balances.read(), migrating.BALANCES), migrating.certificate)
            past = lists.read(lists.lines(history.read(), migrating.HISTORY), migrating.past) if history else None
            proof = migrating.migrate(centre, issue, found, past, total, to_anybody=to_anybody)
        except (lists.ListError, lists.LineError, migrating.NotEqualError) as error:
            for line in str(error).splitlines():
                click.echo(printable(line), err=True)
            click.echo("nothing was taken over; put the lists right and give them again", err=True)
            sys.exit(REFUSED)
    say({"schema": _SCHEMA, **msgspec.structs.asdict(proof), "equal": proof.holds}, as_json=as_json)
    if not proof.holds:
        sys.exit(CHECK_FAILED)


COMMANDS = (migrate_certificates,)
