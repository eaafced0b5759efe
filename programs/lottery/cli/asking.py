"""What the commands of the draw share: how they say no, and how they tell the time."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from central.cli.common import RefusedForSafetyError, plainly

DRAW = click.argument("draw")


def _account(_context: click.Context, _option: click.Parameter, name: str) -> str:
    import re

    from sync.entries import UNIT_PATTERN

    if not re.fullmatch(UNIT_PATTERN, name):
        raise click.BadParameter(
            "アカウントの名前を英小文字で書いてください。 / Say an account's name, in small letters."
        )
    return name


BY = click.option(
    "--by",
    required=True,
    callback=_account,
    help="Who says so, by the account's name; it stands in the journal for ever.",
)


@contextmanager
def refusing() -> Iterator[None]:
    """Turn a refusal into a sentence and an exit code."""
    import msgspec

    from programs.lottery.errors import DrawError

    with plainly():
        try:
            yield
        except DrawError as error:
            raise RefusedForSafetyError(str(error)) from error
        except msgspec.ValidationError as error:
            raise click.UsageError(
                f"値が決まりに合いません。何もしていません。 / {error}. Nothing was written."
            ) from error


def moment(at_s: int, offset_minutes: int) -> str:
    """Return a time by the town's clock."""
    from datetime import UTC, datetime, timedelta

    return f"{datetime.fromtimestamp(at_s, UTC) + timedelta(minutes=offset_minutes):%Y-%m-%d %H:%M:%S}"
