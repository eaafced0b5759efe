"""What is on a card, for whoever asks at the town hall."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from central.cli.common import FOLDER, JSON, NotFoundError, RefusedForSafetyError, open_books, plainly, say
from sync.terminal import printable

if TYPE_CHECKING:
    from programs.coin.lots.facts import Carried
    from programs.coin.lots.statement import Statement


@click.command(epilog="\b\nExamples:\n  machi central coin balance /srv/town 60033bab2dcddc48b295070670d111d3")
@FOLDER
@click.argument("card")
@JSON
def balance(folder: Path, card: str, as_json: bool) -> None:
    """Show what is on a CARD: lot by lot with the last day of each, where it can be spent now, points, and history.

    `certificates`: the same of each issue of gift certificates. `earlier`: what an earlier system had noted.
    """
    from central import ledger
    from central.ledger import points
    from programs.coin.entries import money
    from programs.coin.lots import books, statement

    centre = open_books(folder)
    with plainly(), centre.reconciler.counted() as connection:
        if not books.is_known(connection, card):
            raise NotFoundError(f"nothing was ever on card {card}; its name has 32 hex digits")
        issues = books.issues_of(connection, card)
        try:
            coin, *gifts = (statement.statement(connection, money(card, issue)) for issue in ("", *issues))
        except statement.UnequalError as error:
            raise RefusedForSafetyError(f"{error}; run: machi central replay {folder}") from error
        earned = ledger.balance(connection, points(card))
        earlier = books.carried_of(connection, card)
    document = {
        "schema": "machi.central.coin.balance/1",
        "card": card,
        "points": earned,
        **_purse(coin),
        "certificates": [{"issue": issue, **_purse(gift)} for issue, gift in zip(issues, gifts, strict=True)],
        "earlier": [_earlier(line) for line in earlier],
    }
    if as_json:
        say(document, as_json=True)
    else:
        _print(document)


def _purse(found: "Statement") -> dict[str, Any]:
    from programs.coin.lots.days import written

    return {
        "yen": found.purse.yen,
        "owed": found.purse.owed,
        "free": found.free,
        "by_counter": found.by_counter,
        "units": [{"unit": at.unit, "life": at.life, "yen": at.yen} for at in found.units],
        "lots": [
            {
                "lot": lot.id,
                "source": lot.source,
                "came": written(lot.day),
                "expires": written(lot.expires),
                "yen": lot.yen,
                "left": lot.left,
            }
            for lot in found.purse.lots
        ],
        "history": [
            {
                "entry": line.flow.entry,
                "day": written(line.flow.detail.day),
                "yen": line.flow.yen,
                "with": line.flow.other,
                "lots": [{"lot": lot, "yen": yen} for lot, yen in line.parts],
            }
            for line in found.purse.history
        ],
    }


def _earlier(line: "Carried") -> dict[str, Any]:
    from programs.coin.lots.days import written

    return {"certificate": line.ref, "day": written(line.day), "yen": line.yen, "text": line.text}


def _print(document: dict[str, Any]) -> None:
    _print_purse(f"card {document['card']}, {document['points']} points", document)
    for gift in document["certificates"]:
        _print_purse(f"certificates {gift['issue']}", gift)
    for line in document["earlier"]:
        click.echo(printable(f"  {line['day']}  {line['yen']:>+9}  {line['text']:<24} {line['certificate']}"))


def _print_purse(title: str, purse: dict[str, Any]) -> None:
    places = [f"free {purse['free']}", *(f"{at['unit']} {at['yen']}" for at in purse["units"])]
    if purse["by_counter"]:
        places.append(f"by the counter in the card {purse['by_counter']}")
    click.echo(f"{title}: ¥{purse['yen']} ({', '.join(places)})")
    if purse["owed"]:
        click.echo(f"  ¥{purse['owed']} more was paid than there was: a disk was copied; see machi central status")
    for lot in purse["lots"]:
        if lot["left"]:
            good = f"until {lot['expires']}" if lot["expires"] else "for ever"
            click.echo(f"  ¥{lot['left']:<8} of ¥{lot['yen']:<8} {lot['source']:<12} {lot['came']}, good {good}")
    for line in purse["history"]:
        click.echo(printable(f"  {line['day']}  {line['yen']:>+9}  {line['with']:<24} {line['entry']}"))


COMMANDS = (balance,)
