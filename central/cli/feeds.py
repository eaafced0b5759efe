"""What the commands that publish months and write feeds share, of whichever program."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from central.cli.common import RefusedForSafetyError, plainly


@contextmanager
def refusing() -> Iterator[None]:
    """Say what cannot be published."""
    from central.published import PublishError

    with plainly():
        try:
            yield
        except PublishError as error:
            raise RefusedForSafetyError(str(error)) from error


def lay_out(files: Mapping[str, bytes], out: Path) -> None:
    """Write the files of a feed into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        (out / name).write_bytes(raw)
