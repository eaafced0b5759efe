"""`machi central coin payer|shop|paydays`: from which account shops are paid, to which, and when."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from central.cli.common import FOLDER, JSON, NotFoundError, open_books, plainly, say
from programs.coin.cli.asking import DAY, account, account_of, refusing, terms_of

if TYPE_CHECKING:
    from central.centre import Centre
    from sync.entries import Fact


@click.command(
    epilog="\b\nExamples:\n  machi central coin payer /srv/town --code 1234567890 --bank 0001 --branch 001"
    " --account 0123456 --name トウダイチヨウ"
)
@FOLDER
@click.option("--code", required=True, help="The ten digits that the bank gave the town (委託者コード).")
@account
@JSON
def payer(folder: Path, code: str, as_json: bool, name: str, **of: str) -> None:
    """Say from which account shops are paid."""
    from programs.coin.settlement import bank

    with refusing():
        fact = bank.payer(code, name, account_of(of))
        _say(open_books(folder), fact)
    say({"schema": "machi.central.coin.payer/1", **_shown(fact)}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi central coin shop /srv/town fish --bank 0001 --branch 001 --account 0123456"
    " --name サカナヤ"
)
@FOLDER
@click.argument("place")
@account
@JSON
def shop(folder: Path, place: str, as_json: bool, name: str, **of: str) -> None:
    """Say to which account the shop at PLACE is paid. Only the office knows; no unit ever hears of it."""
    from central.places import unnamed
    from programs.coin.settlement import bank

    centre = open_books(folder)
    with refusing():
        if not _is_named(centre, place):
            raise NotFoundError(unnamed(place))
        fact = bank.shop(place, name, account_of(of))
        _say(centre, fact)
    say({"schema": "machi.central.coin.shop/1", **_shown(fact)}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi central coin paydays /srv/town\n"
    "  machi central coin paydays /srv/town --closes 31 --if-closed before --holiday 2027-01-11"
)
@FOLDER
@click.option("--closes", multiple=True, type=click.IntRange(1, 31), help="A closing day; 31 is the last. Repeatable.")
@click.option("--if-closed", type=click.Choice(["before", "after"]), help="Which working day counts instead.")
@click.option("--minimum", "minimum_yen", type=click.IntRange(1, 1_000_000), help="Less waits for the next time (¥).")
@click.option("--holiday", "closed", multiple=True, type=DAY, help="A day on which banks are closed. Repeatable.")
@click.option("--no-holiday", "opened", multiple=True, type=DAY, help="One on which they are open after all.")
@JSON
def paydays(
    folder: Path,
    as_json: bool,
    closed: tuple[int, ...],
    opened: tuple[int, ...],
    closes: tuple[int, ...],
    **wanted: Any,
) -> None:
    """Show when shops are paid, and from how much on; or set it. Weekends and New Year need not be said."""
    from programs.coin.settlement.calendar import iso, pay_day, period

    centre = open_books(folder)
    with plainly():
        terms = terms_of(centre)
        said = terms.settling
        today = _today(centre)
        holidays = tuple(sorted({*said.holidays, *closed} - {*opened}))
        named = {name: value for name, value in wanted.items() if value is not None}
        closes = tuple(sorted(set(closes))) or said.closes
        changed = msgspec.structs.replace(said, holidays=holidays, closes=closes, **named)
        if changed != said:
            centre.registrar.say([msgspec.structs.replace(terms, settling=changed)])
        now = period(changed, today)
    document = {
        **{name: getattr(changed, name) for name in ("closes", "if_closed", "minimum_yen")},
        "holidays": [iso(day) for day in changed.holidays],
        "period": f"{iso(now.first)}/{iso(now.last)}",
        "pay_on": iso(pay_day(changed, now.last)),
    }
    say({"schema": "machi.central.coin.paydays/1", **document}, as_json=as_json)


def _say(centre: "Centre", fact: "Fact") -> None:
    """Write a fact into the office's journal."""
    from sync.messages import OFFICE_STREAM

    with centre.reconciler.counted() as connection:
        centre.streams.append(connection, OFFICE_STREAM, [fact])


def _is_named(centre: "Centre", place: str) -> bool:
    from central.places import named

    with centre.reconciler.counted() as connection:
        return named(connection, place) is not None


def _shown(fact: "Fact") -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(fact)
    del document["kind"]
    return document


def _today(centre: "Centre") -> int:
    from central.calendar import day_at

    with centre.reconciler.counted() as connection:
        return day_at(connection, centre.town.clock.wall_ms())


COMMANDS = (payer, shop, paydays)
