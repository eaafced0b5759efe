"""What a health app or a gateway sends: what becomes of each reading, and how little a stolen token is good for."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import HTTPException
from hypothesis import given, settings
from hypothesis import strategies as st

from central.centre import Centre
from central.console.calls import BODY_MAX, DAY_MAX, STEP_MS, read
from central.console.roles import every_scope
from central.folder import Folder
from central.reading import CardReading
from central.residents.person import Person
from central.world import SystemClock
from drivers.clock.sim import Driver as Clock
from programs.points.entries import Rule
from programs.steps import office
from programs.steps.calls import READINGS_MAX, StepsSent
from programs.steps.entries import COUNTED_MAX, HEALTHKIT, LIST, PEDOMETER, PLAUSIBLE_MAX, Struck, Walked, tool
from programs.steps.importing import LATE_DAYS, strike, strike_source, take
from programs.steps.rules import Day
from simulation.centre import open_sim_centre
from sync.days import written
from sync.entries import Fact
from sync.facts import CardState
from sync.program import town_day
from sync.residents import CardEnd, Form, How
from tests.central.conftest import emptied
from tests.central.serving import MACHI, Served, serving
from tests.central.test_commands import NOT_FOUND, document, machi
from tests.central.visiting import Browser, token_of
from tests.programs.points.hall import Hall

ROOT = Path(__file__).parents[3]
NOON = 1_797_563_600_000
TODAY = town_day(NOON, 540)
NOBODYS = "0b" * 16
BY = "sato"
OK, FORBIDDEN, UNAUTHORIZED = httpx.codes.OK, httpx.codes.FORBIDDEN, httpx.codes.UNAUTHORIZED


def registered(centre: Centre, number: int = 1, *, consents: tuple[str, ...] = ("steps",)) -> tuple[str, str]:
    """Register somebody with a card; return who it is, and the card's name."""
    person = Person("高橋\u3000太郎", "タカハシ タロウ", "灯台町1-2", date(1950 + number, 5, 6))
    who = centre.registration.add(person, How.TYPED, BY, consents=list(consents))
    return who, centre.registration.add_card(who, CardReading("pass", f"test-{number:04}"), Form.CARD, BY)[1]


class App:
    """A tool that sends steps, and its token."""

    def __init__(self, browser: Browser, name: str = "health-app") -> None:
        self.browser, self.name = browser, name
        self.shown = token_of(browser.centre, name, "steps:write")

    def sends(self, body: object, **headers: str) -> httpx.Response:
        return self.browser.send("/api/steps", body, **self.shown, **headers)

    def said(self, *readings: tuple[str, int, int]) -> list[str]:
        """Send readings (card, day, steps); return what became of each."""
        answer = self.sends(body(*readings))
        assert answer.status_code == OK, answer.text
        told = answer.json()["readings"]
        assert [(one["card"], one["date"]) for one in told] == [(card, written(day)) for card, day, _ in readings]
        return [one["became"] for one in told]


def body(*readings: tuple[str, int, int]) -> dict[str, Any]:
    return {"readings": [{"card": card, "date": written(day), "steps": steps} for card, day, steps in readings]}


@pytest.fixture
def clock() -> Clock:
    return Clock(Clock.Options(wall_ms=NOON))


@pytest.fixture
def centre(clock: Clock, tmp_path: Path) -> Iterator[Centre]:
    opened = open_sim_centre(clock, "sent", f"sqlite:///{tmp_path / 'town.db'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture
def browser(centre: Centre) -> Iterator[Browser]:
    with Browser(centre) as one:
        yield one


@pytest.fixture
def app(browser: Browser) -> App:
    return App(browser)


@pytest.fixture
def taro(centre: Centre) -> str:
    return registered(centre)[1]


def of(centre: Centre, card: str, day: int = TODAY) -> Day:
    with centre.reconciler.counted() as connection:
        return office.of_card(connection, card, day, day).get(day, Day())


def steps_in(browser: Browser) -> list[Fact]:
    return browser.noted(Walked, Struck)


# ---- what becomes of a reading


def test_each_reading_has_its_own_answer_in_the_order_in_which_they_came(app: App, centre: Centre, taro: str) -> None:
    lately = TODAY - LATE_DAYS
    asked = [
        (taro, TODAY + 1, 50, "ahead"),
        (taro, TODAY, 6_100, "new"),
        (NOBODYS, TODAY, 6_100, "closed"),
        (taro, lately, 900, "new"),
        (taro, lately - 1, 900, "late"),
        (taro, TODAY - 1, PLAUSIBLE_MAX, "new"),
        (taro, TODAY - 2, PLAUSIBLE_MAX + 1, "implausible"),
        (taro, TODAY - 3, 0, "nothing"),
        (taro, TODAY - 4, 7_000, "twice"),
        (taro, TODAY - 4, 8_000, "twice"),
        (NOBODYS, TODAY - 4, 7_000, "closed"),
    ]
    assert app.said(*(one[:3] for one in asked)) == [one[3] for one in asked]
    assert [of(centre, taro, day).walked for day in (TODAY, lately, TODAY - 1)] == [6_100, 900, COUNTED_MAX]
    assert of(centre, taro, TODAY - 4) == Day()
    (said,) = [fact for fact in steps_in(app.browser) if isinstance(fact, Walked) and fact.day == TODAY]
    assert said == Walked(taro, TODAY, 6_100, "tool/health-app", "none")


def test_the_same_request_again_writes_nothing_and_a_later_word_replaces_an_earlier_one(app: App, taro: str) -> None:
    night = [(taro, TODAY, 6_100), (taro, TODAY - 1, 7_200)]
    assert app.said(*night) == ["new", "new"]
    written = len(steps_in(app.browser))
    assert app.said(*night) == ["known", "known"]
    assert len(steps_in(app.browser)) == written
    assert app.said((taro, TODAY, 6_000)) == ["new"]
    assert of(app.browser.centre, taro).walked == 6_000


def test_a_tool_replaces_nothing_that_anybody_else_said(app: App, centre: Centre, clock: Clock, taro: str) -> None:
    for source, steps in ((PEDOMETER, 7_000), (HEALTHKIT, 6_500), (LIST, 100)):
        take(centre, source, {taro: {TODAY: steps}})
    clock.advance(60)
    assert app.said((taro, TODAY, 1)) == ["new"]
    assert App(app.browser, "pedometers").said((taro, TODAY, 2)) == ["new"]
    found = {one.source: one.steps for one in of(centre, taro).readings}
    assert found == {PEDOMETER: 7_000, HEALTHKIT: 6_500, LIST: 100, "tool/health-app": 1, "tool/pedometers": 2}
    assert of(centre, taro).walked == 7_000, "what it says too little of takes nothing away"


# ---- of whom


def test_only_of_people_who_agree_and_of_others_nothing_is_told(app: App, centre: Centre) -> None:
    who, hanako = registered(centre, 2, consents=("coin", "points"))
    stopped = registered(centre, 3)[1]
    centre.registrar.set_card(stopped, CardState.STOPPED)
    lost_by, lost = registered(centre, 4)
    centre.registration.end_card(lost_by, lost, CardEnd.LOST, BY)
    take(centre, PEDOMETER, {hanako: {TODAY: 4_000}})
    asked = [(card, TODAY, 6_100) for card in (hanako, stopped, lost, NOBODYS)]
    before = len(steps_in(app.browser))
    assert app.said(*asked) == ["closed"] * len(asked)
    assert len(steps_in(app.browser)) == before
    centre.registration.consent(who, "steps", BY, given=True)
    assert app.said((hanako, TODAY, 6_100)) == ["new"]
    centre.registration.consent(who, "steps", BY, given=False)
    assert app.said((hanako, TODAY, 6_100), (hanako, TODAY - 1, 1)) == ["closed", "closed"]


# ---- what is refused whole


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (b"", "Nothing was written"),
        (b"\xff\xfe", "Nothing was written"),
        (b'{"readings": [' * 2_000, "Nothing was written"),
        (b"[" * 100_000, "Expected `object`"),
        ({"readings": []}, "length >= 1"),
        ({"readings": {}}, "Expected `array`"),
        ({"readings": [{"card": NOBODYS, "date": written(TODAY)}]}, "missing required field `steps`"),
        ({"readings": [{"card": "山田花子", "date": written(TODAY), "steps": 1}]}, "$.readings[0].card"),
        ({"readings": [{"card": NOBODYS.upper(), "date": written(TODAY), "steps": 1}]}, "$.readings[0].card"),
        ({"readings": [{"card": NOBODYS, "date": "12/15", "steps": 1}]}, "$.readings[0].date"),
        ({"readings": [{"card": NOBODYS, "date": written(TODAY), "steps": -1}]}, ">= 0"),
        ({"readings": [{"card": NOBODYS, "date": written(TODAY), "steps": 10**30}]}, "$.readings[0].steps"),
        ({"readings": [{"card": NOBODYS, "date": written(TODAY), "steps": 6.5}]}, "Expected `int`"),
        ({"readings": [{"card": NOBODYS, "date": written(TODAY), "steps": 1, "source": PEDOMETER}]}, "unknown field"),
        (body(*((NOBODYS, TODAY - n, 1) for n in range(READINGS_MAX + 1))), f"length <= {READINGS_MAX}"),
    ],
)
def test_a_body_of_another_form_is_refused_whole_and_says_where(app: App, taro: str, sent: Any, says: str) -> None:
    if isinstance(sent, dict) and isinstance(sent["readings"], list) and sent["readings"]:
        sent = {"readings": [*sent["readings"], *body((taro, TODAY, 6_100))["readings"]]}
    kind = {"Content-Type": "application/json"} if isinstance(sent, bytes) else {}
    answer = app.sends(sent, **kind)
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert says in answer.json()["detail"]
    assert "何も書いていません。" in answer.json()["detail"]
    assert steps_in(app.browser) == []


GOOD = b'{"readings":[{"card":"%s","date":"2026-12-15","steps":6100}]}' % NOBODYS.encode()


@settings(max_examples=400)
@given(st.integers(0, len(GOOD)), st.integers(0, 9), st.binary(max_size=6), st.integers(0, 3_000))
def test_noise_is_refused_and_raises_nothing_else(at: int, cut: int, noise: bytes, deep: int) -> None:
    decoder = msgspec.json.Decoder(StepsSent)
    for spoilt in (GOOD[:at] + noise + GOOD[at + cut :], noise, GOOD[:at] + b"[" * deep, GOOD[:at] + b"7" * deep):
        with suppress(HTTPException):
            assert all(one.card for one in read(decoder, spoilt).readings)


def test_how_much_and_in_which_form(app: App, taro: str) -> None:
    said = b'{"readings": [{"card": "%s", "date": "%s", "steps": 6100}]}' % (taro.encode(), written(TODAY).encode())
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = app.sends(said, **{"Content-Type": kind})
        assert (answer.status_code, "application/json" in answer.json()["detail"]) == (415, True)
    fits = said.ljust(BODY_MAX)
    answer = app.sends(fits + b" ", **{"Content-Type": "application/json"})
    assert (answer.status_code, f"{BODY_MAX:,}" in answer.json()["detail"]) == (413, True)
    assert steps_in(app.browser) == []
    assert app.sends(fits, **{"Content-Type": "Application/JSON; charset=utf-8"}).status_code == OK
    assert len(steps_in(app.browser)) == 1


# ---- a stolen token


@pytest.mark.threat(
    "stolen token of a tool that sends",
    control="It is good for one program's calls and reads nothing. It says only of people who agreed what is then that"
    " tool's own word: nobody else's is replaced, and less takes nothing away. Cards of which nothing is taken are all"
    " answered alike. How much it can send in a day is bounded. It ends at once with `machi central user remove`; what"
    " it said bears its name, and is struck out with one command.",
    residual="Until somebody notices, up to 20,000 steps a day, for the last 31 days, can be made to count for people"
    " who agreed and whose cards' names the thief has, and he learns which of these cards are open. Points by rule that"
    " follow are bounded by the rule's limits and budget, and taken back after the striking out, unless they are used.",
)
def test_a_stolen_token_reads_nothing_and_writes_no_more_than_a_days_worth(
    app: App, centre: Centre, clock: Clock, taro: str
) -> None:
    for path in ("/", "/api/units", "/api/entries", "/api/figures", "/steps", "/residents", "/metrics"):
        assert app.browser.get(path, **app.shown).status_code == FORBIDDEN
    assert app.browser.get("/api/steps", **app.shown).status_code == httpx.codes.METHOD_NOT_ALLOWED
    many = body(*((NOBODYS, TODAY - n, 1) for n in range(READINGS_MAX)))
    answers = [app.sends(many).status_code for _ in range(DAY_MAX // READINGS_MAX + 1)]
    assert answers == [OK] * (DAY_MAX // READINGS_MAX) + [429]
    refused = app.sends(body((taro, TODAY, 6_100)))
    assert (refused.status_code, refused.headers["retry-after"]) == (429, str(-(-STEP_MS // 1_000)))
    assert "5秒後" in refused.json()["detail"]
    assert App(app.browser, "pedometers").said((taro, TODAY, 6_100)) == ["new"], "one tool takes nothing from another"
    clock.advance(int(refused.headers["retry-after"]))
    assert app.said((taro, TODAY, 6_100)) == ["new"]
    assert app.sends(many).status_code == 429
    clock.advance(86_400)
    assert app.sends(many).status_code == OK, "a day later it is all there again"
    centre.doorkeeper.change("health-app", "root", lambda said: type(said)("health-app"))
    assert app.sends(many).status_code == UNAUTHORIZED


def test_all_that_one_tool_said_of_some_days_is_struck_out_and_stays_so(
    app: App, centre: Centre, clock: Clock, taro: str
) -> None:
    other = App(app.browser, "health-app2")
    hanako = registered(centre, 2)[1]
    take(centre, PEDOMETER, {taro: {TODAY: 3_000}})
    app.said((taro, TODAY, 20_000), (hanako, TODAY, 20_000), (taro, TODAY - 1, 20_000), (taro, TODAY - 9, 5_000))
    other.said((taro, TODAY, 4_000))
    clock.advance(60)
    source, wanted = tool("health-app"), [(taro, TODAY), (hanako, TODAY), (taro, TODAY - 1)]
    assert sorted(strike_source(centre, source, TODAY - 1, TODAY, "stolen", dry=True)) == sorted(wanted)
    assert of(centre, taro).walked == COUNTED_MAX, "a rehearsal writes nothing"
    assert sorted(strike_source(centre, source, TODAY - 1, TODAY, "stolen")) == sorted(wanted)
    assert strike_source(centre, source, TODAY - 1, TODAY, "again") == []
    assert [of(centre, *one).walked for one in wanted] == [4_000, 0, 0]
    assert of(centre, taro, TODAY - 9).walked == 5_000
    assert app.said((taro, TODAY, 20_000), (hanako, TODAY, 6_000)) == ["struck", "struck"]
    assert strike(centre, taro, TODAY, tool("health-app2"), "by hand")
    assert of(centre, taro).walked == 3_000


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_points_by_rule_follow_and_are_taken_back(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    is_own = database == "sqlite"
    hall = Hall(
        f"sqlite:///{tmp_path / 'town.db'}" if is_own else emptied(request.getfixturevalue("postgres_server").url)
    )
    hall.decide(Rule("walk", 10, steps=8_000, person_day=10))
    card, day = registered(hall.centre)[1], hall.today
    with Browser(hall.centre) as browser:
        app = App(browser)
        assert app.said((card, day, 9_000), (card, day - 1, 7_999)) == ["new", "new"]
        hall.settle()
        assert hall.balance(card) == 10
        hall.sleep()
        assert strike_source(hall.centre, tool(app.name), day - 1, day, "stolen") != []
        hall.settle()
        assert hall.balance(card) == 0
    hall.centre.engine.dispose()


# ---- as people do it


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("sent")) as found:
        yield found


def blocks(kind: str) -> list[str]:
    """Return what the manual has of a kind of code in the section about this."""
    section = (ROOT / "docs" / "steps.md").read_text().split("## Sent by a system")[1].split("\n## ")[0]
    return re.findall(rf"^```{kind}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def test_the_manual_tells_the_truth(served: Served, tmp_path: Path) -> None:
    """Its commands are run as they stand there; only folder, port, card and day are this town's."""
    _, card = registered(served.centre)
    today = written(town_day(SystemClock().wall_ms(), 540))
    here = {"/srv/town": str(served.folder), ":8080/": f":{Folder(served.folder).config.server.console_port}/"}
    here |= {"60033bab2dcddc48b295070670d111d3": card, "2026-12-15": today}

    def as_here(text: str) -> str:
        for there, ours in here.items():
            text = text.replace(there, ours)
        return text

    def run(script: str) -> str:
        path = f"{MACHI.parent}:/usr/bin:/bin"
        command = ["bash", "-euc", as_here(script)]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env={"PATH": path, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    sends, stolen = blocks("sh")
    (answer,) = blocks("json")
    assert run(sends).strip() == as_here(answer).strip()
    here["2026-12-01"] = today  # the town of this test has just begun
    assert document("steps", "show", served.folder, card)["days"] == [
        {"day": today, "steps": 6_100, "tool/health-app": 6_100}
    ]
    assert "days: 1" in run(stolen)
    assert document("steps", "show", served.folder, card)["days"][0]["steps"] == 0
    gone = ("steps", "strike-tool", served.folder, "health-app", "--because", "again")
    assert "look for its name" in machi(*gone, ends=NOT_FOUND)
    accounts = document("user", "list", served.folder)["accounts"]
    assert ("scopes" in accounts["health-app"], accounts["health-app-2"]["scopes"]) == (False, ["steps:write"])
    assert all(scope in machi("user", "tool", "--help") for scope in every_scope())
