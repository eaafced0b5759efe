"""A card at the clerk's desk: what it signed is taken, whose it is, and what is refused keeps it."""

import json

import pytest

from tests.central.desk import (
    ASKED,
    CONFLICT,
    HANAKO,
    JIRO,
    OK,
    SEE_OTHER,
    Desk,
    pasted,
    signed,
)


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
