"""How a unit stands that something happened to: what is at stake, what was done, and what to do next."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from central.cli.common import FOLDER, JSON, open_books, say
from programs.coin.cli.confirming import LIFE, moment, refusals
from sync.terminal import printable

if TYPE_CHECKING:
    from central.centre import Centre
    from central.losses import Stake
    from programs.coin.procedures.losses import Loss

_STATES = {"active": "使用中", "suspended": "町が停止", "closed": "終了", "over": "前の代"}
_Step = tuple[str, str, str]  # when, in Japanese and in English, and what to type


@click.command(epilog="\b\nExamples:\n  machi central coin case /srv/town shop01")
@FOLDER
@click.argument("unit")
@LIFE
@JSON
def case(folder: Path, unit: str, life: int | None, as_json: bool) -> None:
    """Show what is at stake at UNIT, what was done about it so far, and what to do next. It changes nothing."""
    centre = open_books(folder)
    with refusals():
        say_case(centre, unit, life, as_json=as_json)


def say_case(centre: "Centre", unit: str, life: int | None, *, as_json: bool) -> None:
    """Print how a life of a unit stands."""
    from programs.coin.procedures import losses

    stake = centre.losses.stake(unit, life)
    loss = losses.look(centre, unit, life) if stake.given_up else None
    steps = list(_given_up(stake, loss) if loss else _not_given_up(stake))
    if as_json:
        say(_document(stake, loss) | {"next": [typed for _, _, typed in steps]}, as_json=True)
        return
    for line in (*_standing(stake), *(_done(loss) if loss else ())):
        click.echo(printable(line))
    for ja, en, typed in steps:
        click.echo(f"次に / next: {ja} / {en}:\n  {typed}")


def _document(stake: "Stake", loss: "Loss | None") -> dict[str, Any]:
    return {
        "schema": "machi.central.coin.case/1",
        "unit": stake.unit,
        "life": stake.life,
        "state": stake.state,
        "last_heard_ms": stake.contact_ms,
        "unsent": stake.unsent,
        "incidents": stake.incidents,
        "rights": {right.what: right.amount for right in stake.rights if right.amount},
        "spent_twice": {right.what: right.short for right in stake.rights if right.short},
        "at_most": loss.left if loss else stake.total,
        "lost": bool(loss),
        "stolen": bool(loss and loss.given_up.stolen),
        "due_ms": loss.due_ms if loss else None,
        "cards": [msgspec.to_builtins(card) | {"due": card.due} for card in loss.cards] if loss else [],
        "shops": [msgspec.to_builtins(one) | {"repays": one.repays} for one in loss.shops] if loss else [],
    }


def _standing(stake: "Stake") -> Iterator[str]:
    yield f"{stake.unit} 第{stake.life}代 / life {stake.life}: {_STATES[stake.state]} / {stake.state}"
    yield f"最後の連絡 / last heard of: {moment(stake.contact_ms)}、未送信 / unsent then: {stake.unsent}"
    if stake.incidents:
        yield f"確かめること / incidents: {', '.join(map(str, stake.incidents))}"
    for right in stake.rights:
        twice = f"、二重に使われた分 / spent twice: {right.short:,}円" if right.short else ""
        yield f"  {right.what}: {right.amount:,}円{twice}"
    if stake.given_up is None:
        yield f"使えるお金 / may give out: {stake.total:,}円"
        yield "写しがあれば、損は写し1つにつき多くてこの額 / if it was copied, at most so much is lost for each copy"


def _done(loss: "Loss") -> Iterator[str]:
    how = "盗難 / stolen" if loss.given_up.stolen else "紛失・故障 / lost"
    yield f"{how}: {moment(loss.given_up.at_ms)}。基金の損は多くて / the fund can lose at most {loss.left:,}円"
    for card in loss.cards:
        yield (
            f"  {card.card}: 保留 / in suspense {card.in_suspense:,}円、渡した / given {card.done.given:,}円、"
            f"これから / due {card.due:,}円"
        )
    for one in loss.shops:
        yield (
            f"  {one.place}: 見つかった売上 / found {one.found:,}円、補償 / compensated {one.done.compensated:,}円、"
            f"返した / repaid {one.done.repaid:,}円"
        )


def _not_given_up(stake: "Stake") -> Iterator[_Step]:
    unit = stake.unit
    for number in stake.incidents:
        yield "調べたことを書いて閉じる", "when you know why", f"machi central settle FOLDER {number} --because …"
    if stake.state == "suspended":
        again = f"machi central unit add FOLDER {unit} … > {unit}.ticket; machi unit enrol … --again"
        yield "新しい鍵で入れ直す", "let it in again with new keys", again
    if stake.state != "active" and stake.rights:
        yield (
            "この代の残りを戻す",
            "bring back what it held",
            f"machi central coin lost FOLDER {unit} --life {stake.life}",
        )


def _given_up(stake: "Stake", loss: "Loss") -> Iterator[_Step]:
    of = f"FOLDER {stake.unit}" + (f" --life {stake.life}" if stake.state == "over" else "")
    is_open = any(card.in_suspense for card in loss.cards) or any(one.repays for one in loss.shops)
    if is_open and not loss.given_up.stolen:
        bring = f"machi central import FOLDER {stake.unit}.segments --found; machi central coin clear {of} --found"
        yield "記録が見つかったら", "if its journal turns up", bring
    if loss.due:
        when = moment(loss.due_ms)
        yield f"{when} から", f"from {when} on", f"machi central coin make-whole {of}"
    elif is_open:
        yield "もう出てこないと決めたら", "when nothing more is expected", f"machi central coin clear {of}"


COMMANDS = (case,)
