"""Receipts: is this one of ours, and how can others tell?"""

import sys
from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec

from central.cli.common import CHECK_FAILED, FOLDER, JSON, open_books, open_folder, plainly, say


@click.group()
def receipt() -> None:
    """Check the code of a receipt.

    \b
    Examples:
      machi central coin receipt check /srv/town MACHIR1:SHOP01/…
      machi central coin receipt keys /srv/town keys.txt
      machi central coin receipt prove keys.txt MACHIR1:SHOP01/… --town-key KEY
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


@receipt.command(epilog="\b\nExamples:\n  machi central coin receipt check /srv/town MACHIR1:SHOP01/9F3C…/12/…")
@FOLDER
@click.argument("code")
@JSON
def check(folder: Path, code: str, as_json: bool) -> None:
    """Hold the CODE of a receipt against the books: who signed it, and what was paid. Exit code 2 if it does not hold.

    "signed" is a receipt whose entry has not arrived yet: the unit may still be without a network.
    """
    from programs.coin.codes.receipt import read
    from programs.coin.evidence import by_books

    centre = open_books(folder)
    with plainly():
        _answer("check", lambda: by_books(centre, read(code)), as_json=as_json)


@receipt.command(epilog="\b\nExamples:\n  machi central coin receipt keys /srv/town keys.txt")
@FOLDER
@click.argument("output", type=click.File("wb"))
@JSON
def keys(folder: Path, output: BinaryIO, as_json: bool) -> None:
    """Write the town's signed statements of which keys its units have into OUTPUT, for anybody who checks receipts.

    They name no card and no person. Publish them, and the town's key beside them.
    """
    from programs.coin.evidence import as_file, published
    from sync.messages import text

    centre = open_folder(folder)
    with plainly():
        statements = published(centre.engine, centre.town.register)
        output.write(as_file(statements))
        document = {"statements": len(statements), "town_key": text(centre.town.signer.public)}
    say({"schema": "machi.central.coin.receipt.keys/1"} | document, as_json=as_json)


@receipt.command(
    epilog="\b\nExamples:\n  machi central coin receipt prove keys.txt MACHIR1:SHOP01/9F3C…/12/… --town-key KEY"
)
@click.argument("statements", metavar="KEYS", type=click.File("rb"))
@click.argument("code")
@click.option("--town-key", required=True, help="The town's public key, as the town publishes it (base64).")
@JSON
def prove(statements: BinaryIO, code: str, town_key: str, as_json: bool) -> None:
    """Check the CODE of a receipt with published KEYS alone, without the town. Exit code 2 if it does not hold."""
    from programs.coin.codes.receipt import read
    from programs.coin.evidence import by_keys, keys_in
    from sync import installed
    from sync.chain import PublicKey
    from sync.messages import MessageError, raw_bytes

    try:
        town = PublicKey(raw_bytes(town_key))
    except MessageError as error:
        raise click.UsageError(f"--town-key: {error}") from error
    register = installed.register()
    _answer("prove", lambda: by_keys(read(code), keys_in(statements.read(), town, register)), as_json=as_json)


def _answer(verb: str, look: Any, *, as_json: bool) -> None:
    """Say what was found, or why the receipt does not hold."""
    from programs.coin.codes.errors import CodeError

    schema = {"schema": f"machi.central.coin.receipt.{verb}/1"}
    try:
        found = msgspec.to_builtins(look())
    except CodeError as error:
        say(schema | {"worth": "nothing", "why": str(error.why), "because": str(error)}, as_json=as_json)
        sys.exit(CHECK_FAILED)
    say(schema | {name: value for name, value in found.items() if value is not None}, as_json=as_json)


COMMANDS = (receipt,)
