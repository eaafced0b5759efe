"""Three hundred cards, a third of them torn away, leave nothing behind: `soak.py`, which ran beside the other tests."""

import json
import subprocess
from typing import Any

import pytest

from tests.pcsc.soak import judge

pytestmark = pytest.mark.pcsc


def test_they_all_come_and_go_and_leave_nothing_behind(soak: "subprocess.Popen[str]") -> None:
    out, errors = soak.communicate(timeout=90)
    assert soak.returncode == 0, errors
    said = json.loads(out)
    assert said["outcomes"] == {"proven": 210, "torn": 98}
    assert said["after"] == said["before"]
    assert said["unheard"] == 0


GOOD: dict[str, Any] = {
    "outcomes": {"proven": 90, "torn": 10},
    "before": {"threads": 16, "files": 9},
    "after": {"threads": 16, "files": 9},
    "unheard": 0,
    "memory_kib": {"ours": [38_000, 38_100, 38_050, 38_150], "pcscd": [3_832] * 4},
}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"outcomes": {"proven": 91, "torn": 9}}, "outcomes"),  # enough cards, and too few of them torn
    ({"outcomes": {"proven": 80, "torn": 10}}, "outcomes"),
    ({"after": {"threads": 17, "files": 9}}, "threads"),
    ({"after": {"threads": 16, "files": 10}}, "files"),
    ({"unheard": 1}, "events"),
    ({"memory_kib": {"ours": [38_000, 40_000, 44_000, 48_000]}}, "memory of ours"),
    ({"memory_kib": {"pcscd": [3_832, 5_000, 7_000, 9_000]}}, "memory of pcscd"),
]


def test_a_good_run_of_the_long_test_is_called_good() -> None:
    assert judge(GOOD, 100, 10) == []


@pytest.mark.parametrize(("change", "word"), BAD)
def test_whatever_is_left_over_is_told(change: dict[str, Any], word: str) -> None:
    (said,) = judge(GOOD | change, 100, 10)
    assert word in said
