"""The officers decide on the console: who may do what, what is refused, and what the page says of plans and touches."""

import random
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from programs.points.activating import propose
from programs.points.drafts import ADDRESS_MAX, address, read_address
from programs.points.entries import Plan, Rule
from sync.accounts import Role
from sync.days import written
from sync.messages import Report
from tests.central.visiting import Browser, person, signed_in
from tests.programs.points.hall import CARD, Hall

OK, SEE_OTHER, FORBIDDEN, NOT_FOUND, CONFLICT = (httpx.codes(code) for code in (200, 303, 403, 404, 409))
TEN = Rule("ten", 10, places=("library",))


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    opened = Hall(f"sqlite:///{tmp_path / 'town.db'}")
    yield opened
    opened.centre.engine.dispose()


@pytest.fixture
def browser(hall: Hall) -> Iterator[Browser]:
    with Browser(hall.centre) as one:
        yield one


def come_as(browser: Browser, name: str, *which: Role) -> None:
    """Sit down at the browser as somebody, in a role; an officer, if none is given."""
    (browser.cookie,) = signed_in(browser.gate, which or (Role.OFFICER,), name).values()


def seen(browser: Browser, path: str = "/points") -> str:
    """Return a page's words, without its marks, when all that was written is added up."""
    browser.centre.reconciler.catch_up()
    answer = browser.get(path)
    assert answer.status_code == OK
    return plain(answer)


def plain(answer: httpx.Response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", answer.text))


# ---- what is shown


def test_the_page_says_what_counts_what_comes_and_who_has_heard_of_it(hall: Hall, browser: Browser) -> None:
    come_as(browser, "hanako")
    assert "まだ規則がありません" in seen(browser)
    hall.arrives(hall.touched((hall.today, "10:00")))
    hall.sleep()
    hall.decide(TEN, good_months=12)
    come_as(browser, "hanako")
    page = seen(browser)
    assert "libraryで タッチすると 10ポイント、1人 1日1回。" in page
    assert "提案 山田 ・ 承認 佐藤" in page
    assert "翌月から 12か月" in page
    assert "伝えた端末 0/1" in page
    assert "1台に届いていません(RUL-012)" in page
    hall.centre.intake.holdings(hall.pens["library01"].peer, Report(), "07")
    page = seen(browser)
    assert "伝えた端末 1/1" in page
    assert "RUL-012" not in page
    propose(hall.centre, Plan(hall.today + 9, (TEN, Rule("more", 5))), "yamada")
    page = seen(browser)
    assert f"{written(hall.today + 9)} からの提案を見る" in page
    assert "承認を待っている提案が 1件" in page
    hall.sleep(9)
    come_as(browser, "hanako")
    assert "期限切れ" in seen(browser)


def test_a_proposal_says_what_it_changes_and_what_it_would_have_given_last_month(hall: Hall, browser: Browser) -> None:
    hall.arrives(hall.touched((hall.today - 1, "10:00"), (hall.today - 1, "11:00"), (hall.today, "10:00")))
    hall.decide(TEN, Rule("hall", 5, places=("hall",)))
    hall.sleep(30)
    rules = (Rule("ten", 20, places=("library",), budget=30), Rule("once", 3), Rule("new", 50, first_visit=True))
    made = propose(hall.centre, Plan(hall.today + 1, rules), "yamada")
    come_as(browser, "sato")
    page = seen(browser, f"/points?proposal={made.id}")
    assert "の記録に当てると、1人に 96ポイント、96円です。" in page
    assert "Last month it would have given 96 points (¥96) to 1 of 1 people who touched" in page
    assert "予算をこえる見込みです(RUL-011)" in page
    assert "133% / 30" in page
    assert "日付が重なる規則があります(RUL-010)。1回のタッチに両方のポイントが付くことがあります: 規則1と規則2 " in page
    changed = page[page.index("変わること") :]
    assert changed.index("増える規則") < changed.index("変わる規則") < changed.index("なくなる規則")
    assert "libraryで タッチすると 10ポイント、1人 1日1回。libraryで タッチすると 20ポイント" in changed
    assert browser.get("/points?proposal=000000000000").status_code == NOT_FOUND
    assert CARD not in page


# ---- who may


def test_an_officer_activates_what_another_account_proposed_and_nobody_his_own(hall: Hall, browser: Browser) -> None:
    made = propose(hall.centre, Plan(hall.today + 1, (TEN,)), "hanako")
    asked = f"/points?proposal={made.id}"
    come_as(browser, "hanako")
    assert "別の担当者がしてください" in seen(browser, asked)
    answer = browser.post("/points/activate", {"proposal": made.id})
    assert answer.status_code == CONFLICT
    assert "まだ何もしていません。 hanako さんが提案しました" in plain(answer)
    assert "承認を待っている提案が 1件" in seen(browser)
    for role in (Role.CLERK, Role.TREASURER, Role.AUDITOR):
        come_as(browser, "jiro", role)
        assert "担当者が承認します" in seen(browser, asked)
        assert browser.post("/points/activate", {"proposal": made.id}).status_code == FORBIDDEN
    come_as(browser, "sato")
    assert 'action="/points/activate"' in browser.get(asked).text
    answer = browser.post("/points/activate", {"proposal": made.id})
    assert (answer.status_code, answer.headers["location"]) == (SEE_OTHER, "/points")
    assert "提案 hanako ・ 承認 sato" in seen(browser)
    assert "承認ずみ" in seen(browser, asked)
    assert "もう承認されています" in plain(browser.post("/points/activate", {"proposal": made.id}))
    assert "はありません" in plain(browser.post("/points/activate", {"proposal": "f" * 12}))


def test_a_proposal_whose_day_has_come_is_activated_by_nobody(hall: Hall, browser: Browser) -> None:
    made = propose(hall.centre, Plan(hall.today + 1, (TEN,)), "hanako")
    hall.sleep()
    come_as(browser, "sato")
    page = browser.get(f"/points?proposal={made.id}")
    assert "もう承認できません" in page.text
    assert 'action="/points/activate"' not in page.text
    answer = browser.post("/points/activate", {"proposal": made.id})
    assert answer.status_code == CONFLICT
    assert "以降にしてください" in plain(answer)


# ---- a draft


def link(page: str, text: str) -> str:
    """Return where a link of a page leads that begins with these words."""
    found = re.search(rf'href="([^"]+)">{text}', page)
    assert found, text
    return found[1].replace("&amp;", "&")


def follow(browser: Browser, answer: httpx.Response) -> str:
    """Return the page to which somebody is sent who did something."""
    assert answer.status_code == SEE_OTHER, plain(answer)
    return browser.get(answer.headers["location"]).text


def hidden(page: str) -> dict[str, str]:
    """Return what the last form of a page sends along without being seen."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page[max(page.rfind("<form class"), 0) :]))


def test_an_officer_writes_a_draft_by_fields_tries_it_and_proposes_it(hall: Hall, browser: Browser) -> None:
    hall.decide(TEN, Rule("hall", 5, places=("hall",)))
    come_as(browser, "hanako")
    page = browser.get(link(seen_raw(browser), "下書きを書く")).text
    page = browser.get(link(page, "変える")).text
    assert 'name="place-library" value="on" checked' in page
    sent = {**hidden(page), "points": "１５", "place-hall": "on", "place-library": "on", "from_time": "09:00"}
    page = follow(browser, browser.post("/points/change", {**sent, "weekday-0": "on", "budget": "12,000"}))
    assert "まだ提案していません" in page
    assert "library・hallで 月曜日の9:00〜24:00に タッチすると 15ポイント、1人 1日1回、予算 12,000。" in page
    page = browser.get(link(page, "規則を足す")).text
    page = follow(browser, browser.post("/points/change", {**hidden(page), "points": "50", "first_visit": "on"}))
    assert "その場所に初めて来たとき" in page
    dropped = re.findall(r'href="([^"]+)">やめる', page)[1]
    page = browser.get(dropped).text
    assert "なくなる規則" in page
    draft = hidden(page[: page.index('id="as-text"')])["draft"]
    plan = read_address(draft)
    assert plan is not None
    assert plan.rules == (
        Rule("ten", 15, ("library", "hall"), weekdays=(0,), from_minute=540, budget=12_000),
        Rule("rule-1", 50, first_visit=True),
    )
    starts = written(hall.today + 3)
    page = follow(browser, browser.post("/points/propose", {"draft": draft, "starts": starts, "good_months": "6"}))
    assert f"{starts} からの提案" in page
    assert "提案しました" in page
    assert "翌月から 6か月" in page
    assert "承認は、別の担当者がしてください" in page


def seen_raw(browser: Browser) -> str:
    seen(browser)
    return browser.get("/points").text


def test_a_screen_that_locks_meanwhile_comes_back_to_the_draft(hall: Hall, browser: Browser) -> None:
    who = person(hall.centre, "hanako", (Role.OFFICER,))
    browser.sign_in(who)
    asked = f"/points?draft={address(Plan(hall.today + 1, (TEN, Rule('hall', 5, places=('hall',)))))}"
    browser.post("/lock")
    to_unlock = browser.get(asked)
    assert to_unlock.status_code == SEE_OTHER
    page = browser.get(to_unlock.headers["location"]).text
    answer = browser.post("/unlock", {**hidden(page), "password": who.password})
    assert answer.headers["location"] == asked
    assert "libraryで" in browser.get(asked).text


def test_what_cannot_be_is_refused_in_words_and_nothing_that_was_typed_is_lost(hall: Hall, browser: Browser) -> None:
    come_as(browser, "hanako")
    draft = address(Plan(hall.today + 1, (TEN,)))
    typed = {"draft": draft, "rule": "ten", "points": "many", "to_time": "25:00", "weekday-6": "on", "event": "祭り<b>"}
    answer = browser.post("/points/change", typed | {"from": "2026-12-09", "streak": "99"})
    assert answer.status_code == CONFLICT
    for words in ("「ポイント」: 1〜10,000 の数", "「何時まで」: 時刻は 9:00", "「続けて何日目」: 1〜31 の数"):
        assert words in plain(answer)
    for kept in ('value="many"', 'name="weekday-6" value="on" checked', "祭り&lt;b&gt;", 'value="2026-12-09"'):
        assert kept in answer.text
    assert 'name="place-library" value="on" checked' not in answer.text, "what was typed, and not what was there"
    contrary = {"points": "10", "person_month": "9", "from": "2026-12-09", "to": "2026-12-08"}
    said = plain(browser.post("/points/change", {"draft": draft, "rule": "ten", **contrary, "to_time": "0:00"}))
    for words in ("誰も受け取れません", "はじめの日より前です", "はじまりより後の時刻"):
        assert words in said
    answer = browser.post("/points/take", {"draft": draft, "text": 'starts = soon\n[[rule]]\nid = "<r>"'})
    assert answer.status_code == CONFLICT
    assert "直すところが 1か所" in plain(answer)
    assert "id = &#34;&lt;r&gt;&#34;</textarea>" in answer.text
    answer = browser.post("/points/propose", {"draft": draft, "starts": written(hall.today)})
    assert "始まる日(starts)は明日" in plain(answer)
    assert f'value="{written(hall.today)}"' in answer.text
    assert "始まる日は 2026-12-01 のように" in plain(
        browser.post("/points/propose", {"draft": draft, "starts": "soon"})
    )
    for act in ("change", "propose"):
        assert "下書きがありません" in plain(browser.post(f"/points/{act}"))
    assert browser.get("/points?draft=AAAA").status_code == NOT_FOUND
    assert browser.get(f"/points?draft={draft}&rule=other").status_code == NOT_FOUND
    assert "承認を待っている" not in seen(browser)


def test_a_plan_is_taken_as_the_text_that_the_command_takes(hall: Hall, browser: Browser) -> None:
    come_as(browser, "hanako")
    draft = address(Plan(hall.today + 1, ()))
    text = 'starts = 2027-04-01\n[[rule]]\nid = "ten"\npoints = 10\non = [2027-04-03]\nevent = "春まつり"\n'
    page = follow(browser, browser.post("/points/take", {"draft": draft, "text": text}))
    assert "どこでも 「春まつり」の日2027-04-03に" in page.replace("の2027", "2027")
    assert 'value="2027-04-01"' in page
    rules = "".join(f'[[rule]]\nid = "r{n}"\npoints = {n + 1}\nevent = "{n * 7919}"\n' for n in range(40))
    fits = browser.post("/points/take", {"draft": draft, "text": f"starts = 2027-04-01\n{rules}"})
    assert len(fits.headers["location"]) < ADDRESS_MAX, "as many rules as a plan may have"
    noise = random.Random(1)  # noqa: S311 - not a secret
    events = ["".join(chr(noise.randrange(0x4E00, 0x9FA0)) for _ in range(390)) for _ in range(12)]
    rules = "".join(f'[[rule]]\nid = "r{n}"\npoints = 1\nevent = "{name}"\n' for n, name in enumerate(events))
    answer = browser.post("/points/take", {"draft": draft, "text": f"starts = 2027-04-01\n{rules}"})
    assert answer.status_code == CONFLICT
    assert "画面で扱うには大きすぎます" in plain(answer)
    assert events[-1] in answer.text


def test_a_new_rule_has_a_name_that_none_ever_had(hall: Hall, browser: Browser) -> None:
    hall.decide(Rule("rule-1", 5))
    propose(hall.centre, Plan(hall.today + 1, (Rule("rule-2", 5),)), "yamada")
    hall.centre.reconciler.catch_up()
    come_as(browser, "hanako")
    typed = {"draft": address(Plan(hall.today + 1, (TEN,))), "new": "ten", "points": "7"}
    page = follow(browser, browser.post("/points/change", typed))
    plan = read_address(hidden(page)["draft"])
    assert plan is not None
    assert plan.rules == (TEN, Rule("rule-3", 7))


def test_only_an_officer_writes_drafts_and_no_form_from_elsewhere_is_taken(hall: Hall, browser: Browser) -> None:
    draft = address(Plan(hall.today + 1, (TEN,)))
    come_as(browser, "jiro", Role.AUDITOR)
    assert "下書きを書く" not in seen(browser)
    sight = browser.get(f"/points?draft={draft}").text
    assert "libraryで" in sight
    assert "変える" not in sight
    assert "<form class" not in sight
    for act in ("change", "take", "propose", "activate"):
        assert browser.post(f"/points/{act}", {"draft": draft}).status_code == FORBIDDEN
    come_as(browser, "hanako")
    sent = {"draft": draft, "starts": written(hall.today + 1)}
    assert browser.post("/points/propose", {**sent, "token": "no"}).status_code == FORBIDDEN
    assert browser.post("/points/propose", sent, origin="https://elsewhere.example").status_code == FORBIDDEN
    assert "承認を待っている" not in seen(browser)
    answer = browser.post("/points/propose", sent)
    assert "✓</b> 提案しました" in follow(browser, answer)
    assert "✓</b> 提案しました" not in browser.get(answer.headers["location"]).text, "it is told once"


# ---- one touch


def test_the_desk_says_why_a_touch_got_its_points(hall: Hall, browser: Browser) -> None:
    hall.decide(TEN, Rule("hall", 5, places=("hall",)))
    entry = hall.arrives(hall.touched((hall.today, "10:00"), (hall.today, "11:00")))
    come_as(browser, "jiro", Role.CLERK)
    seen(browser)
    page = plain(browser.get(link(browser.get(f"/entries/{entry}").text, "なぜ何ポイント")))
    assert "このタッチは 10ポイント" in page
    assert "○ 付いた yes +10ポイント +10 points libraryで" in page
    assert "－ なし no 場所がちがいます(対象は hall)" in page
    again = seen(browser, f"/points?entry={entry[:-1]}3")
    assert "このタッチは 0ポイント" in again
    assert "この日はもう付いています" in again
    assert "まだ届いていません" in seen(browser, f"/points?entry={entry[:-1]}9")
    assert "ポイントは付きません" in seen(browser, f"/points?entry={entry[:-1]}1")
    assert "端末/起動/番号 の形です" in seen(browser, "/points?entry=nonsense")
    assert "なぜ何ポイント" not in browser.get(f"/entries/{entry[:-1]}1").text, "which is no touch"
    come_as(browser, "jiro", Role.TECHNICIAN)
    assert browser.get(f"/points?entry={entry}").status_code == FORBIDDEN
