"""A unit's daemon is killed at chosen system calls, on a real disk: what was heard is there, once, and it goes on."""

import signal
from pathlib import Path

import pytest

from tests.fault.conftest import Dose, Settle
from tests.fault.desk import Desk
from tests.fault.judge import judge
from tests.fault.machine import lacks_strace, need
from tests.fault.report import Report
from tests.fault.strace import KILLED, Blow, Strace, spread

RESIDENTS = range(1, 5)


def a_morning(desk: Desk) -> int | None:
    """Start, serve everybody once, end in order; it may be over at any moment. Return the exit code."""
    if desk.begin():
        for resident in RESIDENTS:
            if desk.tap(resident) is None:
                break
    return desk.end()


@pytest.mark.fault(
    "daemon killed at any moment",
    people="The screen is gone while it starts again; a second touch says whether the first one counted.",
    lost="nothing that was announced",
    found="By whoever starts the daemon again; its next boot says that the one before was cut short.",
)
@pytest.mark.fault(
    "power cut between the commit and the beep",
    people="No beep. After the restart the second touch is told that the first one counted, and is not written again.",
    lost="nothing",
    found="The next start knows the last entry of a boot that was cut short, of which perhaps nobody heard.",
)
def test_killed_at_any_system_call(settle: Settle, dose: Dose, report: Report, tmp_path: Path) -> None:
    need(lacks_strace())
    quiet = settle("quiet")
    watch = Strace(quiet.watched, tmp_path / "quiet.trace")
    quiet.unit.within = watch.within
    assert a_morning(quiet) == 0
    points = spread(watch.moments(), dose.points)
    heard = told_later = 0
    for number, (call, nth) in enumerate(points):
        desk, blow = settle(f"u{number}"), Blow(call, nth, KILLED)
        desk.unit.within = Strace(desk.watched, tmp_path / f"{number}.trace", blow).within
        assert a_morning(desk) == -signal.SIGKILL, f"{blow}: it was not killed"
        desk.unit.within = ()
        heard += len(desk.about())
        told_later += judge(desk, RESIDENTS, str(blow), tmp_path)
    assert heard, "it was always killed before anybody was served"
    report.add("daemon killed at a system call", kills=len(points), heard_before=heard, lost=0, told_later=told_later)
