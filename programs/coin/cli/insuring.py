"""`machi central coin insured|write-off`: the fund that stands in where the town cannot be asked."""

from pathlib import Path

import click
import msgspec

from central.cli.common import CHECK_FAILED, FOLDER, JSON, RefusedForSafetyError, open_books, plainly, say
from programs.coin.cli.asking import terms_of
from programs.coin.cli.confirming import YES, agree, tell
from sync.terminal import printable


@click.command(
    epilog="\b\nExamples:\n  machi central coin insured /srv/town\n"
    "  machi central coin insured /srv/town --put 200000 --because 'budget 2027' --on"
)
@FOLDER
@click.option("--on/--off", "is_on", default=None, help="Whether the fund stands in; off by default.")
@click.option("--card", "card_yen", type=click.IntRange(1, 100_000), help="The most for one card at one unit (¥).")
@click.option("--unit", "unit_yen", type=click.IntRange(1, 100_000), help="The most at one unit in one outage (¥).")
@click.option("--put", "yen", type=int, default=0, help="Put so much into the fund; below zero: take it out (¥).")
@click.option("--because", default="", help="By which decision; it stays in the books.")
@JSON
@click.pass_context
def insured(
    context: click.Context,
    folder: Path,
    yen: int,
    because: str,
    as_json: bool,
    is_on: bool | None,
    card_yen: int | None,
    unit_yen: int | None,
) -> None:
    """Show the fund that stands in where the town cannot be asked, or set what it may do.

    Ends with exit code 2 if a unit has promised what it had no right to (a disk was copied), or for a card about which
    it was told nothing (it was tampered with).
    """
    from programs.coin.insured.books import standing
    from programs.coin.procedures.insuring import NoFundError, put

    if yen and not because:
        raise click.UsageError("say by which decision: --because")
    centre = open_books(folder)
    wanted = {"is_on": is_on, "card_yen": card_yen, "unit_yen": unit_yen}
    with plainly():
        terms = terms_of(centre)
        said = terms.insured
        if changed := {name: value for name, value in wanted.items() if value is not None}:
            said = msgspec.structs.replace(said, **changed)
        try:
            if yen:
                put(centre, yen, because)
        except NoFundError as error:
            raise RefusedForSafetyError(str(error)) from error
        if said != terms.insured:
            centre.registrar.say([msgspec.structs.replace(terms, insured=said)])
        with centre.reconciler.counted() as connection:
            found = standing(connection)
    document = {
        **{name: getattr(said, name) for name in wanted},
        "worth": found.worth,
        "free": found.free,
        "at_units": found.at_units,
        "at_lost_units": found.lost,
        "owed": sum(found.owed.values()),
        "owed_by": found.owed,
        "short": found.short,
        "unbacked": found.unbacked,
    }
    say({"schema": "machi.central.coin.insured/1", **document}, as_json=as_json)
    if found.short or found.unbacked:
        context.exit(CHECK_FAILED)


@click.command(
    name="write-off",
    epilog="\b\nExamples:\n  machi central coin write-off /srv/town 60033bab2dcddc48b295070670d111d3 --because moved",
)
@FOLDER
@click.argument("card")
@click.option("--because", required=True, help="Why nothing more will come; it stays in the books. No names.")
@YES
@JSON
def write_off(folder: Path, card: str, because: str, yes: bool, as_json: bool) -> None:
    """Let the fund bear what a CARD owes it. Until then it is taken from whatever comes onto the card."""
    from programs.coin.procedures.insuring import NoFundError, give_up, owed

    centre = open_books(folder)
    with plainly():
        tell([printable(f"このカードの立て替え {owed(centre, card):,}円を基金が負担します。 The fund bears it.")])
        agree(yes=yes)
        try:
            done = give_up(centre, card, because)
        except NoFundError as error:
            raise RefusedForSafetyError(str(error)) from error
    document = {"card": card, "yen": done.yen, "because": because}
    say({"schema": "machi.central.coin.written.off/1", **document}, as_json=as_json)


COMMANDS = (insured, write_off)
