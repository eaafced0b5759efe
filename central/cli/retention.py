"""`machi central retention`: what has to be kept, until when; copies of it, and when they may go."""

import os
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from central.cli.common import (
    CHECK_FAILED,
    FOLDER,
    JSON,
    NotFoundError,
    RefusedForSafetyError,
    open_books,
    plainly,
    say,
)
from sync.terminal import printable

if TYPE_CHECKING:
    import sqlalchemy as sa

    from central.retention import Compared

_BOOKS: Final = "books-"
_FOLDER_OF_COPIES = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(
    epilog="\b\nExamples:\n  machi central retention /srv/town\n"
    "  machi central retention /srv/town --copies /backup/books --archive\n"
    "  machi central retention /srv/town --copies /backup/books --delete 2026"
)
@FOLDER
@click.option("--copies", type=_FOLDER_OF_COPIES, help="Folder with a file for each business year; each is checked.")
@click.option("--archive", is_flag=True, help="Write the file of every closed year that is not there.")
@click.option("--delete", "year", type=int, help="Delete the copy of a business year that need not be kept any more.")
@JSON
def retention(folder: Path, copies: Path | None, archive: bool, year: int | None, as_json: bool) -> None:
    """Show which business years (April to March) have to be kept, and check the copies of them.

    Ends with exit code 2 if a year that has to be kept is not whole, in the books or in its copy. The books themselves
    keep everything: balances are added up from it.
    """
    from central import retention as keeping
    from central.store import reading

    if (archive or year is not None) and copies is None:
        raise click.UsageError("name the folder with --copies")
    centre = open_books(folder)
    with plainly(), reading(centre.engine) as connection:
        today = keeping.today(connection, centre.town.clock.wall_ms())
        known = keeping.years(connection, today, [] if copies is None else _copied(copies))
        if year is not None and copies is not None:
            _delete(connection, copies, year, today)
        lines: list[dict[str, Any]] = []
        for one in known:
            line: dict[str, Any] = msgspec.to_builtins(one) | {"must_be_kept": one.must_be_kept(today)}
            if copies is not None and one.is_closed:
                file = _file(copies, one.year)
                if archive and not file.exists() and one.must_be_kept(today):
                    _write(file, keeping.archive(connection, one.year))
                line |= _checked(connection, file, one.year)
            lines.append(line)
    if as_json:
        say({"schema": "machi.central.retention/1", "today": today.isoformat(), "years": lines}, as_json=True)
    else:
        for line in lines:
            click.echo(printable(_line(line)))
    if any(line["must_be_kept"] and line.get("copy", "whole") != "whole" for line in lines):
        sys.exit(CHECK_FAILED)


def _copied(copies: Path) -> list[int]:
    """Return the business years of which there is a copy."""
    years = (file.stem.removeprefix(_BOOKS) for file in sorted(copies.glob(f"{_BOOKS}*.segments")))
    return [int(year) for year in years if year.isdecimal()]


def _file(copies: Path, year: int) -> Path:
    return copies / f"{_BOOKS}{year}.segments"


def _write(file: Path, content: bytes) -> None:
    """Write a copy so that it is there whole or not at all."""
    part = file.with_suffix(".part")
    with part.open("wb") as writing:
        writing.write(content)
        writing.flush()
        os.fsync(writing.fileno())
    part.replace(file)


def _checked(connection: "sa.Connection", file: Path, year: int) -> dict[str, Any]:
    from central.retention import compare

    if not file.exists():
        return {"copy": "none"}
    found = compare(connection, year, file.read_bytes())
    return {"copy": "whole"} if found.is_whole else {"copy": "not whole", **msgspec.to_builtins(found)}


def _delete(connection: "sa.Connection", copies: Path, year: int, today: date) -> None:
    """Delete a copy, if its time is over and the books hold all of it."""
    from central.retention import KEEP_YEARS, compare, keep_until

    file, until = _file(copies, year), keep_until(year)
    if today <= until:
        raise RefusedForSafetyError(
            f"{year}年度の記録は {until} まで残します。 The books of {year} have to be kept until {until}: "
            f"{KEEP_YEARS} years after the year is closed (会社法432条2項 / Companies Act, Art. 432 (2)). "
            "Nothing was deleted"
        )
    if not file.exists():
        raise NotFoundError(f"there is no {file}")
    found: Compared = compare(connection, year, file.read_bytes())
    if found.lost or found.broken:
        what = found.broken or f"{', '.join(found.lost[:5])} is not in the books"
        raise RefusedForSafetyError(f"{file} may hold what the books have lost: {what}. machi central import it first")
    file.unlink()


def _line(line: dict[str, Any]) -> str:
    state = "keep" if line["must_be_kept"] else "its copy may be deleted"
    copy = f", copy: {line['copy']}" if "copy" in line else "" if line["is_closed"] else ", not over"
    lost = f", LOST in the books: {', '.join(line['lost'])}" if line.get("lost") else ""
    counts = f"{line['segments']} segments, {line['entries']} entries"
    return f"{line['year']}: {counts}, until {line['keep_until']}: {state}{copy}{lost}"
