"""What the commands that publish months and write feeds share, of whichever program."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from central.cli.common import RefusedForSafetyError, month_typed, open_books, plainly, say

if TYPE_CHECKING:
    import sqlalchemy as sa

    from central.centre import Centre
    from central.published import Said


def _nothing(_said: object) -> dict[str, int]:
    return {}


def publish_month(
    folder: Path,
    month: str,
    publish: "Callable[[Centre, int], Said]",
    schema: str,
    also: "Callable[[Said], dict[str, int]]" = _nothing,
    *,
    as_json: bool,
) -> None:
    """Publish a month as it was typed, and tell what was published; `also`: what the program says besides."""
    wanted = month_typed(month)
    centre = open_books(folder)
    with _refusing():
        said = publish(centre, wanted)
    told = {"month": month, "units": said.units, "complete": said.complete, "missing": said.missing}
    say({"schema": schema, **told, **also(said), "sha256": said.sha256}, as_json=as_json)


def write_feed(
    folder: Path, out: Path, feed: "Callable[[sa.Connection], Mapping[str, bytes]]", schema: str, *, as_json: bool
) -> None:
    """Write the files of a feed into a folder, with all that has arrived."""
    from central.store import reading

    centre = open_books(folder)
    with _refusing():
        centre.reconciler.catch_up()
        with reading(centre.engine) as connection:
            files = feed(connection)
    out.mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        (out / name).write_bytes(raw)
    say({"schema": schema, "folder": str(out), "files": len(files)}, as_json=as_json)


@contextmanager
def _refusing() -> Iterator[None]:
    """Say what cannot be published."""
    from central.published import PublishError

    with plainly():
        try:
            yield
        except PublishError as error:
            raise RefusedForSafetyError(str(error)) from error
