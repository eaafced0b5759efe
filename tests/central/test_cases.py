"""A case, from its opening to its end: one person works on it, everything is noted, and nothing is forged."""

from collections.abc import Iterator

import httpx
import msgspec
import pytest

from programs.coin.settlement import disputes
from programs.coin.settlement.calendar import day_of
from programs.coin.settlement.facts import DisputeJudged, Reason
from sync.accounts import Role
from sync.entries import EntryId
from tests.central.pen import Pen
from tests.central.street import Street
from tests.central.visiting import Browser

CONFLICT, FORBIDDEN, NOT_FOUND, OK, SEE_OTHER = 409, 403, 404, httpx.codes.OK, httpx.codes.SEE_OTHER


@pytest.fixture
def url(shared_url: str) -> str:
    return shared_url


@pytest.fixture
def office(street: Street) -> Iterator[tuple[Browser, str]]:
    """A browser of a treasurer, and an entry that somebody says is wrong."""
    entry = f"fish01/{street.sold('fish', 1280)}"
    street.centre.reconciler.catch_up()
    with Browser(street.centre) as browser:
        browser.come_as(Role.TREASURER)
        yield browser, entry


def do(browser: Browser, name: str, **form: str) -> httpx.Response:
    return browser.post(f"/reconciliation/{name}", form)


def test_a_case_from_its_opening_to_its_end(office: tuple[Browser, str]) -> None:
    browser, entry = office
    answer = do(browser, "open", entry=entry, because="二度引かれた")
    assert (answer.status_code, answer.headers["location"]) == (SEE_OTHER, "/reconciliation?case=1")
    assert "あなたが担当" not in browser.get("/reconciliation?case=1").text
    for note, due in (("レシートを見た", "2026-12-15"), ("別の買い物だった", "")):
        assert do(browser, "judge", case="1", reason="twice", note=note, due=due).status_code == SEE_OTHER
    page = browser.get("/reconciliation?case=1").text
    assert page.index("レシートを見た") < page.index("別の買い物だった")
    assert "期限" in page
    assert "&#34;yen&#34;:1280" in page
    assert do(browser, "close", case="1", outcome="2回の買い物だった").status_code == SEE_OTHER
    (case,) = disputes.disputes_of(browser.centre).values()
    assert (case.taken, case.reason, case.outcome, len(case.found)) == ("hanako", Reason.TWICE, "2回の買い物だった", 2)
    assert [one.by for one in case.found] == ["hanako", "hanako"]
    assert "調べている件はありません" in browser.get("/reconciliation").text
    assert do(browser, "judge", case="1", reason="late").status_code == CONFLICT


def test_a_case_that_somebody_works_on_is_nobody_elses_unless_it_is_taken_over(office: tuple[Browser, str]) -> None:
    browser, entry = office
    do(browser, "open", entry=entry, because="二度引かれた")
    browser.come_as(Role.OFFICER, name="taro")
    for name, form in (("take", {}), ("leave", {}), ("judge", {"reason": "late"}), ("close", {"outcome": "済"})):
        answer = do(browser, name, case="1", **form)
        assert answer.status_code == CONFLICT, name
        assert "この件は別の職員(hanako)が作業中です" in answer.text
        assert "REC-011" in answer.text
    assert disputes.disputes_of(browser.centre)[1].taken == "hanako"
    assert do(browser, "take", case="1", over="yes").status_code == SEE_OTHER
    assert disputes.disputes_of(browser.centre)[1].taken == "taro"
    browser.come_as(Role.TREASURER)
    assert do(browser, "close", case="1", outcome="済").status_code == CONFLICT
    browser.come_as(Role.OFFICER, name="taro")
    assert do(browser, "leave", case="1").status_code == SEE_OTHER
    browser.come_as(Role.TREASURER)
    assert do(browser, "take", case="1").status_code == SEE_OTHER


def test_who_may_look_may_not_always_act(office: tuple[Browser, str]) -> None:
    browser, entry = office
    do(browser, "open", entry=entry, because="二度引かれた")
    for role, looks, acts in (
        (Role.OFFICER, True, True),
        (Role.TREASURER, True, True),
        (Role.AUDITOR, True, False),
        (Role.CLERK, False, False),
        (Role.TECHNICIAN, False, False),
    ):
        browser.come_as(role, name=f"{role}1")
        page = browser.get("/reconciliation?case=1")
        assert (page.status_code == OK) == looks, role
        assert ('action="/reconciliation/' in page.text) == acts, role
        status = do(browser, "judge", case="1", reason="late").status_code
        assert (status == FORBIDDEN) != acts, role


@pytest.mark.parametrize(
    ("name", "form", "says"),
    [
        ("open", {"entry": "nonsense", "because": "x"}, "端末/起動/番号"),
        ("open", {"entry": f"fish01/{'0' * 15}9/7", "because": "x"}, "まだ届いていません"),
        ("open", {"because": ""}, "ことばで書いて"),
        ("open", {"because": "1234 5678 9012 さんの件"}, "名前や番号を入れずに"),
        ("open", {"because": "あ" * 301}, "300文字まで"),
        ("judge", {"case": "1", "reason": "evil"}, "わけを えらんで"),
        ("judge", {"case": "1", "reason": "late", "due": "そのうち"}, "2026-12-15 のように"),
        ("judge", {"case": "", "reason": "late"}, "一覧から開きなおして"),
        ("close", {"case": "1", "outcome": " "}, "ことばで書いて"),
        ("close", {"case": "9", "outcome": "済"}, "ありません"),
        ("take", {"case": "9"}, "ありません"),
    ],
)
def test_what_cannot_be_noted_is_refused_in_words(
    office: tuple[Browser, str], name: str, form: dict[str, str], says: str
) -> None:
    browser, entry = office
    if "case" in form:
        do(browser, "open", entry=entry, because="二度引かれた")
    before = disputes.disputes_of(browser.centre)
    answer = do(browser, name, **({"entry": entry} | form))
    assert says in answer.text
    assert answer.status_code in (CONFLICT, NOT_FOUND)
    assert disputes.disputes_of(browser.centre) == before


def test_an_entry_is_looked_into_once_at_a_time(office: tuple[Browser, str]) -> None:
    browser, entry = office
    do(browser, "open", entry=entry, because="二度引かれた")
    again = do(browser, "open", entry=entry, because="二度引かれた")
    assert again.status_code == CONFLICT
    assert "もう 1番で調べています" in again.text
    do(browser, "close", case="1", outcome="済")
    assert do(browser, "open", entry=entry, because="また").headers["location"] == "/reconciliation?case=2"


def test_a_deadline_that_is_over_is_seen(street: Street) -> None:
    entry = EntryId.parse(f"fish01/{street.sold('fish', 1280)}")
    disputes.open_dispute(street.centre, entry, "二度引かれた")
    disputes.judge(street.centre, DisputeJudged(1, Reason.TWICE, "hanako", "", day_of("2026-11-30")))
    street.centre.reconciler.catch_up()
    with Browser(street.centre) as browser:
        for date, is_over in (("2026-11-30", False), ("2026-12-01", True)):
            street.on(date)
            browser.come_as(Role.TREASURER)
            assert ("すぎました" in browser.get("/reconciliation").text) == is_over, date


def test_what_others_than_the_office_say_of_a_case_is_hearsay(street: Street) -> None:
    name = street.sold("fish", 1280)
    disputes.open_dispute(street.centre, EntryId.parse(f"fish01/{name}"), "二度引かれた", "hanako")
    pen: Pen = street.pens["fish"]
    street.deliver(pen.write(DisputeJudged(1, Reason.OTHER, "mallory", "forged")))
    assert disputes.disputes_of(street.centre)[1].found == ()
    assert msgspec.structs.asdict(disputes.disputes_of(street.centre)[1])["taken"] == "hanako"
