"""The published checkers know nothing of our code, and find every change that we can think of."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from programs.lottery.publishing import prove_ticket
from simulation.centre import open_sim_centre
from tests.programs.lottery import tampering
from tests.programs.lottery.spring import BEFORE_S, clock_at, drawn, publish

CHECKER = Path(__file__).parents[2] / "docs" / "verify_draw.py"


@pytest.fixture(scope="module")
def draw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the town publishes it, and beside it the proof of one ticket."""
    clock, folder = clock_at(BEFORE_S), tmp_path_factory.mktemp("draw")
    centre = open_sim_centre(clock, "lottery")
    transcript = drawn(centre, clock)
    with centre.reconciler.counted() as connection:
        proof = prove_ticket(connection, "spring", transcript.winners[0].ticket)
    (folder / "proof.json").write_bytes(msgspec.json.encode(proof))
    publish(centre, folder / "public")
    centre.engine.dispose()
    return folder / "public"


def check(*words: object, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *options, str(CHECKER), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_true_draw_and_a_true_proof(draw: Path) -> None:
    done = check(draw, "--proof", draw.with_name("proof.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "signature of round 1000 is the network's" in done.stdout
    assert "in the list" in done.stdout


def test_it_needs_nothing_but_python_and_says_what_it_did_not_check(draw: Path) -> None:
    done = check(draw, options=("-I", "-S"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NOT CHECKED: the signature of round 1000" in done.stdout


def test_it_imports_nothing_of_ours() -> None:
    source = CHECKER.read_text()
    assert not any(f"{word} programs" in source or f"{word} sync" in source for word in ("import", "from"))


@pytest.mark.parametrize("name", tampering.CHANGES)
def test_every_change_is_found(draw: Path, tmp_path: Path, name: str) -> None:
    tampering.change(draw, tmp_path, name)
    done = check(tmp_path, options=("-I", "-S"))
    assert (done.returncode, "WRONG" in done.stdout) == (1, True), done.stdout + done.stderr


@pytest.mark.threat(
    "an office that would choose its winners",
    control="The rules name a round of drand before anybody can know it; the list is frozen and public an hour before "
    "it comes; winners follow from both by arithmetic. The signature is checked. Two checkers without our code find "
    "every change to what was published. Tickets that are written into the books later stop the draw, nothing is "
    "drawn twice, and it takes two officers.",
    residual="Who gets tickets is the town's word. Whoever holds the centre can freeze late and pretend that it was "
    "not, or announce several draws and carry one out, if nobody looks at what was published when. Enough of drand's "
    "organisations together could know a round before.",
)
def test_another_signature_is_found_where_signatures_are_checked(draw: Path, tmp_path: Path) -> None:
    """Randomness, seed and winners that fit each other, made from a signature that nobody gave."""
    tampering.forge(draw, tmp_path)
    assert check(tmp_path, options=("-I", "-S")).returncode == 0
    done = check(tmp_path)
    assert (done.returncode, "not signed round 1000" in done.stdout) == (1, True), done.stdout


def _previous(document: dict[str, Any]) -> None:
    document["previous"] = "11" * 32


def _line(document: dict[str, Any]) -> None:
    document["proof"]["line"] = document["proof"]["line"].replace("paper", "other")[:-1] + "x"


@pytest.mark.parametrize(("option", "change"), [("--proof", _line), ("--previous", _previous)])
def test_a_wrong_proof_and_a_wrong_draw_before(
    draw: Path, tmp_path: Path, option: str, change: Callable[[dict[str, Any]], None]
) -> None:
    source = draw.with_name("proof.json") if option == "--proof" else draw / "transcript.json"
    document = json.loads(source.read_bytes())
    change(document)
    (tmp_path / "given.json").write_text(json.dumps(document))
    assert check(draw, option, tmp_path / "given.json", options=("-I", "-S")).returncode == 1


def test_wrong_usage_and_what_is_not_there(draw: Path, tmp_path: Path) -> None:
    assert check().returncode == 3
    assert check(tmp_path).returncode == 3
    assert check(draw, "--proof", tmp_path / "none.json").returncode == 3
