"""What officers do on the page of a draw: each act is one of the steps that the commands take, with the account's name.

A form that lacks a tick is refused like everything else that is not done: in words, and with what was typed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from central import store
from central.calendar import utc_offset_minutes
from central.centre import Centre
from central.console.brought import Act, NotDoneError, Said
from central.console.roles import Roles
from programs.lottery import beacon, giving, planning, prizes, running
from programs.lottery.errors import DrawError
from programs.lottery.lists import numbers
from sync.accounts import Role

OFFICERS: Final[Roles] = frozenset({Role.OFFICER})
DESK: Final[Roles] = frozenset({Role.OFFICER, Role.CLERK})
TICKED: Final = "yes"
_LISTED: Final = 5  # numbers that are said one by one

Form = Mapping[str, str]


def _plan(centre: Centre, _by: str, form: Form) -> Said:
    """Hold a plan against the rules for plans; it stands in the address of the page that comes next."""
    with store.reading(centre.engine) as connection:
        plan = planning.plan_of(form, utc_offset_minutes(connection))
        running.make_sure_it_is_new(connection, plan.draw)
    running.rules_of(plan, centre.town.clock.wall_ms() // 1000)
    return Said(
        "まだ公開していません。下の決まりを読み、よければ公開してください。",
        "Nothing is published yet. Read the rules below, and publish them if they are right.",
        {"plan": planning.spelled(plan)},
    )


def _announce(centre: Centre, _by: str, form: Form) -> Said:
    plan = planning.read(form.get("plan", ""))
    if plan is None:
        raise DrawError("この下書きは読めません。もう一度書いてください。", "This plan cannot be read: write it anew.")
    if form.get("sure") != TICKED:
        raise DrawError(
            "決まりは公開すると変えられません。読んだら、しるしをつけてください。",
            "Rules cannot be changed once they are published: read them, and tick the box.",
        )
    rules = running.announce(centre, plan).rules
    return _said(
        rules.draw,
        "決まりを公開しました。rules.json を町のホームページに置いてください。",
        "The rules are announced. Put rules.json on the town's website.",
    )


def _give(centre: Centre, _by: str, form: Form) -> Said:
    """Give out tickets at the desk."""
    draw = _of(form)
    holder = "".join(form.get("holder", "").split()).lower()
    wanted = planning.tickets_of(holder, form.get("count", ""))
    given = giving.give(centre, draw, [wanted], for_points=form.get("points") == TICKED)
    found = [number for one in given for number in numbers(one.ref, one.count)]
    return _said(
        draw,
        f"券を {len(found):,}口 渡しました: {_some(found, '、')}。控えに書いてください。",
        f"{len(found):,} given out: {_some(found, ', ')}. Write them down for the holder.",
    )


def _some(found: Sequence[str], between: str) -> str:
    return (
        found[0] if len(found) == 1 else f"{found[0]} 〜 {found[-1]}" if len(found) > _LISTED else between.join(found)
    )


def _close(centre: Centre, by: str, form: Form) -> Said:
    draw = _of(form)
    frozen = running.close(centre, draw, without_silent=form.get("without") == TICKED, by=by)
    return _said(
        draw,
        f"名簿を確定しました({frozen.tickets:,}口)。すぐに公開し、ルートを掲示してください。",
        f"The list is frozen, with {frozen.tickets:,} tickets. Publish it at once, and hang up its root.",
    )


def _draw(centre: Centre, by: str, form: Form) -> Said:
    draw = _of(form)
    with store.reading(centre.engine) as connection:
        number = running.announced_in(connection, draw).rules.round
    running.propose(centre, draw, beacon.signature_in(form.get("signature", ""), number), by)
    return _said(
        draw,
        "署名は本物でした。当せん者が決まるのは、別の担当者が確認してからです。",
        "The signature is the network's. There are winners when another officer has confirmed it.",
    )


def _confirm(centre: Centre, by: str, form: Form) -> Said:
    draw = _of(form)
    if form.get("same") != TICKED:
        raise DrawError(
            "掲示したルートと画面のルートを見比べ、同じならしるしをつけてください。",
            "Compare the root that hangs there with the one on the page, and tick the box if they are the same.",
        )
    transcript = running.confirm(centre, draw, by)
    prizes.award(centre, draw)
    return _said(
        draw,
        f"当せん者が決まりました({len(transcript.winners):,}人)。番号を公開し、掲示してください。",
        f"The winners are drawn: {len(transcript.winners):,}. Publish their numbers, and hang them up.",
    )


def _collected(centre: Centre, _by: str, form: Form) -> Said:
    draw, ticket = _of(form), form.get("ticket", "")
    prizes.award(centre, draw)
    prizes.collect(centre, draw, ticket)
    return _said(draw, f"券 {ticket} の賞品を渡しました。", f"The prize of ticket {ticket} was handed out.")


def _alternate(centre: Centre, _by: str, form: Form) -> Said:
    draw, ticket = _of(form), form.get("ticket", "")
    prizes.award(centre, draw)
    to = prizes.pass_on(centre, draw, ticket)
    return _said(
        draw, f"券 {ticket} の賞品は補欠の券 {to} へ移りました。", f"The prize of ticket {ticket} goes to {to}."
    )


def _stand(centre: Centre, _by: str, form: Form) -> Said:
    draw, unit = _of(form), form.get("unit", "")
    prizes.award(centre, draw)
    given = prizes.hand_out_at(centre, draw, unit)
    return _said(
        draw,
        f"端末 {unit} で、カードの {len(given):,}つ を渡せます(次につながったときから)。",
        f"The unit {unit} hands out {len(given):,}, from its next contact on.",
    )


def _of(form: Form) -> str:
    return form.get("draw", "")


def _said(draw: str, ja: str, en: str) -> Said:
    return Said(ja, en, {"draw": draw})


def _act(name: str, roles: Roles, do: Callable[[Centre, str, Form], Said]) -> Act:
    def refusing(centre: Centre, by: str, form: Form) -> Said:
        try:
            return do(centre, by, form)
        except msgspec.ValidationError as error:
            raise NotDoneError("値が決まりに合いません。何もしていません。", f"{error}. Nothing was done.") from error

    return Act(name, roles, refusing)


ACTS: Final = (
    _act("plan", OFFICERS, _plan),
    _act("announce", OFFICERS, _announce),
    _act("give", DESK, _give),
    _act("close", OFFICERS, _close),
    _act("draw", OFFICERS, _draw),
    _act("confirm", OFFICERS, _confirm),
    _act("collected", DESK, _collected),
    _act("alternate", OFFICERS, _alternate),
    _act("stand", OFFICERS, _stand),
)
