"""The desk's program before a real pcscd: what it reads and refuses, whom it answers, and what it leaves behind."""

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from central.reading import read_holder, read_reading
from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from tests.desk.conftest import CONSOLE
from tests.desk.program import READER, DeskProgram

pytestmark = pytest.mark.pcsc

CODE, PIN = "60040120940000", "1234"
WRONG_CODE, WRONG_PIN = "60040120940001", "4321"
Lay = Callable[..., Plan]


def test_whose_card_it_is_and_which(program: DeskProgram, lay: Lay) -> None:
    lay()
    for secret in (CODE, PIN):
        said = program.says("holder", secret)
        assert (said["ok"], said["reason"], said["ja"]) == (True, "ok", "カードを読みました。")
        holder = read_holder(json.dumps(said["document"]).encode())
        assert (holder.name, holder.sex) == ("架空　花子", "2")
        assert holder.card
        assert holder.card.profile == "pass", "a card that proves itself by its pass is not learned, too"
    alone = program.says("card")
    assert read_reading(json.dumps(alone["document"]).encode()) == holder.card


def test_a_card_without_a_pass_opens_to_what_its_holder_shows(program: DeskProgram, lay: Lay) -> None:
    lay("no_pass")
    unknown = program.says("card")
    assert (unknown["ok"], unknown["reason"], unknown["document"]) == (False, "unknown_card", None)
    assert "照合番号B" in unknown["ja"]
    said = program.says("card", CODE)
    assert "花子" not in json.dumps(said, ensure_ascii=False), "who only asks which card it is hears no name"
    learned = read_reading(json.dumps(said["document"]).encode())
    assert (learned.profile, bool(learned.face)) == ("face", True)
    again = read_holder(json.dumps(program.says("holder", CODE)["document"]).encode())
    assert again.card == learned, "the centre needs the key each time, whether this desk has it already or not"


def test_wrong_secrets_are_counted_down_and_the_last_try_is_not_spent(program: DeskProgram, lay: Lay) -> None:
    lay()
    said = program.says("holder", WRONG_PIN)
    assert (said["reason"], said["document"]) == ("pin_wrong", None)
    assert "あと 2回" in said["ja"]
    assert program.says("holder", WRONG_CODE)["reason"] == "pin_wrong"
    assert program.says("holder", WRONG_PIN)["reason"] == "pin_wrong"
    for _ in range(2):
        assert program.says("holder", WRONG_PIN)["reason"] == "pin_last_try"
    assert program.says("holder", PIN)["reason"] == "pin_last_try", "not even for the right one: nobody knows that"
    assert program.says("holder", CODE)["ok"], "照合番号B has tries of its own"
    for odd in ("", "12345", "123456789012", "暗証番号", "1" * 99):
        assert program.says("holder", odd)["reason"] == "pin_format"


@pytest.mark.parametrize(
    ("faults", "more", "reason", "word"),
    [
        ((), {"kind": "transit"}, "other_card", "交通系ICカードです"),
        ((), {"kind": "old_card"}, "other_card", "住民基本台帳カードです"),
        ((), {"kind": "android"}, "other_card", "スマートフォンです"),
        (("unknown_ca",), {}, "unknown_issuer", "確かめられません"),
        (("forged_cv",), {}, "forged", "登録せずに"),
        (("forged_key",), {}, "forged", "署名が合いません"),
        (("no_pin",), {}, "pin_blocked", "止まっています"),
        ((), {"trouble": {"torn_after_apdus": 5}}, "not_readable", "動かさないで"),
    ],
)
def test_what_else_may_lie_there(
    program: DeskProgram, lay: Lay, faults: tuple[str, ...], more: dict[str, object], reason: str, word: str
) -> None:
    from drivers.card.sim.plan import Trouble  # noqa: PLC0415

    given = {**more, "trouble": Trouble(**more["trouble"])} if "trouble" in more else more  # type: ignore[arg-type]
    lay(*faults, **given)
    said = program.says("holder", PIN)
    assert (said["ok"], said["reason"], said["document"]) == (False, reason, None), said
    assert word in said["ja"]
    assert said["en"]


def test_an_expired_card_is_not_a_persons_card_here(program: DeskProgram, lay: Lay) -> None:
    lay("expired")
    for what, secret in (("card", ""), ("card", CODE), ("holder", CODE)):
        said = program.says(what, secret)
        assert (said["reason"], said["document"]) == ("expired", None)
    assert "期限" in said["ja"]


def test_no_card_no_reader_no_service_and_all_of_them_back(program: DeskProgram, pcscd: PrivatePcscd, lay: Lay) -> None:
    pcscd.table.remove(READER)
    time.sleep(0.5)
    assert program.says("card")["reason"] == "no_card"
    pcscd.kill()
    begun = time.monotonic()
    assert program.says("card")["reason"] == "no_service"
    assert time.monotonic() - begun < 5
    pcscd.restart(without=[READER])
    assert program.says("card")["reason"] == "no_reader"
    pcscd.kill()
    pcscd.restart()
    lay()
    assert program.says("card")["ok"]


def test_one_at_a_time_and_nobody_is_waited_for_whom_no_page_asks_about(
    program: DeskProgram, pcscd: PrivatePcscd, lay: Lay
) -> None:
    pcscd.table.remove(READER)
    time.sleep(0.5)
    first: list[str] = []
    waiting = threading.Thread(target=lambda: first.append(program.says("card")["reason"]))
    waiting.start()
    time.sleep(0.5)
    busy = program.ask("card")
    assert (busy.status_code, busy.json()["reason"]) == (409, "busy")
    waiting.join()
    assert first == ["no_card"]

    with httpx.Client(trust_env=False, timeout=0.5) as client, pytest.raises(httpx.ReadTimeout):
        client.post(f"{program.url}/v1/holder", json={"secret": WRONG_PIN}, headers={"Origin": CONSOLE})
    time.sleep(0.7)
    lay()
    time.sleep(1.0)
    said = program.says("holder", WRONG_PIN)
    assert "あと 2回" in said["ja"], "what was typed for somebody who left was not shown to the next card"


@pytest.mark.threat(
    "a web page that is open on a clerk's PC",
    control="The program that reads cards there listens on loopback, is called by one address only, answers the one "
    "console it was started for, and only what a browser has to ask about first (CORS). To everybody else it says "
    "nothing, asks no card, and spends no try of a PIN. The console's pages may call it from the desk alone.",
    residual="Another program on that PC can claim to be the console's page; it could use the reader anyway.",
)
def test_it_answers_one_page_of_one_console(program: DeskProgram, lay: Lay) -> None:
    lay()
    assert program.ask("card").headers["access-control-allow-origin"] == CONSOLE
    strangers = [
        {"Origin": "https://evil.example"},
        {"Origin": f"{CONSOLE}.evil.example"},
        {"Origin": "http://console.todai.example"},
        {"Origin": f"{CONSOLE}:8443"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Host": f"evil.example:{program.port}"},
        {"Host": f"localhost:{program.port}"},
        {"Host": "127.0.0.1"},
    ]
    for one in strangers:
        for method in ("POST", "OPTIONS", "GET"):
            answer = program.ask("card", method=method, **one)
            assert (answer.status_code, answer.content) == (403, b""), one
            assert not [name for name in answer.headers if name.startswith("access-control")]
    assert program.ask("card", Content_Type="text/plain").status_code == 415
    assert program.ask("card", Content_Type="application/x-www-form-urlencoded").status_code == 415
    assert program.ask("card", "1" * 300).status_code == 413
    assert program.ask("card", method="GET").status_code == 405
    assert program.ask("secrets").status_code == 404
    asked = program.ask(
        "card",
        method="OPTIONS",
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="content-type",
        Access_Control_Request_Private_Network="true",
    )
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-headers"] == "content-type"
    assert asked.headers["access-control-allow-private-network"] == "true"


def test_it_listens_nowhere_else(program: DeskProgram) -> None:
    with httpx.Client(trust_env=False, timeout=2) as client, pytest.raises(httpx.ConnectError):
        client.get(f"http://127.0.0.2:{program.port}/v1/card")


@pytest.mark.parametrize(
    ("console", "is_one"),
    [
        ("https://console.todai.example/", True),
        ("https://Console.todai.example:443", True),
        ("http://127.0.0.1:8080", True),
        ("http://console.todai.example", False),
        ("https://console.todai.example/residents", False),
        ("*", False),
        ("null", False),
    ],
)
def test_a_console_is_named_by_its_origin(console: str, *, is_one: bool) -> None:
    from desk.door import OriginError, origin  # noqa: PLC0415

    if is_one:
        assert origin(console) in {CONSOLE, "http://127.0.0.1:8080"}
    else:
        with pytest.raises(OriginError):
            origin(console)


def test_a_second_one_says_that_the_first_one_runs(program: DeskProgram, tmp_path: Path) -> None:
    second = DeskProgram(program.pcscd, CONSOLE, program.trust, tmp_path / "log")
    second.port = program.port
    with pytest.raises(AssertionError, match="is it running already"):
        second.start()


def test_every_reason_has_words() -> None:
    from desk.words import CARD  # noqa: PLC0415
    from drivers.card.desk import OTHERS, WORDS  # noqa: PLC0415

    assert set(CARD) >= set(WORDS)
    assert all("。" in words for words in OTHERS.values())


@pytest.mark.threat(
    "a PIN left behind on a clerk's PC",
    control="It is in the body of one request on that PC and in the card; no log, file, address or answer has it, and "
    "it never goes to the centre. Who stops waiting takes it back: it is not shown to the next card.",
    residual="Memory of browser and program is not wiped, and a PC that records keys records this one too.",
)
def test_nothing_that_was_typed_or_read_is_left_behind(program: DeskProgram, lay: Lay, pki: TestPki) -> None:
    lay("no_pass")
    program.says("holder", WRONG_PIN)
    assert program.says("holder", CODE)["ok"]
    logged = program.log.read_text()
    assert [line for line in logged.splitlines() if "may read cards here" not in line] == []
    # Named by what the test itself wrote: cards' plans and the test PKI lie elsewhere.
    for folder in (program.trust, program.log.parent):
        for name, _, files in os.walk(folder):
            for file in files:
                raw = (Path(name) / file).read_bytes()
                assert not [one for one in (CODE, WRONG_PIN, "花子") if one.encode() in raw], file
    assert pki.folder in program.trust.parents
