"""`machi central lottery ticket|import|prove`: who has tickets, one by one or as a list, and the proof of each."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import click

from central.cli.common import FOLDER, JSON, open_books, say
from programs.lottery.cli.asking import DRAW, refusing

if TYPE_CHECKING:
    from programs.lottery.giving import Wanted

_COLUMNS: Final = ["ref", "holder", "count"]


@click.command(
    epilog="\b\nExamples:\n  machi central lottery ticket /srv/town 2026-spring 60033bab2dcddc48b295070670d111d3"
    " --count 3"
)
@FOLDER
@DRAW
@click.argument("holder")
@click.option("--count", type=click.IntRange(1, 9_999), default=1, show_default=True)
@click.option("--ref", default="", help="The number of the stub; the next one of the desk if left out.")
@JSON
def ticket(folder: Path, draw: str, holder: str, count: int, ref: str, as_json: bool) -> None:
    """Give HOLDER tickets of a DRAW: a card, or the number of a sheet of paper. No names.

    Points are not taken by this command: where a ticket costs some, the desk sees to it.
    """
    from programs.lottery.giving import give
    from programs.lottery.lists import numbers

    wanted = _wanted(ref, holder, count)
    centre = open_books(folder)
    with refusing():
        given = give(centre, draw, [wanted])
    found = [number for one in given for number in numbers(one.ref, one.count)]
    document = {"draw": draw, "holder": holder, "given": len(found), "tickets": found if as_json else " ".join(found)}
    say({"schema": "machi.central.lottery.ticket/1", **document}, as_json=as_json)


@click.command(name="import", epilog="\b\nExamples:\n  machi central lottery import /srv/town 2026-spring stubs.csv")
@FOLDER
@DRAW
@click.argument("file", type=click.File("rb"))
@JSON
def import_(folder: Path, draw: str, file: BinaryIO, as_json: bool) -> None:
    """Give out tickets by a list: FILE (CSV) has ref, holder and count.

    All of it or nothing. The same list again does nothing.
    """
    from programs.lottery.giving import give

    wanted = _read(file.read())
    centre = open_books(folder)
    with refusing():
        given = give(centre, draw, wanted)
    document = {"draw": draw, "lines": len(wanted), "new_lines": len(given), "given": sum(one.count for one in given)}
    say({"schema": "machi.central.lottery.import/1", **document}, as_json=as_json)


def _read(raw: bytes) -> "list[Wanted]":
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp932", "replace")  # as spreadsheets save it; a name is refused in either spelling
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if rows.fieldnames != _COLUMNS:
        raise click.UsageError(
            f"1行目を {','.join(_COLUMNS)} にしてください。何もしていません。"
            f" / The first line must be {','.join(_COLUMNS)}. Nothing was written."
        )
    return [_line(row, rows.line_num) for row in rows]


def _line(row: dict[str, str | None], number: int) -> "Wanted":
    try:
        return _wanted(str(row["ref"]), str(row["holder"]), int(row["count"] or ""))
    except (ValueError, click.UsageError) as error:
        raise click.UsageError(
            f"{number}行目を直してください。何もしていません。 / Mend line {number}: {error} Nothing was written."
        ) from error


def _wanted(ref: str, holder: str, count: int) -> "Wanted":
    import msgspec

    from programs.lottery.giving import Wanted

    try:
        return msgspec.convert({"ref": ref, "holder": holder, "count": count}, Wanted)
    except msgspec.ValidationError as error:
        raise click.UsageError(
            f"券の番号は英数字と -、持ち主はカードの名前か小文字の番号です。氏名は書けません。"
            f" / A number has letters, digits and -; a holder is a card or a number in small letters, no name: {error}."
        ) from error


@click.command(
    epilog="\b\nExamples:\n  machi central lottery prove /srv/town 2026-spring D00001.0002 --json > proof.json"
)
@FOLDER
@DRAW
@click.argument("number", metavar="TICKET")
@JSON
def prove(folder: Path, draw: str, number: str, as_json: bool) -> None:
    """Prove that a TICKET stands in the frozen list: what its holder can check against the published root.

    With --json it is the document that docs/verify_draw.py and verify.html read.
    """
    import msgspec

    from central.store import reading
    from programs.lottery.publishing import prove_ticket

    centre = open_books(folder)
    with refusing():
        centre.reconciler.catch_up()
        with reading(centre.engine) as connection:
            proven = prove_ticket(connection, draw, number)
    proof = proven.proof
    if as_json:
        say({"schema": "machi.central.lottery.prove/1", **_without_schema(msgspec.to_builtins(proven))}, as_json=True)
    else:
        shown = {"line": proof.line, "index": proof.index, "tickets": proof.tickets, "root": proven.root}
        say(shown | {f"path {at}": one for at, one in enumerate(proof.path, 1)}, as_json=False)


def _without_schema(document: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in document.items() if name != "schema"}


COMMANDS = (ticket, import_, prove)
