"""`machi central coin counter…`: cards with a counter of their own."""

from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from central.cli.common import FOLDER, JSON, RefusedForSafetyError, open_books, plainly, say
from programs.coin.cli.asking import terms_of


@click.command(
    epilog="\b\nExamples:\n  machi central coin counter /srv/town\n"
    "  machi central coin counter /srv/town --step 3000 --on"
)
@FOLDER
@click.option(
    "--on/--off", "is_on", default=None, help="Whether cards are paid with by their counters; off by default."
)
@click.option("--step", "step_yen", type=click.IntRange(100, 100_000), help="What a step of a counter stands for (¥).")
@JSON
def counter(folder: Path, as_json: bool, is_on: bool | None, step_yen: int | None) -> None:
    """Show how cards with a counter of their own stand, or say whether they are paid with by it.

    A payment takes as many steps as its yen are worth, so a large --step is fast, and makes units fear more for a step
    of which they know nothing. 3,000 is an ordinary purchase.
    """
    from programs.coin.counters import standing
    from programs.coin.procedures.counting import NotCountingError, switch

    centre = open_books(folder)
    changed = {name: value for name, value in {"is_on": is_on, "step_yen": step_yen}.items() if value is not None}
    with plainly():
        said = msgspec.structs.replace(terms_of(centre).counter, **changed)
        try:
            switch(centre, said)
        except NotCountingError as error:
            raise RefusedForSafetyError(str(error)) from error
        with centre.reconciler.counted() as connection:
            found = standing(connection)
    document = {"is_on": said.is_on, "step_yen": said.step_yen, **found}
    say({"schema": "machi.central.coin.counter/1", **document}, as_json=as_json)


@click.command(
    name="counter-card",
    epilog="\b\nExamples:\n"
    "  machi card read --trust var/trust --enrol-counter --json > card.json\n"
    "  machi central coin counter-card /srv/town card.json",
)
@FOLDER
@click.argument("file", type=click.File("rb"))
@JSON
def counter_card(folder: Path, file: BinaryIO, as_json: bool) -> None:
    """Tell every unit of a card with a counter, as `machi card read --enrol-counter --json` has learned it in FILE."""
    from programs.coin.procedures.counting import FILE_BYTES_MAX, NotCountingError, learn, read

    centre = open_books(folder)
    with plainly():
        try:
            learned = read(file.read(FILE_BYTES_MAX + 1))
        except NotCountingError as error:
            raise click.UsageError(str(error)) from error
        name = learn(centre, learned)
    document = {"card": name, "value": learned.value, "maker": learned.maker}
    say({"schema": "machi.central.coin.counter.card/1", **document}, as_json=as_json)


@click.command(
    name="counter-free",
    epilog="\b\nExamples:\n"
    "  machi central coin counter-free /srv/town 60033bab2dcddc48b295070670d111d3 3000 --because 'refund, case 12'",
)
@FOLDER
@click.argument("card")
@click.argument("yen", type=click.IntRange(0, 10_000_000))
@click.option("--because", required=True, help="Why; it stays in the books. No names.")
@JSON
def counter_free(folder: Path, card: str, yen: int, because: str, as_json: bool) -> None:
    """Have YEN of a CARD's money free, for the office to deal with; 0: nothing any more.

    It is free once every counter that decides by cards' counters has heard so, within a minute of being in reach. Until
    then it can be spent.
    """
    from programs.coin.procedures.counting import NotCountingError, keep_free

    centre = open_books(folder)
    with plainly():
        try:
            free = keep_free(centre, card, yen, because)
        except NotCountingError as error:
            raise RefusedForSafetyError(str(error)) from error
    document = {"card": card, "wanted": yen, "free": free, "because": because}
    say({"schema": "machi.central.coin.counter.free/1", **document}, as_json=as_json)


COMMANDS = (counter, counter_card, counter_free)
