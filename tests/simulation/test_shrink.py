"""A failing plan is cut down to what matters, saved, and told again."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from simulation.deeds import Deed, Setting, What, from_lines, to_lines
from simulation.plan import draw
from simulation.run import play
from simulation.shrink import shrink

REGRESSIONS = sorted((Path(__file__).parent / "regressions").glob("*.jsonl"))


def test_only_what_matters_is_left() -> None:
    asked = 0

    def breaks(parts: Sequence[int]) -> bool:
        nonlocal asked
        asked += 1
        return {3, 41, 77} <= set(parts) and list(parts) == sorted(parts)

    assert shrink(range(100), breaks) == (3, 41, 77)
    assert asked < 120


def test_it_gives_up_in_time_with_something_that_breaks() -> None:
    left = shrink(range(100), lambda parts: len(parts) > 10, tries=5)
    assert len(left) > 10


def test_a_plan_survives_being_saved() -> None:
    setting = Setting("saved", 1, 2, 4, "everything")
    assert from_lines(to_lines(setting, draw(setting))) == (setting, draw(setting))


@pytest.mark.parametrize("raw", [b"", b"nothing\n", b'{"seed":"1"}\n{"at":1}\n'])
def test_a_file_that_is_no_plan_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="not a saved plan"):
        from_lines(raw)


def test_leaving_a_deed_out_changes_nothing_about_the_others() -> None:
    setting = Setting("part", 1, 2, 4, "quiet")
    plan = draw(setting)
    fewer = [deed for deed in plan if deed.what is not What.TORN]
    whole, part = (_touches(play(setting, deeds)[0].lines) for deeds in (plan, fewer))
    assert [line.split(":")[0] for line in whole] == [line.split(":")[0] for line in part]


def _touches(lines: list[str]) -> list[str]:
    return [line for line in lines if f" {What.TOUCH} " in line]


@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda path: path.stem)
def test_what_once_failed_does_not_fail_again(path: Path) -> None:
    setting, plan = from_lines(path.read_bytes())
    assert plan
    assert all(isinstance(deed, Deed) for deed in plan)
    outcome, _ = play(setting, plan)
    assert not outcome.findings, f"{outcome.findings}\n{outcome.crash}"
