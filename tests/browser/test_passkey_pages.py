"""A clerk with a passkey, in a real Chromium that has a device of its own; and a false page that asks for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from central.centre import Centre
from drivers.clock.sim import Driver as Clock
from simulation.centre import open_sim_centre
from sync.accounts import Refused, Role, TurnedAway
from sync.passkeys import PasskeyUsed
from tests.browser.serving import ConsoleServing, Serving
from tests.central.visiting import PASSWORD, Person, person, take

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
# What a page that imitates the console would run: it has the true riddle, and asks for the true name.
IMITATION = """async (riddle) => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (raw) => btoa(String.fromCharCode(...new Uint8Array(raw)))
    .replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");
  const publicKey = { challenge: bytes(riddle), rpId: "localhost", userVerification: "required" };
  const { rawId, response } = await navigator.credentials.get({ publicKey });
  const { clientDataJSON: client, authenticatorData: data, signature } = response;
  return { credential: text(rawId), client: text(client), data: text(data), signature: text(signature) };
}"""


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    centre = open_sim_centre(Clock(), "passkey pages", f"sqlite:///{tmp_path / 'town.db'}")
    yield centre
    centre.engine.dispose()


@pytest.fixture
def console(centre: Centre) -> Iterator[ConsoleServing]:
    serving = ConsoleServing(centre).open()
    serving.url = f"http://localhost:{serving.port}"  # passkeys know no addresses
    yield serving
    serving.close()


@pytest.fixture
def device(page: Page) -> CDPSession:
    """The page's own device, on which whoever uses it is known by a finger."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return session


@pytest.fixture
def hanako(centre: Centre, console: ConsoleServing, page: Page) -> Person:
    """Somebody who has signed in by password and digits."""
    one = person(centre, "hanako", (Role.CLERK,))
    page.goto(f"{console.url}/me")
    for field, value in one.typed().items():
        page.locator(f"#{field}").fill(value)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("hanako")
    return one


def register(page: Page) -> None:
    page.locator("#shown").fill("窓口のパソコン")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="パスキーを登録する").click()
    expect(page.get_by_role("status")).to_contain_text("パスキーを登録しました")


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="終わる").click()
    expect(page.locator("h1")).to_contain_text("サインイン")


def come(page: Page) -> None:
    page.get_by_role("button", name="パスキーで入る").click()


@pytest.mark.usefixtures("device")
def test_a_clerk_makes_a_passkey_and_comes_in_goes_on_and_is_kept_out_by_it(
    centre: Centre, console: ConsoleServing, page: Page, hanako: Person
) -> None:
    page.locator("#shown").fill("窓口のパソコン")
    page.locator("#password").fill("not that one, surely")
    page.get_by_role("button", name="パスキーを登録する").click()
    expect(page.locator("[data-why=wrong]")).to_be_visible()
    register(page)
    expect(page.locator("#passkeys li")).to_contain_text("1つの機械だけ")
    page.get_by_role("button", name="席をはなれる").click()
    page.get_by_role("button", name="パスキーで続ける").click()
    expect(page.locator("[data-visitor]")).to_be_visible()
    sign_out(page)
    come(page)
    expect(page.locator("[data-visitor]")).to_contain_text(hanako.name)
    console.book()
    used = [entry.fact for one in take(centre) for entry in one if isinstance(entry.fact, PasskeyUsed)]
    assert [one.uses for one in used] == sorted({one.uses for one in used}), "the device counts, and so do we"
    assert len(used) == 2
    page.goto(f"{console.url}/me")
    page.get_by_role("button", name="窓口のパソコン を取り消す").click()
    expect(page.locator("#passkeys")).to_have_count(0)
    sign_out(page)
    come(page)
    expect(page.locator("#why")).to_contain_text("このパスキーでは入れません")


@pytest.mark.threat("page that imitates the console")
def test_a_false_page_is_given_nothing_that_opens_the_true_one(
    centre: Centre, console: ConsoleServing, page: Page, hanako: Person, device: CDPSession
) -> None:
    register(page)
    sign_out(page)
    with page.expect_request(f"{console.url}/sign-in/passkey") as asking:
        come(page)
    assert asking.value.method == "GET"
    expect(page.locator("[data-visitor]")).to_be_visible()
    sign_out(page)
    ours = f"{console.url}/sign-in/passkey"
    false = Serving().start(lambda: Starlette(routes=[Route("/", lambda _: HTMLResponse("<h1>サインイン</h1>"))]))
    token = page.locator("[data-passkey] [name=token]").input_value()

    def send(answer: dict[str, Any]) -> int:
        sent = page.context.request.post(
            ours, form=answer | {"token": token}, headers={"Origin": console.url}, max_redirects=0
        )
        return sent.status

    riddle = page.context.request.get(ours).json()["challenge"]
    page.goto(f"http://localhost:{false.port}/")
    assert send(page.evaluate(IMITATION, riddle)) == 401, "the browser has said which page it was"
    false.stop()
    last = [entry.fact for one in take(centre) for entry in one if isinstance(entry.fact, TurnedAway)][-1]
    assert last == TurnedAway(Refused.WRONG, hanako.name)
    page.goto(f"{console.url}/sign-in")
    answer = page.evaluate(IMITATION, page.context.request.get(ours).json()["challenge"])
    assert [send(answer), send(answer)] == [303, 403], "once, and the browser has another number now"
    device.send("WebAuthn.disable")


def test_without_a_script_there_is_no_button_that_does_nothing(console: ConsoleServing, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(console.url)
    expect(page.get_by_role("button", name="サインイン")).to_be_visible()
    expect(page.locator("[data-passkey]")).to_be_hidden()
    context.close()
