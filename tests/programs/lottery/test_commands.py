"""`machi central lottery …` as the office types it, with the real round of a day that is long over."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from central.centre import Centre, open_centre
from central.world import SystemEntropy
from drivers.clock.sim import Driver as Clock
from programs.lottery.running import announce
from sync.facts import CardState
from tests.central.test_commands import EXISTS, NAMES, REFUSED, USAGE, document, machi
from tests.programs.lottery.spring import BEFORE_S, CARD, PLAN, ROUND, SIGNATURES, clock_at, closed

PAGE = (Path(__file__).parents[3] / "docs" / "lottery.md").read_text()
SPRING = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0].replace("2026-", "2099-").replace("-12-20", "-03-20")

HANAKO = ("--by", "hanako")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    machi("init", tmp_path / "town", *NAMES)
    return tmp_path / "town"


@pytest.fixture
def clock() -> Clock:
    return clock_at(BEFORE_S)


@pytest.fixture
def then(folder: Path, clock: Clock) -> Iterator[Centre]:
    """The centre on the day before round 1000."""
    opened = open_centre(folder, clock, SystemEntropy())
    opened.reconciler.prepare()
    yield opened
    opened.engine.dispose()


def lottery(folder: Path, command: str, *words: object, **how: Any) -> dict[str, Any]:
    return document("lottery", command, folder, *words, **how)


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "given"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_page_names_commands_that_exist_and_the_true_vector() -> None:
    typed = set(re.findall(r"machi central lottery ([a-z]+)", PAGE))
    of_list = {"announce", "ticket", "import", "orders", "close", "draw", "confirm", "prove", "publish"}
    assert typed == of_list | {"prizes", "collected", "alternate"}
    for command in typed:
        machi("lottery", command, "--help")
    assert "59e847caa95d16c5fab11ac3e3ac1bf2561c58dedc101d014f88f7cebc3a7447" in PAGE


def test_rules_are_announced_from_a_plan_and_tickets_given_out(folder: Path, then: Centre) -> None:
    said = lottery(folder, "announce", written(folder, SPRING))
    assert (said["closes"], said["round_comes"][:16]) == ("2099-03-20 17:00:00", "2099-03-20 18:00")
    then.registrar.set_card(CARD, CardState.ACTIVE)
    assert lottery(folder, "ticket", "2099-spring", CARD, "--count", 2)["tickets"] == ["D00001.0001", "D00001.0002"]
    assert lottery(folder, "ticket", "2099-spring", CARD, "--ref", "S-7")["tickets"] == ["S-7"]
    stubs = written(folder, "\ufeffref,holder,count\nA1,paper-1,2\nA2,paper-2,1\n")
    assert lottery(folder, "import", "2099-spring", stubs) == {
        "draw": "2099-spring",
        "lines": 2,
        "new_lines": 2,
        "given": 3,
    }
    assert lottery(folder, "import", "2099-spring", stubs)["new_lines"] == 0
    taken = lottery(folder, "orders", "2099-spring")
    assert (taken["orders"], taken["waiting_points"], taken["written"]) == (0, 0, True)
    assert "0 points" in machi("lottery", "ticket", folder, "2099-spring", CARD, "--for-points", ends=REFUSED)
    shown = lottery(folder, "show", "2099-spring")
    assert (shown["state"], shown["tickets"], "key" in shown) == ("announced", 6, False)
    assert len(lottery(folder, "show", "2099-spring", "--key")["key"]) == 64
    assert lottery(folder, "show")["draws"] == {"2099-spring": "announced"}
    for refused in (
        machi("lottery", "close", folder, "2099-spring", ends=REFUSED),
        machi("lottery", "ticket", folder, "autumn", CARD, ends=REFUSED),
        machi("lottery", "show", folder, "autumn", ends=REFUSED),
        machi("lottery", "announce", folder, written(folder, SPRING), ends=REFUSED),
    ):
        assert re.search(r"[\u3040-\u30ff].*\n[A-Z]", refused), refused


@pytest.mark.parametrize(
    ("command", "text", "word"),
    [
        ("announce", SPRING.replace("close =", "closes ="), "close ="),
        ("announce", SPRING.replace("cap = 10", "cap = 0"), "cap"),
        ("announce", SPRING.replace("cap =", "chance ="), "chance"),
        ("announce", "draw = ", "TOML"),
        ("import", "ref,holder\nA1,paper-1\n", "first line"),
        ("import", "ref,holder,count\nA1,paper-1,1\nA2,朝日花子,1\n", "line 3"),
        ("import", "ref,holder,count\nA1,paper-1,many\n", "line 2"),
        ("import", "ref,holder,count\nA1,朝日,1\n".encode("shift_jis"), "line 2"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_mend(folder: Path, command: str, text: str | bytes, word: str) -> None:
    between = () if command == "announce" else ("2099-spring",)
    said = machi("lottery", command, folder, *between, written(folder, text), ends=USAGE)
    assert word in said
    assert re.search(r"[\u3040-\u30ff].* / ", said)


def test_prizes_above_the_ceiling_take_a_note(folder: Path) -> None:
    dear = SPRING.replace("yen = 3000", "yen = 300001")
    assert "300,001" in machi("lottery", "announce", folder, written(folder, dear), ends=REFUSED)
    lottery(folder, "announce", written(folder, dear.replace("cap = 10", 'cap = 10\nnote = "確認済み"')))


def test_winners_are_drawn_by_a_file_or_by_hand_and_published(
    folder: Path, then: Centre, clock: Clock, tmp_path: Path
) -> None:
    closed(then, clock)
    public = tmp_path / "public"
    before = lottery(folder, "publish", "spring", "--output", public)["files"]
    assert sorted(before) == ["frozen.json", "rules.json", "tickets.csv", "verify.html"]
    draw = ("lottery", "draw", folder, "spring")
    rounds = written(folder, msgspec.json.encode([{"round": ROUND + 1, "signature": SIGNATURES[ROUND + 1]}]))
    assert f"Round {ROUND} is not" in machi(
        "lottery", "draw", folder, "spring", "--round-file", rounds, *HANAKO, ends=REFUSED
    )
    wrong = SIGNATURES[ROUND][:-1] + "8"
    assert "Nothing was drawn" in machi(
        "lottery", "draw", folder, "spring", "--signature", wrong, *HANAKO, ends=REFUSED
    )
    machi(*draw, *HANAKO, ends=USAGE)
    machi(*draw, "--signature", wrong, "--by", "花子", ends=USAGE)
    assert "transcript" not in lottery(folder, "show", "spring")
    said = lottery(folder, "draw", "spring", "--signature", SIGNATURES[ROUND].upper(), *HANAKO)
    assert (said["proposed_by"], said["drawn"], lottery(folder, "show", "spring")["state"]) == (
        "hanako",
        False,
        "proposed",
    )
    assert "LOT-012" in machi("lottery", "confirm", folder, "spring", *HANAKO, ends=REFUSED)
    transcript = lottery(folder, "confirm", "spring", "--by", "jiro")
    rounds = written(folder, msgspec.json.encode({"round": ROUND, "signature": SIGNATURES[ROUND]}))
    assert "LOT-011" in machi("lottery", "draw", folder, "spring", "--round-file", rounds, *HANAKO, ends=REFUSED)
    assert lottery(folder, "show", "spring")["transcript"]["winners"] == transcript["winners"]
    assert transcript["winners"][0]["ticket"] in machi("lottery", "show", folder, "spring")
    after = lottery(folder, "publish", "spring", "--output", public)["files"]
    assert after.items() > before.items()
    everything = b"".join(path.read_bytes() for path in public.iterdir())
    key = lottery(folder, "show", "spring", "--key")["key"]
    assert CARD.encode() not in everything
    assert key.encode() not in everything
    (public / "tickets.csv").write_text("another list\n")
    machi("lottery", "publish", folder, "spring", "--output", public, ends=EXISTS)


def test_the_winner_is_drawn_from_a_file_of_rounds(folder: Path, then: Centre, clock: Clock) -> None:
    closed(then, clock)
    lines = b"\n".join(msgspec.json.encode({"round": one, "signature": of}) for one, of in SIGNATURES.items())
    lottery(folder, "draw", "spring", "--round-file", written(folder, lines), *HANAKO)
    assert "バタバタ茶 / Tea" in machi("lottery", "confirm", folder, "spring", "--by", "jiro")
    transcript = lottery(folder, "show", "spring")["transcript"]
    assert transcript["randomness"] == "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd"
    first, second = (one["ticket"] for one in transcript["winners"][:2])
    assert lottery(folder, "prizes", "spring")["unclaimed"] == 5
    lottery(folder, "collected", "spring", first)
    assert lottery(folder, "alternate", "spring", second)["to"] == transcript["alternates"][0]
    found = {one["ticket"]: one for one in lottery(folder, "prizes", "spring")["prizes"]}
    assert (found[first]["handed_out_by"], found[second]["passed_to"]) == ("office", transcript["alternates"][0])
    assert f"{first} ます寿し / Trout sushi: 渡し済み" in machi("lottery", "prizes", folder, "spring")
    machi("lottery", "collected", folder, "spring", second, ends=REFUSED)
    proof = lottery(folder, "prove", "spring", first)
    assert proof["root"] == transcript["root"]
    assert f"root: {proof['root']}" in machi("lottery", "prove", folder, "spring", transcript["winners"][0]["ticket"])
    announce(then, msgspec.structs.replace(PLAN, draw="later", close_at=PLAN.close_at + 86_400, round=0))
    assert lottery(folder, "show")["draws"] == {"spring": "drawn", "later": "announced"}
