"""`machi central resident …` as a desk types it: what it asks, prints, refuses, and with which exit code it ends."""

import subprocess
import tomllib
from pathlib import Path

import msgspec
import pytest

from central.folder import Folder
from tests.central.test_commands import EXISTS, NAMES, NOT_FOUND, READING, REFUSED, USAGE, document, machi

HANAKO = {"name": "髙橋\u3000花子", "kana": "たかはし はなこ", "address": "灯台町1-2", "birth": "1954-03-02"}
JIRO = {"name": "高橋\u3000次郎", "kana": "たかはし じろう", "address": "灯台町1-2", "birth": "2018-07-08"}
HOLDER = {
    "schema": "machi.card.holder/1",
    "ok": True,
    "words": "good",
    "attributes": {"name": "架空\u3000太郎", "address": "灯台町7", "birth": "1980-05-06", "sex": "1"},
    "card": READING,
}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk") / "town"
    machi("init", folder, *NAMES)
    for name, said in (("hanako", HANAKO), ("jiro", JIRO), ("card", HOLDER), ("token", READING | {"identifier": "9"})):
        (folder / f"{name}.json").write_bytes(msgspec.json.encode(said))
    (folder / "kana.json").write_text('{"kana": "かくう たろう"}')
    return folder


@pytest.fixture(scope="module")
def hanako(town: Path) -> str:
    return str(document("resident", "add", town, "--form", town / "hanako.json", "--consent", "coin")["holder"])


@pytest.fixture(scope="module")
def taro(town: Path) -> tuple[str, str]:
    said = document("resident", "add", town, "--card", town / "card.json", "--form", town / "kana.json")
    assert said["how"] == "card"
    return said["holder"], said["card"]


def test_a_name_is_asked_for_and_never_an_argument(town: Path) -> None:
    asked = machi("resident", "add", town, "--help")
    assert not any(f"--{field}" in asked for field in ("name", "kana", "address", "birth"))
    given = "見本 三葉\nみほん みつば\n灯台町3\n2001-02-03\n".encode()
    holder = document("resident", "add", town, given=given)["holder"]
    assert document("resident", "show", town, holder)["kana"] == "ミホン ミツバ"
    lacking = machi("resident", "add", town, "--form", "-", given=b'{"name": "x"}', ends=USAGE)
    assert "フリガナ" in lacking
    assert "number?" in machi("resident", "add", town, "--form", "-", given=b'{"number": "x"}', ends=USAGE)


def test_what_was_read_from_the_card_is_said_to_be(town: Path, taro: tuple[str, str]) -> None:
    holder, card = taro
    said = document("resident", "show", town, card, "--why", "test")
    assert (said["holder"], said["how"], said["name"], said["kana"]) == (
        holder,
        "card",
        "架空\u3000太郎",
        "カクウ タロウ",
    )
    assert said["cards"] == {card: {"form": "card", "state": "active"}}
    (town / "moved.json").write_text('{"address": "灯台町8"}')
    assert document("resident", "change", town, holder, "--form", town / "moved.json")["how"] == "typed"
    reads = document("resident", "reads", town, holder)["reads"]
    assert {one["why"] for one in reads} == {"test"}
    assert reads[0]["by"]
    assert "太郎" not in machi("resident", "reads", town)


def test_exit_codes_say_what_kind_of_trouble_it_is(town: Path, hanako: str) -> None:
    assert "RSD-030" in machi("resident", "add", town, "--form", town / "hanako.json", ends=EXISTS)
    assert "RSD-010" in machi("resident", "show", town, "ffffffff", ends=NOT_FOUND)
    assert "RSD-031" in machi("resident", "add", town, "--form", town / "jiro.json", ends=REFUSED)
    assert "RSD-020" in machi("resident", "consent", town, hanako, "horoscopes", ends=REFUSED)
    number = msgspec.json.encode(HANAKO | {"address": "1234-5678-9012"})
    assert "個人番号" in machi("resident", "add", town, "--form", "-", given=number, ends=USAGE)


def test_a_childs_token_is_lost_and_renewed(town: Path, hanako: str) -> None:
    words = ("--form", town / "jiro.json", "--guardian", hanako[:8], "--reading", town / "token.json")
    said = document("resident", "add", town, *words, "--consent", "visits")
    child, token = said["holder"], said["card"]
    assert document("resident", "find", town, "じろう")["residents"][0]["cards"] == [token]
    assert document("resident", "card", "end", town, child, token, "--why", "lost")["state"] == "lost"
    new = msgspec.json.encode(READING | {"identifier": "10"})
    renewed = document("resident", "card", "renew", town, child, token, "-", given=new)
    shown = document("resident", "show", town, child)
    assert shown["cards"][token] == {"form": "token", "state": "renewed", "into": renewed["card"]}
    assert shown["guardians"] == {hanako: HANAKO["name"]}
    assert document("resident", "prefer", town, child, "--lang", "easy")["prefers"]["lang"] == "easy"
    assert "RSD-022" in machi("resident", "consent", town, child, "coin", ends=REFUSED)
    left = document("resident", "died", town, hanako)
    assert left["alone"] == [child]
    document("resident", "moved", town, hanako, "--back")


def test_the_sheet_is_a_pdf_with_the_name_on_it_and_is_noted(town: Path, hanako: str) -> None:
    document("resident", "sheet", town, hanako, "--output", town / "sheet.pdf")
    drawn = subprocess.run(
        ["pdftoppm", "-r", "50", "-gray", str(town / "sheet.pdf")], capture_output=True, check=True
    ).stdout
    assert drawn.startswith(b"P5\n414 585\n"), "A4"
    assert sum(dot < 128 for dot in drawn) > 1_000, "something is written on it"
    assert document("resident", "reads", town, hanako)["reads"][0]["why"] == "sheet"


def test_the_register_of_files_says_what_the_law_wants(town: Path) -> None:
    assert "[registration]" in machi("resident", "register-of-files", town, ends=REFUSED)
    config = (town / "central.toml").read_text()
    said = '\n[registration]\noffice = "町民課"\naddress = "灯台町1番地"\npurposes = ["町のサービスを提供するため"]\n'
    (town / "central.toml").write_text(config + said)
    assert tomllib.loads(config + said)
    told = document("resident", "register-of-files", town)
    assert (told["must_be_published"], told["people"] > 0) == (False, True)
    assert len(told["entry"]) == 15
    assert told["entry"]["個人情報ファイルが利用に供される事務をつかさどる組織の名称"] == "町民課"
    items = told["entry"]["記録項目"]
    assert all(word in items for word in ("氏名", "住所", "生年月日", "まちのコインの記録"))
    machi("resident", "register-of-files", town, "--output", town / "register.pdf")
    assert (town / "register.pdf").read_bytes().startswith(b"%PDF")


def test_a_new_key_seals_everything_and_the_old_one_is_for_old_backups(town: Path, hanako: str) -> None:
    before = document("resident", "key", "show", town)["keys"]
    assert [one["file"] for one in before] == ["residents-0001.key"]
    people = before[0]["opens"]
    assert document("resident", "key", "renew", town) == {"file": "residents-0002.key", "sealed": people}
    after = document("resident", "key", "show", town)["keys"]
    assert [(one["file"], one["opens"]) for one in after] == [("residents-0001.key", 0), ("residents-0002.key", people)]
    assert (town / "keys" / "residents-0002.key").stat().st_mode & 0o777 == 0o600
    (town / "keys" / "residents-0001.key").unlink()
    assert document("resident", "show", town, hanako)["name"] == HANAKO["name"]
    assert document("verify", town)["unfounded"] == []
    kept = (town / "keys" / "residents-0002.key").rename(town / "kept.key")
    assert "keys/" in machi("resident", "show", town, hanako, ends=REFUSED)
    machi("init", town)
    assert Folder(town).resident_keys() == {}, "another key would open nothing that is there"
    assert document("status", town)
    kept.rename(town / "keys" / "residents-0002.key")
    assert document("resident", "show", town, hanako)["name"] == HANAKO["name"]
