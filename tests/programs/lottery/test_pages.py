"""The page of the draws, as officers send its forms: who may do what, what is refused, and what is shown before."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from central.centre import Centre
from drivers.clock.sim import Driver as Clock
from programs.lottery.entries import Prize, Tickets
from programs.lottery.office import courses
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


# ---------------------------------------------------------------------------------------------- before it is announced

PLANNED = {
    "new": "1",
    "draw": "２０２３-autumn",
    "title_ja": "秋の抽選会",
    "day": "2023-09-30",
    "time": "17:00",
    "basis": "joint",
    "sales_yen": "12,000,000",
    "cost_points": "１００",
    "cap": "10",
    "alternates": "2",
    "prize_ja_0": "ます寿し",
    "prize_yen_0": "3,000",
    "prize_count_0": "2",
    "prize_ja_2": "お茶",
    "prize_en_2": "Tea",
    "prize_yen_2": "800",
    "prize_count_2": "3",
}


@pytest.fixture
def fresh(clock: Clock, url: str) -> Iterator[Hall]:
    """A town without a draw."""
    centre = open_sim_centre(clock, "lottery plan", url)
    with Browser(centre) as browser:
        yield Hall(centre, browser).sits("hanako")
    centre.engine.dispose()


@pytest.fixture
def fair_hall(url: str) -> Iterator[Hall]:
    """A town whose draw is open."""
    fair = Fair(url=url)
    with Browser(fair.centre) as browser:
        yield Hall(fair.centre, browser)


def planned(hall: Hall, **otherwise: str) -> str:
    """Send the form; return the address of the page that shows the rules."""
    answer = hall.browser.post("/lottery/plan", {**PLANNED, **otherwise})
    assert answer.status_code == SEE_OTHER, answer.text
    return str(answer.headers["location"])


def test_an_officer_plans_a_draw_reads_its_rules_and_announces_them(fresh: Hall) -> None:
    assert "/lottery?new=1" in fresh.page("/lottery")
    assert 'name="prize_ja_7"' in fresh.page("/lottery?new=1")
    there = planned(fresh)
    shown = fresh.page(there)
    assert "まだ公開していません" in shown
    assert "2023-09-30 17:00" in shown
    assert "8,400" in shown, "what all prizes are worth"
    assert "data-warned" not in shown
    assert 'value="12000000"' in fresh.page(f"{there}&new=1"), "it can be changed"
    plan = there.partition("plan=")[2]
    assert "しるしをつけて" in fresh.does("announce", REFUSED, plan=plan)
    assert announced(fresh) == []
    fresh.does("announce", plan=plan, sure="yes")
    shown = fresh.page("/lottery?draw=2023-autumn")
    assert "秋の抽選会" in shown
    (rules,) = announced(fresh)
    assert (rules.title_en, rules.prizes[1], rules.cost_points) == ("秋の抽選会", Prize("お茶", "Tea", 800, 3), 100)
    assert "もう公開されています" in fresh.does("announce", REFUSED, plan=plan, sure="yes")
    assert "もう公開されています" in fresh.browser.post("/lottery/plan", PLANNED).text


def announced(hall: Hall) -> list[Any]:
    """Return the rules of every draw that was announced."""
    with hall.centre.reconciler.counted() as connection:
        return [one.announced[1].rules for one in courses(connection).values() if one.announced]


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("draw", "秋", "名前"),
        ("title_ja", "", "抽選の題"),
        ("day", "2023-02-30", "締切"),
        ("day", "2023-08-01", "締切がもう過ぎています"),
        ("cap", "0", "1人の口数"),
        ("sales_yen", "たくさん", "関連する売上"),
        ("basis", "free", "法律のもと"),
        ("prize_yen_2", "-1", "賞品 3 の額"),
        ("prize_count_0", "", "賞品 1 の数"),
        ("prize_ja_0", "", "賞品 1"),
    ],
)
def test_what_is_wrong_is_named_and_what_was_typed_stays(fresh: Hall, field: str, text: str, said: str) -> None:
    shown = fresh.does("plan", REFUSED, **{**PLANNED, field: text})
    assert said in shown.partition('role="alert"')[2][:400]
    assert 'value="お茶"' in shown
    assert announced(fresh) == []


def test_no_prizes_at_all_is_no_draw(fresh: Hall) -> None:
    only = {name: text for name, text in PLANNED.items() if not name.startswith("prize")}
    assert "賞品" in fresh.does("plan", REFUSED, **only)


def test_prizes_above_the_ceiling_are_shown_and_take_a_note(fresh: Hall) -> None:
    there = planned(fresh, prize_yen_0="400,000")
    shown = fresh.page(there)
    assert "data-warned" in shown
    assert "300,000円まで" in shown
    plan = there.partition("plan=")[2]
    assert "note" in fresh.does("announce", REFUSED, plan=plan, sure="yes")
    noted = planned(fresh, prize_yen_0="400,000", note="総務課で顧問弁護士に確かめた")
    fresh.does("announce", plan=noted.partition("plan=")[2], sure="yes")
    assert [one.note for one in announced(fresh)] == ["総務課で顧問弁護士に確かめた"]


@pytest.mark.parametrize("plan", ["x", "e30", "!", "%00", "bnVsbA", "W10"])
def test_an_address_that_holds_no_plan_shows_the_form_and_announces_nothing(fresh: Hall, plan: str) -> None:
    assert 'name="prize_ja_0"' in fresh.page(f"/lottery?plan={plan}")
    assert "読めません" in fresh.does("announce", REFUSED, plan=plan, sure="yes")


def test_only_officers_plan_and_announce_and_the_desk_gives_out_tickets(fair_hall: Hall) -> None:
    fair_hall.sits("desk", Role.CLERK)
    assert fair_hall.browser.post("/lottery/plan", PLANNED).status_code == FORBIDDEN
    assert fair_hall.browser.post("/lottery/announce", {"plan": "x", "sure": "yes"}).status_code == FORBIDDEN
    assert "/lottery?new=1" not in fair_hall.page("/lottery")
    assert 'name="holder"' in fair_hall.page(f"/lottery?draw={DRAW}")
    fair_hall.does("give", draw=DRAW, holder=" ".join(ANNE[at : at + 4] for at in range(0, 32, 4)), count="２")
    assert "D00001.0001、D00001.0002" in fair_hall.page(f"/lottery?draw={DRAW}").partition('role="status"')[2][:400]
    shown = fair_hall.does("give", REFUSED, draw=DRAW, holder="髙橋", count="1")
    assert "紙の番号" in shown
    assert "1人 3口まで" in fair_hall.does("give", REFUSED, draw=DRAW, holder=ANNE, count="2")
    assert "ポイントは 0 で、100 に足りません" in fair_hall.does(
        "give", REFUSED, draw=DRAW, holder=BERT, count="1", points="yes"
    )
