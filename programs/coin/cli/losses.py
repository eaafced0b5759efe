"""A unit is lost: `lost`, `make-whole`, `compensate`, `clear`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from central.cli.common import FOLDER, JSON, open_books, say
from programs.coin.cli.case import say_case
from programs.coin.cli.confirming import LIFE, YES, agree, moment, refusals, tell

if TYPE_CHECKING:
    from central.losses import Stake
    from programs.coin.procedures.losses import Loss


@click.command(
    epilog="\b\nExamples:\n  machi central coin lost /srv/town shop01\n"
    "  machi central coin lost /srv/town shop01 --stolen --reason 'gone after the burglary'"
)
@FOLDER
@click.argument("unit")
@LIFE
@click.option("--stolen", is_flag=True, help="Others may have it: nothing is believed that it has not sent by now.")
@click.option("--reason", default="lost", show_default=True, help="What happened.")
@YES
@JSON
def lost(folder: Path, unit: str, life: int | None, as_json: bool, **said: Any) -> None:
    """Give UNIT up: lost, stolen, or its disk is dead. Its life ends, and what it might give out is in suspense."""
    centre = open_books(folder)
    with refusals():
        stake = centre.losses.stake(unit, life)
        tell(_at_stake(stake, stolen=said["stolen"]))
        agree(yes=said["yes"])
        centre.losses.give_up(unit, life, stolen=said["stolen"], reason=said["reason"])
        say_case(centre, unit, life, as_json=as_json)


@click.command(
    name="make-whole",
    epilog="\b\nExamples:\n  machi central coin make-whole /srv/town shop01\n"
    "  machi central coin make-whole /srv/town desk01 --card 60033bab2dcddc48b295070670d111d3 --receipt 3000 "
    "--because 'receipt 12 of 3 March'",
)
@FOLDER
@click.argument("unit")
@click.option("--card", help="Only this card: it has a receipt for cash that the unit took in and never sent.")
@click.option("--receipt", type=click.IntRange(1, 1_000_000), help="What that receipt says (¥).")
@click.option("--because", default="", help="Which receipt it is.")
@LIFE
@YES
@JSON
def make_whole(folder: Path, unit: str, life: int | None, as_json: bool, **said: Any) -> None:
    """Give cardholders back what the lost UNIT held of their money: the fund pays. Once the waiting time is over."""
    from programs.coin.procedures import losses

    is_shown = bool(said["card"] and said["receipt"] and said["because"])
    if not is_shown and (said["card"] or said["receipt"] or said["because"]):
        raise click.UsageError("--card, --receipt and --because go together")
    centre = open_books(folder)
    with refusals():
        loss = losses.look(centre, unit, life)
        tell(_for_receipt(said["receipt"]) if is_shown else _for_all(loss))
        agree(yes=said["yes"])
        if is_shown:
            card, yen, because = said["card"], said["receipt"], said["because"]
            facts = [losses.believe_receipt(centre, unit, life, card, yen, because)]
        else:
            facts = losses.make_whole(centre, unit, life)
    cards = {fact.card: fact.yen for fact in facts}
    document = {"unit": unit, "life": loss.life, "cards": cards, "yen": sum(cards.values())}
    say({"schema": "machi.central.coin.whole/1", **document}, as_json=as_json)


def _for_all(loss: "Loss") -> list[str]:
    return [
        f"基金から {len([card for card in loss.cards if card.due])}枚のカードに 計{loss.due:,}円を戻します。",
        f"The fund gives {loss.due:,} yen back to cards.",
        f"基金の損は多くて{loss.left:,}円です(端末で使われていた分)。",
        f"The fund can lose {loss.left:,} yen at most: what was spent at the unit and not heard of.",
    ]


def _for_receipt(yen: int) -> list[str]:
    return [
        f"基金から領収書の{yen:,}円をカードに入れます。記録が見つからなければ、基金の損です。",
        f"The fund gives the card {yen:,} yen for its receipt, and loses that if the charge is never found.",
    ]


@click.command(
    epilog="\b\nExamples:\n  machi central coin compensate /srv/town shop01 fish 4200 --because 'receipts of 12 March'"
)
@FOLDER
@click.argument("unit")
@click.argument("place")
@click.argument("yen", type=click.IntRange(1, 1_000_000_000))
@click.option("--because", required=True, help="What the shop has shown: receipts, its closing of the day.")
@click.option("--beyond", is_flag=True, help="Also more than the unit could give out by all that has arrived.")
@LIFE
@YES
@JSON
def compensate(folder: Path, unit: str, place: str, yen: int, as_json: bool, **said: Any) -> None:
    """Pay the shop at PLACE for what the lost UNIT took and had not sent: YEN, from the fund, on evidence."""
    from programs.coin.procedures import losses

    centre = open_books(folder)
    with refusals():
        loss = losses.look(centre, unit, said["life"])
        tell(
            [
                f"基金から {place} に {yen:,}円を払います。これまでに {loss.compensated:,}円払いました。",
                f"The fund pays {yen:,} yen to {place}; so far it has paid {loss.compensated:,} yen.",
                f"この端末で知られずに使えたのは多くて{loss.left:,}円です。",
                f"At most {loss.left:,} yen can have been spent at this unit unheard.",
            ]
        )
        agree(yes=said["yes"])
        fact = losses.compensate(centre, unit, said["life"], place, yen, said["because"], beyond=said["beyond"])
    document = {"unit": unit, "life": fact.life, "place": place, "yen": yen, "because": fact.because}
    say({"schema": "machi.central.coin.compensated/1", **document}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi central coin clear /srv/town shop01 --found\n"
    "  machi central coin clear /srv/town shop01"
)
@FOLDER
@click.argument("unit")
@click.option("--found", is_flag=True, help="Its whole journal was brought in (`machi central import --found`).")
@LIFE
@YES
@JSON
def clear(folder: Path, unit: str, as_json: bool, **said: Any) -> None:
    """End the suspense after UNIT was lost: cards get what is still due, the fund the rest. It can be done again."""
    from programs.coin.procedures import losses

    centre = open_books(folder)
    with refusals():
        loss = losses.look(centre, unit, said["life"])
        rest = sum(card.in_suspense - card.due for card in loss.cards)
        back = sum(one.repays for one in loss.shops)
        tell(
            [
                f"カードに {loss.due:,}円、基金に {rest:,}円。お店から基金に戻るのは {back:,}円です。",
                f"Cards get {loss.due:,} yen, the fund {rest:,} yen; shops pay {back:,} yen back to it.",
            ]
        )
        agree(yes=said["yes"])
        facts = losses.clear(centre, unit, said["life"], found=said["found"])
    moved = [msgspec.to_builtins(fact) for fact in facts]
    say({"schema": "machi.central.coin.cleared/1", "unit": unit, "moved": moved}, as_json=as_json)


def _at_stake(stake: "Stake", *, stolen: bool) -> list[str]:
    lines = [
        f"{stake.unit} (第{stake.life}代 / life {stake.life}): {stake.state}",
        f"最後の連絡 / last heard of: {moment(stake.contact_ms)}、未送信 / unsent then: {stake.unsent}",
        *(f"  {right.what}: {right.amount:,}円" for right in stake.rights if right.amount),
        f"この端末で使えたお金は {stake.total:,}円です。基金の損は多くてこの額です。",
        f"It could give out {stake.total:,} yen; the fund can lose no more than that.",
        "連絡の後の売上とチャージは町では分かりません。領収書で確かめます。",
        "What was paid and charged there since it was last heard of cannot be known here: ask for receipts.",
    ]
    if stolen:
        lines += [
            "盗難: この端末がまだ送っていない記録は、後で見つかっても数えません。",
            "Stolen: what it has not sent by now is never counted, also if it is found.",
        ]
    return lines


COMMANDS = (lost, make_whole, compensate, clear)
