"""The clerk's desk on the console: who gets in, what is noted before a name is shown, what is refused and kept."""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from central import store
from central.console.people.forms import REASONS
from central.reading import CardReading
from central.residents import books
from central.residents.books import Reading, Wanted
from central.residents.papers import Office
from central.residents.person import Person
from central.residents.standing import Standing
from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place, open_sim_centre
from sync.accounts import Role
from sync.messages import OFFICE_STREAM
from sync.residents import CardEnd, Form, How, Leaving
from tests.central.pen import Pen, touch
from tests.central.visiting import Browser, signed_in

OK, SEE_OTHER, CONFLICT, NOT_FOUND = 200, 303, 409, 404
BY = "hanako"
WHY = {"why": "counter"}
ASKED = "?why=counter"
HANAKO = Person("髙橋\u3000花子", "タカハシ ハナコ", "灯台町1-2", date(1954, 3, 2))
KICHI = Person("𠮷田\u3000葛\U000e0100子", "ヨシダ カツコ", "灯台町9", date(1960, 1, 1))
JIRO = {"name": "高橋　次郎", "kana": "たかはし じろう", "birth": "H30.7.8", "address": "灯台町1-2"}


class Desk:
    """A clerk in a town with one resident, who has a card."""

    def __init__(self, folder: Path) -> None:
        self.centre = open_sim_centre(Clock(), "people", f"sqlite:///{folder / 'town.db'}")
        name_place(self.centre, "library")
        self.browser = Browser(self.centre)
        self.come_as(Role.CLERK)
        self.hanako = self.centre.registration.add(HANAKO, How.TYPED, BY)
        self.card = self.centre.registration.add_card(self.hanako, reading(1), Form.CARD, BY)[1]
        self.home = f"/residents/{self.hanako}"

    def come_as(self, *roles: Role) -> None:
        self.browser.cookie = signed_in(self.browser.gate, roles, BY)[self.browser.gate.cookie]

    def do(self, act: str, /, home: str = "", **form: str) -> httpx.Response:
        return self.browser.post(f"{home or self.home}/{act}", WHY | form)

    def did(self, act: str, /, home: str = "", **form: str) -> str:
        """Do something that is done; return the page that tells of it."""
        answer = self.do(act, home, **form)
        assert answer.status_code == SEE_OTHER, answer.text
        return self.browser.get(answer.headers["location"]).text

    def search(self, words: str, **form: str) -> httpx.Response:
        return self.browser.post("/residents", {"words": words, **WHY, **form})

    def looks(self) -> list[Reading]:
        with self.centre.reconciler.counted() as connection:
            return books.readings(connection, Wanted(), 100)

    def standing(self) -> Standing:
        return self.centre.registration.standing(self.hanako)


def reading(number: int) -> CardReading:
    return CardReading("pass", f"test-{number:04}")


def signed(**other: object) -> str:
    """Return what `machi card holder --json` prints of a card, with some of it otherwise."""
    attributes = {"name": "架空　次郎", "address": "架空県試験市一丁目2番", "birth": "1980-02-17", "sex": "1"}
    said: dict[str, object] = {"schema": "machi.card.holder/1", "ok": True, "words": "good", "attributes": attributes}
    return json.dumps(said | {"card": json.loads(pasted(5))} | other, ensure_ascii=False)


def pasted(number: int) -> str:
    said = {"schema": "machi.card/1", "ok": True, "words": "good", "profile": "pass", "proof": "card"}
    return json.dumps(said | {"identifier": f"test-{number:04}"})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    with one.browser:
        yield one
    one.centre.engine.dispose()


# ---- looking


def test_somebody_is_found_by_parts_of_the_name_in_any_spelling(desk: Desk) -> None:
    for words in ("たか", "はなこ", "ﾀｶﾊｼ", "たか はな", "高橋", "髙橋花"):
        page = desk.search(words).text
        assert HANAKO.name in page
        assert page.index("登録中") < page.index(HANAKO.name), "how they stand comes first"
        assert (desk.looks()[0].by, desk.looks()[0].why) == (BY, "検索(窓口の手続き)")
    assert len(desk.looks()) == 6
    desk.centre.registration.add(KICHI, How.TYPED, BY)
    for words in ("よしだ", "吉田", "葛子"):
        assert KICHI.name in desk.search(words).text, "to the letter, with its variation selector"


def test_a_number_leads_to_its_page_and_no_address_has_a_name(desk: Desk) -> None:
    gaps = f"{desk.hanako[:4]} {desk.hanako[4:8]}"
    for number in (desk.hanako, desk.hanako[:8], desk.card[:8], gaps):
        answer = desk.search(number)
        assert (answer.status_code, answer.headers["location"]) == (SEE_OTHER, f"{desk.home}{ASKED}")
    assert desk.looks() == [], "a number shows nobody yet"
    page = desk.browser.get(f"{desk.home}{ASKED}")
    assert HANAKO.name in page.text
    assert page.headers["cache-control"] == "no-store"
    assert [one.why for one in desk.looks()] == ["窓口の手続き"]


def test_a_personal_number_is_turned_away(desk: Desk) -> None:
    for words in ("123456789012", "1234 5678 9012", "１２３４－５６７８－９０１２"):
        answer = desk.search(words)
        assert answer.status_code == CONFLICT
        assert "個人番号" in answer.text


def test_who_does_not_say_why_sees_nobody(desk: Desk) -> None:
    assert HANAKO.name not in desk.browser.post("/residents", {"words": "たか"}).text
    for address in (desk.home, f"{desk.home}?why=", f"{desk.home}?why=other&because=%20", f"{desk.home}/sheet"):
        page = desk.browser.get(address).text
        assert HANAKO.name not in page
        assert "なぜ見ますか" in page
    assert HANAKO.name not in desk.do("leave", left="died", why="").text
    assert desk.looks() == []
    page = desk.browser.get(f"{desk.home}?why=other&because=苦情の確認").text
    assert HANAKO.name in page
    assert [one.why for one in desk.looks()] == ["苦情の確認"]


@pytest.mark.threat("a clerk who is curious about somebody")
def test_what_cannot_be_written_down_is_not_shown(desk: Desk) -> None:
    """The disk takes nothing any more, and still reads well: no page shows a name."""
    sa.event.listen(desk.centre.engine, "connect", lambda one, _: one.cursor().execute("PRAGMA query_only = ON"))
    desk.centre.engine.dispose()
    looks = f"{desk.home}{ASKED}", f"{desk.home}/sheet{ASKED}", f"/residents/new{ASKED}&guardian={desk.hanako}"
    answers = [desk.browser.get(address) for address in looks]
    answers += [desk.search("たか"), desk.do("leave", left="died"), desk.do("consent", program="horoscopes")]
    for answer in answers:
        assert answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR
        assert "花子" not in answer.text
        assert "ハナコ" not in answer.text


@pytest.mark.threat("a clerk who is curious about somebody")
def test_a_look_that_the_journal_does_not_take_is_none(desk: Desk) -> None:
    """Everything can be written but the office's journal."""
    with desk.centre.engine.begin() as connection:
        connection.exec_driver_sql(
            f"CREATE TRIGGER shut BEFORE INSERT ON segment WHEN NEW.writer = '{OFFICE_STREAM}'"
            " BEGIN SELECT RAISE(FAIL, 'shut'); END"
        )
    with pytest.raises(sa.exc.IntegrityError, match="shut"):
        desk.browser.get(f"{desk.home}{ASKED}")
    with pytest.raises(sa.exc.IntegrityError, match="shut"):
        desk.search("たか")
    with desk.centre.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER shut")
    assert HANAKO.name in desk.search("たか").text


# ---- a resident's page


def test_the_page_says_how_everything_stands(desk: Desk) -> None:
    pen = Pen.enrolled(desk.centre)
    pen.send(pen.begin(touch(card=desk.card)))
    child = desk.browser.post("/residents/new", JIRO | {"guardian": desk.hanako[:8], "consent-visits": "1"})
    assert child.status_code == SEE_OTHER
    page = desk.browser.get(f"{desk.home}{ASKED}").text
    for words in ("昭和29年3月2日", desk.card[:8], "使えます", "高橋　次郎", "library", "タッチ", "カードを結びました"):
        assert words in page
    young = desk.browser.get(child.headers["location"]).text
    assert f"{HANAKO.name}さんが同意" in young
    assert "○ はい" in young


def test_a_registration_that_is_refused_keeps_what_was_typed(desk: Desk) -> None:
    answer = desk.browser.post("/residents/new", JIRO | {"phone": "076-555-0101"})
    assert answer.status_code == CONFLICT
    for words in ("(RSD-031)", "まだ何もしていません", 'value="高橋　次郎"', 'value="H30.7.8"', 'value="076-555-0101"'):
        assert words in answer.text
    assert "--guardian" not in answer.text
    assert "1954-03-02" in desk.browser.post("/residents/new", JIRO | {"birth": "きのう"}).text
    assert "個人番号" in desk.browser.post("/residents/new", JIRO | {"address": "1234-5678-9012"}).text


def test_what_a_card_has_signed_is_taken_and_not_what_was_typed(desk: Desk) -> None:
    filled = desk.browser.post("/residents/new", {"fill": "1", "holder": signed(), "guardian": ""})
    assert filled.status_code == OK
    for words in ("架空　次郎", "試験市一丁目", "昭和55年2月17日", "いっしょに結びます"):
        assert words in filled.text
    assert filled.text.count('id="kana"') == 1
    assert not [field for field in ("name", "birth", "address", "sex") if f'id="{field}"' in filled.text]
    assert desk.looks() == [], "no file was looked at"
    typed = {"holder": signed(), "kana": "かくう じろう", "phone": "076-555-0101", "consent-visits": "1"}
    over = {"name": "別人", "birth": "2001-01-01", "address": "よその町", "sex": "9"}
    answer = desk.browser.post("/residents/new", typed | over)
    assert answer.status_code == SEE_OTHER, answer.text
    page = desk.browser.get(answer.headers["location"]).text
    for words in (
        "架空　次郎",
        "試験市一丁目",
        "1980-02-17",
        "男",
        "カードで確認",
        "076-555-0101",
        "カードも結びました",
    ):
        assert words in page
    assert not [words for words in over.values() if words in page and words != "9"]
    found = desk.search("", reading=json.dumps(json.loads(signed())["card"]))
    assert found.headers["location"] == answer.headers["location"].replace("why=paper", "why=counter")


def test_a_card_that_proved_nothing_by_itself_says_whose_it_is_all_the_same(desk: Desk) -> None:
    alone = signed(card={"schema": "machi.card/1", "ok": True, "words": "", "profile": "jpki", "proof": "none"})
    assert "あとで結びます" in desk.browser.post("/residents/new", {"fill": "1", "holder": alone}).text
    answer = desk.browser.post("/residents/new", {"holder": alone, "kana": "かくう じろう"})
    page = desk.browser.get(answer.headers["location"]).text
    assert "カードで確認" in page
    assert "カードは まだありません" in page


def test_a_card_of_somebody_else_is_not_bound_twice_and_what_is_refused_keeps_the_card(desk: Desk) -> None:
    twin = {"name": HANAKO.name, "address": HANAKO.address, "birth": "1954-03-02", "sex": "2"}
    known = signed(attributes=twin, card=json.loads(pasted(1)))
    answer = desk.browser.post("/residents/new", {"holder": known, "kana": "たかはし はなこ"})
    assert answer.status_code == CONFLICT
    assert "(RSD-030)" in answer.text
    assert 'name="holder"' in answer.text
    assert 'id="birth"' not in answer.text
    again = {"holder": known, "kana": "たかはし はなこ", "another": "1"}
    said = desk.browser.get(desk.browser.post("/residents/new", again).headers["location"]).text
    assert "カードは結んでいません" in said
    assert "(RSD-011)" in said


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "{}",
        "花子",
        '{"schema":"machi.card/1","ok":true,"words":""}',
        '{"schema":"machi.card.holder/1","ok":false,"words":"no"}',
        '{"schema":"machi.card.holder/1","ok":true,"words":"","attributes":{"name":"a","address":"b","birth":"x","sex":"1"}}',
    ],
)
def test_what_is_no_card_of_a_holder_is_refused_and_shown_again(desk: Desk, wrong: str) -> None:
    answer = desk.browser.post("/residents/new", {"fill": "1", "holder": wrong})
    assert answer.status_code == CONFLICT
    assert "まだ何もしていません" in answer.text
    assert 'id="from-card"' in answer.text
    if wrong:
        assert desk.browser.post("/residents/new", JIRO | {"holder": wrong}).status_code == CONFLICT


def test_a_held_card_finds_its_holder_and_nobody_without_a_reason(desk: Desk) -> None:
    answer = desk.search("", reading=pasted(1))
    assert (answer.status_code, answer.headers["location"]) == (SEE_OTHER, f"{desk.home}{ASKED}")
    assert "なぜ" in desk.browser.post("/residents", {"words": "", "reading": pasted(1)}).text
    assert "まだ だれにも結ばれていません" in desk.search("", reading=pasted(7)).text
    assert "使えません" in desk.search("", reading="{").text
    assert desk.looks() == [], "no name was shown yet"


def test_a_namesake_is_another_person_only_if_the_clerk_says_so(desk: Desk) -> None:
    same = {"name": "高橋 花子", "kana": "たかはし はなこ", "birth": "S29.3.2", "address": "灯台町3"}
    answer = desk.browser.post("/residents/new", same)
    assert answer.status_code == CONFLICT
    assert f'href="{desk.home}"' in answer.text
    assert 'name="another"' in answer.text
    assert desk.browser.post("/residents/new", same | {"another": "1"}).status_code == SEE_OTHER
    assert desk.hanako[:4] in desk.browser.get("/residents/doubles").text


def test_a_childs_form_is_filled_in_from_its_guardian_and_that_is_noted(desk: Desk) -> None:
    page = desk.browser.get(f"/residents/new{ASKED}&guardian={desk.hanako}").text
    assert f'value="{HANAKO.address}"' in page
    assert [one.why for one in desk.looks()] == ["子どもの登録(窓口の手続き)"]
    assert HANAKO.name not in desk.browser.get(f"/residents/new?guardian={desk.hanako}").text


def test_cards_are_lost_found_renewed_and_given_back(desk: Desk) -> None:
    said = desk.did("card-end", card=desk.card, end="lost")
    assert "カードを止めました" in said
    assert "紛失" in said
    desk.did("card-found", card=desk.card)
    asks = desk.do("card-renew", card=desk.card, reading=pasted(2))
    assert asks.status_code == OK
    assert HANAKO.name in asks.text, "the clerk sees whose it is"
    assert desk.standing().active == (desk.card,), "nothing was done yet"
    desk.did("card-renew", card=desk.card, reading=pasted(2), sure="1")
    (new,) = desk.standing().active
    assert desk.standing().cards[desk.card].into == new
    assert "移しました" in desk.did("card-move", card=desk.card)
    assert desk.do("card-move", card=new).status_code == CONFLICT
    assert "RSD-016" in desk.do("card-add", reading=pasted(1), form="card").text
    assert "(RSD-011)" in desk.do("card-add", home_of(desk, KICHI), reading=pasted(2), form="card").text
    assert desk.do("card-add", reading="not a reading", form="card").status_code == CONFLICT
    assert desk.do("card-end", card=new, end="returned").status_code == OK
    desk.did("card-end", card=new, end="returned", sure="1")
    assert desk.standing().cards[new].ended is CardEnd.RETURNED


def home_of(desk: Desk, person: Person) -> str:
    return f"/residents/{desk.centre.registration.add(person, How.TYPED, BY)}"


def test_consent_and_preferences(desk: Desk) -> None:
    assert "同意を書きとめました" in desk.did("consent", program="visits", given="yes")
    assert desk.standing().agrees_to("visits")
    desk.did("consent", program="visits", given="no")
    assert not desk.standing().agrees_to("visits")
    assert "(RSD-020)" in desk.do("consent", program="horoscopes", given="yes").text
    assert "声あり・大きな字・やさしい日本語" in desk.did("prefer", voice="1", large="1", lang="easy")


def test_leaving_is_asked_again_and_can_be_taken_back(desk: Desk) -> None:
    for left, cards in ((Leaving.MOVED, 1), (Leaving.ENDED, 1), (Leaving.DIED, 0)):
        desk.did("consent", program="visits", given="yes")
        asks = desk.do("leave", left=left)
        assert 'name="sure"' in asks.text
        assert desk.standing().left is Leaving.HERE
        assert "日付は" in desk.do("leave", left=left, day="あした", sure="1").text
        desk.did("leave", left=left, day="R8.11.30", sure="1")
        was = desk.standing()
        assert (was.left, was.left_day, len(was.active)) == (left, "2026-11-30", cards)
        assert not was.agrees_to("visits")
        assert "(RSD-015)" in desk.do("prefer", lang="ja").text
        assert "登録中" in desk.did("leave", left="here")


def test_two_files_are_compared_before_they_become_one(desk: Desk) -> None:
    again = desk.centre.registration.add(Person("高橋花子", "タカハシハナコ", "灯台町7", HANAKO.birth), How.TYPED, BY,
                                         is_another=True)  # fmt: skip
    asks = desk.do("merge", other=again[:8])
    assert HANAKO.address in asks.text
    assert "灯台町7" in asks.text
    assert {one.holder for one in desk.looks()} == {desk.hanako, again}
    assert "(RSD-010)" in desk.do("merge", other="ffffffff").text
    desk.did("merge", other=again, sure="1")
    assert desk.centre.registration.resolve(again) == desk.hanako


def test_the_sheet_has_what_is_known_and_is_noted(desk: Desk) -> None:
    page = desk.browser.get(f"{desk.home}/sheet?why=paper").text
    for words in (HANAKO.name, HANAKO.address, desk.card[:8], "署名"):
        assert words in page
    assert [one.why for one in desk.looks()] == ["控え(申込書・届出の処理)"]


def test_what_is_no_act_is_not_there(desk: Desk) -> None:
    assert desk.do("erase").status_code == NOT_FOUND
    assert desk.browser.get("/residents/zzz?why=counter").status_code == NOT_FOUND


def test_no_entry_and_no_address_holds_a_name(desk: Desk) -> None:
    desk.did("change", name="髙橋　花江", kana="たかはし はなえ", birth="S29.3.2", address="灯台町5", sex="2")
    assert desk.centre.registration.show(desk.hanako, BY, "test").person == Person(
        "髙橋　花江", "タカハシ ハナエ", "灯台町5", HANAKO.birth, "2"
    )
    with store.reading(desk.centre.engine) as connection:
        packed = connection.exec_driver_sql("SELECT group_concat(said) FROM resident_act").scalar_one()
    assert not re.search("花|ハナ|灯台町", packed)


# ---- who looked, who changed


def test_those_who_watch_see_who_looked_and_no_name(desk: Desk) -> None:
    desk.search("たか")
    desk.did("card-end", card=desk.card, end="lost")
    desk.come_as(Role.AUDITOR)
    page = desk.browser.get("/audit").text
    for words in (BY, "検索(窓口の手続き)", "カードを止めました(紛失", desk.hanako[:4]):
        assert words in page
    assert "花子" not in page
    assert f'href="{desk.home}"' not in page, "an auditor opens no file"
    assert desk.browser.get(re.findall(r'href="(/entries/[^"]*)"', page)[0]).status_code == OK
    looks = [one.why for one in desk.looks()]
    assert "検索" not in desk.browser.get("/audit?by=jiro").text
    assert "検索" in desk.browser.get(f"/audit?by={BY}&of={desk.hanako[:8]}&since=S29.3.2").text
    assert "検索" not in desk.browser.get("/audit?until=1954-03-02").text
    for wrong in ("/audit?of=ffffffff", "/audit?since=きのう", "/audit.csv?since=きのう"):
        assert desk.browser.get(wrong).status_code == CONFLICT
    assert [one.why for one in desk.looks()] == looks, "to watch is no look at a name"


def test_the_table_of_it_is_for_spreadsheets_and_runs_nothing(desk: Desk) -> None:
    desk.browser.get(f"{desk.home}?why=other&because=%3D1%2B1")
    desk.come_as(Role.OFFICER)
    lines = desk.browser.get("/audit.csv").text.splitlines()
    assert lines[0].lstrip("\ufeff").startswith("what,at,by,holder")
    assert any(f",{BY},{desk.hanako},'=1+1," in line for line in lines)


def test_the_register_of_files_is_drawn_once_the_town_has_said_what_it_is_for(desk: Desk) -> None:
    desk.come_as(Role.AUDITOR)
    lacking = desk.browser.get("/audit/register.pdf")
    assert (lacking.status_code, "[registration]" in lacking.text) == (CONFLICT, True)
    page = desk.browser.get("/audit").text
    assert ("[registration]" in page, "register.pdf" in page) == (True, False), "no link leads nowhere"
    desk.centre.letterhead = Office("灯台町", "00-1234", "町民課", "灯台町1", ("サービスのため",))
    assert "register.pdf" in desk.browser.get("/audit").text
    drawn = desk.browser.get("/audit/register.pdf")
    assert drawn.content.startswith(b"%PDF")


def test_reasons_fit_into_an_entry() -> None:
    assert all(0 < len(say.ja) < 30 for say in REASONS.values())
