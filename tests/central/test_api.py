"""The API for the town's own tools: who may ask what, and whether every answer is as its own document says."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import negative_data_rejection

from central.centre import Centre
from central.console.live import Bell
from central.console.openapi import read
from central.console.roles import every_scope
from sync.accounts import AccountSet, Role, Scope, TurnedAway
from sync.entries import Fact
from tests.central.pen import Pen, visited
from tests.central.test_roles import filled
from tests.central.visiting import Browser, signed_in, token_of

EXAMPLES = 12  # of each call and each way
HERE = "http://127.0.0.1"
FORBIDDEN, OK, UNAUTHORIZED = httpx.codes.FORBIDDEN, httpx.codes.OK, httpx.codes.UNAUTHORIZED

# What each scope opens, as the manual says it; the document and the console must agree with it.
OPENS = {
    "units": {"/api/units", "/api/units/{name}"},
    "entries": {"/api/entries", "/api/entries/{unit}/{boot}/{seq}", "/live"},
    "incidents": {"/api/incidents"},
    "figures": {"/api/figures"},
    "metrics": {"/metrics"},
    "open-data": {"/api/open-data/visits"},
    "steps:write": {"/api/steps"},
}
SENDS = {"/api/steps": {"readings": [{"card": "0a" * 16, "date": "2026-12-15", "steps": 6_100}]}}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Centre, Pen]]:
    with visited(tmp_path_factory.mktemp("town")) as found:
        yield found


@pytest.fixture(scope="module")
def browser(town: tuple[Centre, Pen]) -> Iterator[Browser]:
    bell = Bell()
    bell.close()  # a stream ends at once
    with Browser(town[0], bell) as one:
        yield one


@pytest.fixture(scope="module")
def tokens(town: tuple[Centre, Pen]) -> dict[str, dict[str, str]]:
    """A tool for each scope, by the header that it sends."""
    return {scope: token_of(town[0], f"tool-{scope.replace(':', '-')}", scope) for scope in every_scope()}


@pytest.fixture(scope="module")
def document(browser: Browser, tokens: dict[str, dict[str, str]]) -> dict[str, Any]:
    """The document, as a tool gets it."""
    return dict(browser.get("/openapi/office.json", **tokens[Scope.FIGURES]).json())


# ---- scopes


def test_every_call_of_the_document_answers_the_scope_that_it_names_and_no_other(
    town: tuple[Centre, Pen], browser: Browser, tokens: dict[str, dict[str, str]], document: dict[str, Any]
) -> None:
    operations = read(document).operations
    assert {*OPENS} == {*tokens}
    assert len(operations) == sum(map(len, OPENS.values()))
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for operation in operations:
        (named,) = operation.scopes
        assert operation.path in OPENS[named]
        assert operation.method == ("POST" if operation.path in SENDS else "GET"), "what reads only reads"
        for scope, shown in tokens.items():
            path = filled(operation.path, town[1])
            sent = SENDS.get(operation.path)
            answer = browser.send(path, sent, **shown) if sent else browser.get(path, **shown)
            assert (answer.status_code == OK) == (scope == named), f"{scope} at {operation.path}: {answer.text}"
            if scope != named:
                assert answer.status_code == FORBIDDEN
                assert f"needs the scope {named}" in answer.json()["detail"]


def test_no_scope_opens_anything_that_stands_not_in_the_document(
    town: tuple[Centre, Pen], browser: Browser, document: dict[str, Any]
) -> None:
    everything = token_of(town[0], "everything", *every_scope())
    inside = {*document["paths"], "/openapi/{name}.json", "/sign-in", "/sign-in/passkey"}
    others = [path for path in browser.gate.table if path.startswith("/") and path not in inside]
    assert len(others) > 20
    for path in others:
        asked = filled(path, town[1])
        statuses = {browser.get(asked, **everything).status_code, browser.post(asked, None, **everything).status_code}
        assert statuses <= {FORBIDDEN, httpx.codes.METHOD_NOT_ALLOWED}, path
    for path in document["paths"]:
        assert browser.post(filled(path, town[1]), None, **everything).status_code >= httpx.codes.BAD_REQUEST
        if path not in SENDS:
            assert browser.send(filled(path, town[1]), {}, **everything).status_code >= httpx.codes.BAD_REQUEST


def test_what_tools_send_no_browser_can_send(browser: Browser) -> None:
    """Neither somebody who has signed in, whatever the role, nor a page from elsewhere in that browser."""
    before = browser.noted(Fact)
    for role in Role:
        browser.come_as(role)
        for path, body in SENDS.items():
            own = browser.gate.sessions.token(browser.cookie)
            assert browser.send(path, body).status_code == FORBIDDEN
            assert browser.post(path).status_code == FORBIDDEN, "nor as a form of one of our pages"
            assert browser.send(f"{path}?token={own}", body, Origin="http://127.0.0.1").status_code == FORBIDDEN
            assert browser.send(path, body, Authorization=f"Bearer {browser.cookie}").status_code == UNAUTHORIZED
    written = {type(one) for one in browser.noted(Fact)[len(before) :]}
    assert written == {AccountSet, TurnedAway}
    browser.http.cookies.clear()
    for path, body in SENDS.items():
        assert browser.send(path, body).status_code == UNAUTHORIZED


def test_what_the_office_wrote_is_for_no_tool(town: tuple[Centre, Pen], browser: Browser) -> None:
    """What is kept of passwords stands there."""
    shown = token_of(town[0], "reader", Scope.ENTRIES)
    boot = town[0].doorkeeper.find("reader").when
    assert boot
    assert browser.get(f"/api/entries/office/{boot[1]}/{boot[2]}", **shown).status_code == FORBIDDEN


def test_roles_are_nothing_to_a_tool_and_scopes_nothing_to_a_person(town: tuple[Centre, Pen], browser: Browser) -> None:
    keeper = town[0].doorkeeper
    token, kept = keeper.new_token("old")
    keeper.change("old", "root", lambda said: type(said)("old", roles=(Role.OFFICER,), token=kept))
    assert browser.get("/api/units", Authorization=f"Bearer {token}").status_code == UNAUTHORIZED
    keeper.change("jiro", "root", lambda said: type(said)("jiro", roles=(Role.SHOP,), scopes=(Scope.UNITS,)))
    for name, value in signed_in(browser.gate, (Role.SHOP,), "jiro").items():
        browser.http.cookies.set(name, value, "127.0.0.1")
    assert browser.get("/me").status_code == OK
    assert browser.get("/api/units").status_code == FORBIDDEN
    browser.http.cookies.clear()


def test_the_page_about_the_api_names_the_scopes(browser: Browser) -> None:
    for name, value in signed_in(browser.gate).items():
        browser.http.cookies.set(name, value, "127.0.0.1")
    page = browser.get("/docs").text
    browser.http.cookies.clear()
    assert all(f"<code>{scope}</code>" in page for scope in every_scope())
    linked, there = (set(re.findall(rf'{part}="#?(office-\w+)"', page)) for part in ("href", "id"))
    assert {"office-StepsSent", "office-Became"} <= linked
    assert linked <= there


# ---- every answer is as the document says


def whole(body: Any) -> Any:
    """Write whole numbers as such: to JSON Schema 7.0 is an integer, too; here it is refused."""
    match body:
        case dict():
            return {name: whole(value) for name, value in body.items()}
        case list():
            return [whole(one) for one in body]
        case float() if body.is_integer():
            return int(body)
    return body


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("path", sorted(path for paths in OPENS.values() for path in paths))
def test_no_question_is_answered_otherwise_than_the_document_says(
    town: tuple[Centre, Pen], browser: Browser, document: dict[str, Any], path: str, mode: GenerationMode
) -> None:
    """Schemathesis makes up questions, lawful ones and others; no answer is a 500, and all fit their schemas.

    Whatever else a question says beside its own parameters is left alone, as on the web; what is sent has to fit.
    """
    schema = schemathesis.openapi.from_dict(document)
    schema.app = browser.console
    shown = token_of(town[0], "schemathesis", *every_scope())
    operation = schema[path]["POST" if path in SENDS else "GET"]
    leaves_alone: list[CheckFunction] = [] if path in SENDS else [negative_data_rejection]

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode))
        if path in SENDS and mode is GenerationMode.POSITIVE:
            case.body = whole(case.body)
        case.call_and_validate(base_url=HERE, headers=shown, excluded_checks=leaves_alone)

    ask()
