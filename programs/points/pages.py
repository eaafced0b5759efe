"""The page of the rules for points: what counts, what comes, what waits for a second officer, and how it would fare."""

import functools
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from central import store
from central.console.brought import About, Act, Page
from central.console.moment import Moment
from central.console.roles import WHAT_PEOPLE_DO
from central.console.words import Words
from programs.points import writing
from programs.points.activating import find
from programs.points.book import Book
from programs.points.drafts import ADDRESS_MAX, address, begun, read_address, without
from programs.points.entries import Plan, Rule
from programs.points.explaining import NoTouchError, explain, names_of, places_of_town
from programs.points.fields import PLACE, SERVICE, WEEKDAY, boxes, filled
from programs.points.judging import Why
from programs.points.office import book_in
from programs.points.rules import GIVING
from programs.points.sentences import DAYS, Say, reason, sentence
from programs.points.settling import lacking
from programs.points.showing import compared, in_force, lines, trial, waiting
from programs.points.voiding import find as find_void
from programs.points.voiding import requests
from programs.points.written import PlanError, write
from programs.points.written import read as read_plan
from sync import installed
from sync.accounts import Role
from sync.days import written
from sync.entries import EntryError, EntryId, kind_of
from sync.program import town_day
from sync.touches import Measuring

OFFICERS: Final = frozenset({Role.OFFICER})
BLANK: Final = "-"
_NEW: Final = Rule("new", 10)


def read(engine: sa.Engine, moment: Moment, **asked: str) -> Mapping[str, Any] | None:
    """Return what the page shows; None if somebody asks for what is not there."""
    today = town_day(moment.now_ms, moment.offset_minutes)
    with store.reading(engine) as connection:
        book = book_in(connection)
        if asked["entry"]:
            return {"view": "entry", "entry": asked["entry"], **_explained(connection, book, asked["entry"])}
        if asked["draft"]:
            return _draft(connection, book, moment, today, asked)
        if asked["proposal"]:
            return _proposal(connection, book, moment, today, asked["proposal"])
        now, coming = in_force(connection, book, today)
        latest = coming[-1] if coming else now
        begin = _begin(latest.plan if latest else None, today)
        waits = {"waiting": waiting(connection, today), "voids": requests(connection), "lacking": lacking(connection)}
        return {"view": "now", "now": now, "coming": coming, "begin": begin, **waits}


def _explained(connection: sa.Connection, book: Book, name: str) -> dict[str, Any]:
    """Return why an entry got its points; or why there is nothing to say of it."""
    try:
        found = explain(connection, installed.register(), EntryId.parse(name))
    except NoTouchError as error:
        return {"found": None, "why_not": Say(error.ja, error.en)}
    except EntryError:
        ja, en = "記録の番号は、端末/起動/番号 の形です。", "An entry's number is of the form unit/boot/number."
        return {"found": None, "why_not": Say(ja, en)}
    names = {**places_of_town(connection), **names_of(connection, book)}
    place = found.touch.place
    return {
        "found": found,
        "void": find_void(connection, name),
        "day": written(found.touch.day),
        "place": names.get(place, Say(place, place)) if place else Say("", ""),
        "rules": [
            (sentence(rule, names), why is Why.GIVEN, reason(why, rule, names, points))
            for rule, why, points in found.found
        ],
    }


def _begin(plan: Plan | None, today: int) -> str:
    """Return the address of a draft that starts from a plan; "" if that is too large for a page."""
    draft = address(begun(plan, today))
    return draft if len(draft) <= ADDRESS_MAX else ""


def _proposal(connection: sa.Connection, book: Book, moment: Moment, today: int, name: str) -> dict[str, Any] | None:
    found = find(connection, name)
    if found is None:
        return None
    names = names_of(connection, book, *found.plan.rules)
    return {
        "view": "proposal",
        "found": found,
        "starts": written(found.plan.starts),
        "is_late": found.plan.starts <= today,
        "begin": _begin(found.plan, today),
        **_judged(connection, found.plan, book, names, moment),
    }


def _judged(
    connection: sa.Connection, plan: Plan, book: Book, names: Mapping[str, Say], moment: Moment
) -> dict[str, Any]:
    """Return a plan's rules as sentences, how it would have fared, and what it changes."""
    shown = lines(plan, names, book)
    tried = trial(connection, plan, shown, moment.now_ms)
    return {"lines": shown, "trial": tried, "changes": compared(plan, book, names)}


def _draft(
    connection: sa.Connection, book: Book, moment: Moment, today: int, asked: Mapping[str, str]
) -> dict[str, Any] | None:
    plan = read_address(asked["draft"])
    if plan is None:
        return None
    if asked["rule"] or asked["new"]:
        return _rule(connection, plan, asked)
    names = names_of(connection, book, *plan.rules)
    return {
        "view": "draft",
        "draft": asked["draft"],
        "starts": written(plan.starts),
        "tomorrow": written(today + 1),
        "good_months": plan.good_months,
        "shorter": {rule.id: address(without(plan, rule.id)) for rule in plan.rules},
        "text": write(plan),
        "problems": _problems(asked["text"]),
        **_judged(connection, plan, book, names, moment),
    }


def _problems(text: str) -> list[str]:
    """Say what is wrong with a plan that was typed as text."""
    try:
        if text:
            read_plan(text.encode())
    except PlanError as error:
        return error.problems
    return []


def _rule(connection: sa.Connection, plan: Plan, asked: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what the form for one rule shows: one of the draft, or a new one, which may be like one of the draft."""
    name = asked["rule"] or asked["new"]
    rule = next((one for one in plan.rules if one.id == name), _NEW if asked["new"] == BLANK else None)
    if rule is None:
        return None
    return {
        "view": "rule",
        "draft": asked["draft"],
        "rule": asked["rule"],
        "new": asked["new"],
        "fields": filled(rule),
        "places": [(PLACE + name, say) for name, say in boxes(places_of_town(connection), rule.places)],
        "services": [(SERVICE + name, say) for name, say in boxes(_services(), rule.services)],
        "week": [(f"{WEEKDAY}{number}", say) for number, say in enumerate(DAYS)],
    }


@functools.cache
def _services() -> Mapping[str, Say]:
    """Return what a touch may be for, by the programs' own words."""
    words = Words()
    called = {
        name: words.called(name)
        for name in sorted({kind_of(kind).partition(".")[0] for kind in GIVING if not issubclass(kind, Measuring)})
    }
    return {name: Say(say.ja, say.en) for name, say in called.items()}


PAGES: Final = (
    Page(
        "points",
        "ポイント",
        "Points",
        WHAT_PEOPLE_DO,
        read,
        filters=("proposal", "entry", "draft", "rule", "new", "text"),
        acts=(
            Act("activate", OFFICERS, writing.activate),
            Act("change", OFFICERS, writing.change),
            Act("take", OFFICERS, writing.take),
            Act("propose", OFFICERS, writing.propose),
            Act("void", OFFICERS, writing.void),
            Act("confirm", OFFICERS, writing.confirm),
            Act("refuse", OFFICERS, writing.refuse),
        ),
        about=About("なぜ何ポイント?", "Why so many points?", frozenset(kind_of(kind) for kind in GIVING)),
    ),
)
