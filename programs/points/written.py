"""Reads a plan as the office writes it (`RULES.toml`), and says of every field what is wrong with it, at once.

What a field means stands beside `entries.Rule`; how it is written, in docs/points.md.
"""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final, TypeVar

import msgspec

from programs.points.entries import LAST_DAY, MINUTES, Day, Once, Plan, Rule
from sync.days import day_of, written

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
BYTES_MAX: Final = 200_000
_HOURS: Final = re.compile(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)")
_HOUR: Final = 60
_PLAN: Final = ("starts", "good_months", "rule")
_Value = TypeVar("_Value")


class PlanError(Exception):
    """The plan cannot be read. `problems`: one sentence for each field, in Japanese and English."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _WrittenError(ValueError):
    """This is no such thing; the message says in both languages how it is written."""


def read(content: bytes) -> Plan:
    """Read a plan.

    Raises:
        PlanError: something in it is wrong.
    """
    if len(content) > BYTES_MAX:
        raise PlanError([f"ファイルが大きすぎます。 The file is too large: {BYTES_MAX:,} bytes are the most."])
    try:
        said = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PlanError([f"TOMLとして読めません。 This is not TOML (UTF-8): {error}"]) from error
    problems: list[str] = []
    found = {name: value for name, value in said.items() if name in _PLAN}
    problems += [_unknown(name, _PLAN) for name in said if name not in _PLAN]
    starts = _field(problems, "starts", lambda: _day(_needed(found, "starts")), 0)
    good_months = _field(
        problems, "good_months", lambda: _of_type(found.get("good_months", 0), _TYPES["good_months"]), 0
    )
    listed = found.get("rule", [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise PlanError([*problems, "規則は [[rule]] で書いてください。 Write each rule under [[rule]]."])
    rules = [_rule(problems, number, one) for number, one in enumerate(listed, 1)]
    ids = Counter(str(one.get("id")) for one in listed if "id" in one)
    problems += [f'id = "{name}": 同じ名前が2つあります。 Two rules are called so.' for name in ids if ids[name] > 1]
    if problems:
        raise PlanError(problems)
    try:
        return msgspec.convert(
            {"starts": starts, "good_months": good_months, "rules": rules}, Plan, from_attributes=True
        )
    except msgspec.ValidationError as error:
        raise PlanError([f"規則が多すぎます。 Too many rules: {error}"]) from error


def _rule(problems: list[str], number: int, said: Mapping[str, Any]) -> Rule | None:
    """Read one rule; what is wrong with it is added to the problems."""
    before = len(problems)
    name = f"[[rule]] {number} ({said['id']})" if isinstance(said.get("id"), str) else f"[[rule]] {number}"
    problems += [f"{name}: {_unknown(field, _FIELDS)}" for field in said if field not in _FIELDS]
    values: dict[str, Any] = {}
    for field, read_one in _FIELDS.items():
        if field in said:
            values |= _field(problems, f"{name}: {field}", lambda r=read_one, f=field: r(said[f]), {})  # type: ignore[misc]
        elif field in ("id", "points"):
            problems.append(f"{name}: {field}: 書かれていません。 It has to be there.")
    if len(problems) > before:
        return None
    rule = Rule(**values)
    problems += [f"{name}: {field}: {ja} {en}" for field, ja, en in contradictions(rule)]
    return rule


def contradictions(rule: Rule) -> Iterator[tuple[str, str, str]]:
    """Yield the fields that make a rule give nothing to anybody, and why, in both languages."""
    if rule.first_day > rule.last_day:
        yield "to", "はじめの日より前です。", "It is before the day in from."
    for field in ("person_day", "person_month"):
        if 0 < getattr(rule, field) < rule.points and not rule.per_yen:
            yield field, "1回のポイントより少なく、誰も受け取れません。", "Nobody could get any."
    if rule.steps:
        for field, is_there in _ABOUT_TOUCHES.items():
            if is_there(rule):
                yield field, "歩数の規則には使えません。", "It cannot be used together with steps."


_ABOUT_TOUCHES: Final[Mapping[str, Callable[[Rule], bool]]] = {
    "places": lambda rule: bool(rule.places),
    "services": lambda rule: bool(rule.services),
    "hours": lambda rule: rule.to_minute - rule.from_minute != MINUTES,
    "once": lambda rule: rule.once is not Once.DAY,
    "first_visit": lambda rule: rule.first_visit,
    "from_yen": lambda rule: rule.from_yen > 0,
    "per_yen": lambda rule: rule.per_yen > 0,
}
"""What a day of steps does not have: by these fields a rule would give nothing to anybody, or mean something else."""


def _unknown(name: str, known: Any) -> str:
    return f"{name}: そのような項目はありません。 There is no such field; there are: {', '.join(known)}"


def _field(problems: list[str], name: str, read_one: Callable[[], _Value], otherwise: _Value) -> _Value:
    try:
        return read_one()
    except (_WrittenError, msgspec.ValidationError) as error:
        problems.append(f"{name}: {error}")
        return otherwise


def _needed(said: Mapping[str, Any], name: str) -> Any:
    if name not in said:
        raise _WrittenError("書かれていません。 It has to be there.")
    return said[name]


def _of_type(value: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _WrittenError(f"この値は使えません。 This value cannot be used: {error}") from error


def _day(value: Any) -> int:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise _WrittenError(
            "日付は 2026-12-01 のように、引用符なしで書いてください。 Write a date: 2026-12-01, without quotes."
        )
    return int(_of_type(day_of(value), Day))


def _days(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise _WrittenError("[2026-12-24] のように書いてください。 Write a list of dates: [2026-12-24].")
    return tuple(sorted({_day(one) for one in value}))


def _weekdays(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(one in WEEKDAYS for one in value):
        raise _WrittenError(
            f"曜日は {', '.join(WEEKDAYS)} から選んでください。 Write a list of: {', '.join(WEEKDAYS)}."
        )
    return tuple(sorted({WEEKDAYS.index(one) for one in value}))


def _hours(value: Any) -> dict[str, int]:
    written = _HOURS.fullmatch(value) if isinstance(value, str) else None
    if written is None:
        raise _WrittenError('"09:00-12:00" のように書いてください。 Write "09:00-12:00".')
    from_hour, from_minute, to_hour, to_minute = map(int, written.groups())
    begins, ends = from_hour * _HOUR + from_minute, to_hour * _HOUR + to_minute
    if from_minute >= _HOUR or to_minute >= _HOUR or not 0 <= begins < ends <= MINUTES:
        raise _WrittenError("同じ日のうちで、前の時刻から後の時刻へ。 It ends on the same day, after it begins.")
    return {"from_minute": begins, "to_minute": ends}


_TYPES: Final[Mapping[str, Any]] = {
    field.name: field.type for kind in (Plan, Rule) for field in msgspec.structs.fields(kind)
}


def _as(name: str) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {name: _of_type(value, _TYPES[name])}


_FIELDS: Final[Mapping[str, Callable[[Any], dict[str, Any]]]] = {
    "id": _as("id"),
    "points": _as("points"),
    "places": _as("places"),
    "services": _as("services"),
    "weekdays": lambda value: {"weekdays": _weekdays(value)},
    "hours": _hours,
    "from": lambda value: {"first_day": _day(value)},
    "to": lambda value: {"last_day": _day(value)},
    "on": lambda value: {"days": _days(value)},
    "event": _as("event"),
    "once": _as("once"),
    "first_visit": _as("first_visit"),
    "streak": _as("streak"),
    "person_month": _as("person_month"),
    "budget": _as("budget"),
    "from_yen": _as("from_yen"),
    "per_yen": _as("per_yen"),
    "steps": _as("steps"),
    "person_day": _as("person_day"),
}
"""How each field is written, and what of a rule it sets."""


def write(plan: Plan) -> str:
    """Write a plan as `read` reads it, and as an officer would: what is left out sets no condition."""
    head = [f"starts = {written(plan.starts)}", *([f"good_months = {plan.good_months}"] if plan.good_months else [])]
    return "\n".join([*head, *(line for rule in plan.rules for line in ("", "[[rule]]", *_written(rule))), ""])


def _written(rule: Rule) -> Iterator[str]:
    hours = "-".join(f"{at // _HOUR}:{at % _HOUR:02}" for at in (rule.from_minute, rule.to_minute))
    said: dict[str, str] = {
        "id": json.dumps(rule.id),
        "points": str(rule.points),
        "places": _list(map(_text, rule.places)),
        "services": _list(map(_text, rule.services)),
        "weekdays": _list(json.dumps(WEEKDAYS[day]) for day in rule.weekdays),
        "hours": json.dumps(hours) if (rule.from_minute, rule.to_minute) != (0, MINUTES) else "",
        "from": written(rule.first_day) if rule.first_day else "",
        "to": written(rule.last_day) if rule.last_day != LAST_DAY else "",
        "on": _list(map(written, rule.days)),
        "event": _text(rule.event) if rule.event else "",
        "once": json.dumps(rule.once) if rule.once is not Once.DAY else "",
        "first_visit": "true" if rule.first_visit else "",
        "streak": str(rule.streak or ""),
        "person_month": str(rule.person_month or ""),
        "budget": str(rule.budget or ""),
        "from_yen": str(rule.from_yen or ""),
        "per_yen": str(rule.per_yen or ""),
        "steps": str(rule.steps or ""),
        "person_day": str(rule.person_day or ""),
    }
    return (f"{name} = {value}" for name, value in said.items() if value)


def _text(value: str) -> str:
    """Write a string as TOML does, which differs from JSON in one sign."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: Iterable[str]) -> str:
    listed = ", ".join(values)
    return f"[{listed}]" if listed else ""
