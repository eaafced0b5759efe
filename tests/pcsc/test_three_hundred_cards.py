"""Three hundred cards, a third of them torn away, leave nothing behind: `soak.py`, which ran beside the other tests."""

import json
import subprocess

import pytest

pytestmark = pytest.mark.pcsc


def test_they_all_come_and_go_and_leave_nothing_behind(soak: "subprocess.Popen[str]") -> None:
    out, errors = soak.communicate(timeout=90)
    assert soak.returncode == 0, errors
    said = json.loads(out)
    assert said["outcomes"] == {"proven": 210, "torn": 98}
    assert said["after"] == said["before"]
    assert said["unheard"] == 0
