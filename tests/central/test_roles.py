"""Every address of the console, tried by everybody: it answers the roles that it says it is for, and nobody else."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from central.centre import Centre
from central.console import roles
from central.console.arrivals import Cursor
from central.console.brought import Act, Page, Said, admitting
from central.console.live import Bell, events
from central.console.roles import EVERYBODY, OFFICES_OWN, OPEN, SCOPED, WATCH, UndeclaredError
from programs.steps.calls import CALLS
from sync.accounts import Refused, Role, Scope, TurnedAway
from sync.facts import PlaceNamed
from tests.central.pen import Pen, visited
from tests.central.visiting import Browser, take

FORBIDDEN, OK, UNAUTHORIZED = httpx.codes.FORBIDDEN, httpx.codes.OK, httpx.codes.UNAUTHORIZED
TO_SIGN_IN = "/sign-in?next="

# What each role may read, in the words of whoever wrote the job descriptions; the table must agree with it.
MAY = {
    "/units/lib01": {"clerk", "officer", "treasurer", "technician", "auditor"},
    "/fleet": {"clerk", "officer", "treasurer", "technician", "auditor"},
    "/entries/lib01": {"clerk", "officer", "treasurer", "auditor"},
    "/live": {"clerk", "officer", "treasurer", "auditor"},
    "/settlement": {"officer", "treasurer", "auditor"},
    "/shop": {"officer", "treasurer", "auditor", "shop"},
    "/points": {"clerk", "officer", "treasurer", "auditor"},
    "/lottery": {"clerk", "officer", "treasurer", "technician", "auditor"},
    "/visits.csv": {"clerk", "officer", "treasurer", "technician", "auditor"},
    "/visitors": {"officer", "auditor"},
    "/residents": {"clerk", "officer"},
    "/audit": {"officer", "auditor"},
    "/journal": {"clerk", "officer", "treasurer", "auditor"},
    "/journal.csv": {"clerk", "officer", "treasurer", "auditor"},
    "/docs": {"officer", "technician", "auditor"},
    "/metrics": {"officer", "technician", "auditor"},
    "/me": {"clerk", "officer", "treasurer", "technician", "auditor", "shop"},
}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Centre, Pen]]:
    with visited(tmp_path_factory.mktemp("town")) as found:
        yield found


@pytest.fixture
def browser(town: tuple[Centre, Pen]) -> Iterator[Browser]:
    bell = Bell()
    bell.close()  # a stream ends at once
    with Browser(town[0], bell) as one:
        yield one


def addresses(browser: Browser) -> list[tuple[str, str]]:
    """Return every route of the console, whoever made it: its method and its address, by FastAPI's own count."""
    found = []
    for one in iter_route_contexts(browser.console.routes):
        path = str(getattr(one, "path", ""))
        if not path.startswith("/static"):
            found += [(str(method), path) for method in sorted(getattr(one, "methods", None) or {"GET"})]
    return found


def filled(path: str, pen: Pen) -> str:
    values = {"unit": pen.unit, "boot": pen.boot, "seq": "2"}
    values |= {"holder": "0a" * 16, "act": "leave"}
    values["name"] = "office" if path.startswith("/openapi") else pen.unit
    return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], path)


def ask(browser: Browser, method: str, path: str) -> httpx.Response:
    return browser.get(path) if method == "GET" else browser.post(path)


@pytest.mark.parametrize("role", list(Role))
def test_every_route_answers_the_roles_that_it_is_for_and_no_other(
    town: tuple[Centre, Pen], browser: Browser, role: Role
) -> None:
    routes = addresses(browser)
    assert len(routes) > 25
    for method, path in routes:
        if path in OPEN:
            continue
        browser.come_as(role)
        status = ask(browser, method, filled(path, town[1])).status_code
        assert (status != FORBIDDEN) == (role in browser.gate.table[path]), f"{method} {path}: {status}"
        assert status < httpx.codes.INTERNAL_SERVER_ERROR
        assert status != UNAUTHORIZED


def test_nobody_comes_in_without_signing_in(town: tuple[Centre, Pen], browser: Browser) -> None:
    for method, path in [*addresses(browser), ("GET", "/openapi.json"), ("GET", "/nothing")]:
        if path in OPEN:
            continue
        browser.http.cookies.clear()
        answer = ask(browser, method, filled(path, town[1]))
        sent_away = answer.headers.get("location", "").startswith(TO_SIGN_IN)
        assert sent_away or answer.status_code == UNAUTHORIZED, f"{method} {path}"
        assert "lib01" not in answer.text


@pytest.mark.parametrize("path", list(MAY))
def test_the_table_says_what_people_were_told(town: tuple[Centre, Pen], browser: Browser, path: str) -> None:
    asked = f"/entries/lib01/{town[1].boot}/2" if path.startswith("/entries") else path
    answered = set()
    for role in Role:
        browser.come_as(role)
        if browser.get(asked).status_code == OK:
            answered.add(str(role))
    assert answered == MAY[path]


def test_a_route_that_says_not_for_whom_it_is_does_not_even_start() -> None:
    there = {*roles.OWN, *OPEN} - {OFFICES_OWN}
    roles.check(roles.OWN, SCOPED, there)
    with pytest.raises(UndeclaredError, match="/new"):
        roles.check(roles.OWN, SCOPED, there | {"/new"})
    with pytest.raises(UndeclaredError, match="/units"):
        roles.check(roles.OWN, SCOPED, there - {"/units/{name}"})
    with pytest.raises(UndeclaredError, match="/api/new"):
        roles.check({**roles.OWN, "/api/new": roles.WATCH}, SCOPED, there | {"/api/new"})
    with pytest.raises(UndeclaredError, match="/visitors"):
        roles.check(roles.OWN, {**SCOPED, "/visitors": Scope.UNITS}, there)
    with pytest.raises(UndeclaredError, match="one place alone"):
        Page("new", "新しい", "New", EVERYBODY, read=lambda *_asked: {})
    acts = (Act("do", EVERYBODY, lambda *_: Said("", "")),)
    with pytest.raises(UndeclaredError, match="act for shops"):
        Page("new", "新しい", "New", WATCH, read=lambda *_asked: {}, acts=acts)
    with pytest.raises(TypeError, match="roles"):
        Page("new", "新しい", "New", read=lambda *_asked: {})  # type: ignore[call-arg]


def test_no_program_takes_an_address_that_another_one_or_the_console_has() -> None:
    """A call would open it to another scope, and a page to other roles."""
    (call,) = CALLS
    table, scopes = admitting([], [("rain:write", replace(call, name="rain"))])
    assert (table["/api/rain"], scopes["/api/rain"]) == (roles.NO_PERSON, "rain:write")
    for name in ("units", "entries"):
        with pytest.raises(UndeclaredError, match=f"/api/{name}"):
            admitting([], [("rain:write", replace(call, name=name))])
    with pytest.raises(UndeclaredError, match="/api/steps"):
        admitting([], [("steps:write", call), ("rain:write", call)])
    for name in ("audit", "sign-in"):
        with pytest.raises(UndeclaredError, match=f"/{name}"):
            admitting([("", Page(name, "新しい", "New", WATCH, read=lambda *_asked: {}))], [])


def test_a_route_that_was_slipped_in_afterwards_is_for_nobody(browser: Browser) -> None:
    browser.console.add_api_route("/new", lambda: {"secret": 1}, methods=["GET", "POST"])
    for role in Role:
        browser.come_as(role)
        assert browser.get("/new").status_code == FORBIDDEN
        assert browser.post("/new").status_code == FORBIDDEN


def test_who_is_turned_away_is_written_down_once_for_each_page(browser: Browser) -> None:
    browser.come_as(Role.CLERK)
    for _ in range(3):
        browser.get("/visitors")
    assert [one for one in browser.noted() if one == TurnedAway(Refused.ROLE, "hanako", "/visitors")] != []
    before = len(browser.noted())
    browser.get("/visitors")
    assert len(browser.noted()) == before


def test_several_roles_add_up(browser: Browser) -> None:
    browser.come_as(Role.TECHNICIAN, Role.TREASURER)
    assert [browser.get(path).status_code for path in ("/docs", "/settlement", "/visitors")] == [OK, OK, FORBIDDEN]


def test_what_the_office_wrote_itself_is_for_those_who_watch_over_it(
    town: tuple[Centre, Pen], browser: Browser
) -> None:
    """What is kept of PINs and passwords stands there; it is sealed, and still nobody's business."""
    centre, _ = town
    centre.registrar.place(PlaceNamed("hall", "町役場", "", "Hall"))
    browser.come_as(Role.CLERK)
    (entry, *_) = take(centre)[-1]
    for begin in ("/entries/", "/api/entries/"):
        for role in Role:
            browser.come_as(role)
            status = browser.get(f"{begin}{entry.id}").status_code
            assert (status == OK) == (role in roles.WATCH), f"{role}: {status}"


def test_a_page_shows_the_links_that_lead_somewhere(browser: Browser) -> None:
    for role in Role:
        browser.come_as(role)
        linked = set(re.findall(r'<a href="(/[a-z]*)"', browser.get("/me").text)) - {"/me"}
        assert all(browser.get(link).status_code == OK for link in linked), role
        assert linked, role
        assert ("/shop" in linked) == (role in {*roles.MONEY, Role.SHOP})


def test_a_technician_sees_units_and_not_where_people_were(town: tuple[Centre, Pen], browser: Browser) -> None:
    for path in ("/", "/units/lib01"):
        browser.come_as(Role.CLERK)
        assert "/entries/lib01" in browser.get(path).text
        browser.come_as(Role.TECHNICIAN)
        page = browser.get(path)
        assert page.status_code == OK
        assert "/entries/lib01" not in page.text
        assert "0a0a0a0a" not in page.text
    assert town


def test_the_stream_is_closed_to_a_locked_screen_and_ends_under_it(browser: Browser) -> None:
    browser.come_as(Role.CLERK)
    assert browser.get("/live").status_code == OK
    said: list[bytes] = []

    async def listen() -> None:
        stream = events(Bell(), lambda _after, _most: [], Cursor(0), lambda: len(said) < 3, beat_s=0.01)
        async for part in stream:
            said.extend([part])

    asyncio.run(listen())
    assert len(said) == 3
    session = browser.gate.sessions.find(browser.cookie, browser.gate.now_ms())
    assert session
    session.is_locked = True
    assert browser.get("/live").status_code == UNAUTHORIZED
