"""Somebody who wants into the console without an account: by another page, a planted session, or the database."""

import httpx
import msgspec
import pytest
import sqlalchemy as sa

from central import accounts, totp
from central.console.sessions import number_of
from central.vault import Vault
from drivers.keystore.sim import Driver as Keystore
from sync.accounts import Role, Scope
from sync.entries import encode
from tests.central.visiting import PASSWORD, Browser, Person, forget, pass_by, person, take

FORBIDDEN, SEE_OTHER, UNAUTHORIZED = httpx.codes.FORBIDDEN, httpx.codes.SEE_OTHER, httpx.codes.UNAUTHORIZED
CLERK = (Role.CLERK,)


@pytest.mark.threat(
    "planted session at the console",
    control="A browser gets a new number when somebody signs in, when a locked screen is opened again, and none that "
    "it brings along is ever taken. The number is kept from scripts and from other sites, and only its hash is held.",
    residual="Cookies know no ports: another server on the same machine, opened in the same browser, is sent the "
    "number. So nothing else that is not the town's may be served from the centre's machine.",
)
def test_a_number_that_was_planted_opens_nothing_after_signing_in(hanako: Person, browser: Browser) -> None:
    planted = browser.gate.sessions.new()
    browser.cookie = planted
    browser.sign_in(hanako)
    mine = browser.cookie
    assert mine != planted
    browser.post("/lock")
    browser.post("/unlock", {"password": PASSWORD})
    opened = browser.cookie
    assert browser.is_in()
    for old in (planted, mine, "", "0" * 64):
        browser.cookie = old
        assert not browser.is_in()
    browser.cookie = opened
    browser.post("/sign-out")
    browser.cookie = opened
    assert not browser.is_in()


@pytest.mark.threat("planted session at the console")
def test_a_browser_is_told_to_keep_its_number_to_itself(hanako: Person, browser: Browser) -> None:
    for answer in (browser.get("/sign-in"), browser.sign_in(hanako)):
        said = answer.headers["set-cookie"].lower()
        assert all(word in said for word in ("httponly", "samesite=strict", "path=/"))
        assert answer.headers["cache-control"] == "no-store"


def test_behind_a_server_with_tls_the_number_never_goes_without_it(hanako: Person) -> None:
    with Browser(hanako.centre, url="https://office.todai.example") as browser:
        said = browser.get("/sign-in").headers["set-cookie"]
        assert said.startswith("__Host-machi-console=")
        assert "Secure" in said
        browser.sign_in(hanako)
        assert browser.is_in()
        assert browser.get("/", Host="evil.example").status_code == httpx.codes.BAD_REQUEST


@pytest.mark.threat(
    "form sent by another page",
    control="Whatever the console is sent has to bring a token that only its own page knows, of this very browser; "
    "what a browser says came from another site or port is refused before; the cookie goes with no call of another "
    "site. A route that takes a form cannot leave this out: it is checked before any route.",
    residual="A page that runs as the console itself, such as one behind a hole in a browser.",
)
def test_no_form_counts_that_another_page_sent(hanako: Person, browser: Browser) -> None:
    addresses = [path for path in browser.console.state.gate.table if path in ("/lock", "/unlock", "/sign-out")]
    assert len(addresses) == 3
    browser.sign_in(hanako)
    for path in ("/sign-in", *addresses):
        for forged in (
            browser.post(path, {"token": ""}),
            browser.post(path, {"token": "0" * 64}),
            browser.post(path, {"token": browser.gate.sessions.token("another browser's")}),
            browser.post(path, Origin="https://evil.example"),
            browser.post(path, Origin="http://127.0.0.1:9999"),
            browser.post(path, Origin="null"),
            browser.post(path, None, **{"Sec-Fetch-Site": "cross-site"}),
            browser.post(path, None, **{"Sec-Fetch-Site": "same-site"}),
        ):
            assert forged.status_code == FORBIDDEN, path
    assert browser.is_in()
    assert browser.post("/lock", Origin="http://127.0.0.1").status_code == SEE_OTHER
    assert not browser.is_in()


@pytest.mark.threat("curious insider")
def test_an_account_that_was_slipped_into_the_table_opens_nothing(hanako: Person, browser: Browser) -> None:
    jiro = person(hanako.centre, "jiro", CLERK)
    browser.sign_in(jiro)
    assert browser.is_in()
    table = accounts.account
    with hanako.centre.engine.begin() as connection:
        state = connection.execute(sa.select(table.c.state).where(table.c.key == "jiro")).scalar_one()
        assert '"clerk"' in state
        raised = state.replace('"clerk"', '"officer"')
        connection.execute(sa.update(table).where(table.c.key == "jiro").values(state=raised))
    assert not browser.is_in()
    forget(hanako.centre)
    assert browser.sign_in(jiro).status_code == UNAUTHORIZED
    hanako.centre.reconciler.wipe()
    hanako.centre.reconciler.catch_up()
    forget(hanako.centre)
    browser.sign_in(jiro)
    assert browser.is_in()


@pytest.mark.threat("curious insider")
def test_a_session_that_was_slipped_into_the_table_is_not_taken_up(hanako: Person, browser: Browser) -> None:
    browser.sign_in(hanako)
    hanako.centre.reconciler.catch_up()
    table, chosen = accounts.session, "0" * 64
    mine, forged = (table.c.number == number_of(browser.cookie)), number_of(chosen)
    with hanako.centre.engine.begin() as connection:
        row = connection.execute(sa.select(table).where(mine)).mappings().one()
        connection.execute(sa.insert(table).values({**row, "number": forged}))
    pass_by(hanako.centre, 1)
    with Browser(hanako.centre) as again:
        again.cookie = chosen
        assert again.get("/").headers["location"].startswith("/sign-in")
        again.cookie = browser.cookie
        assert again.get("/").headers["location"].startswith("/unlock"), "the true one is taken up"


@pytest.mark.threat("curious insider")
def test_whoever_reads_the_books_learns_no_secret(hanako: Person, browser: Browser) -> None:
    browser.sign_in(hanako)
    token, kept = hanako.centre.doorkeeper.new_token("wallboard")
    hanako.centre.doorkeeper.change(
        "wallboard", "root", lambda said: msgspec.structs.replace(said, scopes=(Scope.UNITS,), token=kept)
    )
    written = b"\n".join(encode(entry) for segment in take(hanako.centre) for entry in segment)
    secret = totp.spelled(hanako.secret)
    for word in (PASSWORD, secret, hanako.secret.hex(), browser.cookie, token, token.partition(".")[2]):
        assert word.encode() not in written
    said = hanako.centre.doorkeeper.find("hanako").said
    assert said
    stranger = Vault(Keystore(Keystore.Options("another town")))
    assert not stranger.fits(said.password, PASSWORD), "without the town's key there is nothing to try passwords on"
    assert stranger.unseal("hanako", said.secret) == b""
    assert hanako.centre.doorkeeper.vault.unseal("jiro", said.secret) == b"", "nor is it good for another account"
