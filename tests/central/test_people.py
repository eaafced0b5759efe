"""The clerk's desk on the console: who gets in, what is noted before a name is shown, what is refused and kept."""

import re

import httpx
import pytest
import sqlalchemy as sa

from central import store
from central.console.people.forms import REASONS
from central.residents.papers import Office
from central.residents.person import Person
from sync.accounts import Role
from sync.messages import OFFICE_STREAM
from sync.residents import CardEnd, How, Leaving
from tests.central.desk import (
    ASKED,
    BY,
    CONFLICT,
    HANAKO,
    JIRO,
    KICHI,
    NOT_FOUND,
    OK,
    SEE_OTHER,
    Desk,
    pasted,
)
from tests.central.pen import Pen, touch

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
