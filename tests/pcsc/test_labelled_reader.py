"""Readers' buffers, and a reader that dies and comes back, with a real pcscd: `labelled.py`."""

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.pcsc


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Any:
    command = [sys.executable, "-m", "tests.pcsc.labelled", str(tmp_path_factory.mktemp("labelled"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_long_commands_go_only_where_they_were_announced_and_fit(said: Any) -> None:
    """A chain of short ones elsewhere; the reader refuses what does not fit, so this cannot pass by chance."""
    signed = [0x9000, 64]
    short = [*signed, [260, 51]], [*signed, [260, 260, 196]]
    assert said["buffers"]["271"] == {"max": 261, "300": short[0], "700": short[1]}
    assert said["buffers"]["522"] == {"max": 512, "300": [*signed, [309]], "700": short[1]}
    assert said["buffers"]["65554"] == {"max": 65_544, "300": [*signed, [309]], "700": [*signed, [709]]}


def test_a_reader_that_dies_and_comes_back_while_pcscd_runs_serves_within_three_seconds(said: Any) -> None:
    assert len(said["dead_and_back"]) == 5
    assert max(said["dead_and_back"]) < 3.0
