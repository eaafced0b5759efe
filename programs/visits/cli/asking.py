"""What the commands of the visits share: how months are typed."""

import click


def month_typed(text: str) -> int:
    """Read a month.

    Raises:
        UsageError: it is none.
    """
    from programs.visits.insight import month_named

    month = month_named(text)
    if month is None:
        raise click.UsageError(f"月は 2026-11 のように書いてください。 / Write a month as 2026-11, not {text!r}.")
    return month
