"""`machi central steps import`: a file from a phone, or a list, goes into the books; which it is, it shows itself."""

import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
import msgspec

from central.cli.common import FOLDER, JSON, name_of_card, open_books, plainly, say
from programs.steps.cli import health_connect, healthkit, listed
from programs.steps.cli.asking import FileError
from programs.steps.entries import HEALTH_CONNECT, HEALTHKIT, LIST

_ZIP: Final = b"PK\x03\x04"
_HEAD: Final = 64
_DATABASE_MAX: Final = 4 << 30
_LIST_MAX: Final = 64 << 20
_CHUNK: Final = 1 << 20

Counted = tuple[str, Mapping[str, Mapping[int, int]]]  # the source, and its steps by card and day


@click.command(
    name="import",
    epilog="\b\nExamples:\n  machi card read --json | machi central steps import /srv/town export.zip --card -\n"
    "  machi central steps import /srv/town hall.csv --dry-run",
)
@FOLDER
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--card", default="", help="Whose phone it is: a card's name, or a reading of it (a file, or -).")
@click.option("--dry-run", is_flag=True, help="Write nothing, and say what would be.")
@JSON
def import_(folder: Path, file: Path, card: str, dry_run: bool, as_json: bool) -> None:
    """Bring in the steps of a FILE: an export of Health Connect or of an iPhone, or a list (CSV: card, date, steps).

    An export is one person's, who has to touch their card for it. The same file again writes nothing.
    """
    from central.calendar import utc_offset_minutes
    from central.folder import Folder
    from central.store import reading
    from programs.steps.importing import take

    name = name_of_card(Folder(folder), card) if card else ""
    centre = open_books(folder)
    with reading(centre.engine) as connection:
        offset = utc_offset_minutes(connection)
    source, counted = _read(file, name, offset)
    with plainly():
        taken = take(centre, source, counted, dry=dry_run)
    document = {"source": source, "dry_run": dry_run, **msgspec.structs.asdict(taken)}
    say({"schema": "machi.central.steps.import/1", **document}, as_json=as_json)


def _read(file: Path, card: str, offset_minutes: int) -> Counted:
    with file.open("rb") as opened:
        head = opened.read(_HEAD)
        is_list = not head.startswith((_ZIP, health_connect.MAGIC)) and not head.lstrip(
            b"\xef\xbb\xbf \r\n"
        ).startswith(b"<")
        if is_list:
            opened.seek(0)
            return LIST, listed.read(_whole(opened.read(_LIST_MAX + 1)))
    if not card:
        raise click.UsageError(
            "だれの歩数ですか。カードをタッチして、--card をつけてください。"
            " / Whose steps are these? Have the card touched, and add --card."
        )
    if head.startswith(health_connect.MAGIC):
        return HEALTH_CONNECT, {card: health_connect.read(file, offset_minutes)}
    if head.startswith(_ZIP):
        return _unpacked(file, card, offset_minutes)
    with file.open("rb") as opened:
        return HEALTHKIT, {card: healthkit.read(opened)}


def _whole(raw: bytes) -> bytes:
    if len(raw) > _LIST_MAX:
        raise FileError("リストが大きすぎます。", "This list is too large.")
    return raw


def _unpacked(file: Path, card: str, offset_minutes: int) -> Counted:
    try:
        with zipfile.ZipFile(file) as packed:
            names = [one for one in packed.infolist() if "__MACOSX" not in one.filename]
            if database := next((one for one in names if one.filename.endswith(".db")), None):
                with _laid_out(packed, database) as found:
                    return HEALTH_CONNECT, {card: health_connect.read(found, offset_minutes)}
            exports = (one for one in names if one.filename.endswith(".xml") and not one.filename.endswith("_cda.xml"))
            if export := next(exports, None):
                with packed.open(export) as opened:
                    return HEALTHKIT, {card: healthkit.read(opened)}  # type: ignore[arg-type]
    except (zipfile.BadZipFile, RuntimeError, OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise FileError("ZIPファイルを開けません。もう一度書き出してください。", f"The ZIP file: {error}.") from error
    raise FileError(
        "歩数の書き出しが入っていません。", "There is no export of Health Connect or of an iPhone in this ZIP file."
    )


@contextmanager
def _laid_out(packed: zipfile.ZipFile, database: zipfile.ZipInfo) -> Iterator[Path]:
    """Lay a database out of a ZIP file onto the disk, as long as it is read."""
    with tempfile.NamedTemporaryFile(prefix="machi-steps-") as laid, packed.open(database) as opened:
        size = 0
        while chunk := opened.read(_CHUNK):
            size += len(chunk)
            if size > _DATABASE_MAX:
                raise FileError("書き出しが大きすぎます。", "This export is too large.")
            laid.write(chunk)
        laid.flush()
        yield Path(laid.name)


COMMANDS = (import_,)
