"""A card is lost: its money goes over to a new one."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from central.cli.common import FOLDER, JSON, open_books, say
from programs.coin.cli.confirming import YES, agree, moment, refusals, tell

if TYPE_CHECKING:
    from programs.coin.procedures.moving import Moving


@click.command(
    name="move-card",
    epilog="\b\nExamples:\n  machi central coin move-card /srv/town "
    "60033bab2dcddc48b295070670d111d3 0c7d1fca2b3e4d5f60718293a4b5c6d7",
)
@FOLDER
@click.argument("old")
@click.argument("new")
@YES
@JSON
def move_card(folder: Path, old: str, new: str, yes: bool, as_json: bool) -> None:
    """Stop the card OLD, and let its money and points be the card NEW's (names of 32 hex digits).

    What is free goes over at once; what units hold, as each of them gives it back. Do it again to ask them once more.
    """
    from programs.coin.procedures import moving

    centre = open_books(folder)
    with refusals():
        tell(_at_stake(moving.look(centre, old, new)))
        agree(yes=yes)
        moved = moving.move(centre, old, new)
        left = moving.look(centre, old, new)
    document = {
        "old": old,
        "new": new,
        "free": moved.free,
        "points": moved.points,
        "at_units": [msgspec.to_builtins(one) for one in left.at_units],
        "at_most": left.at_most,
    }
    say({"schema": "machi.central.coin.moved/1", **document}, as_json=as_json)


def _at_stake(one: "Moving") -> list[str]:
    again = ["すでに移しました。もう一度 端末に返すよう求めます。", "Moved before; units are asked once more."]
    return [
        *(again if one.has_moved else []),
        f"すぐに移るお金 / free, goes over at once: {one.free:,}円、{one.points:,}ポイント",
        *(
            f"  {at.unit} (第{at.life}代 / life {at.life}, {at.state}): {at.yen:,}円、"
            f"最後の連絡 / last heard of {moment(at.contact_ms)}"
            for at in one.at_units
        ),
        f"古いカードが使われる恐れは多くて {one.at_most:,}円です(停止をまだ聞いていない端末だけ)。",
        f"The old card can still spend {one.at_most:,} yen at most, where a unit has not heard that it is stopped.",
    ]


COMMANDS = (move_card,)
