"""A morning in the demo town, judged by what it leaves behind rather than by what it says of itself."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from demo.verdict import judge
from sync.segment import from_text, split
from tests.demo.running import ROOT, command, free_ports, left_behind, once

UNITS = ("lib01", "shop01", "bus01", "hall01")


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    folder = tmp_path_factory.mktemp("morning") / "demo"
    code, verdict, said = once(folder, free_ports())
    assert code == 0, f"{verdict}\n{said}"
    return folder, verdict


def test_nothing_is_lost_or_booked_twice_whatever_goes_wrong(morning: tuple[Path, dict[str, object]]) -> None:
    _, verdict = morning
    names = ("units", "lost", "duplicated", "books_match", "residual", "short", "replay_match", "incidents")
    told = {name: verdict[name] for name in names}
    assert told == {
        "units": 4,
        "lost": 0,
        "duplicated": 0,
        "books_match": True,
        "residual": 0,
        "short": 0,
        "replay_match": True,
        "incidents": [],
    }
    assert verdict["phone"] == {"bill": 520, "said": True, "once": True, "code": 240, "spent": 520}
    assert int(str(verdict["taps"])) >= 40
    assert verdict["entries"] == int(str(verdict["acknowledged"])) + int(str(verdict["unasked"]))
    assert (
        int(str(verdict["beeped"])) >= 38
    )  # of the touches, one was pulled away, one killed, and some were strangers'


def test_a_copied_box_is_found_and_the_real_one_let_in_anew(morning: tuple[Path, dict[str, object]]) -> None:
    assert morning[1]["doubled"] == {"named": ["clone", "rollback"], "heard": "help", "again": "ok_points"}


def test_what_a_unit_out_of_reach_was_asked_for_comes_back(morning: tuple[Path, dict[str, object]]) -> None:
    assert int(str(morning[1]["asked_back"])) > 0


def test_the_bank_gets_what_the_shop_is_owed(morning: tuple[Path, dict[str, object]]) -> None:
    folder, verdict = morning
    payday = verdict["payday"]
    assert isinstance(payday, dict)
    (file,) = (folder / "payday").glob("batch-*.txt")
    records = file.read_bytes().split(b"\r\n")
    assert [len(record) for record in records] == [120, 120, 120, 120, 0]
    assert int(records[2][1:7]) == 1
    assert int(records[2][7:19]) == payday["owed"] == payday["yen"] > 0
    assert payday["left"] == payday["residual"] == 0


def test_the_journals_that_are_left_hold_by_the_published_format_alone(
    morning: tuple[Path, dict[str, object]], tmp_path: Path
) -> None:
    folder, verdict = morning
    counted = 0
    found = [*(folder / "units").rglob("journal.db"), *(folder / "copies").rglob("journal.db")]
    assert len(found) == len(UNITS) + 2, "the copied unit has an earlier life, and there is the copy"
    for number, file in enumerate(found):
        journal = tmp_path / f"{number}.db"
        shutil.copy(file, journal)
        public = file.with_name("unit.pub")
        checker = [sys.executable, str(ROOT / "docs" / "verify_journal.py"), str(journal), str(public)]
        done = subprocess.run(checker, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        counted += int(next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("entries")))
    assert counted > int(str(verdict["entries"])), "what was there when the box was copied is in both"


def test_the_killed_unit_began_anew_behind_what_it_had_written(morning: tuple[Path, dict[str, object]]) -> None:
    folder, _ = morning
    exported = folder / "shop01.exported"
    done = subprocess.run(
        [Path(sys.executable).parent / "machi", "unit", "export", folder / "units" / "shop01", exported, "--segments"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    boots = {from_text(segment).boot for segment in split(exported.read_bytes())}
    assert len(boots) == 2


def test_a_verdict_finds_what_the_books_lack(morning: tuple[Path, dict[str, object]], tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(morning[0], broken, ignore=shutil.ignore_patterns("*.sock"))
    heard = broken / "units" / "lib01" / "heard.jsonl"
    lines = heard.read_text().splitlines()
    about = next(line for line in lines if '"about":"lib01/' in line)
    place, _, entry_hash = about.partition('"about":"')[2].partition('"')[0].partition(" ")
    heard.write_text("\n".join([*lines, about.replace(entry_hash, "0" * 64)]) + "\n")
    verdict = judge(broken, 50)
    assert verdict.lost == 1, f"a beep about {place} that no book knows was not noticed"
    assert not verdict.is_good


def test_everything_that_was_started_has_ended(morning: tuple[Path, dict[str, object]]) -> None:
    assert left_behind(morning[0]) == []


def test_a_port_in_use_is_named_before_anything_is_touched(tmp_path: Path) -> None:
    ports = free_ports()
    with socket.create_server(("127.0.0.1", ports.screen(1))):
        done = subprocess.run(
            command(tmp_path / "demo", ports, "--once"), cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert f"port {ports.screen(1)} is in use" in done.stderr
    assert not (tmp_path / "demo").exists()
