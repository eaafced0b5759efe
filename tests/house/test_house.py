"""The house tests itself: what a newcomer relies on stays true without anybody having to remember it."""

import ast
import importlib
import re
import subprocess
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import click
import pytest

from appliance.cli import unit
from appliance.counter import words_folders
from appliance.feedback import MANNERS
from appliance.words import load
from central.cli import central
from desk.cli import desk
from device.cli import device
from drivers.card.cli import card
from drivers.sound.earcons import EARCONS
from sync.program import Result

ROOT = Path(__file__).parents[2]
BUILDINGS = ("appliance", "central", "demo", "desk", "device", "drivers", "programs", "simulation", "sync")
BESIDE = ("firmware-config",)  # no package, so it stands in no contract
LINES_MAX = 400
FUNCTION_LINES_MAX = 60

# Who may touch files: adapters to the world, what sets a folder up, and what a person runs.
FILES_ALLOWED = re.compile(
    r"^(machi\.py|drivers/|demo/|appliance/(config|durable|sealed|sealing|updates|enrol|setup|carry|wiping|web|hatch_http|cli/.*|__main__|uplink/.*|keeper/__main__|screen/app)\.py"
    r"|firmware-config/render\.py|simulation/asked\.py|programs/[a-z]+/cli/.*|device/(keys|ssh|held|cli/.*)\.py"
    r"|central/(folder|found|bundles|backups/.*|durable|pulling|ssh|cli/.*|server|world|__main__|console/.*|migrations/.*)\.py)"
)
FILE_CALLS = {"open", "read_text", "write_text", "read_bytes", "write_bytes", "mkdir", "unlink", "rename"}


@cache
def sources() -> dict[str, str]:
    files = [path for folder in (*BUILDINGS, *BESIDE) for path in sorted((ROOT / folder).rglob("*.py"))]
    return {str(path.relative_to(ROOT)): path.read_text() for path in [*files, ROOT / "machi.py"]}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines() if (ROOT / name).is_file()]


def test_every_file_says_what_it_is() -> None:
    silent = [name for name, text in sources().items() if not ast.get_docstring(ast.parse(text))]
    assert silent == []


def test_files_and_functions_fit_a_reader() -> None:
    long = [f"{name}: {text.count(chr(10))} lines" for name, text in sources().items() if text.count("\n") > LINES_MAX]
    for name, text in sources().items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno
                if lines > FUNCTION_LINES_MAX:
                    long.append(f"{name}: {node.name} has {lines} lines")
    assert long == [], "is it still one idea?"


def test_deciding_code_touches_no_file() -> None:
    found = []
    for name, text in sources().items():
        if FILES_ALLOWED.match(name):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in FILE_CALLS and not _is_resource(node):
                    found.append(f"{name}:{node.lineno}: {called}()")
    assert found == [], "files come in as arguments; if this is an adapter, say so in FILES_ALLOWED"


def _is_resource(node: ast.Call) -> bool:
    """A file of our own package, read through importlib.resources, is no disk to be simulated."""
    return isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.BinOp)


@pytest.mark.parametrize(
    "kind", sorted(path.name for path in (ROOT / "drivers").iterdir() if (path / "__init__.py").exists())
)
def test_every_kind_of_driver_has_a_sim(kind: str) -> None:
    folder = ROOT / "drivers" / kind
    if kind == "card":
        assert (folder / "sim" / "__init__.py").exists()
        return
    makes = [path.stem for path in folder.glob("*.py") if not path.stem.startswith("_") and path.stem != "earcons"]
    assert "sim" in makes
    for make in makes:
        driver = importlib.import_module(f"drivers.{kind}.{make}").Driver
        assert "Capabilities:" in (driver.__doc__ or ""), f"drivers/{kind}/{make}.py does not say what it can do"
        assert driver.Options.__struct_config__.forbid_unknown_fields


def test_every_program_is_complete() -> None:
    for folder in sorted((ROOT / "programs").iterdir()):
        if (folder / "__init__.py").exists():
            for part in ("entries", "rules", "terminal", "office"):
                assert (folder / f"{part}.py").exists(), f"programs/{folder.name} has no {part}.py"
            assert (folder / "words.toml").exists()


def test_every_result_is_said_in_every_way() -> None:
    assert set(MANNERS) == set(Result)
    assert set(EARCONS) == set(Result)


def test_every_message_that_is_used_has_words_and_none_is_left_over() -> None:
    catalogue = load(*words_folders())
    used = {found for text in sources().values() for found in re.findall(r'"([A-Z]{3}-\d{3})"', text)}
    assert used == set(catalogue)


def test_words_are_short_enough() -> None:
    for name, words in load(*words_folders()).items():
        assert len(words.short) <= 6, f"{name}: a 3.5-inch screen shows six characters a line"
        assert not re.search(r"[\u4e00-\u9fff]", words.easy), f"{name}: easy Japanese is written in kana"
        for sentence in (words.ja, words.en, words.easy, words.short):
            assert sentence.strip() == sentence != ""


def test_no_placeholders() -> None:
    word = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError|pragma: no cover)\b")
    assert [name for name, text in sources().items() if word.search(text)] == []


def test_names_that_say_nothing_are_refused() -> None:
    empty = {"utils", "util", "helpers", "helper", "common_utils", "misc", "base", "manager", "data", "info"}
    assert [name for name in sources() if Path(name).stem in empty] == []


def test_our_packages_belong_to_nobody_else() -> None:
    owners = packages_distributions()
    for building in BUILDINGS:
        assert set(owners.get(building, ["machitap"])) == {"machitap"}


@pytest.mark.threat("poisoned update")
def test_no_download_host_is_named() -> None:
    """Mirrors come from the machine's configuration; requirement files carry hashes and no addresses."""
    for path in tracked():
        if path.name.endswith((".in", ".txt")) and "requirements" in path.parts:
            assert "://" not in path.read_text()
    for path in (ROOT / "requirements").glob("*.txt"):
        if not path.name.startswith("debian"):
            pins = re.findall(r"^[A-Za-z0-9_.-]+==", path.read_text(), re.MULTILINE)
            assert len(pins) > 10
            assert path.read_text().count("--hash=sha256:") >= len(pins)


def commands(group: click.Group, path: str) -> dict[str, click.Command]:
    """Return every command of a group and of the groups in it, by what a person types."""
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        inner = commands(command, f"{path} {name}") if isinstance(command, click.Group) else {f"{path} {name}": command}
        found |= inner
    return found


def test_every_command_has_help_examples_and_json() -> None:
    for group in (unit, central, card, desk, device):
        assert "machi " in (group.help or ""), f"{group.name}: no examples"
        for typed, command in commands(group, f"machi {group.name}").items():
            assert command.help, f"{typed}: no help"
            examples = f"{command.help}\n{command.epilog}"
            assert f"{typed} " in examples, f"{typed}: no example of it"
            assert any("--json" in option.opts for option in command.params), f"{typed}: no --json"


def test_the_register_of_walls_is_complete() -> None:
    """Every building stands in the import contracts, so that a new one has to say where it stands."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert set(settings["root_packages"]) == set(BUILDINGS)
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert folders == set(BUILDINGS)
