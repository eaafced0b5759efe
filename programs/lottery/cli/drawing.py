"""`machi central lottery close|draw|confirm|publish`: a frozen list, winners, and documents for everybody."""

from pathlib import Path
from typing import Any, BinaryIO

import click

from central.cli.common import FOLDER, JSON, ExistsError, open_books, say
from programs.lottery.cli.asking import BY, DRAW, refusing
from sync.terminal import printable


@click.command(
    epilog="\b\nExamples:\n  machi central lottery close /srv/town 2026-spring\n"
    "  machi central lottery close /srv/town 2026-spring --without-silent"
)
@FOLDER
@DRAW
@click.option("--without-silent", is_flag=True, help="Also if units have not been heard since the closing.")
@JSON
def close(folder: Path, draw: str, without_silent: bool, as_json: bool) -> None:
    """Freeze the list of a DRAW, after its closing and before its randomness comes. Then publish it at once.

    What was ordered at units becomes tickets before. Units that were not heard since are named (LOT-010).
    """
    import msgspec

    from programs.lottery.running import close as freeze

    centre = open_books(folder)
    with refusing():
        frozen: dict[str, Any] = msgspec.to_builtins(freeze(centre, draw, without_silent=without_silent))
    say(frozen | {"schema": "machi.central.lottery.close/1"}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi central lottery draw /srv/town 2026-spring --round-file round.json --by hanako\n"
    "  machi central lottery draw /srv/town 2026-spring --signature b44679b9…5e39 --by hanako"
)
@FOLDER
@DRAW
@click.option("--round-file", type=click.File("rb"), help="As drand gives it: one round, a list, or one a line (JSON).")
@click.option("--signature", help="The 96 characters, typed off a screen elsewhere.")
@BY
@JSON
def draw(folder: Path, draw: str, round_file: BinaryIO | None, signature: str | None, by: str, as_json: bool) -> None:
    """Say that the winners of a DRAW are to be drawn, by the round that its rules name; another officer confirms it.

    The signature is checked, whichever way it came: a typing mistake draws nothing.
    """
    from programs.lottery.running import propose

    if (round_file is None) == (signature is None):
        raise click.UsageError(
            "--round-file か --signature のどちらかを指定してください。 / Say either --round-file or --signature."
        )
    centre = open_books(folder)
    with refusing():
        given = signature or _read(round_file)
        proposed = propose(centre, draw, _signature(centre, draw, given), by)
    document = {"draw": draw, "signature": proposed.signature, "proposed_by": by, "drawn": False}
    say({"schema": "machi.central.lottery.draw/1", **document}, as_json=as_json)


@click.command(epilog="\b\nExamples:\n  machi central lottery confirm /srv/town 2026-spring --by jiro")
@FOLDER
@DRAW
@BY
@JSON
def confirm(folder: Path, draw: str, by: str, as_json: bool) -> None:
    """Draw the winners of a DRAW as another officer has said (`draw`), once and for ever.

    Compare the root first: that of `show` with the one that was published when the list was frozen.
    """
    import msgspec

    from programs.lottery.publishing import results
    from programs.lottery.running import confirm as draw_winners

    centre = open_books(folder)
    with refusing():
        transcript = draw_winners(centre, draw, by)
    if as_json:
        document: dict[str, Any] = msgspec.to_builtins(transcript)
        say(document | {"schema": "machi.central.lottery.confirm/1"}, as_json=True)
        return
    for line in results(transcript):
        click.echo(printable(line))


def _read(file: BinaryIO | None) -> str:
    return file.read().decode("utf-8", "replace") if file else ""


def _signature(centre: Any, draw: str, given: str) -> str:
    from central.store import reading
    from programs.lottery.beacon import signature_in
    from programs.lottery.running import announced_in

    centre.reconciler.catch_up()
    with reading(centre.engine) as connection:
        return signature_in(given, announced_in(connection, draw).rules.round)


@click.command(epilog="\b\nExamples:\n  machi central lottery publish /srv/town 2026-spring --output /srv/www/spring")
@FOLDER
@DRAW
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), required=True, help="A folder; it is made.")
@JSON
def publish(folder: Path, draw: str, output: Path, as_json: bool) -> None:
    """Write what everybody may have of a DRAW: rules, list, root and transcript as far as there are any, and a checker.

    No names and no cards stand in it. A file that is there already and says something else is not touched.
    """
    from central.store import reading
    from programs.lottery.documents import sha256
    from programs.lottery.publishing import documents

    centre = open_books(folder)
    with refusing():
        centre.reconciler.catch_up()
        with reading(centre.engine) as connection:
            found = documents(connection, draw)
    for name, content in found.items():
        if (path := output / name).exists() and path.read_bytes() != content:
            raise ExistsError(
                f"{path} に別の内容があります。別のフォルダーにしてください。何も書いていません。"
                f" / {path} says something else: name another folder. Nothing was written."
            )
    output.mkdir(parents=True, exist_ok=True)
    for name, content in found.items():
        (output / name).write_bytes(content)
    hashes = {name: sha256(content) for name, content in found.items()}
    document = {"draw": draw, "files": hashes} if as_json else hashes
    say({"schema": "machi.central.lottery.publish/1", **document}, as_json=as_json)


COMMANDS = (close, draw, confirm, publish)
