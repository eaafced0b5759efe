"""`machi central coin settle|batch|batches|mark`: the shops are paid, and what became of it."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from central.cli.common import (
    CHECK_FAILED,
    FOLDER,
    JSON,
    RefusedForSafetyError,
    UnreachableError,
    open_books,
    say,
)
from programs.coin.cli.asking import DAY, refusing, terms_of
from sync.terminal import printable

if TYPE_CHECKING:
    from central.centre import Centre
    from programs.coin.settlement.books import BatchBook

OUTPUT = click.option(
    "--output",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder into which the bank's file and a table are written. They hold bank accounts.",
)


@click.command(
    epilog="\b\nExamples:\n  machi central coin settle /srv/town --upto 2026-12-15 --output /srv/bank\n"
    "  machi central coin settle /srv/town --upto 2026-12-15 --pay-on 2027-01-05 --output /srv/bank"
)
@FOLDER
@click.option("--upto", type=DAY, required=True, help="The last day to be paid for: a closing day.")
@click.option("--pay-on", type=DAY, help="Another pay day than the calendar's.")
@click.option("--although", default="", help="Why shops are paid although cards spent what they did not have.")
@OUTPUT
@JSON
def settle(folder: Path, output: Path, as_json: bool, upto: int, pay_on: int | None, although: str) -> None:
    """Pay the shops for everything up to a day. Exit code 2 if one of them has no account here; it waits."""
    from programs.coin.settlement.plan import Why
    from programs.coin.settlement.settle import Wanted
    from programs.coin.settlement.settle import settle as make

    centre = open_books(folder)
    with refusing():
        made = make(centre, terms_of(centre).settling, Wanted(upto, pay_on, although))
        files = _write(centre, made.book, output)
    waits = {due.place: {"owed": due.owed, "why": str(due.why)} for due in made.dues if due.why}
    say({"schema": "machi.central.coin.settle/1", **_summary(made.book), "waits": waits, **files}, as_json=as_json)
    if any(due.why is Why.NO_ACCOUNT for due in made.dues):
        click.echo("no account is known here of a shop that should be paid; see `waits`", err=True)
        sys.exit(CHECK_FAILED)


@click.command(epilog="\b\nExamples:\n  machi central coin batch /srv/town 3 --output /srv/bank")
@FOLDER
@click.argument("number", type=int)
@OUTPUT
@JSON
def batch(folder: Path, number: int, output: Path, as_json: bool) -> None:
    """Write the files of batch NUMBER once more: the bank's is the same, byte for byte."""
    from programs.coin.settlement.settle import batch as find

    centre = open_books(folder)
    with refusing():
        book = find(centre, number)
        if book.is_void:
            raise RefusedForSafetyError(f"batch {number} is void; do not send it")
        files = _write(centre, book, output)
    say({"schema": "machi.central.coin.batch/1", **_summary(book), **files}, as_json=as_json)


@click.command(epilog="\b\nExamples:\n  machi central coin batches /srv/town")
@FOLDER
@JSON
def batches(folder: Path, as_json: bool) -> None:
    """List the batches and what became of them."""
    from programs.coin.settlement.tables import office_books

    centre = open_books(folder)
    with refusing(), centre.reconciler.counted() as connection:
        books = office_books(connection)
    made = [_summary(book) for _, book in sorted(books.batches.items())]
    if as_json:
        say({"schema": "machi.central.coin.batches/1", "batches": made}, as_json=True)
        return
    for one in made:
        back = "".join(f"  {place} came back: {printable(why)}" for place, why in one["returned"].items())
        click.echo(
            f"{one['batch']:4}  upto {one['upto']}  on {one['pay_on']}  {one['state']:8}  "
            f"{one['transfers']:4} shops {one['yen']:>12,} yen{back}"
        )


@click.command(
    epilog="\b\nExamples:\n  machi central coin mark /srv/town 3 sent\n"
    "  machi central coin mark /srv/town 3 bounced --shop fish --because 'account closed'"
)
@FOLDER
@click.argument("number", type=int)
@click.argument("state", type=click.Choice(["sent", "accepted", "bounced", "void"]))
@click.option("--shop", "place", help="Which transfer has bounced.")
@click.option("--because", default="", help="Why it has bounced, or is void.")
@JSON
def mark(folder: Path, number: int, state: str, place: str | None, because: str, as_json: bool) -> None:
    """Say what became of batch NUMBER. What bounced, or was void before it was sent, is paid with the next one."""
    from programs.coin.settlement import marking
    from programs.coin.settlement.facts import State

    if (state in ("bounced", "void") and not because) or ((state == "bounced") is (place is None)):
        raise click.UsageError("bounced needs --shop and --because, void needs --because, the others need neither")
    centre = open_books(folder)
    with refusing():
        if place is not None:
            book = marking.bounce(centre, number, place, because)
        else:
            book = marking.mark(centre, number, State(state), because)
    say({"schema": "machi.central.coin.mark/1", **_summary(book)}, as_json=as_json)


def _write(centre: "Centre", book: "BatchBook", folder: Path) -> dict[str, str]:
    """Write the bank's file, a table, and the office's journal, which a restored centre needs; return their paths."""
    from central import shelves
    from central.places import name_of
    from programs.coin.settlement import bank, paper
    from sync.messages import OFFICE_STREAM
    from sync.segment import join

    contents = {"bank_file": ("txt", bank.again(book))} if book.transfers else {}
    with centre.reconciler.counted() as connection:
        names = {sent.place: name_of(connection, sent.place) for sent in book.transfers}
        journal = join(list(shelves.take(connection, OFFICE_STREAM, [], shelves.EVERYTHING)))
    contents |= {
        "table": ("csv", paper.batch_table(book, names.__getitem__).encode()),
        "journal": ("segments", journal),
    }
    written = {}
    for what, (ending, content) in contents.items():
        path = folder / f"batch-{book.number:04d}.{ending}"
        try:
            _put(path, content)
        except OSError as error:
            raise UnreachableError(
                f"{path}: {error.strerror}. Batch {book.number} is made and nothing is lost; write its files with: "
                f"machi central coin batch FOLDER {book.number} --output …"
            ) from error
        written[what] = str(path)
    return written


def _put(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    beside = path.with_name(f".{path.name}.part")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _summary(book: "BatchBook") -> dict[str, Any]:
    from programs.coin.settlement.calendar import iso

    return {
        "batch": book.number,
        "state": str(book.state),
        "upto": iso(book.said.upto),
        "pay_on": iso(book.said.pay_on),
        "transfers": book.said.transfers,
        "yen": book.said.yen,
        "sha256": book.said.file,
        "returned": {sent.place: sent.because for sent in book.transfers if sent.back},
    }


COMMANDS = (settle, batch, batches, mark)
