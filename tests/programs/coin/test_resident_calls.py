"""What a phone may send to the residents' page, and what comes back: by real HTTP, right and wrong."""

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import segno
from starlette.types import ASGIApp

from central.resident import door
from central.resident.app import TOKEN_HEADER, Keys, create_resident
from central.resident.session import DAYS, Session, Sessions
from central.writer import Writer
from drivers.card import paper
from drivers.card.paper import Kind
from programs.coin.resident import PURSE
from programs.lottery.resident import DRAWS
from simulation.cards import ISSUER
from sync.cards import pseudonym
from sync.facts import CardState
from tests.browser.serving import Serving
from tests.programs.coin.holder import Issuer, Money
from tests.programs.coin.street import Street

KEY = base64.b64encode(bytes(range(32))).decode()
NUMBER = "ab" * 16
DAY_MS = 86_400_000


class Office(Money):
    """A street whose centre serves the residents' page, and money of which ¥3,000 are free."""

    def __init__(self, street: Street) -> None:
        super().__init__(street)
        self.have_free(3000)
        self.serving = Serving()
        self.serving.start(self._make)
        self.open = ExitStack()
        self.open.callback(self.serving.stop)

    def _make(self) -> ASGIApp:
        keys = Keys(self.street.centre.card_key, Issuer(), ISSUER)
        return create_resident(self.centre, Writer(self.centre.intake), PURSE, keys, self.serving.url, DRAWS)

    def invite(self, minutes: int = 60) -> str:
        return door.invite(self.centre, self.street.name, minutes)

    def stranger(self, **cookies: str) -> "Phone":
        """Return a phone that nobody has let in."""
        return Phone(self.open.enter_context(httpx.Client(base_url=self.serving.url, trust_env=False, cookies=cookies)))

    def phone(self) -> "Phone":
        """Let a phone in."""
        one = self.stranger()
        assert one.post("/in", {"code": self.invite(), "key": KEY}).is_success
        one.http.headers[TOKEN_HEADER] = one.home()["token"]
        return one


class Phone:
    """A phone's browser, without the browser."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def post(self, path: str, said: object, **headers: str) -> httpx.Response:
        return self.http.post(path, json=said, headers=headers)

    def home(self) -> Any:
        return self.http.get("/home").json()

    def pay(self, yen: object, **more: object) -> httpx.Response:
        return self.post("/pay", {"number": NUMBER, "yen": yen, "place": "fish"} | more)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    street = Street(f"sqlite:///{tmp_path / 'town.db'}")
    one = Office(street)
    yield one
    one.open.close()
    for unit in street.units.values():
        unit.stop()
    one.centre.engine.dispose()


def why(answer: httpx.Response) -> tuple[int, str]:
    """Return why something was refused; it is always said in both languages."""
    said = answer.json()
    assert said["ja"]
    assert said["en"].isascii()
    return answer.status_code, said["why"]


def test_a_phone_is_let_in_once_and_the_town_signs_its_key(office: Office) -> None:
    phone, code = office.stranger(), office.invite()
    answer = phone.post("/in", {"code": code, "key": KEY})
    said = paper.parse(base64.b64decode(answer.json()["paper"]))
    assert (said.kind, said.issuer, said.key) == (Kind.PHONE, ISSUER, bytes(range(32)))
    name = pseudonym(office.street.centre.card_key, "phone", said.number.hex())
    office.street.talk("shop01")
    assert office.street.units["shop01"].running.directory.whose(name) == office.street.name
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert why(phone.post("/in", {"code": code, "key": KEY})) == (403, "link")
    assert phone.home()["sheet"]["usable"] == 5000


def test_a_browser_without_such_keys_is_let_in_without_a_code_to_show(office: Office) -> None:
    phone = office.stranger()
    assert phone.post("/in", {"code": office.invite()}).json() == {"paper": ""}
    assert phone.home()["sheet"]["usable"] == 5000


@pytest.mark.parametrize("key", ["!", base64.b64encode(bytes(31)).decode(), base64.b64encode(bytes(33)).decode()])
def test_what_is_no_key_uses_up_no_link(office: Office, key: str) -> None:
    phone, code = office.stranger(), office.invite()
    assert why(phone.post("/in", {"code": code, "key": key})) == (400, "request")
    assert phone.post("/in", {"code": code, "key": KEY}).is_success


def test_links_that_are_wrong_too_old_or_of_a_stopped_card_let_nobody_in(office: Office) -> None:
    phone, old = office.stranger(), office.invite(minutes=1)
    office.street.clock.advance(61)
    for code in (old, "", "A" * 32, "x" * 64):
        assert why(phone.post("/in", {"code": code, "key": KEY})) == (403, "link")
    fresh = office.invite()
    office.centre.registrar.set_card(office.street.name, CardState.STOPPED)
    assert why(phone.post("/in", {"code": fresh, "key": KEY})) == (403, "link")
    with pytest.raises(door.LinkError):
        office.invite()
    assert "set-cookie" not in phone.http.get("/home").headers


def test_a_ticket_is_for_whoever_was_let_in_and_for_the_page_itself(office: Office) -> None:
    wanted = {"number": NUMBER, "draw": "winter"}
    assert why(office.stranger().post("/ticket", wanted)) == (401, "session")
    phone = office.phone()
    for wrong in ({**wanted, "number": "1"}, {**wanted, "card": "0a" * 16}, {"draw": "winter"}, wanted):
        assert why(phone.post("/ticket", wrong)) == (400, "request"), "the last one names no draw that there is"
    assert why(phone.post("/ticket", wanted, **{TOKEN_HEADER: "another"})) == (400, "request")
    assert why(phone.post("/ticket", wanted, **{"sec-fetch-site": "cross-site"})) == (400, "request")
    assert phone.home()["draws"] == []


WRONG: dict[str, object] = {
    "nothing": 0,
    "less than nothing": -500,
    "a part of a yen": 0.5,
    "whole, as a fraction": 500.0,
    "words": "500",
    "none": None,
    "true": True,
    "a list": [500],
    "too much": 1_000_001,
    "far too much": 10**30,
}


def test_amounts_that_cannot_be_are_refused_and_nothing_is_booked(office: Office) -> None:
    phone, before = office.phone(), office.street.books()
    for about, yen in WRONG.items():
        assert why(phone.pay(yen)) == (409, "amount"), about
    assert office.street.books() == before


def test_calls_that_are_none_are_refused(office: Office) -> None:
    phone, before = office.phone(), office.street.books()
    order = {"number": NUMBER, "yen": 500, "place": "fish"}
    wrong = (order | {"number": "x"}, order | {"card": office.street.other}, order | {"code": "0" * 1025})
    for said in (*wrong, (), 7):
        assert why(phone.post("/pay", said)) == (400, "request")
    endless = json.dumps(order).encode() + b" " * 5000
    as_json = {"Content-Type": "application/json"}
    assert why(phone.http.post("/pay", content=endless, headers=as_json)) == (400, "request")
    as_form = {"Content-Type": "text/plain"}
    assert why(phone.http.post("/pay", content=json.dumps(order).encode(), headers=as_form)) == (400, "request")
    assert phone.http.get("/pay").status_code == 405
    assert office.street.books() == before


@pytest.mark.threat(
    "somebody pays with a resident's money from afar",
    control="A phone is let in by a link that the office gives out after a touch: 160 bits, for an hour, once; "
    "the books hold no more of it than a hash. Then it shows a sealed cookie that no page can read, and "
    "with whatever changes something a token of this session, as JSON, from the page itself. The phone's "
    "key cannot be read out. Every payment has a number, and is made once. A stopped card or phone is "
    "shut out at once.",
    residual="Whoever holds an unlocked phone that was let in, or is the first to open a link, can pay with it "
    "until it is stopped: no PIN is asked. A town may cap what is paid at once by phone. How many may "
    "call is for the web server in front to limit.",
)
def test_a_strange_page_or_a_foreign_session_changes_nothing(office: Office) -> None:
    phone, other, before = office.phone(), office.phone(), office.street.books()
    order = {"number": NUMBER, "yen": 500, "place": "fish"}
    theirs = other.http.headers[TOKEN_HEADER]
    for token in ("", "0" * 64, theirs, "あ"):
        answer = phone.http.post("/pay", json=order, headers={TOKEN_HEADER.encode(): token.encode()})
        assert why(answer) == (400, "request")
    assert why(phone.post("/pay", order, **{"Sec-Fetch-Site": "cross-site"})) == (400, "request")
    forged = Sessions(Issuer()).cookie(Session("ab" * 16, 1))
    for cookie in ("", "x", forged, phone.http.cookies["machi"][:-1] + "0"):
        stranger = office.stranger(machi=cookie)
        for answer in (stranger.http.get("/home"), stranger.http.get("/shops"), stranger.post("/pay", order)):
            assert why(answer)[0] in {400, 401}
            assert "sheet" not in answer.text
    assert phone.http.get("/home", headers={"Host": "evil.example"}).status_code == 400
    assert office.street.books() == before


def test_a_session_ends_by_itself(office: Office) -> None:
    sessions, session = Sessions(Issuer()), Session("ab" * 16, 1_000)
    cookie = sessions.cookie(session)
    assert sessions.read(cookie, DAYS * DAY_MS) == session
    assert sessions.read(cookie, 1_000_000 + DAYS * DAY_MS) is None
    assert office.phone().home()["sheet"]


def test_who_is_stopped_sees_and_pays_nothing(office: Office) -> None:
    phone = office.phone()
    office.centre.registrar.set_card(office.street.name, CardState.STOPPED)
    office.centre.reconciler.catch_up()
    assert why(phone.http.get("/home")) == (403, "stopped")
    assert why(phone.pay(500)) == (403, "stopped")


def test_who_presses_without_end_has_to_wait(office: Office) -> None:
    phone = office.phone()
    answers = [phone.pay(5001, number=f"{at:032x}") for at in range(45)]
    assert {why(one) for one in answers[:40]} == {(409, "short")}
    assert why(answers[-1]) == (429, "often")
    office.street.clock.advance(4)
    assert why(phone.pay(5001)) == (409, "short")


def test_the_town_reads_the_code_in_a_picture_and_refuses_what_is_none(office: Office) -> None:
    phone, as_picture = office.phone(), {"Content-Type": "application/octet-stream"}

    def look(pixels: bytes, **headers: str) -> httpx.Response:
        return phone.http.post("/look", content=pixels, headers=as_picture | headers)

    rows = [bytes(0 if dark else 255 for dark in row) for row in segno.make("灯台町", micro=False).matrix_iter(5, 4)]
    assert look(b"".join(rows)).json() == {"code": "灯台町"}
    assert look(b"".join(rows[:9]) + b"\xff" * (len(rows) - 9) * len(rows)).json() == {"code": ""}
    assert look(b"\x80").json() == {"code": ""}
    for pixels in (b"", b"".join(rows[:-1]), b"\x80" * 601**2):
        assert why(look(pixels)) == (400, "request")
    assert why(look(b"".join(rows), **{TOKEN_HEADER: ""})) == (400, "request")
    assert why(look(b"".join(rows), **{"Content-Type": "application/json"})) == (400, "request")
    assert {why(look(b"\x80" * 2)) for _ in range(60)} == {(400, "request"), (429, "often")}


def test_a_payment_is_paid_once_however_often_it_is_sent(office: Office) -> None:
    phone = office.phone()
    answers = [phone.pay(700) for _ in range(3)]
    assert len({answer.json()["entry"] for answer in answers}) == 1
    assert phone.post("/paid", {"number": NUMBER}).json()["entry"] == answers[0].json()["entry"]
    assert why(office.phone().post("/paid", {"number": NUMBER})) == (409, "unknown"), "it is nobody else's to see"
    assert why(phone.pay(701)) == (409, "number")
    assert why(office.phone().pay(700)) == (409, "number"), "nobody else's number either"
    assert office.street.balance("shop/fish") == 700


def test_every_answer_tells_the_browser_to_load_and_keep_nothing_else(office: Office) -> None:
    phone = office.phone()
    for path in ("/", "/in", "/resident.js", "/home", "/shops"):
        headers = phone.http.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == ("no-store" if path in {"/home", "/shops"} else "no-cache")
        assert headers["referrer-policy"] == "no-referrer"
    assert phone.http.get("/../central.toml").status_code == 404
    assert phone.http.get("/words.toml").status_code == 404


def test_behind_tls_the_cookie_is_for_this_host_and_for_tls_alone(office: Office) -> None:
    keys = Keys(office.street.centre.card_key, Issuer(), ISSUER)
    serving = Serving()
    serving.start(
        lambda: create_resident(office.centre, Writer(office.centre.intake), PURSE, keys, "https://coin.todai.example")
    )
    with httpx.Client(base_url=serving.url, trust_env=False, headers={"Host": "coin.todai.example"}) as http:
        cookie = http.post("/in", json={"code": office.invite(), "key": KEY}).headers["set-cookie"]
    serving.stop()
    assert cookie.startswith("__Host-machi=")
    assert "; Secure" in cookie
    assert "; Path=/" in cookie
