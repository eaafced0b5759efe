"""`machi central phone`: links for phones, as the office makes them, and the door at which they are used."""

import base64
import subprocess
from pathlib import Path

import httpx
import msgspec
import pytest

from central.cli.common import REFUSED
from central.folder import CARD_KEY, CONFIG_FILE, Folder
from central.found import Plan, found
from central.world import SystemClock, SystemEntropy
from drivers.card import paper
from sync.cards import pseudonym
from tests.central.serving import MACHI
from tests.ports import free_port, wait_for_port
from tests.programs.coin.test_receipt_commands import machi

CARD = "5e" * 16
USAGE, NOT_FOUND = 3, 4


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A centre's folder with a door for residents."""
    town = ("todai", "灯台町", "Todai", "00-1234")
    plan = Plan(*town, free_port(), ("localhost",), free_port(), resident_port=free_port())
    found(tmp_path, plan, SystemClock(), SystemEntropy())
    return tmp_path


def test_a_link_is_made_for_a_card_that_was_touched(town: Path) -> None:
    reading, picture = town / "reading.json", town / "link.svg"
    said = {"schema": "machi.card/1", "ok": True, "words": "", "profile": "pass", "identifier": "77", "proof": "card"}
    reading.write_bytes(msgspec.json.encode(said))
    made = machi("phone", "link", town, reading, "--output", picture)
    assert made["card"] == pseudonym(Folder(town).secret(CARD_KEY), "pass", "77")
    address, _, code = made["link"].partition("/in#")
    assert address == Folder(town).config.server.resident_address
    assert len(code) == 32
    assert picture.read_text().count("<svg") == 1
    books = b"".join(path.read_bytes() for path in town.glob("town.db*"))  # the log is folded back, or not
    assert code.encode() not in books, "whoever reads the books finds no link"


def test_no_link_is_made_for_a_card_that_proved_nothing_or_is_stopped(town: Path) -> None:
    reading = town / "reading.json"
    said = {"schema": "machi.card/1", "ok": True, "words": "", "profile": "type_a", "identifier": "77", "proof": "none"}
    reading.write_bytes(msgspec.json.encode(said))
    machi("phone", "link", town, reading, ends=REFUSED)
    machi("phone", "link", town, "5e5e", ends=NOT_FOUND)
    machi("card", "stop", town, CARD)
    machi("phone", "link", town, CARD, ends=REFUSED)


def test_without_a_page_for_residents_there_are_no_links(town: Path) -> None:
    config = town / CONFIG_FILE
    config.write_text(config.read_text().replace("resident_port = ", "resident_port = 0 #"))
    machi("phone", "link", town, CARD, ends=USAGE)


def test_the_door_speaks_no_tls_and_so_stays_on_this_machine(town: Path) -> None:
    config = town / CONFIG_FILE
    config.write_text(config.read_text() + '\nresident_host = "0.0.0.0"\n')
    done = subprocess.run([MACHI, "central", "serve", town], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == REFUSED
    assert "resident_host" in done.stderr


def test_a_running_centre_lets_a_phone_in_and_signs_its_key(town: Path) -> None:
    config = Folder(town).config.server
    process = subprocess.Popen([MACHI, "central", "serve", town], stderr=subprocess.DEVNULL)
    try:
        wait_for_port(config.resident_port, process, 30)
        code = machi("phone", "link", town, CARD)["link"].partition("#")[2]
        key = base64.b64encode(bytes(range(32))).decode()
        with httpx.Client(base_url=config.resident_address, trust_env=False) as phone:
            assert "まちのコイン" in phone.get("/").text
            said = phone.post("/in", json={"code": code, "key": key}).raise_for_status().json()
            home = phone.get("/home").raise_for_status().json()
        assert paper.parse(base64.b64decode(said["paper"])).issuer == "todai.1"
        assert (home["town"], home["sheet"]["usable"]) == ("灯台町", 0)
        (listed,) = machi("phone", "list", town, CARD)["phones"]
        machi("card", "stop", town, listed["phone"])
        (listed,) = machi("phone", "list", town, CARD)["phones"]
        assert listed["stopped"]
    finally:
        process.terminate()
        process.wait(20)
