"""Give a payment back after its day."""

from pathlib import Path

import click

from central.cli.common import FOLDER, JSON, RefusedForSafetyError, open_books, plainly, say


@click.command(
    epilog="\b\nExamples:\n  machi central coin refund /srv/town shop01/9f3c0a1b22d4e5f6/31 500 --reason 'a bad fish'"
)
@FOLDER
@click.argument("entry")
@click.argument("yen", type=click.IntRange(1))
@click.option("--reason", required=True, help="Why; it stays in the books.")
@click.option("--although-unheard", is_flag=True, help="The unit is lost for good and will never send the rest.")
@JSON
def refund(folder: Path, entry: str, yen: int, reason: str, although_unheard: bool, as_json: bool) -> None:
    """Give back YEN of the payment ENTRY (unit/boot/number, as on the receipt): the card has it again at once.

    The shop gets so much less with its next settlement. Points that the payment earned go back in proportion.
    """
    from programs.coin.refunding import RefundError
    from programs.coin.refunding import refund as give_back

    centre = open_books(folder)
    with plainly():
        try:
            done = give_back(centre, entry, yen, reason, although_unheard=although_unheard)
        except RefundError as error:
            raise RefusedForSafetyError(str(error)) from error
    document = {
        "schema": "machi.central.coin.refund/1",
        "entry": done.of,
        "card": done.card,
        "place": done.place,
        "yen": done.yen,
        "points_taken_back": done.points,
    }
    say(document, as_json=as_json)


COMMANDS = (refund,)
