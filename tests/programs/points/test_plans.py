"""A plan as the office writes it: what is wrong is said of every field, and each rule reads as one sentence."""

from datetime import date
from typing import Any

import msgspec
import pytest

from programs.points.comparing import overlaps
from programs.points.drafts import address, read_address
from programs.points.entries import LAST_DAY, Once, Plan, Rule
from programs.points.fields import FieldsError, filled, rule_of
from programs.points.judging import Why
from programs.points.sentences import Say, reason, sentence
from programs.points.written import BYTES_MAX, PlanError, read, write
from sync.days import day_of, written

NAMES = {"library": Say("図書館", "the library"), "hall": Say("公民館", "the hall")}

GOOD = """
starts = 2026-12-01
good_months = 12

[[rule]]
id = "weekdays"
points = 10
places = ["hall", "library"]
weekdays = ["mon", "tue", "wed", "thu", "fri"]
hours = "9:00-12:00"
from = 2026-12-01
to = 2027-03-31
person_month = 300
budget = 12000

[[rule]]
id = "festival"
points = 1_000
services = ["visits"]
on = [2026-12-24, 2026-12-25]
event = "ふゆまつり"
once = "touch"

[[rule]]
id = "welcome"
points = 50
first_visit = true
once = "place"

[[rule]]
id = "three"
points = 20
streak = 3
"""


def test_a_plan_is_read_field_by_field() -> None:
    plan = read(GOOD.encode())
    assert (written(plan.starts), plan.good_months) == ("2026-12-01", 12)
    first, second, third, fourth = plan.rules
    days = (20_788, 20_908)
    assert first == Rule(
        "weekdays", 10, ("hall", "library"), (), (0, 1, 2, 3, 4), 540, 720, *days, person_month=300, budget=12_000
    )
    assert second == Rule(
        "festival", 1_000, services=("visits",), days=(20_811, 20_812), event="ふゆまつり", once=Once.TOUCH
    )
    assert (third.first_visit, third.once, fourth.streak, fourth.last_day) == (True, Once.PLACE, 3, LAST_DAY)


def test_each_rule_is_one_sentence() -> None:
    said = [sentence(rule, NAMES) for rule in read(GOOD.encode()).rules]
    assert said[0] == Say(
        "公民館・図書館で 平日の9:00〜12:00に タッチすると 10ポイント、"
        "1人 1日1回、1人 月300まで、2026-12-01〜2027-03-31、予算 12,000。",
        "A touch at the hall or the library on weekdays from 9:00 to 12:00 gives 10 points, once a day for one person,"
        " at most 300 a month for one person, from 2026-12-01, until 2027-03-31, within a budget of 12,000.",
    )
    assert said[1] == Say(
        "どこでも 「ふゆまつり」の日の2026-12-24・2026-12-25に 「visits」のタッチで 1,000ポイント、タッチのたび。",
        "A touch for visits for “ふゆまつり” on 2026-12-24 or 2026-12-25 gives 1,000 points, for every touch.",
    )
    assert "初めて来たとき" in said[2].ja
    assert "on day 3 in a row" in said[3].en


@pytest.mark.parametrize("why", Why)
def test_every_reason_has_words_in_both_languages(why: Why) -> None:
    full = Rule("r", 5, ("hall",), ("visits",), (5,), 540, 720, 20_788, 20_800, (20_790,), "まつり", streak=3, budget=9)
    assert all(reason(Why.AMOUNT, one, NAMES) != reason(Why.KIND, one, NAMES) for one in (PAID, WALKED))
    said = reason(why, full, NAMES)
    assert all(text.strip() == text and text for text in (said.ja, said.en))
    others = [reason(other, full, NAMES) for other in Why if {why, other} != {Why.WEEKDAY, Why.EVENT} and other != why]
    assert said not in others


BAD = """
starts = "2026-12-01"
good_month = 3

[[rule]]
id = "Hall"
points = 0
places = "hall"
weekdays = ["mon", "holiday"]
hours = "12:00-9:00"
from = 2027-01-01T00:00:00
on = 2026-12-24
once = "week"
colour = "red"

[[rule]]
points = 5
from = 2026-12-02
to = 2026-12-01

[[rule]]
id = "small"
points = 5
person_month = 4

[[rule]]
id = "small"
points = 5
"""


def test_everything_that_is_wrong_is_said_at_once_and_of_which_field() -> None:
    with pytest.raises(PlanError) as refused:
        read(BAD.encode())
    problems = refused.value.problems
    for begins in (
        *("starts:", "good_month:", 'id = "small"'),
        *(f"[[rule]] 1 (Hall): {field}:" for field in ("id", "points", "places", "weekdays", "hours", "from", "on")),
        *(
            "[[rule]] 1 (Hall): once:",
            "[[rule]] 1 (Hall): colour:",
            "[[rule]] 2: id:",
            "[[rule]] 3 (small): person_month:",
        ),
    ):
        assert len([one for one in problems if one.startswith(begins)]) == 1, (begins, problems)
    assert len(problems) == 14


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"rule", "TOML"),
        (b"\xff", "TOML"),
        (b"#" * (BYTES_MAX + 1), "too large"),
        (b"starts = 2026-12-01\nrule = 3", "[[rule]]"),
        (b"starts = 2026-12-01\n" + b"".join(b'[[rule]]\nid = "r%d"\npoints = 1\n' % n for n in range(41)), "Too many"),
        (b'starts = 2026-12-01\n[[rule]]\nid = "r"\npoints = 1\nfrom = 2026-12-02\nto = 2026-12-01', "before the day"),
    ],
)
def test_what_is_no_plan_is_refused_in_words(content: bytes, says: str) -> None:
    with pytest.raises(PlanError, match=says.replace("[", r"\[").replace("]", r"\]")):
        read(content)


EVERY = Rule(
    "every",
    *(1, ("hall", "library"), ("visits",), (5, 0), 1, 1_439, 1, 99_000, (7, 9)),
    *('a "b" \\ \t\x7f ん', Once.TOUCH, True, 31, 5, 9),
)


PAID = Rule("paid", 2, ("hall",), once=Once.TOUCH, from_yen=500, per_yen=100, person_day=50, person_month=300)
WALKED = Rule("walked", 10, weekdays=(0, 1), steps=8_000, person_day=10, budget=9)


def test_a_rule_for_payments_or_steps_is_one_sentence_and_says_what_it_is_on_top_of() -> None:
    assert sentence(PAID, NAMES) == Say(
        "公民館で 500円以上の支払いをすると 100円ごとに 2ポイント、支払いのたび、1人 1日50まで、1人 月300まで"
        "(支払いそのもののポイントに加えて)。",
        "A payment of ¥500 or more at the hall gives 2 points for each ¥100, for every payment, at most 50 a day for"
        " one person, at most 300 a month for one person, on top of what payments earn by themselves.",
    )
    assert sentence(Rule("any", 5, services=("coin",), from_yen=1, first_visit=True), NAMES) == Say(
        "どこでも その場所で初めての支払いのとき、 「coin」の支払いをすると 5ポイント、1人 1日1回"
        "(支払いそのもののポイントに加えて)。",
        "A payment by coin if it is the first at the place gives 5 points, once a day for one person, on top of what"
        " payments earn by themselves.",
    )
    assert (
        sentence(WALKED, NAMES).ja
        == "月・火曜日に 8,000歩以上 歩いた日に 10ポイント、1人 1日1回、1人 1日10まで、予算 9。"
    )
    assert "on day 3 in a row" in sentence(Rule("row", 5, steps=8_000, streak=3), NAMES).en


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ("per_yen = 100\nfrom_yen = 1_000_001", ["from_yen"]),
        ("steps = 20_001", ["steps"]),
        ("from_yen = 1\nperson_day = 4", ["person_day"]),
        ("per_yen = 100\nperson_day = 4", []),
        ('steps = 8_000\nplaces = ["hall"]\nhours = "9:00-12:00"\nonce = "place"', ["places", "hours", "once"]),
        ('steps = 8_000\nservices = ["visits"]\nfirst_visit = true', ["services", "first_visit"]),
        ("steps = 8_000\nfrom_yen = 1\nper_yen = 1", ["from_yen", "per_yen"]),
    ],
)
def test_what_cannot_be_said_of_payments_and_steps_is_refused_by_the_field(fields: str, wrong: list[str]) -> None:
    text = f'starts = 2026-12-01\n[[rule]]\nid = "r"\npoints = 5\n{fields}'
    try:
        read(text.encode())
        problems = []
    except PlanError as error:
        problems = error.problems
    assert [one.split(": ")[1] for one in problems] == wrong


def test_a_form_says_which_of_its_fields_are_for_another_kind_of_rule() -> None:
    typed = {"points": "5", "of": "touch", "from_yen": "500", "steps": "８,000"}
    with pytest.raises(FieldsError) as refused:
        rule_of(Rule("r", 1), typed)
    assert [one.ja.split("」")[0] for one in refused.value.problems] == ["「いくら以上の支払い", "「何歩以上"]
    with pytest.raises(FieldsError, match="say from how many steps on"):
        rule_of(Rule("r", 1), {"points": "5", "of": "day"})
    with pytest.raises(FieldsError, match="choose one of the list"):
        rule_of(Rule("r", 1), {"points": "5", "of": "week"})
    with pytest.raises(FieldsError, match="cannot be used together with steps"):
        rule_of(Rule("r", 1), {"points": "5", "of": "day", "steps": "1", "place-hall": "on", "from_time": "9:00"})
    assert rule_of(Rule("r", 1), {"points": "5", "of": "payment"}) == Rule("r", 5, from_yen=1)
    assert rule_of(Rule("r", 1), {"points": "5", "of": "day", "steps": "８,000"}) == Rule("r", 5, steps=8_000)


def test_what_is_written_is_read_as_the_same() -> None:
    good = read(GOOD.encode())
    assert read(write(good).encode()) == good
    assert write(Plan(20_788, ())) == "starts = 2026-12-01\n"
    every = Plan(20_788, (msgspec.structs.replace(EVERY, weekdays=(0, 5)), Rule("bare", 2), PAID, WALKED), 3)
    assert read(write(every).encode()) == every
    assert read_address(address(every)) == every
    assert not any(read_address(address(every)[:end]) for end in range(len(address(every)) - 1))


@pytest.mark.parametrize("rule", [EVERY, PAID, WALKED, *read(GOOD.encode()).rules], ids=lambda rule: rule.id)
def test_a_form_that_is_filled_in_is_read_as_the_same_rule(rule: Rule) -> None:
    plain = msgspec.structs.replace(rule, weekdays=tuple(sorted(rule.weekdays)), event=" ".join(rule.event.split()))
    assert rule_of(rule, filled(rule)) == plain


APART: tuple[dict[str, Any], ...] = (
    {"places": ("library",)},
    {"services": ("shelter",)},
    {"weekdays": (1,)},
    {"to_minute": 540},
    {"last_day": 5},
    {"days": (20_788,)},  # a Tuesday
    {"first_visit": True},
    {"streak": 2},
    {"from_yen": 1},
    {"steps": 1},
)
MEETING: tuple[dict[str, Any], ...] = (
    {},
    {"places": ("hall", "library")},
    {"weekdays": (0, 6)},
    {"to_minute": 541},
    {"last_day": 6},
    {"days": (20_787,)},
)


@pytest.mark.parametrize(("conditions", "meet"), [*((one, False) for one in APART), *((one, True) for one in MEETING)])
def test_rules_that_may_meet_at_one_touch_are_found(conditions: dict[str, Any], meet: bool) -> None:
    one = Rule("one", 1, ("hall",), ("visits",), (0,), from_minute=540, first_day=6)
    other = Rule("other", 1, **conditions)
    assert list(overlaps(Plan(0, (one, other)))) == ([(one, other)] if meet else [])
    assert bool(list(overlaps(Plan(0, (other, one))))) == meet


def test_a_day_is_written_as_it_was_read() -> None:
    assert [written(day) for day in (0, 20_788)] == ["1970-01-01", "2026-12-01"]
    assert day_of(date(2026, 12, 1)) == 20_788
