"""What the commands of the coin share: its terms, days, accounts at a bank, and how they say no."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from central.cli.common import RefusedForSafetyError, plainly

if TYPE_CHECKING:
    from central.centre import Centre
    from programs.coin.settlement.facts import Account
    from programs.coin.terms import Terms

_KINDS: Final = {"ordinary": "1", "current": "2", "savings": "4", "other": "9"}


class Day(click.ParamType[int]):
    """A day, as 2026-12-15."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from programs.coin.settlement.calendar import DateError, day_of

        try:
            return value if isinstance(value, int) else day_of(value)
        except DateError as error:
            self.fail(str(error), param, ctx)


DAY: Final = Day()


def account(command: Any) -> Any:
    """Add the options by which an account at a bank is named."""
    options = (
        click.option("--bank", required=True, help="The bank's four digits (金融機関コード)."),
        click.option("--branch", required=True, help="The branch's three digits (支店番号)."),
        click.option("--kind", type=click.Choice(list(_KINDS)), default="ordinary", show_default=True),
        click.option("--account", "number", required=True, help="Seven digits, zeros at the beginning included."),
        click.option("--name", required=True, help="Who holds it, in kana as in the bank book."),
        click.option("--bank-name", default="", help="In kana, without 銀行."),
        click.option("--branch-name", default="", help="In kana, without 支店."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def account_of(named: dict[str, str]) -> "Account":
    """Return the account that these options name.

    Raises:
        ZenginError: it cannot stand in a bank's file.
    """
    from programs.coin.settlement import bank

    return bank.account(**{**named, "kind": _KINDS[named["kind"]]})


@contextmanager
def refusing() -> Iterator[None]:
    """Turn a refusal into a sentence and an exit code."""
    from programs.coin.settlement.bank import AnotherFileError
    from programs.coin.settlement.settle import SettleError
    from programs.coin.zengin.errors import ZenginError

    with plainly():
        try:
            yield
        except ZenginError as error:
            raise click.UsageError(f"{error} Nothing was stored.") from error
        except (SettleError, AnotherFileError) as error:
            raise RefusedForSafetyError(str(error)) from error


def terms_of(centre: "Centre") -> "Terms":
    """Return the terms of the coin, as the office said them last."""
    from programs.coin.agreed import agreed

    centre.reconciler.catch_up()
    return agreed(centre.engine).terms
