"""`machi central coin shop-card|draw|put-back|shop-pay`: shops pay each other before they are paid."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from central.cli.common import FOLDER, JSON, RefusedForSafetyError, open_books, plainly, say

if TYPE_CHECKING:
    from sync.entries import Fact

_YEN = click.IntRange(1, 10**9)


@click.command(
    name="shop-card",
    epilog="\b\nExamples:\n  machi central coin shop-card /srv/town fish 60033bab2dcddc48b295070670d111d3\n"
    "  machi central coin shop-card /srv/town fish --none",
)
@FOLDER
@click.argument("place")
@click.argument("card", default="")
@click.option("--none", "has_none", is_flag=True, help="It has no card any more. Put back first what is on it.")
@JSON
def shop_card(folder: Path, place: str, card: str, has_none: bool, as_json: bool) -> None:
    """Say which CARD is the own one of the shop at PLACE, with which it pays at others."""
    from programs.coin.procedures import trading

    if bool(card) == has_none:
        raise click.UsageError("name a card, or say --none")
    centre = open_books(folder)
    with _refusing():
        _answer("shop.card", trading.set_card(centre, place, card), as_json=as_json)


@click.command(epilog="\b\nExamples:\n  machi central coin draw /srv/town fish 20000")
@FOLDER
@click.argument("place")
@click.argument("yen", type=_YEN)
@JSON
def draw(folder: Path, place: str, yen: int, as_json: bool) -> None:
    """Put YEN of what the shop at PLACE took in on its own card: it can pay at other shops with it, also offline.

    What it took today cannot be drawn yet: it may still be made void.
    """
    from programs.coin.procedures import trading

    centre = open_books(folder)
    with _refusing():
        _answer("draw", trading.draw(centre, place, yen), as_json=as_json)


@click.command(name="put-back", epilog="\b\nExamples:\n  machi central coin put-back /srv/town fish")
@FOLDER
@click.argument("place")
@click.argument("yen", type=_YEN, required=False)
@JSON
def put_back(folder: Path, place: str, yen: int | None, as_json: bool) -> None:
    """Let YEN that the shop at PLACE had drawn and not spent be paid to its bank again; all if left out."""
    from programs.coin.procedures import trading

    centre = open_books(folder)
    with _refusing():
        _answer("put.back", trading.put_back(centre, place, yen), as_json=as_json)


@click.command(
    name="shop-pay",
    epilog="\b\nExamples:\n  machi central coin shop-pay /srv/town fish bakery 5000 --because 'invoice 12'",
)
@FOLDER
@click.argument("place")
@click.argument("to")
@click.argument("yen", type=_YEN)
@click.option("--because", required=True, help="What both have agreed on; it stays in the books. No names.")
@JSON
def shop_pay(folder: Path, place: str, to: str, yen: int, because: str, as_json: bool) -> None:
    """Let the shop at PLACE pay the one at TO out of what it took in."""
    from programs.coin.procedures import trading

    centre = open_books(folder)
    with _refusing():
        _answer("shop.pay", trading.pay(centre, place, to, yen, because), as_json=as_json)


@contextmanager
def _refusing() -> Iterator[None]:
    from programs.coin.procedures.trading import NoTradeError

    with plainly():
        try:
            yield
        except NoTradeError as error:
            raise RefusedForSafetyError(str(error)) from error


def _answer(name: str, fact: "Fact", *, as_json: bool) -> None:
    from programs.coin.lots.days import written

    document: dict[str, Any] = msgspec.to_builtins(fact)
    del document["kind"]
    document |= {name: written(document[name]) for name in ("day", "expires") if name in document}
    say({"schema": f"machi.central.coin.{name}/1", **document}, as_json=as_json)


COMMANDS = (shop_card, draw, put_back, shop_pay)
