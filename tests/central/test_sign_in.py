"""Who comes in at the console, for how long, and who does not: by what a browser sends, in this very process."""

import httpx
import msgspec
import pytest

from central import totp
from central.centre import Centre
from central.console.gate import AGAIN
from central.console.sessions import IDLE_MS, LOCK_MS, WHOLE_MS, WRONG_MAX
from central.doorkeeper import ALL_EVERY_MS, ALL_TRIES, EVERY_MS, TRIES, AccountError
from sync.accounts import CameIn, Left, Refused, Role, Scope, TurnedAway, WentOut
from sync.entries import encode
from tests.central.visiting import PASSWORD, Browser, Person, forget, pass_by, person, take

FORBIDDEN, SEE_OTHER, UNAUTHORIZED = httpx.codes.FORBIDDEN, httpx.codes.SEE_OTHER, httpx.codes.UNAUTHORIZED
CLERK = (Role.CLERK,)
_S = 1_000


def last(browser: Browser, count: int = 1) -> list[object]:
    return list(browser.noted()[-count:])


# ---- coming in


def test_a_name_a_password_and_six_digits_let_somebody_in_and_it_is_written_down(
    hanako: Person, browser: Browser
) -> None:
    asked = browser.get("/units/lib01?x=1")
    assert asked.status_code == SEE_OTHER
    ahead = httpx.URL(asked.headers["location"]).params["next"]
    assert ahead == "/units/lib01?x=1"
    done = browser.sign_in(hanako, next=ahead)
    assert (done.status_code, done.headers["location"]) == (SEE_OTHER, ahead)
    assert browser.is_in()
    (came,) = last(browser)
    assert isinstance(came, CameIn)
    assert came.name == "hanako"
    assert browser.post("/sign-out").headers["location"] == "/sign-in"
    assert not browser.is_in()
    assert last(browser) == [WentOut("hanako", came.number, Left.SAID)]


def test_a_japanese_keyboard_may_be_set_to_wide_letters(hanako: Person, browser: Browser) -> None:
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    typed = {"name": "ＨＡＮＡＫＯ", "digits": hanako.digits().translate(wide)}
    browser.sign_in(hanako, **typed)
    assert browser.is_in()


@pytest.mark.parametrize(
    "wrong", [{"password": "another one, and long"}, {"digits": "000000"}, {"name": "jiro"}, {"password": ""}]
)
def test_whatever_is_wrong_the_answer_is_the_same(hanako: Person, browser: Browser, wrong: dict[str, str]) -> None:
    answer = browser.sign_in(hanako, **wrong)
    assert answer.status_code == UNAUTHORIZED
    assert "どれかが違います" in answer.text
    assert PASSWORD not in answer.text
    assert not browser.is_in()
    assert last(browser) == [TurnedAway(Refused.WRONG, "" if "name" in wrong else "hanako")]


def test_digits_are_good_once_and_for_a_minute(hanako: Person, browser: Browser) -> None:
    used = hanako.digits()
    browser.sign_in(hanako)
    assert browser.is_in()
    assert browser.sign_in(hanako, digits=used).status_code == UNAUTHORIZED
    assert browser.sign_in(hanako, digits=hanako.digits(later=1)).status_code == SEE_OTHER
    old = hanako.digits()
    pass_by(hanako.centre, 90 * _S)
    assert browser.sign_in(hanako, digits=old).status_code == UNAUTHORIZED


def test_nobody_is_sent_elsewhere_after_signing_in(hanako: Person, browser: Browser) -> None:
    for ahead in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        forget(hanako.centre)
        assert browser.sign_in(hanako, next=ahead).headers["location"] == "/"


@pytest.mark.threat(
    "guessed password at the console",
    control="Besides the password, six digits from a phone are needed, each good once. After five wrong tries an "
    "account gets one more every half minute, whoever tries, and all accounts together one every two seconds after "
    "thirty; each is written into the town's journal, and the answer says neither what was wrong nor whether there is "
    "such an account. Passwords are kept as Argon2id under a key that the database does not hold.",
    residual="Somebody who keeps trying can keep the owner waiting, too; sessions that are open go on. Tries are "
    "counted by the running process: after a restart the count begins anew. Digits can be asked for by a page that "
    "looks like the console; passkeys cannot, for whoever has one.",
)
def test_guessing_is_slow_whatever_is_guessed(hanako: Person, browser: Browser) -> None:
    for _ in range(TRIES):
        assert browser.sign_in(hanako, digits="000000").status_code == UNAUTHORIZED
    for _ in range(2):
        refused = browser.sign_in(hanako)
        assert refused.status_code == httpx.codes.TOO_MANY_REQUESTS
        assert refused.headers["retry-after"] == "30"
    assert not browser.is_in()
    assert last(browser, 2) == [TurnedAway(Refused.WRONG, "hanako"), TurnedAway(Refused.OFTEN, "hanako")]
    pass_by(hanako.centre, EVERY_MS)
    browser.sign_in(hanako)
    assert browser.is_in()


@pytest.mark.threat("guessed password at the console")
def test_many_names_are_no_way_around_it(town: Centre, browser: Browser) -> None:
    forget(town)
    nobody = Person(town, "nobody", b"")
    for number in range(ALL_TRIES):
        town.doorkeeper.may_try(f"nobody{number}")  # as a try does, without the time that a password takes
    assert browser.sign_in(nobody).status_code == httpx.codes.TOO_MANY_REQUESTS
    pass_by(town, ALL_EVERY_MS)
    assert browser.sign_in(nobody).status_code == UNAUTHORIZED


def test_a_password_that_was_typed_as_a_name_is_written_nowhere(hanako: Person, browser: Browser) -> None:
    browser.sign_in(hanako, name="correct-horse-battery")
    assert all(b"correct-horse" not in encode(entry) for segment in take(hanako.centre) for entry in segment)


# ---- staying


def test_a_screen_that_nobody_uses_is_locked_and_opened_by_the_password(hanako: Person, browser: Browser) -> None:
    browser.sign_in(hanako)
    pass_by(hanako.centre, LOCK_MS // 2)
    assert browser.get("/units/lib01").status_code == httpx.codes.NOT_FOUND  # somebody does something
    pass_by(hanako.centre, LOCK_MS // 2)
    assert browser.get("/session", **{AGAIN: "1"}).status_code == httpx.codes.NO_CONTENT  # this is the page alone
    pass_by(hanako.centre, LOCK_MS // 2 + 1)
    assert browser.get("/session").status_code == UNAUTHORIZED
    assert browser.get("/api/units").status_code == UNAUTHORIZED
    assert browser.get("/incidents").headers["location"] == "/unlock?next=%2Fincidents"
    page = browser.get("/unlock?next=%2Fincidents")
    assert "hanako" in page.text
    assert "data-arrivals" not in page.text
    assert browser.post("/unlock", {"password": "wrong", "next": "/incidents"}).status_code == UNAUTHORIZED
    opened = browser.post("/unlock", {"password": PASSWORD, "next": "/incidents"})
    assert opened.headers["location"] == "/incidents"
    assert browser.is_in()


def test_a_screen_can_be_locked_by_hand_and_left_to_somebody_else(hanako: Person, browser: Browser) -> None:
    browser.sign_in(hanako)
    browser.post("/lock")
    assert not browser.is_in()
    jiro = person(hanako.centre, "jiro", CLERK)
    browser.post("/sign-out")
    browser.sign_in(jiro)
    assert browser.is_in()
    assert "jiro" in browser.get("/me").text


def test_wrong_passwords_at_the_lock_end_the_session(hanako: Person, browser: Browser) -> None:
    browser.sign_in(hanako)
    browser.post("/lock")
    for _ in range(WRONG_MAX):
        browser.post("/unlock", {"password": "somebody else's guess"})
    assert browser.get("/").headers["location"].startswith("/sign-in")
    gone = last(browser)[0]
    assert isinstance(gone, WentOut)
    assert gone.why is Left.WRONG


def test_a_session_ends_by_itself(hanako: Person, browser: Browser) -> None:
    browser.sign_in(hanako)
    pass_by(hanako.centre, IDLE_MS + 1)
    assert browser.get("/").headers["location"].startswith("/sign-in"), "they have gone home"
    browser.sign_in(hanako)
    for _ in range(WHOLE_MS // LOCK_MS):
        assert browser.get("/me").status_code == httpx.codes.OK
        pass_by(hanako.centre, LOCK_MS)
    pass_by(hanako.centre, 1)
    assert browser.get("/me").headers["location"].startswith("/sign-in"), "a working day is over"


def test_who_is_signed_in_goes_on_after_a_restart_with_the_password(hanako: Person, browser: Browser) -> None:
    browser.sign_in(hanako)
    pass_by(hanako.centre, 1)
    hanako.centre.reconciler.catch_up()
    with Browser(hanako.centre) as again:
        again.cookie = browser.cookie
        assert not again.is_in()
        assert again.get("/").headers["location"].startswith("/unlock")
        again.post("/unlock", {"password": PASSWORD})
        assert again.is_in()
        again.post("/sign-out")
        hanako.centre.reconciler.catch_up()
        pass_by(hanako.centre, 1)
        with Browser(hanako.centre) as later:
            for cookie in (browser.cookie, again.cookie):
                later.cookie = cookie
                assert later.get("/").headers["location"].startswith("/sign-in"), "whoever signed out is out"


@pytest.mark.parametrize("what", [{"roles": ()}, {"roles": CLERK}, {"secret": "AAAA"}])
def test_what_is_said_of_an_account_counts_at_once(hanako: Person, browser: Browser, what: dict[str, object]) -> None:
    browser.sign_in(hanako)
    assert browser.is_in()
    hanako.centre.doorkeeper.change("hanako", "root", lambda said: msgspec.structs.replace(said, **what))
    assert not browser.is_in()
    assert browser.get("/").headers["location"].startswith("/sign-in")


# ---- what is kept


def test_a_password_that_is_tried_first_is_not_taken(town: Centre) -> None:
    for bad in ("short", "123456789012", "aaaaaaaaaaaaaaa", "my name is Hanako", "a" * 200):
        with pytest.raises(AccountError):
            town.doorkeeper.kept("hanako", bad)


def test_the_digits_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B, its last six of eight digits."""
    secret = b"12345678901234567890"
    for second, digits in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert totp.code(secret, totp.step_of(second * _S)) == digits
    assert totp.address(secret, "machitap todai", "hanako") == (
        "otpauth://totp/machitap%20todai%3Ahanako?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=machitap%20todai"
    )


def test_a_tool_shows_its_token_and_reads(town: Centre) -> None:
    token, kept = town.doorkeeper.new_token("board")
    town.doorkeeper.change(
        "board", "root", lambda said: msgspec.structs.replace(said, scopes=(Scope.UNITS,), token=kept)
    )
    with Browser(town) as one:
        assert one.get("/api/units", Authorization=f"Bearer {token}").status_code == httpx.codes.OK
        assert one.get("/api/entries", Authorization=f"Bearer {token}").status_code == FORBIDDEN
        for wrong in (token[:-1], "board", "", f"hanako.{token.partition('.')[2]}", "board." + "0" * 64):
            assert one.get("/api/units", Authorization=f"Bearer {wrong}").status_code == UNAUTHORIZED
        town.doorkeeper.change("board", "root", lambda said: msgspec.structs.replace(said, scopes=(), token=None))
        assert one.get("/api/units", Authorization=f"Bearer {token}").status_code == UNAUTHORIZED
