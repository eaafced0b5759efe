"""A road that is slow, torn in the middle of messages, or silently dead, in user space: everything arrives once."""

import statistics
from collections.abc import Iterator

import pytest

from drivers.card.sim.pki import TestPki
from tests.appliance.live import wait_until
from tests.fault.bad_road import BadRoad
from tests.fault.conftest import Dose
from tests.fault.line import Line, lay_line
from tests.fault.office import Office
from tests.fault.report import Report
from tests.ports import free_port

TAPS = 15
LATE_S = 0.15
TORN_AFTER = 6000  # bytes; a TLS handshake takes about three thousand


@pytest.fixture(scope="module")
def road(office: Office) -> Iterator[BadRoad]:
    laid = BadRoad(free_port(), office.port, 7)
    yield laid
    laid.cut()


@pytest.fixture(scope="module")
def line(office: Office, road: BadRoad, tmp_path_factory: pytest.TempPathFactory, pki: TestPki) -> Iterator[Line]:
    laid = lay_line(office, tmp_path_factory.mktemp("line") / "bus01", pki, f"https://localhost:{road.port}")
    yield laid
    laid.desk.clean_up()


@pytest.mark.fault("a slow and lossy road")
def test_every_message_is_late(line: Line, road: BadRoad, report: Report) -> None:
    road.late_s, before = LATE_S, road.pieces
    waits = line.tap(TAPS)
    entries = line.all_arrive_once()
    road.late_s = 0.0
    assert road.pieces > before, "nothing came this way"
    report.add(
        f"road {LATE_S * 1000:.0f} ms late (proxy)",
        taps=len(waits),
        ms_median_tap=f"{statistics.median(waits):.1f}",
        entries_once=entries,
    )


@pytest.mark.fault(
    "delivery cut off, or its answer lost",
    people="Nothing.",
    lost="nothing",
    found="The centre has all of a delivery or nothing; the unit asks what it holds, and goes on from there.",
)
def test_connections_are_torn_in_the_middle_of_messages(line: Line, road: BadRoad, dose: Dose, report: Report) -> None:
    road.torn_after, before = TORN_AFTER, road.torn
    taps = 0
    while road.torn - before < 3 * dose.points:
        taps += len(line.tap(3))
        torn = road.torn
        wait_until(lambda torn=torn: road.torn > torn, line.unit.called)  # type: ignore[misc]
    torn, road.torn_after = road.torn - before, 0
    report.add("connections torn (proxy)", torn=torn, taps=taps, entries_once=line.all_arrive_once())


@pytest.mark.fault("the other end is gone and nobody said so")
def test_a_connection_that_stays_open_and_says_nothing(line: Line, road: BadRoad, report: Report) -> None:
    line.all_arrive_once()
    road.is_dead = True
    failures = line.unit.called().count("again in")
    waits = line.tap(TAPS)
    wait_until(lambda: line.unit.called().count("again in") > failures, line.unit.called)
    assert line.unit.status()["unsent"] >= TAPS
    road.is_dead = False
    report.add("road silently dead (proxy)", taps=len(waits), entries_once=line.all_arrive_once())
