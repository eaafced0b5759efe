"""The disk below a running daemon fails or fills up at chosen system calls: it stops, or says so, and never guesses."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from central.centre import Centre
from drivers.card.sim.pki import TestPki
from tests.appliance.live import settle_in
from tests.fault.conftest import Dose
from tests.fault.desk import FILES, Desk
from tests.fault.judge import judge
from tests.fault.machine import lacks_strace, need
from tests.fault.report import Report
from tests.fault.strace import FAILED, FULL, Blow, Strace, spread

EARLIER, NOW = (1, 2), (3, 4, 5)
IN_ORDER, IN_A_COMMIT, AT_THE_START = 0, 1, 8  # exit codes


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, town: Centre, pki: TestPki) -> Iterator[Desk]:
    """A unit that was killed while its log was not folded back yet."""
    need(lacks_strace())
    folder = tmp_path_factory.mktemp("lived") / "lib01"
    desk = Desk(settle_in(folder, town, pki.trust(("pass",))), pki.own.pass_key)
    assert desk.begin()
    for resident in EARLIER:
        desk.tap(resident)
    desk.unit.stop(signal.SIGKILL)
    yield desk
    desk.clean_up()


@pytest.fixture(scope="module")
def moments(lived: Desk, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, int]]:
    """What the unit does to its journal when nothing goes wrong."""
    _, watch, code = struck(lived, tmp_path_factory.mktemp("quiet") / "0")
    assert code == IN_ORDER
    return watch.moments()


def struck(lived: Desk, place: Path, blow: Blow | None = None) -> tuple[Desk, Strace, int | None]:
    """Let a twin of the unit serve everybody, with a blow to its journal; return its trace and its exit code."""
    desk = lived.twin(place)
    trace = Strace([desk.unit.folder / name for name in FILES], place / "trace", blow)
    desk.unit.within = trace.within
    if desk.begin():
        for resident in NOW:
            if desk.tap(resident) is None:
                break
    code = desk.end()
    desk.unit.within = ()
    return desk, trace, code


@pytest.mark.fault("the disk fails to sync")
def test_after_an_error_it_stops_and_does_not_try_again(
    lived: Desk, moments: list[tuple[str, int]], dose: Dose, report: Report, tmp_path: Path
) -> None:
    points = spread(moments, dose.points, ["fdatasync", "pwrite64"])
    told_later, stops = 0, {IN_A_COMMIT: 0, AT_THE_START: 0}
    for number, (call, nth) in enumerate(points):
        blow = Blow(call, nth, FAILED)
        desk, trace, code = struck(lived, tmp_path / str(number), blow)
        assert trace.fell, f"{blow}: it did not fall"
        assert trace.after_the_blow() == [], f"{blow}: the journal was touched again"
        if code != IN_ORDER:  # SQLite keeps the log, and to itself, if folding it back at the very end fails
            assert code in stops, f"{blow}: {desk.unit.said()}"
            assert "the disk failed" in desk.unit.said()
            assert "This is a bug" not in desk.unit.said()
            stops[code] += 1
        told_later += judge(desk, EARLIER + NOW, str(blow), tmp_path)
    assert all(stops.values()), stops
    report.add(
        "disk error (EIO) at a write or sync",
        errors=len(points),
        stops_in_a_commit=stops[IN_A_COMMIT],
        stops_at_the_start=stops[AT_THE_START],
        tried_again=0,
        lost=0,
        told_later=told_later,
    )


@pytest.mark.fault("the unit's disk is full")
def test_from_some_write_on_there_is_no_room(
    lived: Desk, moments: list[tuple[str, int]], dose: Dose, report: Report, tmp_path: Path
) -> None:
    points = spread(moments, dose.points // 2 + 2, ["pwrite64"])
    turned_away = 0
    for number, (call, nth) in enumerate(points):
        blow = Blow(call, nth, FULL, onwards=True)
        desk, trace, code = struck(lived, tmp_path / str(number), blow)
        assert trace.fell, f"{blow}: it did not fall"
        assert code in (IN_ORDER, AT_THE_START), f"{blow}: {desk.unit.said()}"
        assert code == IN_ORDER or "no room left on the disk" in desk.unit.said()
        results = [sound for sound, _ in desk.results()]
        assert results == sorted(results, reverse=True), f"{blow}: after the first help nobody hears a success"
        turned_away += results.count("help")
        judge(desk, EARLIER + NOW, str(blow), tmp_path)
    assert turned_away, "nobody met the full disk"
    report.add("no room (ENOSPC) from a write on", writes=len(points), turned_away=turned_away, lost=0)
