"""What a touch is worth: each condition by itself, units against the centre, and in whatever order things are heard."""

import random
from itertools import pairwise

import pytest

from bench import year
from central.store import open_engine
from programs.points.book import BOOK, Book
from programs.points.entries import Activated, Of, Once, Plan, Rule, Stopped
from programs.points.heard import touch_of
from programs.points.judging import TOUCHES_A_DAY, WINDOW_DAYS, Calendar, Touch, judged, weekday, worth
from programs.points.office import OFFICE
from programs.points.rules import PROGRAM, History, says
from programs.points.tables import by_card
from programs.visits.entries import Touch as Visit
from sync.entries import Entry
from sync.messages import TOWN_STREAM
from sync.program import Remark
from tests.programs.points.hall import BOOT, book, entry, said

DAY = 20_788  # Tuesday, 2026-12-01
OTHER = "0b" * 16


def test_the_first_of_december_2026_is_a_tuesday() -> None:
    assert weekday(DAY) == 1
    assert [weekday(day) for day in (0, -1)] == [3, 2]


TOUCHES = [entry(DAY, "9:00"), entry(DAY, "13:00", "hall"), entry(DAY + 4, "11:59"), entry(DAY + 5, "12:00")]


@pytest.mark.parametrize(
    ("rule", "points"),
    [
        (Rule("r", 5), [5, 0, 5, 5]),
        (Rule("r", 5, once=Once.PLACE), [5, 5, 5, 5]),
        (Rule("r", 5, places=("hall", "school")), [0, 5, 0, 0]),
        (Rule("r", 5, services=("visits",)), [5, 0, 5, 5]),
        (Rule("r", 5, services=("transit",)), [0, 0, 0, 0]),
        (Rule("r", 5, weekdays=(5, 6)), [0, 0, 5, 5]),
        (Rule("r", 5, from_minute=540, to_minute=720), [5, 0, 5, 0]),
        (Rule("r", 5, first_day=DAY + 1, last_day=DAY + 4), [0, 0, 5, 0]),
        (Rule("r", 5, days=(DAY + 5,), event="まつり"), [0, 0, 0, 5]),
        (Rule("r", 5, first_visit=True, once=Once.PLACE), [5, 5, 0, 0]),
        (Rule("r", 5, person_month=9), [5, 0, 0, 0]),
        (Rule("r", 5, person_month=10), [5, 0, 5, 0]),
        (Rule("r", 5, streak=2), [0, 0, 0, 5]),
    ],
)
def test_a_condition_by_itself(rule: Rule, points: list[int]) -> None:
    assert said(book(rule), TOUCHES) == points


def test_a_touch_gets_the_points_of_every_rule_that_fits() -> None:
    assert said(book(Rule("a", 5), Rule("b", 7, places=("library",))), TOUCHES[:1]) == [12]


def test_every_touch_counts_if_the_rule_says_so_but_not_beyond_the_most_of_a_day() -> None:
    many = [entry(DAY, f"10:{minute:02}", seq=minute + 1) for minute in range(TOUCHES_A_DAY + 3)]
    points = said(book(Rule("r", 1, once=Once.TOUCH)), many)
    assert sum(one or 0 for one in points) == TOUCHES_A_DAY
    assert not any(points[TOUCHES_A_DAY:])


def test_a_row_of_days_gives_once_and_again_only_after_it_was_broken() -> None:
    days = [0, 1, 2, 3, 4, 6, 7, 8]
    touches = [entry(DAY + day) for day in days]
    assert said(book(Rule("r", 20, streak=3)), touches) == [0, 0, 20, 0, 0, 0, 0, 20]


def test_what_one_person_gets_in_a_month_begins_anew_with_the_next() -> None:
    touches = [entry(DAY + day) for day in (28, 29, 30, 31)]  # the 31st of December is the third
    assert said(book(Rule("r", 5, person_month=10)), touches) == [5, 5, 0, 5]


def test_another_card_is_another_person() -> None:
    assert said(book(Rule("r", 5)), [entry(DAY), entry(DAY, card=OTHER)]) == [5, 5]


def test_a_stopped_rule_gives_nothing_from_that_moment_on() -> None:
    stop = Entry(TOWN_STREAM, BOOT, 2, 5, Stopped("r", entry(DAY, "13:00").at))
    stopped = BOOK.fold(book(Rule("r", 5, once=Once.TOUCH)), stop)
    assert said(stopped, [entry(DAY, "12:59"), entry(DAY, "13:00", seq=2)]) == [5, 0]


def test_a_touch_is_judged_by_the_plan_of_its_own_day() -> None:
    plans = book(Rule("old", 1), starts=DAY - 10)
    later = Activated(Plan(DAY + 1, (Rule("new", 2),)), "0b" * 6, "山田", "佐藤")
    plans = BOOK.fold(plans, Entry(TOWN_STREAM, BOOT, 2, 5, later))
    assert said(plans, [entry(DAY - 11), entry(DAY), entry(DAY + 1), entry(DAY, "11:00", card=OTHER)]) == [0, 1, 2, 1]
    assert said(Book(), [entry(DAY)]) == [0]


def test_of_two_plans_for_one_day_the_one_said_later_counts_in_whatever_order_they_come() -> None:
    said_of = [Activated(Plan(DAY, (Rule("r", points),)), "0a" * 6, "山田", "佐藤") for points in (1, 2)]
    first, second = (Entry(TOWN_STREAM, BOOT, seq, seq, one) for seq, one in enumerate(said_of, 1))
    stop = Entry(TOWN_STREAM, BOOT, 3, 3, Stopped("r", 7))
    in_order = BOOK.fold(BOOK.fold(BOOK.fold(Book(), first), second), stop)
    assert in_order == BOOK.fold(BOOK.fold(BOOK.fold(Book(), stop), second), first)
    assert in_order.on(DAY) == said_of[1]


def test_a_unit_says_the_points_and_nothing_if_there_are_none() -> None:
    history = PROGRAM.fold(History(), one := entry(DAY))
    assert says(history, book(Rule("r", 10)), one) == Remark("PTS-010", {"pt": 10})
    assert says(history, book(Rule("r", 10, places=("hall",))), one) is None
    assert says(History(), book(Rule("r", 10)), one) is None, "a touch that is not known here"


def test_whatever_is_said_of_a_year_is_what_the_whole_of_it_gives() -> None:
    """A unit that remembers some weeks decides as the centre does, which looks at everything; see bench/points.py."""
    touches = list(year.touches(5_000, cards=30, places=6))
    rules = BOOK.fold(Book(), year.activated())
    at_units = said(rules, touches)
    at_centre: dict[tuple[str, int], int] = {}
    for card in {PROGRAM.key(one) for one in touches}:
        ours = sorted(_judged(one) for one in touches if PROGRAM.key(one) == card)
        firsts: dict[str, Touch] = {}
        for touch in ours:
            firsts.setdefault(touch.place, touch)
        at_centre |= {
            (one.unit, one.seq): worth(given_by) for one, given_by, _ in judged(Calendar(rules), ours, firsts)
        }
    assert at_units == [at_centre[one.unit, one.seq] for one in touches]
    assert len(set(at_units)) > 10, "the rules tell touches apart"
    spans = [later.at - one.at for one, later in pairwise(touches)]
    assert min(spans) >= 0
    assert touches[-1].at - touches[0].at > 2 * WINDOW_DAYS * 86_400_000


def test_whatever_is_said_of_payments_and_steps_is_what_the_whole_year_gives() -> None:
    """As for touches: one comparison over some thousand entries of each kind, with one book for all of them."""
    did = [*year.touches(2_500, cards=30, places=6), *year.payments(2_500, cards=30, places=6), *year.walks(cards=6)]
    did.sort(key=lambda one: (one.at, one.unit))
    rules = BOOK.fold(Book(), year.activated(said_plan=year.plan_of_amounts()))
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        OFFICE.metadata.create_all(connection)
        OFFICE.record(connection, did[::-1])
        at_centre = {
            (touch.unit, touch.seq): worth(given_by)
            for of in Of
            for _, touches, firsts, gone in by_card(connection, 0, year.FIRST_DAY + year.DAYS, of)
            for touch, given_by, _ in judged(Calendar(rules, of), touches, firsts, gone)
        }
    engine.dispose()
    assert said(rules, did) == [at_centre[one.unit, one.seq] for one in did]
    for unit in ("unit", "shop", "walk"):
        assert len({points for (name, _), points in at_centre.items() if name.startswith(unit)}) > 3, unit


def _judged(one: Entry) -> Touch:
    assert isinstance(one.fact, Visit)
    return touch_of(one, one.fact)


def test_the_order_in_which_touches_are_heard_changes_nothing() -> None:
    touches = list(year.touches(300, cards=1, places=4, days=200))
    mixed = touches.copy()
    random.Random(3).shuffle(mixed)  # noqa: S311 - not a secret
    in_order, out_of_order = History(), History()
    for one, other in zip(touches, mixed, strict=True):
        in_order, out_of_order = PROGRAM.fold(in_order, one), PROGRAM.fold(out_of_order, other)
    assert in_order == out_of_order
