"""A PIN for large payments: whether a card has one, and taking it away. It is chosen at a desk, with the card."""

from pathlib import Path

import click

from central.cli.common import FOLDER, JSON, NotFoundError, open_books, plainly, say


@click.command(
    epilog="\b\nExamples:\n  machi central coin pin /srv/town 60033bab2dcddc48b295070670d111d3\n"
    "  machi central coin pin /srv/town 60033bab2dcddc48b295070670d111d3 --forget"
)
@FOLDER
@click.argument("card")
@click.option("--forget", is_flag=True, help="It counts no more; the resident signs, or chooses another at a desk.")
@JSON
def pin(folder: Path, card: str, forget: bool, as_json: bool) -> None:
    """Say whether the card CARD (32 hex digits) has a PIN for large payments, or take it away."""
    from central.store import reading
    from programs.coin.office import pin_of
    from programs.coin.pins import PinSet

    centre = open_books(folder)
    with plainly():
        if forget:
            centre.registrar.say([PinSet(card)])
        centre.reconciler.catch_up()
        with reading(centre.engine) as connection:
            found = pin_of(connection, card)
    if found.when is None:
        raise NotFoundError(f"{card}: this card never had a PIN for payments")
    say({"schema": "machi.central.coin.pin/1", "card": card, "pin": found.kept is not None}, as_json=as_json)


COMMANDS = (pin,)
