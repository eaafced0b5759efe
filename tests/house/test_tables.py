"""The pages about faults and threats cannot lie: they are what the tests say, and no promised row is missing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tables import TABLES, Marked, Table, TableError, page, read_runs, rows

ROOT = Path(__file__).parents[2]
FAULT = TABLES[0]
WHOLE = {"people": "Nothing.", "lost": "nothing", "found": "By looking."}
by_marker = pytest.mark.parametrize("table", TABLES, ids=[table.marker for table in TABLES])


def test_the_pages_are_what_the_tests_say() -> None:
    command = [sys.executable, "-m", "tests.tables", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@by_marker
def test_every_promised_row_is_there(table: Table) -> None:
    names = re.findall(r"^\| ([^|]+) \|", (ROOT / table.page).read_text(), re.MULTILINE)
    assert [name for name in table.rows_first if name not in names] == []


@by_marker
def test_every_named_test_is_there(table: Table) -> None:
    shown = re.findall(r"`(tests/[^`:]+)::(\w+)`", (ROOT / table.page).read_text())
    assert len(shown) >= len(table.rows_first)
    assert [name for path, name in shown if f"def {name}(" not in (ROOT / path).read_text()] == []


def test_one_test_says_the_row_and_others_only_name_it() -> None:
    marks = [Marked("a.py::one", ("flood",), {}), Marked("a.py::two", ("flood",), WHOLE)]
    row = rows(FAULT, [*marks, *marks])["flood"]
    assert row.shown_by == ["a.py::one", "a.py::two"]
    assert row.texts == WHOLE


@pytest.mark.parametrize(
    ("marks", "why"),
    [
        ([Marked("a.py::one", ("flood",), {})], "a.py::one: fault 'flood' has no text"),
        ([Marked("a.py::one", ("flood",), WHOLE | {"lost": " "})], "a.py::one: fault 'flood' does not say lost"),
        (
            [Marked("a.py::one", ("flood",), {"people": "Nothing."})],
            "a.py::one: fault 'flood' does not say lost, found",
        ),
        ([Marked("a.py::one", ("flood",), WHOLE | {"cost": "none"})], "a.py::one: fault knows no cost"),
        ([Marked("a.py::one", (), WHOLE)], "a.py::one: fault takes the name of its row"),
        ([Marked("a.py::one", ("flood", "fire"), WHOLE)], "a.py::one: fault takes the name of its row"),
        (
            [Marked("a.py::one", ("flood",), WHOLE), Marked("a.py::two", ("flood",), WHOLE | {"lost": "all"})],
            "a.py::two: fault 'flood' has other texts at a.py::one",
        ),
    ],
)
def test_a_marker_that_makes_no_row_is_refused_by_name(marks: list[Marked], why: str) -> None:
    with pytest.raises(TableError, match=why):
        rows(FAULT, marks)


def test_promised_rows_come_first() -> None:
    marks = [Marked("a.py::one", (name,), WHOLE) for name in ("flood", *reversed(FAULT.rows_first))]
    assert list(rows(FAULT, marks)) == [*FAULT.rows_first, "flood"]


def test_long_runs_that_measured_the_same_share_a_table(tmp_path: Path) -> None:
    kept = tmp_path / "runs.json"
    kept.write_text(
        '[{"date": "d1", "command": "c", "commit": "a", "figures": {"unit-days": 1200, "a second": 40.5, "lost": 0}},'
        ' {"date": "d2", "command": "c", "commit": "b", "figures": {"bugs planted": 40}},'
        ' {"date": "d3", "command": "c", "commit": "c", "figures": {"unit-days": 9, "a second": 39.5, "lost": 0}}]'
    )
    made = page(FAULT, [Marked("a.py::one", ("flood",), WHOLE)], read_runs(kept))
    _, long = made.split("## The long runs")
    assert "| d1 | `c` | a | 1,200 | 40.5 | 0 |\n| d3 | `c` | c | 9 | 39.5 | 0 |" in long
    assert "| together |  |  | 1,209 |  | 0 |" in long
    assert "| date | command | commit | bugs planted |" in long


@pytest.mark.parametrize("content", [None, "", "[]"])
def test_no_long_runs_are_not_mentioned(tmp_path: Path, content: str | None) -> None:
    kept = tmp_path / "runs.json"
    if content is not None:
        kept.write_text(content)
    assert "long runs" not in page(FAULT, [Marked("a.py::one", ("flood",), WHOLE)], read_runs(kept))


def test_a_run_with_a_missing_figure_is_no_run(tmp_path: Path) -> None:
    kept = tmp_path / "runs.json"
    kept.write_text('[{"date": "d1", "command": "c", "commit": "a"}]')
    with pytest.raises(ValueError, match="figures"):
        read_runs(kept)


def test_a_bar_in_a_text_ends_no_cell() -> None:
    made = page(FAULT, [Marked("a.py::one", ("flood",), WHOLE | {"people": "one|two\n three"})])
    assert r"| one\|two three |" in made
