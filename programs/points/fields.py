"""A rule as the fields of a form: filled in with what it says, and read from what somebody typed.

What is left empty sets no condition, as in `entries.Rule`. Digits may be typed wide, and numbers with commas.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final, TypeVar

import msgspec

from central.console.typed import TypedError, number, plain
from programs.points.entries import LAST_DAY, MINUTES, STREAK_MAX, Of, Once, Rule
from programs.points.sentences import Say, clock
from programs.points.written import contradictions
from sync.days import day_of, written

PLACE: Final = "place-"
SERVICE: Final = "service-"
WEEKDAY: Final = "weekday-"
ON: Final = "on"
WEEK: Final = 7
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)")
_BETWEEN: Final = re.compile(r"[\s,、]+")
_EVENT_MAX: Final = 400
_Value = TypeVar("_Value")

LABELS: Final[Mapping[str, Say]] = {
    "points": Say("ポイント", "Points"),
    "from_time": Say("何時から", "From (time)"),
    "to_time": Say("何時まで", "To (time)"),
    "from": Say("はじめの日", "First day"),
    "to": Say("おわりの日", "Last day"),
    "days": Say("催しの日", "Days of the event"),
    "event": Say("催しの名前", "Event"),
    "once": Say("何回付くか", "How often"),
    "streak": Say("続けて何日目", "Days in a row"),
    "person_month": Say("1人が1か月にもらえる上限", "Most for one person in a month"),
    "budget": Say("この規則の予算", "Budget of the rule"),
    "of": Say("何に付くか", "What gives points"),
    "from_yen": Say("いくら以上の支払い", "Payments from"),
    "per_yen": Say("何円ごとに", "For each whole"),
    "steps": Say("何歩以上", "Steps from"),
    "person_day": Say("1人が1日にもらえる上限", "Most for one person on a day"),
    "places": Say("場所", "Places"),
    "services": Say("サービス", "Services"),
    "hours": Say("何時から何時まで", "Hours"),
    "first_visit": Say("その場所に初めて", "First visit"),
}

_AMOUNTS: Final = {"from_yen": Of.PAYMENT, "per_yen": Of.PAYMENT, "steps": Of.DAY}


class FieldsError(Exception):
    """The rule cannot be read. `problems`: one sentence for each field."""

    def __init__(self, problems: list[Say]) -> None:
        super().__init__("\n".join(f"{one.ja} {one.en}" for one in problems))
        self.problems = problems


def filled(rule: Rule) -> dict[str, str]:
    """Return what stands in the form for a rule. A box that is not ticked is not in it."""
    boxes = [PLACE + place for place in rule.places] + [SERVICE + service for service in rule.services]
    boxes += [f"{WEEKDAY}{day}" for day in rule.weekdays] + ["first_visit"] * rule.first_visit
    return {
        **dict.fromkeys(boxes, ON),
        "points": str(rule.points),
        "from_time": f"{clock(rule.from_minute):0>5}" if rule.from_minute else "",
        "to_time": f"{clock(rule.to_minute):0>5}" if rule.to_minute != MINUTES else "",
        "from": written(rule.first_day) if rule.first_day else "",
        "to": written(rule.last_day) if rule.last_day != LAST_DAY else "",
        "days": ", ".join(map(written, rule.days)),
        "event": rule.event,
        "once": rule.once,
        "streak": str(rule.streak or ""),
        "person_month": str(rule.person_month or ""),
        "budget": str(rule.budget or ""),
        "of": rule.of,
        "from_yen": str(rule.from_yen or ""),
        "per_yen": str(rule.per_yen or ""),
        "steps": str(rule.steps or ""),
        "person_day": str(rule.person_day or ""),
    }


def rule_of(before: Rule, typed: Mapping[str, str]) -> Rule:
    """Read a rule from a form.

    Args:
        before: what it was; of a new one only its id counts.

    Raises:
        FieldsError: something in it is wrong.
    """
    problems: list[Say] = []
    values: dict[str, Any] = {field: _read(problems, field, typed, how) for field, how in _HOW.items()}
    if problems:
        raise FieldsError(problems)
    from_minute, to_minute = values.pop("from_time") or 0, values.pop("to_time")
    amounts = _amounts(problems, values)
    rule = Rule(
        id=before.id,
        points=values["points"],
        places=_ticked(typed, PLACE, before.places),
        services=_ticked(typed, SERVICE, before.services),
        weekdays=tuple(day for day in range(WEEK) if f"{WEEKDAY}{day}" in typed),
        from_minute=from_minute,
        to_minute=MINUTES if to_minute is None else to_minute,
        first_day=values["from"] or 0,
        last_day=LAST_DAY if values["to"] is None else values["to"],
        days=values["days"] or (),
        event=values["event"] or "",
        once=values["once"] or Once.DAY,
        first_visit="first_visit" in typed,
        streak=values["streak"] or 0,
        person_month=values["person_month"] or 0,
        budget=values["budget"] or 0,
        person_day=values["person_day"] or 0,
        **amounts,
    )
    if rule.from_minute >= rule.to_minute:
        problems.append(_about("to_time", Say("はじまりより後の時刻にしてください。", "It has to be after the begin.")))
    problems += [_about(field, Say(ja, en)) for field, ja, en in contradictions(rule)]
    if problems:
        raise FieldsError(problems)
    return _checked(rule)


def _amounts(problems: list[Say], values: Mapping[str, Any]) -> dict[str, int]:
    """Return the yen or the steps of a rule of the kind that was chosen; fields of another kind have to be empty."""
    of = values["of"] or Of.TOUCH
    for field, kind in _AMOUNTS.items():
        if values[field] and of is not kind:
            other = "「支払い」" if kind is Of.PAYMENT else "「歩数」"
            about = Say(
                f"{other}に付く規則だけで使います。空にするか、{other}を選んでください。",
                f"leave it empty, or choose {kind.value}.",
            )
            problems.append(_about(field, about))
    found = {field: values[field] or 0 for field, kind in _AMOUNTS.items() if of is kind}
    if of is Of.PAYMENT and not any(found.values()):
        return {"from_yen": 1}
    if of is Of.DAY and not found["steps"]:
        problems.append(_about("steps", Say("何歩からか書いてください。", "say from how many steps on.")))
    return found


def _checked(rule: Rule) -> Rule:
    """Return a rule that every unit can read."""
    try:
        return msgspec.convert(msgspec.to_builtins(rule), Rule)
    except msgspec.ValidationError as error:
        raise FieldsError([Say("この規則は使えません。", f"This rule cannot be used: {error}.")]) from error


def _read(problems: list[Say], field: str, typed: Mapping[str, str], how: Callable[[str], _Value]) -> _Value | None:
    """Read one field; None if it is empty or wrong."""
    said = plain(typed.get(field, "")) if field != "event" else typed.get(field, "")
    if not said and field != "points":
        return None
    try:
        return how(said)
    except TypedError as error:
        problems.append(_about(field, Say(error.ja, error.en)))
        return None


def _about(field: str, say: Say) -> Say:
    label = LABELS[field]
    return Say(f"「{label.ja}」: {say.ja}", f"{label.en}: {say.en}")


def _ticked(typed: Mapping[str, str], prefix: str, before: tuple[str, ...]) -> tuple[str, ...]:
    """Return what was ticked, in the order in which it stood before: else a rule would seem to be another."""
    ticked = {name.removeprefix(prefix) for name in typed if name.startswith(prefix)}
    return (*(name for name in before if name in ticked), *sorted(ticked.difference(before)))


def between(least: int, most: int) -> Callable[[str], int]:
    """Return what reads a number between two."""
    return lambda said: number(said, least, most)


def day(said: str) -> int:
    """Read a day: 2026-12-01."""
    try:
        found = day_of(date.fromisoformat(said.replace("/", "-")))
    except ValueError:
        found = -1
    if not 0 <= found < LAST_DAY:
        raise TypedError("日付は 2026-12-01 のように書いてください。", "write a date: 2026-12-01.")
    return found


def _days(said: str) -> tuple[int, ...]:
    return tuple(sorted({day(one) for one in _BETWEEN.split(said) if one}))


def _minute(said: str) -> int:
    found = _CLOCK.fullmatch(said)
    minute = int(found[1]) * 60 + int(found[2]) if found and int(found[2]) < 60 else MINUTES + 1  # noqa: PLR2004 - an hour
    if minute > MINUTES:
        raise TypedError("時刻は 9:00 のように書いてください。", "write a time: 9:00.")
    return minute


def _once(said: str) -> Once:
    if said not in set(Once):
        raise TypedError("一覧から選んでください。", "choose one of the list.")
    return Once(said)


def _of(said: str) -> Of:
    if said not in set(Of):
        raise TypedError("一覧から選んでください。", "choose one of the list.")
    return Of(said)


def _event(said: str) -> str:
    name = " ".join(said.split())
    if len(name) > _EVENT_MAX:
        raise TypedError(f"{_EVENT_MAX}文字までです。", f"{_EVENT_MAX} letters are the most.")
    return name


_HOW: Final[Mapping[str, Callable[[str], Any]]] = {
    "points": between(1, 10_000),
    "from_time": _minute,
    "to_time": _minute,
    "from": day,
    "to": day,
    "days": _days,
    "event": _event,
    "once": _once,
    "streak": between(1, STREAK_MAX),
    "person_month": between(1, 10**9),
    "budget": between(1, 10**9),
    "of": _of,
    "from_yen": between(1, 1_000_000),
    "per_yen": between(1, 1_000_000),
    "steps": between(1, 20_000),
    "person_day": between(1, 10**9),
}


def boxes(known: Mapping[str, Say], of_rule: Iterable[str]) -> list[tuple[str, Say]]:
    """Return what may be ticked: all that is known, and what a rule names besides."""
    return [*known.items(), *((name, Say(name, name)) for name in of_rule if name not in known)]
