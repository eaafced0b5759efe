"""The page of the draws, as officers send its forms: who may do what, what is refused, and what is shown before."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from central.centre import Centre
from drivers.clock.sim import Driver as Clock
from programs.lottery.entries import Prize, Tickets
from programs.lottery.publishing import documents, results
from programs.lottery.running import APART_S, Plan, announce, transcript_of
from simulation.centre import open_sim_centre
from sync.accounts import Role
from sync.facts import UnitSet
from sync.messages import OFFICE_STREAM
from tests.central.visiting import Browser, signed_in
from tests.programs.lottery.spring import BEFORE_S, CARD, CLOSE_S, PLAN, ROUND, SIGNATURES, clock_at, closed, drawn
from tests.programs.lottery.stand import ANNE, BERT, DAY_S, DRAW, Fair

OK, SEE_OTHER, FORBIDDEN = httpx.codes.OK, httpx.codes.SEE_OTHER, httpx.codes.FORBIDDEN
REFUSED, NOWHERE = httpx.codes.CONFLICT, httpx.codes.NOT_FOUND
SPRING = "/lottery?draw=spring"


class Hall:
    """The console, and whoever sits before it."""

    def __init__(self, centre: Centre, browser: Browser) -> None:
        self.centre = centre
        self.browser = browser

    def sits(self, name: str, role: Role = Role.OFFICER) -> "Hall":
        self.browser.cookie = signed_in(self.browser.gate, (role,), name)[self.browser.gate.cookie]
        return self

    def page(self, path: str = SPRING, status: int = OK) -> str:
        self.centre.reconciler.catch_up()
        answer = self.browser.get(path)
        assert answer.status_code == status
        return answer.text

    def does(self, act: str, status: int = SEE_OTHER, draw: str = "spring", **form: str) -> str:
        answer = self.browser.post(f"/lottery/{act}", {"draw": draw, **form})
        assert answer.status_code == status, answer.text
        return answer.text

    def step(self, path: str = "/lottery") -> str:
        """Return the step at which the draw stands."""
        (found,) = re.findall(r'aria-current="step">(\S+) ', self.page(path))
        return str(found)


@pytest.fixture
def clock() -> Clock:
    return clock_at(BEFORE_S)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database that several threads can read, as the console's do."""
    return f"sqlite:///{tmp_path / 'town.db'}"


@pytest.fixture
def hall(clock: Clock, url: str) -> Iterator[Hall]:
    centre = open_sim_centre(clock, "lottery-pages", url)
    with Browser(centre) as browser:
        yield Hall(centre, browser).sits("hanako")
    centre.engine.dispose()


def test_one_officer_draws_and_another_one_confirms(hall: Hall, clock: Clock) -> None:
    assert "抽選はまだありません" in hall.page("/lottery")
    closed(hall.centre, clock)
    hall.sits("hanako")
    assert hall.step() == "公開された種"
    assert "いますぐ名簿を公開し" in hall.page()
    hall.does("confirm", REFUSED, same="yes")
    clock.advance(APART_S)
    hall.sits("hanako")
    assert hall.step() == "抽せん"
    for wrong, why in ((SIGNATURES[1001], "ラウンド 1000 の署名ではありません"), (SIGNATURES[ROUND][:-1], "95文字")):
        said = hall.does("draw", REFUSED, signature=wrong)
        assert why in said
        assert f">{wrong}</textarea>" in said, "what was typed is still there"
    hall.does("draw", signature=f'{{"round":1000,"signature":"{SIGNATURES[ROUND]}"}}')
    assert hall.step() == "二人目の確認"
    assert "hanako さんがもう引く" in hall.does("draw", REFUSED, signature=SIGNATURES[ROUND])
    assert "LOT-012" in hall.does("confirm", REFUSED, same="yes")
    assert "あなたが引いたので" in hall.page()
    hall.page("/lottery/files/transcript.json?draw=spring", NOWHERE)
    hall.page(f"{SPRING}&print=winners", NOWHERE)
    assert 'id="winners"' not in hall.page()
    hall.sits("jiro")
    assert "見比べ" in hall.does("confirm", REFUSED)
    hall.does("confirm", same="yes")
    page = hall.page()
    assert "当せん者が決まりました(5人)" in page
    with hall.centre.reconciler.counted() as connection:
        transcript = transcript_of(connection, "spring")
    assert transcript
    shown = re.findall(r'<th scope="row"><code>(\S+)</code></th>', page)
    assert shown == [*(one.ticket for one in transcript.winners), *transcript.alternates]
    assert (hall.step(), len(results(transcript))) == ("受け取り", 7)
    assert "LOT-011" in hall.does("draw", REFUSED, signature=SIGNATURES[ROUND])
    assert "LOT-011" in hall.does("confirm", REFUSED, same="yes")


def test_whoever_is_no_officer_sees_and_does_nothing_more(hall: Hall, clock: Clock) -> None:
    closed(hall.centre, clock)
    clock.advance(APART_S)
    for role in (Role.CLERK, Role.AUDITOR, Role.TECHNICIAN, Role.TREASURER):
        hall.sits("taro", role)
        page = hall.page()
        assert "署名を入れて" in page
        assert 'action="/lottery/draw"' not in page
        for act in ("close", "draw", "confirm", "alternate", "stand"):
            hall.does(act, FORBIDDEN, signature=SIGNATURES[ROUND])
    hall.sits("uomasa", Role.SHOP).page(status=FORBIDDEN)
    with hall.centre.reconciler.counted() as connection:
        assert transcript_of(connection, "spring") is None


def test_prizes_go_to_the_desk_and_to_alternates(hall: Hall, clock: Clock) -> None:
    transcript = drawn(hall.centre, clock)
    first, second = (one.ticket for one in transcript.winners[:2])
    hall.sits("taro", Role.CLERK).does("collected", ticket=first)
    assert "渡し済み" in hall.does("collected", REFUSED, ticket=first)
    hall.does("alternate", FORBIDDEN, ticket=second)
    hall.sits("hanako").does("alternate", ticket=second)
    page = hall.page()
    assert re.findall(r'data-figure="(?:handed|open)">(\d+)<', page) == ["1", "4"]
    assert "役場" in page
    assert f"<code>{transcript.alternates[0]}</code> へ" in page
    for ticket in [*(one.ticket for one in transcript.winners[2:]), transcript.alternates[0]]:
        hall.does("collected", ticket=ticket)
    assert "賞品はすべて渡りました" in hall.page("/lottery")


def test_files_and_sheets_have_every_number_and_nobody_in_them(hall: Hall, clock: Clock) -> None:
    drawn(hall.centre, clock)
    hall.sits("hanako")
    with hall.centre.reconciler.counted() as connection:
        found = documents(connection, "spring")
    assert hall.browser.get("/lottery/files/tickets.csv?draw=spring").content == found["tickets.csv"]
    packed = zipfile.ZipFile(io.BytesIO(hall.browser.get("/lottery/files/spring.zip?draw=spring").content))
    assert {name: packed.read(name) for name in packed.namelist()} == found
    tickets = [line.split(",")[0] for line in found["tickets.csv"].decode().splitlines()]
    slips = hall.page(f"{SPRING}&print=slips")
    assert re.findall(r"<b>([^<]+)</b></li>", slips) == tickets
    sheets = [slips, hall.page(f"{SPRING}&print=winners"), hall.page(f"{SPRING}&print=list"), hall.page()]
    assert all(CARD not in sheet and "paper-" not in sheet for sheet in sheets)
    for nothing in ("print=names", "print=slips&part=2", "print=slips&part=x"):
        hall.page(f"{SPRING}&{nothing}", NOWHERE)
    hall.page("/lottery?draw=autumn", NOWHERE)


def test_books_that_were_changed_are_said_to_be_and_nothing_can_be_done(hall: Hall, clock: Clock) -> None:
    closed(hall.centre, clock)
    clock.advance(APART_S)
    with hall.centre.reconciler.counted() as connection:
        hall.centre.streams.append(connection, OFFICE_STREAM, [Tickets("spring", "Z1", "paper-99", 1)])
    page = hall.sits("hanako").page()
    assert "確定した名簿と合いません" in page
    assert "<form class=" not in page
    hall.page("/lottery/files/tickets.csv?draw=spring", NOWHERE)
    hall.does("draw", REFUSED, signature=SIGNATURES[ROUND])


def test_a_draw_that_was_frozen_too_late_is_lost_and_stands_behind_those_with_something_to_do(
    hall: Hall, clock: Clock
) -> None:
    announce(hall.centre, PLAN)
    clock.advance(CLOSE_S + APART_S - BEFORE_S)
    dear = (Prize("家", "A house", 300_001, 1),)
    announce(hall.centre, Plan("later", "夏", "Summer", "joint", dear, CLOSE_S + DAY_S, 12_000_000, note="弁護士 山田"))
    page = hall.sits("hanako").page("/lottery")
    assert re.findall(r'data-need="(\w+)"', page) == ["wait", "lost"]
    assert "種が公開される前に名簿を確定しなかった" in hall.does("close", REFUSED) + page
    rules = hall.page("/lottery?draw=later")
    assert "共同懸賞の賞品は1つ 300,000円までです" in rules
    assert "弁護士 山田" in rules
    assert "参考(一般懸賞なら)" in rules


def test_a_list_is_frozen_without_silent_units_only_if_an_officer_says_so(url: str) -> None:
    fair = Fair(url=url)
    fair.earn(ANNE, 300)
    fair.earn(BERT, 300)
    fair.arrives(fair.ordered((ANNE, 1)))
    late = fair.ordered((BERT, 2))
    fair.centre.registrar.say([UnitSet("stand01", "hall", "lottery")])
    with Browser(fair.centre) as browser:
        hall = Hall(fair.centre, browser).sits("hanako")
        assert "申し込み(まだ券でない)" in hall.page("/lottery")
        assert "締切の前です" in hall.does("close", REFUSED, DRAW)
        fair.clock.advance(DAY_S)
        page = hall.sits("hanako").page("/lottery")
        assert "未着の端末が1台あります" in page
        assert "LOT-010" in hall.does("close", REFUSED, DRAW)
        hall.does("close", draw=DRAW, without="yes")
        fair.arrives(late)
        page = hall.page(f"/lottery?draw={DRAW}")
        assert re.findall(r'data-figure="(?:tickets|late)">(\d+)<', page) == ["1", "2"]
        assert "hanako" in page
    fair.centre.engine.dispose()
