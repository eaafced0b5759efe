"""What the commands of the draw share: how they say no, and how they tell the time."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from central.cli.common import RefusedForSafetyError, plainly

DRAW = click.argument("draw")


@contextmanager
def refusing() -> Iterator[None]:
    """Turn a refusal into a sentence and an exit code."""
    import msgspec

    from programs.lottery.beacon import RoundError
    from programs.lottery.errors import DrawError

    with plainly():
        try:
            yield
        except (DrawError, RoundError) as error:
            raise RefusedForSafetyError(str(error)) from error
        except msgspec.ValidationError as error:
            raise click.UsageError(
                f"値が決まりに合いません。何もしていません。 / {error}. Nothing was written."
            ) from error


def moment(at_s: int, offset_minutes: int) -> str:
    """Return a time by the town's clock."""
    from datetime import UTC, datetime, timedelta

    return f"{datetime.fromtimestamp(at_s, UTC) + timedelta(minutes=offset_minutes):%Y-%m-%d %H:%M:%S}"
