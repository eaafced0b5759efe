"""A rule as one sentence, and what became of it at a touch, in Japanese and English: what people read."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from programs.points.entries import LAST_DAY, MINUTES, Of, Once, Rule
from programs.points.judging import TOUCHES_A_DAY, Why
from sync.days import written

_HOUR: Final = 60
_WEEK_JA: Final = "月火水木金土日"
_WEEK_EN: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WORKDAYS: Final = (0, 1, 2, 3, 4)
_WEEKEND: Final = (5, 6)


class Say(msgspec.Struct, frozen=True):
    """One thing, said in both languages."""

    ja: str
    en: str


DAYS: Final = tuple(Say(ja, en) for ja, en in zip(_WEEK_JA, _WEEK_EN, strict=True))
"""The days of the week, from Monday on."""

Names = Mapping[str, Say]
"""What places are called; of those that are not in it, their id is said."""


def sentence(rule: Rule, names: Names) -> Say:
    """Say a whole rule."""
    where, when, often = _where(rule, names), _when(rule), _often(rule)
    what, special, per = _what(rule), _special(rule), Say("", "")
    if rule.per_yen:
        per = Say(f"{rule.per_yen:,}円ごとに ", f" for each ¥{rule.per_yen:,}")
    anywhere = "" if rule.of is Of.DAY else "どこでも"
    parts_ja = [f"{where.ja}で" if where.ja else anywhere, f"{when.ja}に" if when.ja else "", special.ja]
    ja = f"{' '.join(part for part in [*parts_ja, what.ja] if part)} {per.ja}{rule.points:,}ポイント、{often.ja}"
    en = f"{what.en}{where.en}{when.en}{special.en} gives {rule.points:,} points{per.en}, {often.en}"
    return Say(f"{ja}。", f"{en}.")


def _what(rule: Rule) -> Say:
    """Say what gives the points."""
    if rule.of is Of.DAY:
        return Say(f"{rule.steps:,}歩以上 歩いた日に", f"A day with {rule.steps:,} steps or more")
    if rule.of is Of.PAYMENT:
        of = f"「{'・'.join(rule.services)}」の" if rule.services else ""
        for_en = f" by {_either(rule.services)}" if rule.services else ""
        least = rule.from_yen > 1
        ja = f"{of}{f'{rule.from_yen:,}円以上の' if least else ''}支払いをすると"
        return Say(ja, f"A payment{f' of ¥{rule.from_yen:,} or more' if least else ''}{for_en}")
    return _services(rule) if rule.services else Say("タッチすると", "A touch")


def _special(rule: Rule) -> Say:
    """Say on which visits and days it gives them."""
    first = {
        Of.TOUCH: Say("その場所に初めて来たとき、", " on a first visit to the place"),
        Of.PAYMENT: Say("その場所で初めての支払いのとき、", " if it is the first at the place"),
    }
    came = {Of.TOUCH: "来た", Of.PAYMENT: "支払った", Of.DAY: "歩いた"}[rule.of]
    special = first.get(rule.of, Say("", "")) if rule.first_visit else Say("", "")
    if rule.streak:
        return Say(f"{special.ja}{rule.streak}日続けて{came}日に、", f"{special.en} on day {rule.streak} in a row")
    return special


def _where(rule: Rule, names: Names) -> Say:
    if not rule.places:
        return Say("", "")
    called = [names.get(place, Say(place, place)) for place in rule.places]
    return Say("・".join(one.ja for one in called), f" at {_either(one.en for one in called)}")


def _services(rule: Rule) -> Say:
    return Say(f"「{'・'.join(rule.services)}」のタッチで", f"A touch for {_either(rule.services)}")


def _when(rule: Rule) -> Say:
    ja, en = [], []
    if rule.event:
        ja.append(f"「{rule.event}」の日")
        en.append(f" for “{rule.event}”")
    if rule.days:
        days = [written(day) for day in rule.days]
        ja.append("・".join(days))
        en.append(f" on {_either(days)}")
    if rule.weekdays:
        ja.append(_weekdays(rule.weekdays).ja)
        en.append(f" on {_weekdays(rule.weekdays).en}")
    if rule.to_minute - rule.from_minute != MINUTES:
        begins, ends = clock(rule.from_minute), clock(rule.to_minute)
        ja.append(f"{begins}〜{ends}")
        en.append(f" from {begins} to {ends}")
    return Say("の".join(ja), "".join(en))


def _weekdays(days: tuple[int, ...]) -> Say:
    if days == _WORKDAYS:
        return Say("平日", "weekdays")
    if days == _WEEKEND:
        return Say("土日", "weekends")
    return Say("・".join(_WEEK_JA[day] for day in days) + "曜日", _either(_WEEK_EN[day] for day in days))


def _often(rule: Rule) -> Say:
    ja, en = _once_of(rule)
    if rule.person_day:
        ja, en = f"{ja}、1人 1日{rule.person_day:,}まで", f"{en}, at most {rule.person_day:,} a day for one person"
    if rule.person_month:
        ja, en = f"{ja}、1人 月{rule.person_month:,}まで", f"{en}, at most {rule.person_month:,} a month for one person"
    if rule.first_day or rule.last_day != LAST_DAY:
        since = written(rule.first_day) if rule.first_day else ""
        upto = written(rule.last_day) if rule.last_day != LAST_DAY else ""
        ja = f"{ja}、{since}〜{upto}"
        en = f"{en}{f', from {since}' if since else ''}{f', until {upto}' if upto else ''}"
    if rule.budget:
        ja, en = f"{ja}、予算 {rule.budget:,}", f"{en}, within a budget of {rule.budget:,}"
    if rule.of is Of.PAYMENT:
        ja, en = f"{ja}(支払いそのもののポイントに加えて)", f"{en}, on top of what payments earn by themselves"
    return Say(ja, en)


def _once_of(rule: Rule) -> tuple[str, str]:
    if rule.once is Once.TOUCH and rule.of is Of.PAYMENT:
        return "支払いのたび", "for every payment"
    return _ONCE[rule.once]


_ONCE: Final[Mapping[Once, tuple[str, str]]] = {
    Once.DAY: ("1人 1日1回", "once a day for one person"),
    Once.PLACE: ("1人 1日1回(場所ごと)", "once a day for one person at each place"),
    Once.TOUCH: ("タッチのたび", "for every touch"),
}


def clock(minute: int) -> str:
    """Return minutes since midnight as a clock shows them."""
    return f"{minute // _HOUR}:{minute % _HOUR:02}"


def _either(names: Iterable[str]) -> str:
    listed = list(names)
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} or {listed[-1]}"


def reason(why: Why, rule: Rule, names: Names, points: int = 0) -> Say:
    """Say why a touch got so many points by a rule, or why it got none."""
    if why is Why.GIVEN:
        return Say(f"+{points:,}ポイント", f"+{points:,} points")
    return _REASONS[why](rule, names)


def _of_kind(rule: Rule, _names: Names) -> Say:
    ja, en = {
        Of.TOUCH: ("タッチ", "touches"),
        Of.PAYMENT: ("支払い", "payments"),
        Of.DAY: ("歩数", "steps"),
    }[rule.of]
    return Say(f"{ja}に付く規則です。", f"It is for {en}.")


def _of_amount(rule: Rule, _names: Names) -> Say:
    if rule.of is Of.DAY:
        return Say(f"{rule.steps:,}歩に足りません。", f"It is for {rule.steps:,} steps or more.")
    return Say(
        f"{rule.least:,}円に足りません(返した分は数えません)。",
        f"It is for ¥{rule.least:,} or more, without what was given back.",
    )


def _of_place(rule: Rule, names: Names) -> Say:
    where = _where(rule, names)
    return Say(f"場所がちがいます(対象は {where.ja})。", f"It is for touches{where.en}.")


def _of_service(rule: Rule, _names: Names) -> Say:
    services = _services(rule)
    return Say(f"サービスがちがいます({services.ja}付きます)。", f"It is for {services.en.removeprefix('A ')} only.")


def _of_calendar(rule: Rule, _names: Names) -> Say:
    when = _when(rule)
    return Say(f"日がちがいます(対象は {when.ja})。", f"It is for touches{when.en}.")


def _of_validity(rule: Rule, _names: Names) -> Say:
    often = _often(rule)
    return Say(f"規則の期間の外です({often.ja})。", f"It is outside the rule's days ({often.en}).")


def _of_hour(rule: Rule, _names: Names) -> Say:
    begins, ends = clock(rule.from_minute), clock(rule.to_minute)
    return Say(f"時間がちがいます(対象は {begins}〜{ends})。", f"It is for touches from {begins} to {ends}.")


def _of_streak(rule: Rule, _names: Names) -> Say:
    return Say(
        f"ちょうど{rule.streak}日続いた日ではありません。",
        f"It is not the day that makes {rule.streak} days in a row.",
    )


def _of_person(rule: Rule, _names: Names) -> Say:
    return Say(
        f"今月は上限の{rule.person_month:,}に達しています。",
        f"The most for one person in a month, {rule.person_month:,}, would be passed.",
    )


def _once(rule: Rule, _names: Names) -> Say:
    ja, en = _ONCE[rule.once]
    return Say(f"この日はもう付いています({ja})。", f"It was given already ({en}).")


def _of_person_day(rule: Rule, _names: Names) -> Say:
    return Say(
        f"この日は上限の{rule.person_day:,}に達しています。",
        f"The most for one person on a day, {rule.person_day:,}, would be passed.",
    )


_REASONS: Final[Mapping[Why, Callable[[Rule, Names], Say]]] = {
    Why.KIND: _of_kind,
    Why.VOID: lambda _rule, _names: Say("取り消されました。", "It is void, or was given back."),
    Why.AMOUNT: _of_amount,
    Why.PLACE: _of_place,
    Why.SERVICE: _of_service,
    Why.WEEKDAY: _of_calendar,
    Why.EVENT: _of_calendar,
    Why.DAYS: _of_validity,
    Why.HOUR: _of_hour,
    Why.STOPPED: lambda rule, _: Say(
        f"予算({rule.budget:,})に達したあとのタッチです。", f"The rule's budget of {rule.budget:,} was used up before."
    ),
    Why.MANY: lambda _rule, _names: Say(
        f"1日{TOUCHES_A_DAY}回をこえたタッチです。", f"Only the first {TOUCHES_A_DAY} touches of a day count."
    ),
    Why.FIRST: lambda _rule, _names: Say("この場所へは初めてではありません。", "It is not the first visit here."),
    Why.STREAK: _of_streak,
    Why.ONCE: _once,
    Why.PERSON: _of_person,
    Why.PERSON_DAY: _of_person_day,
}
