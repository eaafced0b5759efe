"""docs/new-program.md tells the truth: one folder is a program, at a unit, on the console and in the API."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from drivers.card.trust_folder import save
from sync.accounts import Role
from tests.appliance.live import change, wait_until
from tests.appliance.uplink.serving import CalledUnit, Served, let_in, serving
from tests.central.visiting import visitor
from tests.pcsc.unit.conftest import READERS, Hands

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
NEW = Path("programs") / "umbrellas"
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "build", "var", ".*_cache", ".hypothesis")
TOOLS = re.compile(r"cache|^\.hypothesis$")
HANAKO, TARO = 1, 2


def hashes(tree: Path) -> dict[Path, str]:
    """Return the hash of every file of a tree, but for what Python and its tools keep there."""
    files = (path for path in sorted(tree.rglob("*")) if path.is_file() and not path.is_symlink())
    found = {path.relative_to(tree): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return {path: value for path, value in found.items() if not any(TOOLS.search(part) for part in path.parts[:-1])}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the whole tree with the example's folder in it; at the end that is still all that is new there."""
    copy = tmp_path_factory.mktemp("new") / "tree"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT, symlinks=True)
    before = hashes(copy)
    shutil.copytree(EXAMPLES / NEW, copy / NEW)
    yield copy
    after = hashes(copy)
    assert {path: after.get(path) for path in before} == before, "another file was changed"
    assert after.keys() - before.keys() == {NEW / path for path in hashes(EXAMPLES / NEW)}


class Stand:
    """An umbrella stand and its centre, as processes that run a tree's code, and residents with their cards."""

    def __init__(self, served: Served, unit: CalledUnit, hands: Hands) -> None:
        self.served, self.unit, self._hands = served, unit, hands
        with visitor(served.folder, Role.OFFICER) as browser:
            self._officer = dict(browser.cookies)

    def hold(self, resident: int) -> tuple[str, str]:
        """Hold a resident's card there; return what the screen says then, and about which entry."""
        sound, _ = self._hands.tap(self.unit, resident)
        assert sound == "ok_points"
        shown = self.unit.view()["shown"]
        return shown["ja"], shown["entry"]

    def console(self, path: str) -> httpx.Response:
        address = f"http://127.0.0.1:{self.served.console}{path}"
        answer = httpx.get(address, cookies=self._officer, trust_env=False)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer


@pytest.fixture
def stand(tmp_path: Path, tree: Path, pki: TestPki) -> Iterator[Stand]:
    runs_it = {"PYTHONPATH": str(tree)}
    with ExitStack() as at_the_end:
        pcscd = at_the_end.enter_context(PrivatePcscd(READERS))
        served = at_the_end.enter_context(serving(tmp_path, environment=runs_it))
        unit = let_in(tmp_path / "stand01", served, served.port, "umbrellas")
        at_the_end.callback(unit.clean_up)
        (unit.folder / "trust" / "trust.toml").unlink()
        save(pki.trust(("pass",)), unit.folder / "trust")
        sound = f'[drivers.sound]\nmake = "sim"\nheard = "{unit.ear}"'
        change(
            unit.folder,
            ('make = "sim"\nname = "desk"', 'make = "pcsc"\nname = "reader"'),
            ('[drivers.sound]\nmake = "none"', sound),
        )
        unit.environment = runs_it | pcscd.environment
        unit.start()
        unit.call()
        yield Stand(served, unit, Hands(pcscd, pki))


@pytest.mark.pcsc
def test_a_folder_is_a_program_at_a_unit_on_the_console_and_in_the_api(stand: Stand) -> None:
    held = [stand.hold(HANAKO), stand.hold(TARO), stand.hold(HANAKO)]
    words = ("傘を1本どうぞ。ここへ返してください。", "傘が戻りました。ありがとうございます。")
    assert [said for said, _ in held] == [words[0], words[0], words[1]]

    counted = {"out": 1, "lent": 2}
    wait_until(lambda: stand.console("/api/figures").json()["figures"]["umbrellas"] == counted, stand.unit.called)
    told = {one["id"]: one for one in stand.console("/api/entries?limit=500").json()["entries"]}
    hanako, taro, back = (told[entry] for _, entry in held)
    assert [one["kind"] for one in (hanako, taro, back)] == ["umbrellas.lent", "umbrellas.lent", "umbrellas.back"]
    assert hanako["card"] == back["card"] != taro["card"]
    assert (back["place_name"], back["ja"]) == ("図書館", "傘が1本戻りました")

    home, page = (stand.console(path).text for path in ("/", "/umbrellas"))
    assert 'href="/umbrellas"' in home
    assert back["ja"] in home
    assert "これまでに貸した傘" in home
    assert '<th scope="row">図書館</th><td class="n">1</td><td class="n">2</td>' in page


def test_the_laws_and_the_house_hold_for_it_without_a_test_of_its_own(tree: Path) -> None:
    mine = "umbrellas or fit_a_reader or touches_no_file or is_complete or every_message or words_are or says_what"
    tests = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "tests/laws", "tests/house", "-k", mine]
    said = in_tree(tree, tests)
    for law in ("law_1_on_any_history", "laws_3_4_5_deciding", "law_6_unit_and_centre_agree"):
        assert f"test_{law}[umbrellas] PASSED" in said
    in_tree(tree, [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"])


def in_tree(tree: Path, command: list[str]) -> str:
    """Run a command on a tree's code; return what it printed."""
    environment = os.environ | {"PYTHONPATH": str(tree)}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_folder_elsewhere_on_the_path_is_one_too() -> None:
    asked = "from sync.installed import programs; print(*(program.name for program in programs()))"
    environment = os.environ | {"PYTHONPATH": str(EXAMPLES)}
    done = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {"umbrellas", "visits"} <= set(done.stdout.split())


CALL = """
import msgspec
from central.console.brought import Call

class Rain(msgspec.Struct):
    mm: int

CALLS = (Call("rain", "雨", "rain", "How much it rains.", Rain, Rain, lambda sent: 1, lambda centre, tool, sent: sent),)
"""
ASKED = """
from pathlib import Path
from tests.central.pen import visited
from tests.central.visiting import Browser, token_of
with visited(Path.cwd()) as (centre, _), Browser(centre) as browser:
    shown = token_of(centre, "gauge", "weather:write")
    document = browser.get("/openapi/office.json", **shown).json()
    print(document["paths"]["/api/rain"]["post"]["security"], browser.send("/api/rain", {"mm": 7}, **shown).text)
    print([browser.send("/api/rain", {"mm": 7}, **token_of(centre, "app", "steps:write")).status_code])
"""


def test_what_other_systems_send_to_a_program_is_one_file_of_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "programs" / "weather"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "calls.py").write_text(CALL)
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{tmp_path}"}
    command = [sys.executable, "-c", ASKED]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[{'token': ['weather:write']}] {\"mm\":7}", "[403]"]
