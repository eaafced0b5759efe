"""Tickets are given out by the office: at a desk, or by a list that was made elsewhere. All of it or nothing."""

import re
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
import sqlalchemy as sa

from central import ledger
from central.centre import Centre
from central.reconcile import statement
from programs.lottery.entries import TICKETS_MAX, Holder, Rules, Tickets
from programs.lottery.errors import DrawError
from programs.lottery.office import course_of, tickets_of
from programs.lottery.running import announced_in
from sync.directory import card_key
from sync.facts import CardSet, CardState
from sync.messages import OFFICE_STREAM

_CARD: Final = re.compile(r"[0-9a-f]{32}")


class Wanted(msgspec.Struct, frozen=True):
    """What somebody is to get. `ref`: the number of the stub; "" for the next number of the desk."""

    holder: Holder
    count: Annotated[int, msgspec.Meta(ge=1, le=TICKETS_MAX)]
    ref: Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z0-9][A-Za-z0-9-]{0,31})?$")] = ""


def give(centre: Centre, draw: str, wanted: Sequence[Wanted], *, for_points: bool = False) -> tuple[Tickets, ...]:
    """Give out tickets, all of them or none; what was given out under the same number already is passed over.

    Args:
        for_points: take from each holder's points what the rules say that they cost.

    Returns:
        What was new.

    Raises:
        DrawError: the draw is not open, somebody would have too many, a number is taken, a card is not good, or has
            not so many points.
    """
    with centre.reconciler.counted() as connection:
        rules = announced_in(connection, draw).rules
        if course_of(connection, draw).closed or centre.town.clock.wall_ms() // 1000 >= rules.close_at:
            raise DrawError(
                f"抽選「{draw}」の締切は過ぎました。券は渡せません。",
                f"The draw {draw} is closed: no more tickets are given out.",
            )
        before = {one.ref: one for one in tickets_of(connection, draw)}
        fresh = _fresh(before, wanted, draw, rules.cost_points if for_points else 0)
        _check_caps(rules, [*before.values(), *fresh])
        for holder in sorted({one.holder for one in fresh if _CARD.fullmatch(one.holder)}):
            _check_card(connection, holder)
        _check_points(connection, fresh)
        centre.streams.append(connection, OFFICE_STREAM, fresh)
    return tuple(fresh)


def _fresh(before: dict[str, Tickets], wanted: Sequence[Wanted], draw: str, cost: int) -> list[Tickets]:
    known, fresh = dict(before), list[Tickets]()
    for one in wanted:
        said = Tickets(draw, one.ref or _next(known), one.holder, one.count, cost * one.count)
        if (there := known.get(said.ref)) is None:
            known[said.ref] = said
            fresh.append(said)
        elif there != said:
            raise DrawError(
                f"番号 {said.ref} は別の内容で渡してあります。番号を確かめてください。何も渡していません。",
                f"Number {said.ref} was given out already, to somebody else or for another count: check it."
                " Nothing was given out.",
            )
    return fresh


def _next(known: dict[str, Tickets]) -> str:
    """Return the next number of the desk; a list may have taken some."""
    number = len(known) + 1
    while (ref := f"D{number:05d}") in known:
        number += 1
    return ref


def _check_caps(rules: Rules, tickets: Sequence[Tickets]) -> None:
    held: dict[str, int] = {}
    for one in tickets:
        held[one.holder] = held.get(one.holder, 0) + one.count
    if over := sorted(holder for holder, count in held.items() if count > rules.cap):
        raise DrawError(
            f"1人 {rules.cap}口までです。{over[0]} が {held[over[0]]}口になります。何も渡していません。",
            f"One person may have {rules.cap} tickets; {over[0]} would have {held[over[0]]}. Nothing was given out.",
        )


def _check_card(connection: sa.Connection, card: str) -> None:
    said = statement(connection, card_key(card)).fact
    if not isinstance(said, CardSet) or said.state is not CardState.ACTIVE:
        raise DrawError(
            f"カード {card} は登録がないか、止まっています。先に登録してください。何も渡していません。",
            f"Card {card} is not registered, or stopped: register it first (machi central card add)."
            " Nothing was given out.",
        )


def _check_points(connection: sa.Connection, fresh: Sequence[Tickets]) -> None:
    cost: dict[str, int] = {}
    for one in fresh:
        cost[one.holder] = cost.get(one.holder, 0) + one.points
    for holder, points in sorted(cost.items()):
        if points and (there := ledger.balance(connection, ledger.points(holder))) < points:
            raise DrawError(
                f"{holder} のポイントは {there:,} で、{points:,} に足りません。何も渡していません。",
                f"{holder} has {there:,} points, and {points:,} are needed. Nothing was given out.",
            )
