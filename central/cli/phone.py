"""`machi central phone …`: links with which residents' phones are let in, after the card was touched."""

from pathlib import Path
from typing import BinaryIO

import click

from central.cli.common import FOLDER, JSON, RefusedForSafetyError, name_of_card, open_books, plainly, say

_QUIET = 4  # modules around a code (ISO/IEC 18004, 9.1)


@click.group()
def phone() -> None:
    """Let residents' phones in.

    \b
    Examples:
      machi card read --json | machi central phone link /srv/town - --output link.svg
      machi central phone list /srv/town 60033bab2dcddc48b295070670d111d3
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


@phone.command(
    epilog="\b\nExamples:\n  machi card read --json | machi central phone link /srv/town - --output link.svg\n"
    "  machi central phone link /srv/town 60033bab2dcddc48b295070670d111d3 --minutes 10"
)
@FOLDER
@click.argument("card")
@click.option("--minutes", default=60, show_default=True, type=click.IntRange(1, 1440), help="How long it is good.")
@click.option("--output", type=click.File("wb"), help="The link as a QR code (SVG), for the phone's camera.")
@JSON
def link(folder: Path, card: str, minutes: int, output: BinaryIO | None, as_json: bool) -> None:
    """Make a link with which one phone is let in, once, for the holder of CARD.

    CARD: what `machi card read --json` printed of the card that was just touched (a file, or - for standard input), or
    the card's name. Whoever has the link has the card's money on the phone: give it to nobody but its holder.
    """
    import segno

    from central.folder import Folder
    from central.resident.door import LinkError, invite

    centre, opened = open_books(folder), Folder(folder)
    address = opened.config.server.resident_address
    if not address:
        raise click.UsageError(f"there is no page for residents; set resident_port in {folder}/central.toml first")
    name = name_of_card(opened, card)
    with plainly():
        try:
            code = invite(centre, name, minutes)
        except LinkError as error:
            raise RefusedForSafetyError(str(error)) from error
    url = f"{address}/in#{code}"
    if output:
        segno.make_qr(url, error="m").save(output, kind="svg", border=_QUIET, scale=8, light="#fff")
    say({"schema": "machi.central.phone.link/1", "card": name, "minutes": minutes, "link": url}, as_json=as_json)


@phone.command(
    name="list", epilog="\b\nExamples:\n  machi central phone list /srv/town 60033bab2dcddc48b295070670d111d3"
)
@FOLDER
@click.argument("card")
@JSON
def list_phones(folder: Path, card: str, as_json: bool) -> None:
    """Show the phones that count as CARD, by their names. One that is lost: machi central card stop FOLDER NAME."""
    from central.phones import phones_of
    from central.resident.door import is_stopped

    centre = open_books(folder)
    with plainly(), centre.reconciler.counted() as connection:
        found = [
            {"phone": name, "since_ms": at_ms, "stopped": is_stopped(connection, name)}
            for name, at_ms in phones_of(connection, card)
        ]
    say({"schema": "machi.central.phone.list/1", "card": card, "phones": found}, as_json=as_json)
