"""`machi central alarms`: set, tried, shown; what is secret lies with the town's keys and is shown nowhere."""

import json
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from central import store
from central.alarms import books
from central.alarms.letters import Letter
from central.alarms.outbox import Outbox, Tried, after, put
from central.alarms.recipients import MAIL_PASSWORD, WEBHOOK_URL, is_address
from central.alarms.telling import Told, Watched
from central.centre import open_centre
from central.cli import central
from central.found import Plan, found
from central.world import SystemClock, SystemEntropy
from tests.central.alarms.post import PASSWORD, UNKNOWN, USER, Trust, mail_server, webhook
from tests.ports import free_port

HANAKO, TARO = "hanako@town.example", "taro@town.example"
SENDER = "machitap@town.example"
URL = "https://chat.example/hooks/very-secret"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    at = tmp_path / "town"
    found(at, Plan("todai", "灯台町", "Todai", "00", 8443, ("localhost",), 8080), SystemClock(), SystemEntropy())
    return at


@pytest.fixture
def trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trust:
    one = Trust(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(one.ca))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    return one


def run(folder: Path, verb: str, *words: str, typed: str = "") -> Result:
    return CliRunner().invoke(central, ["alarms", verb, str(folder), *words], input=typed)


def done(folder: Path, verb: str, *words: str, typed: str = "") -> str:
    result = run(folder, verb, *words, typed=typed)
    assert result.exit_code == 0, result.output
    return result.output


def by(port: int) -> Sequence[str]:
    return ("--server", "localhost", "--port", str(port), "--sender", SENDER)


def test_what_is_set_is_shown_and_what_is_secret_is_not(folder: Path) -> None:
    words = ("--server", "smtp.example", "--sender", SENDER, "--user", USER, "--password-file", "-")
    said = done(folder, "mail", *words, typed=f"{PASSWORD}\n")
    said += done(folder, "add", HANAKO, TARO)
    said += done(folder, "webhook", "--url-file", "-", typed=f"{URL}\n")
    said += done(folder, "quiet", "22", "7")
    shown = done(folder, "list")
    assert f"addresses: {HANAKO}, {TARO}" in shown
    assert f"mail: {SENDER} by smtp.example:587 (starttls)" in shown
    assert "webhook: chat.example" in shown
    assert "quiet: 22:00-7:00" in shown
    for secret in (PASSWORD, "very-secret"):
        assert secret not in said + shown + done(folder, "list", "--json")
        assert secret.encode() not in (folder / "town.db").read_bytes()
    for name, text in ((MAIL_PASSWORD, PASSWORD), (WEBHOOK_URL, URL)):
        file = folder / "keys" / name
        assert file.read_text() == text
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_taken_back_is_gone(folder: Path) -> None:
    done(folder, "add", HANAKO, TARO)
    done(folder, "webhook", "--url-file", "-", typed=URL)
    done(folder, "quiet", "22", "7")
    assert TARO in done(folder, "remove", HANAKO)
    assert "webhook: -" in done(folder, "webhook", "--off")
    assert not (folder / "keys" / WEBHOOK_URL).exists()
    assert "quiet: -" in done(folder, "quiet", "--off")
    document = json.loads(done(folder, "list", "--json"))
    assert document["recipients"] == {"addresses": [TARO], "mail": None, "webhook": "", "quiet": None}


@pytest.mark.parametrize(
    ("verb", "words", "typed", "code"),
    [
        ("add", ("not an address",), "", 2),
        ("add", ("x@y.example\nBcc: z@y.example",), "", 2),
        ("remove", (HANAKO,), "", 4),
        ("mail", ("--server", "smtp.example", "--sender", "nobody"), "", 2),
        ("mail", ("--server", "smtp.example", "--sender", SENDER, "--user", "x"), "", 2),
        ("mail", ("--server", "smtp.example", "--sender", SENDER, "--tls", "none"), "", 6),
        (
            "mail",
            ("--server", "localhost", "--sender", SENDER, "--tls", "none", "--user", "x", "--password-file", "-"),
            "p",
            6,
        ),
        ("mail", ("--server", "smtp.example", "--sender", SENDER, "--user", "x", "--password-file", "-"), "", 2),
        ("mail", ("--server", "smtp.example", "--sender", SENDER, "--user", "x", "--password-file", "-"), "秘密", 2),
        ("webhook", (), "", 2),
        ("webhook", ("--url-file", "-"), "http://chat.example/x", 6),
        ("webhook", ("--url-file", "-"), "chat", 6),
        ("webhook", ("--url-file", "-"), "https://", 6),
        ("quiet", ("22",), "", 2),
        ("quiet", ("7", "7"), "", 2),
        ("quiet", ("22", "24"), "", 2),
        ("test", (), "", 4),
    ],
)
def test_what_cannot_be_meant_changes_nothing(
    folder: Path, verb: str, words: Sequence[str], typed: str, code: int
) -> None:
    before = done(folder, "list", "--json")
    result = run(folder, verb, *words, typed=typed)
    assert result.exit_code == code, result.output
    assert done(folder, "list", "--json") == before


def test_a_trial_goes_to_everybody_and_says_who_could_not_be_reached(folder: Path, trust: Trust) -> None:
    with mail_server(trust, is_asking=False) as (port, office), webhook() as hook:
        done(folder, "mail", *by(port))
        done(folder, "add", HANAKO)
        done(folder, "webhook", "--url-file", "-", typed=hook.url)
        assert f"{HANAKO}: sent" in done(folder, "test")
        assert [mail["To"] for mail in office.mails] == [HANAKO]
        assert "ためし" in office.mails[0].get_content()
        assert "ためし" in hook.posted[0]["text"]
        done(folder, "add", UNKNOWN)
        result = run(folder, "test")
    assert result.exit_code == 7
    assert f"{UNKNOWN}: 550 5.1.1 no such user" in result.output
    assert f"{HANAKO}: sent" in result.output


def test_a_trial_without_a_server_says_what_to_look_at(folder: Path) -> None:
    done(folder, "mail", *by(free_port()))
    done(folder, "add", HANAKO)
    result = run(folder, "test")
    assert result.exit_code == 7
    assert "Connection refused" in result.output
    assert "look at server, port" in result.output


def test_the_list_shows_what_was_told_what_waits_and_what_was_given_up(folder: Path) -> None:
    centre, now_ms = open_centre(folder, SystemClock(), SystemEntropy()), SystemClock().wall_ms()
    waiting = put(Outbox(), "0a", (HANAKO, TARO), Letter("件名", "本文"), now_ms)
    first, second = waiting.waiting
    outbox = after(waiting, [Tried(first, "away"), Tried(second, "550 no", is_final=True)], (HANAKO, TARO), now_ms)
    told = Told({"silent/lib01": Watched("図書館", "Library", "電話", "phone", 0, told_ms=1)}, 1)
    with centre.engine.begin() as connection:
        books.set_state(connection, books.State(told, outbox))
    result = run(folder, "list")
    assert result.exit_code == 2, "something waits"
    assert "told: 図書館 / Library" in result.output
    assert f"waits: {HANAKO}: 件名 (tried 1) away" in result.output
    assert f"given up: {TARO}: 件名: 550 no" in result.output
    with store.reading(centre.engine) as connection:
        assert books.state(connection).outbox == outbox


@pytest.mark.parametrize("text", [HANAKO, "a.b+c@x.example.jp"])
def test_addresses(text: str) -> None:
    assert is_address(text)
    assert not any(map(is_address, (f"{text}, {text}", f"<{text}>", f"{text}\n", text.replace("@", ""), f"-{text} ")))
