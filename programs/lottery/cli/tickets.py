"""`machi central lottery ticket|import|orders|prove`: who has tickets, by whichever way, and the proof of each."""

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
    " --count 3\n"
    "  machi central lottery ticket /srv/town 2026-spring 60033bab2dcddc48b295070670d111d3 --for-points"
)
@FOLDER
@DRAW
@click.argument("holder")
@click.option("--count", type=click.IntRange(1, 9_999), default=1, show_default=True)
@click.option("--ref", default="", help="The number of the stub; the next one of the desk if left out.")
@click.option("--for-points", is_flag=True, help="Take what they cost from the card's points.")
@JSON
def ticket(folder: Path, draw: str, holder: str, count: int, ref: str, for_points: bool, as_json: bool) -> None:
    """Give HOLDER tickets of a DRAW: a card, or the number of a sheet of paper. No names.

    Points are taken only with --for-points; without it, the desk sees to what they cost.
    """
    from programs.lottery.giving import give
    from programs.lottery.lists import numbers

    wanted = _wanted(ref, holder, count)
    centre = open_books(folder)
    with refusing():
        given = give(centre, draw, [wanted], for_points=for_points)
    found = [number for one in given for number in numbers(one.ref, one.count)]
    paid = sum(one.points for one in given)
    document = {"draw": draw, "holder": holder, "given": len(found), "points": paid}
    document["tickets"] = found if as_json else " ".join(found)
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


@click.command(
    epilog="\b\nExamples:\n  machi central lottery orders /srv/town 2026-spring\n"
    "  machi central lottery orders /srv/town 2026-spring --dry-run --json"
)
@FOLDER
@DRAW
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@JSON
def orders(folder: Path, draw: str, dry_run: bool, as_json: bool) -> None:
    """Turn what was ordered at units into tickets of a DRAW, as far as there are the points.

    Run it every night, behind `points settle`; twice does no harm, and `close` does it a last time. An order that lacks
    points waits until then.
    """
    from programs.lottery.ordering import Why, take_orders

    centre = open_books(folder)
    with refusing():
        taken = take_orders(centre, draw, is_trial=dry_run)
    document = {
        "draw": draw,
        "orders": len(taken.tickets),
        "tickets": sum(one.count for one in taken.tickets),
        "points": sum(one.points for one in taken.tickets),
        **{f"waiting_{why.value}": sum(one.why is why for one in taken.waiting) for why in Why},
        "written": not dry_run,
    }
    say({"schema": "machi.central.lottery.orders/1", **document}, as_json=as_json)


COMMANDS = (ticket, import_, orders, prove)
