"""Who comes in by a passkey, and who does not: by what a browser sends, in this very process."""

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from central import passkeys, store
from central.assertions import RIDDLE_MS, NotBelievedError, Riddles, Site, made, riddle_in, signed, site_of
from central.centre import Centre
from central.doorkeeper import PASSKEYS_MAX
from central.world import SystemEntropy
from sync.accounts import CameIn, Refused, Role, TurnedAway
from sync.passkeys import PasskeyAdded, PasskeyUsed, number_of
from tests.central.authenticator import IS_COPIED, MAY_BE_COPIED, PRESENT, VERIFIED, Authenticator, client, raw, text
from tests.central.visiting import PASSWORD, Browser, Person, pass_by, person, signed_in

URL = "https://office.todai.example"
HOST = "office.todai.example"
CONFLICT, OK, SEE_OTHER, UNAUTHORIZED = (
    httpx.codes.CONFLICT,
    httpx.codes.OK,
    httpx.codes.SEE_OTHER,
    httpx.codes.UNAUTHORIZED,
)


@pytest.fixture
def office(town: Centre) -> Iterator[Browser]:
    with Browser(town, url=URL) as one:
        yield one


@pytest.fixture
def device() -> Authenticator:
    return Authenticator(credential=SystemEntropy().bytes(20))


def add(browser: Browser, who: Person, device: Authenticator, origin: str = URL) -> httpx.Response:
    """Register a passkey on the page."""
    if not browser.is_in():
        let_in(browser, who)
    asked = browser.post("/me/passkey/ask", {"password": PASSWORD})
    assert asked.status_code == OK, asked.text
    return browser.post("/me/passkey", device.make(asked.json(), origin) | {"shown": "窓口のパソコン"})


def asked(browser: Browser, path: str = "/sign-in/passkey") -> dict[str, Any]:
    browser.get("/sign-in")
    return dict(browser.get(path).json())


def come(browser: Browser, device: Authenticator, origin: str = URL) -> httpx.Response:
    return browser.post("/sign-in/passkey", device.sign(asked(browser), origin) | {"next": "/incidents"})


def registered(who: Person, device: Authenticator) -> str:
    """Let somebody have a passkey without typing anything; return its number."""
    named, public = text(device.credential), text(device.public)
    who.centre.doorkeeper.add_passkey(PasskeyAdded(who.name, named, public, HOST, "窓口のパソコン", device.uses))
    return number_of(named)


def let_in(browser: Browser, who: Person) -> None:
    """Let somebody be signed in without typing anything."""
    browser.http.cookies.clear()
    said = who.centre.doorkeeper.find(who.name).said
    assert said
    for name, value in signed_in(browser.gate, said.roles, who.name).items():
        browser.http.cookies.set(name, value, HOST, "/")


# ---- coming in


def test_somebody_registers_a_passkey_and_comes_in_by_it_alone(
    hanako: Person, office: Browser, device: Authenticator
) -> None:
    assert add(office, hanako, device).status_code == SEE_OTHER
    number = number_of(text(device.credential))
    office.post("/sign-out")
    done = come(office, device)
    assert (done.status_code, done.headers["location"]) == (SEE_OTHER, "/incidents")
    page = office.get("/me").text
    assert "窓口のパソコン" in page
    assert number[:8] in page
    came, used = office.noted()[-1], PasskeyUsed("hanako", number)
    assert isinstance(came, CameIn)
    assert came.name == "hanako"
    assert used in office.noted(PasskeyUsed)
    hanako.centre.reconciler.catch_up()
    assert "パスキーを使いました" in office.get("/visitors").text


def test_a_locked_screen_opens_by_a_passkey_of_the_same_account_only(
    hanako: Person, office: Browser, device: Authenticator
) -> None:
    jiro, other = person(hanako.centre, "jiro", (Role.CLERK,)), Authenticator(credential=SystemEntropy().bytes(20))
    registered(hanako, device)
    registered(jiro, other)
    let_in(office, jiro)
    office.post("/lock")
    options = asked(office, "/unlock/passkey")
    assert [one["id"] for one in options["allowCredentials"]] == [text(other.credential)]
    assert office.post("/unlock/passkey", device.sign(options, URL)).status_code == UNAUTHORIZED
    assert not office.is_in()
    before = office.cookie
    opened = office.post("/unlock/passkey", other.sign(asked(office, "/unlock/passkey"), URL))
    assert opened.status_code == SEE_OTHER
    assert office.is_in()
    assert office.cookie != before
    came = office.noted()[-1]
    assert isinstance(came, CameIn)
    assert came.instead


def test_a_passkey_that_was_asked_for_at_the_door_opens_no_screen_and_the_other_way_round(
    hanako: Person, office: Browser, device: Authenticator
) -> None:
    registered(hanako, device)
    let_in(office, hanako)
    office.post("/lock")
    for_the_screen = asked(office, "/unlock/passkey")
    at_the_door = dict(office.get("/sign-in/passkey").json())
    assert office.post("/unlock/passkey", device.sign(at_the_door, URL)).status_code == UNAUTHORIZED
    assert office.post("/sign-in/passkey", device.sign(for_the_screen, URL)).status_code == UNAUTHORIZED


# ---- what does not let in


@pytest.mark.threat(
    "page that imitates the console",
    control="A passkey signs for the name of the console that the browser sees, and for nothing that a page says; the "
    "answer has to be for a riddle that this browser was asked, once and within five minutes, and by a person whom the "
    "device has checked.",
    residual="Password and digits are still there for whoever has no passkey, and such a page can ask for them. A page "
    "at another port of localhost is told apart by its origin; what runs as the console itself is not.",
)
@pytest.mark.parametrize("origin", [f"{URL}.evil.example", "https://evil.example", "http://office.todai.example"])
def test_what_was_signed_for_another_page_is_refused(
    hanako: Person, office: Browser, device: Authenticator, origin: str
) -> None:
    registered(hanako, device)
    assert come(office, device, origin).status_code == UNAUTHORIZED
    assert office.noted()[-1] == TurnedAway(Refused.WRONG, "hanako")
    elsewhere = device.sign(asked(office), URL, site="evil.example")
    assert office.post("/sign-in/passkey", elsewhere).status_code == UNAUTHORIZED
    assert not office.is_in()
    assert come(office, device).status_code == SEE_OTHER


@pytest.mark.threat("page that imitates the console")
def test_an_answer_is_good_once_for_one_browser_and_a_few_minutes(
    hanako: Person, office: Browser, device: Authenticator
) -> None:
    registered(hanako, device)
    answer = device.sign(asked(office), URL)
    with Browser(hanako.centre, url=URL) as other:
        other.get("/sign-in")
        assert other.post("/sign-in/passkey", answer).status_code == UNAUTHORIZED, "another browser was asked"
    assert office.post("/sign-in/passkey", answer).status_code == SEE_OTHER
    assert office.post("/sign-in/passkey", answer).status_code == UNAUTHORIZED, "it was answered"
    stale = device.sign(asked(office), URL)
    pass_by(hanako.centre, RIDDLE_MS + 1)
    assert office.post("/sign-in/passkey", stale).status_code == UNAUTHORIZED, "it was asked too long ago"


def test_the_same_answer_counts_not_twice_in_one_breath(hanako: Person, office: Browser, device: Authenticator) -> None:
    """The browser's number is new after signing in; whoever brings the old one along replays against that, too."""
    registered(hanako, device)
    answer, before = device.sign(asked(office), URL), office.cookie
    form = answer | {"token": office.gate.sessions.token(before)}
    for expected in (SEE_OTHER, UNAUTHORIZED):
        with Browser(hanako.centre, url=URL) as again:
            again.console, again.gate = office.console, office.gate
            again.http = httpx.AsyncClient(transport=httpx.ASGITransport(office.console), base_url=URL)
            again.http.cookies.set(office.gate.cookie, before, HOST)
            assert again.post("/sign-in/passkey", form).status_code == expected


@pytest.mark.parametrize("flags", [PRESENT, VERIFIED, 0])
def test_the_device_has_to_have_checked_the_person(
    hanako: Person, office: Browser, device: Authenticator, flags: int
) -> None:
    registered(hanako, device)
    device.flags = flags
    assert come(office, device).status_code == UNAUTHORIZED
    another = Authenticator(credential=b"another", flags=flags)
    let_in(office, hanako)
    assert add(office, hanako, another).status_code == CONFLICT


def test_a_passkey_that_counts_backwards_is_a_copy_and_is_noted_as_one(
    hanako: Person, office: Browser, device: Authenticator
) -> None:
    device.uses = 7
    registered(hanako, device)
    device.uses = 8
    assert come(office, device).status_code == SEE_OTHER
    office.post("/sign-out")
    assert come(office, device).status_code == UNAUTHORIZED
    assert office.noted()[-1] == TurnedAway(Refused.COPY, "hanako")
    with Browser(hanako.centre, url=URL) as restarted:
        device.uses = 5
        assert come(restarted, device).status_code == UNAUTHORIZED, "the journal has counted, too"
        device.uses, device.flags = 9, device.flags | MAY_BE_COPIED | IS_COPIED
        assert come(restarted, device).status_code == SEE_OTHER
        hanako.centre.reconciler.catch_up()
        assert "ほかの機械にもあ" in restarted.get("/me").text


def test_a_strangers_key_opens_nothing_and_says_nothing_of_anybody(
    hanako: Person, office: Browser, device: Authenticator
) -> None:
    registered(hanako, device)
    before = len(office.noted())
    assert come(office, Authenticator(credential=b"a stranger's")).status_code == UNAUTHORIZED
    assert len(office.noted()) == before
    forged = Authenticator(credential=device.credential)
    assert come(office, forged).status_code == UNAUTHORIZED
    assert office.noted()[-1] == TurnedAway(Refused.WRONG, "hanako")


# ---- making and removing


def test_a_removed_passkey_opens_nothing_and_cannot_be_added_again(
    hanako: Person, office: Browser, device: Authenticator
) -> None:
    number = registered(hanako, device)
    come(office, device)
    jiro = person(hanako.centre, "jiro", (Role.CLERK,))
    with Browser(hanako.centre, url=URL) as strange:
        let_in(strange, jiro)
        strange.post("/me/passkey/remove", {"passkey": number})
    assert hanako.centre.doorkeeper.passkey(number), "nobody removes another's"
    assert office.post("/me/passkey/remove", {"passkey": number}).status_code == SEE_OTHER
    assert "パスキーを取り消しました" in office.get("/me").text
    assert office.is_in(), "who removed it sits before the screen"
    assert add(office, hanako, device).status_code == CONFLICT
    office.post("/sign-out")
    assert come(office, device).status_code == UNAUTHORIZED


@pytest.mark.parametrize("what", [{"roles": ()}, {"secret": "AAAA"}])
def test_an_account_that_is_closed_or_set_anew_has_no_passkeys(
    hanako: Person, office: Browser, device: Authenticator, what: dict[str, object]
) -> None:
    registered(hanako, device)
    keeper = hanako.centre.doorkeeper
    keeper.change("hanako", "root", lambda said: msgspec.structs.replace(said, **what))
    assert keeper.passkeys("hanako") == {}
    keeper.change("hanako", "root", lambda said: msgspec.structs.replace(said, roles=(Role.CLERK,)))
    assert come(office, device).status_code == UNAUTHORIZED, "whoever has that name next is somebody else"


def test_it_takes_the_password_to_make_one(hanako: Person, office: Browser, device: Authenticator) -> None:
    """Somebody who finds an open screen cannot leave a key of his own behind."""
    let_in(office, hanako)
    refused = office.post("/me/passkey/ask", {"password": "not that one, surely"})
    assert (refused.status_code, refused.json()) == (CONFLICT, {"why": "wrong"})
    unasked = office.gate.sessions.new()
    forged = device.make({"rp": {"id": HOST}, "challenge": unasked}, URL)
    assert office.post("/me/passkey", forged).status_code == CONFLICT
    assert "登録できませんでした" in office.post("/me/passkey", {}).text
    assert add(office, hanako, device, "https://evil.example").status_code == CONFLICT
    assert add(office, hanako, device).status_code == SEE_OTHER
    assert add(office, hanako, device).status_code == CONFLICT


def test_there_are_enough_at_ten(hanako: Person, office: Browser) -> None:
    for _ in range(PASSKEYS_MAX):
        registered(hanako, Authenticator(credential=SystemEntropy().bytes(16)))
    let_in(office, hanako)
    assert "パスキーを登録する" not in office.get("/me").text
    assert add(office, hanako, Authenticator(credential=b"one too many")).status_code == CONFLICT


@pytest.mark.threat("curious insider")
def test_a_passkey_that_was_slipped_into_the_table_opens_nothing(
    hanako: Person, office: Browser, device: Authenticator
) -> None:
    number = registered(hanako, device)
    table, thief = passkeys.passkey, Authenticator(credential=b"slipped in")
    with hanako.centre.engine.begin() as connection:
        row = connection.execute(sa.select(table).where(table.c.key == number)).mappings().one()
        state = row["state"].replace(text(device.credential), text(thief.credential))
        slipped = {"key": number_of(text(thief.credential)), "state": state, "name": row["name"]}
        connection.execute(sa.insert(table).values(slipped))
    assert come(office, thief).status_code == UNAUTHORIZED
    assert list(hanako.centre.doorkeeper.passkeys("hanako")) == [number]
    hanako.centre.reconciler.wipe()
    hanako.centre.reconciler.catch_up()


def test_passkeys_come_back_by_a_replay(hanako: Person, office: Browser, device: Authenticator) -> None:
    registered(hanako, device)
    before = hanako.centre.reconciler.digest()["passkey"]
    hanako.centre.reconciler.wipe()
    with store.reading(hanako.centre.engine) as connection:
        assert passkeys.of(connection, "hanako") == {}
    hanako.centre.reconciler.catch_up()
    assert hanako.centre.reconciler.digest()["passkey"] == before
    assert come(office, device).status_code == SEE_OTHER


# ---- where there are passkeys at all


@pytest.mark.usefixtures("hanako")
def test_at_an_address_there_is_no_button_and_the_page_says_why(browser: Browser) -> None:
    assert "パスキーで入る" not in browser.get("/sign-in").text
    assert browser.get("/sign-in/passkey").status_code == CONFLICT
    for name, value in signed_in(browser.gate).items():
        browser.http.cookies.set(name, value, "127.0.0.1")
    assert "この開き方では、パスキーは使えません" in browser.get("/me").text
    assert browser.post("/me/passkey/ask", {"password": PASSWORD}).json() == {"why": "address"}


def test_by_its_name_there_is_a_button(office: Browser) -> None:
    assert "パスキーで入る" in office.get("/sign-in").text


@pytest.mark.parametrize(
    ("url", "host", "site"),
    [
        ("", "localhost:8080", Site("localhost", "http://localhost:8080")),
        ("", "localhost", Site("localhost", "http://localhost")),
        ("", "127.0.0.1:8080", None),
        ("", "[::1]:8080", None),
        (URL, HOST, Site(HOST, URL)),
        ("https://office.todai.example:443/", HOST, Site(HOST, URL)),
        ("https://office.todai.example:8443", f"{HOST}:8443", Site(HOST, f"{URL}:8443")),
        (URL, "localhost:8080", None),
        (URL, "", None),
        ("http://office.todai.example", HOST, None),
        ("https://192.0.2.7", "192.0.2.7", None),
    ],
)
def test_a_site_is_a_name_by_https_or_this_machine(url: str, host: str, site: Site | None) -> None:
    assert site_of(url, host) == site


PARTS = [("made", "client"), ("made", "made"), ("made", "credential"), ("signed", "client"), ("signed", "data")]


@settings(max_examples=80, deadline=None)
@given(
    which=st.sampled_from([*PARTS, ("signed", "signature"), ("signed", "credential")]),
    place=st.integers(0, 2_000),
    turn=st.integers(1, 255),
    cut=st.integers(0, 2_000),
    typed=st.text(max_size=30),
)
def test_no_answer_whatever_it_is_does_more_than_be_refused(
    which: tuple[str, str], place: int, turn: int, cut: int, typed: str
) -> None:
    """A part of a good answer is cut, turned or exchanged: no error, and what was signed is not believed any more."""
    device, site, riddles = Authenticator(), Site(HOST, URL), Riddles(SystemEntropy())
    riddle, (step, part) = riddles.draw("browser", "add", 0), which
    options = {"rp": {"id": HOST}, "rpId": HOST, "challenge": text(riddle)}
    good = (device.make if step == "made" else device.sign)(options, URL)
    bent = bytearray(raw(good[part]))
    bent[place % len(bent)] ^= turn
    for other in (text(bytes(bent)), text(raw(good[part])[: cut % len(bent)]), typed):
        one = good | {part: other}
        try:
            riddle_in(one)
            if step == "made":
                made(site, riddle, one)
            else:
                signed(site, riddle, one, text(device.public))
        except NotBelievedError:
            continue
        assert step == "made" or part == "credential", "what was signed was changed"


def test_a_page_within_another_page_asks_for_nothing() -> None:
    with pytest.raises(NotBelievedError, match="within"):
        riddle_in({"client": text(client("webauthn.get", "AAAA", URL, crossOrigin=True))})
