"""What every command about a loss shares: it says what is at stake, in Japanese first, and asks before it acts."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click

from central.cli.common import RefusedForSafetyError, plainly
from sync.terminal import printable

YES = click.option("--yes", is_flag=True, help="Do not ask: what is at stake was read before.")
LIFE = click.option("--life", type=click.IntRange(1), help="An earlier life of the unit; the present one if left out.")


def tell(lines: Iterable[str]) -> None:
    """Say something to the person; standard output is for the result."""
    for line in lines:
        click.echo(printable(line), err=True)


def agree(*, yes: bool) -> None:
    """Go on only if the person says yes."""
    if not yes:
        click.confirm("実行しますか / Go on?", abort=True, err=True)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the office may not do into a sentence and exit code 6."""
    from central.losses import NotLostError
    from programs.coin.procedures.losses import NotDueError
    from programs.coin.procedures.moving import NotMovableError
    from programs.coin.procedures.unused import NotOverError

    try:
        with plainly():
            yield
    except (NotLostError, NotDueError, NotMovableError, NotOverError) as error:
        raise RefusedForSafetyError(str(error)) from error


def moment(at_ms: int | None) -> str:
    """Return a time by the centre as people read it."""
    from datetime import UTC, datetime, timedelta

    if at_ms is None:
        return "なし / never"
    japan = datetime.fromtimestamp(at_ms / 1000, UTC) + timedelta(hours=9)
    return f"{japan:%Y-%m-%d %H:%M}"
