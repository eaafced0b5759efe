"""The sticker at a shop's counter: the code that a phone reads to pay there."""

from pathlib import Path
from typing import BinaryIO

import click

from central.cli.common import FOLDER, JSON, NotFoundError, open_books, plainly, say
from programs.coin.cli.asking import terms_of

_QUIET = 4  # modules around a code (ISO/IEC 18004, 9.1)


@click.command(epilog="\b\nExamples:\n  machi central coin code /srv/town bakery --output bakery.svg --category 5462")
@FOLDER
@click.argument("place")
@click.option("--output", required=True, type=click.File("wb"), help="The picture, as SVG.")
@click.option("--category", default="0000", show_default=True, help="What is sold there, four digits (ISO 18245).")
@JSON
def code(folder: Path, place: str, output: BinaryIO, category: str, as_json: bool) -> None:
    """Draw the code of a shop, for a sticker: whom to pay, and not how much.

    Anybody can glue another code over it. Whoever pays looks at the shop's name first.
    """
    import segno

    from central import store
    from central.places import named, unnamed
    from central.reconcile import statement
    from programs.coin.bills import sticker
    from programs.coin.codes.errors import CodeError
    from sync.directory import TOWN_KEY
    from sync.facts import Town

    centre = open_books(folder)
    with plainly():
        network = terms_of(centre).network
        with store.reading(centre.engine) as connection:
            town, here = statement(connection, TOWN_KEY).fact, named(connection, place)
    if not isinstance(town, Town) or not here:
        raise NotFoundError(unnamed(place))
    if not network:
        raise click.UsageError(
            f"say first under which domain the town's codes are known: machi central coin terms {folder} "
            "--network jp.example.town"
        )
    try:
        text = sticker(network, town, here, category)
    except CodeError as error:
        raise click.UsageError(f"{place}: {error}") from error
    segno.make_qr(text, error="m").save(output, kind="svg", border=_QUIET, scale=8, title=here.name, light="#fff")
    say({"schema": "machi.central.coin.code/1", "place": place, "code": text}, as_json=as_json)


COMMANDS = (code,)
