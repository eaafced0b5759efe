"""A unit's uplink and the centre in networks of their own, and what can happen to a cable: taps do not wait for it."""

import statistics
import time
from collections.abc import Iterator

import pytest

from drivers.card.sim.pki import TestPki
from tests.appliance.live import wait_until
from tests.fault.cable import NAME, Cable
from tests.fault.line import TIMEOUT_S, Line, lay_line
from tests.fault.machine import lacks_networks, need
from tests.fault.office import Office
from tests.fault.report import Report

TAPS = 15
MS_MAX = 100  # that the median touch may wait longer without a road; a request would wait 2 s


@pytest.fixture(scope="module")
def cable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cable]:
    need(lacks_networks())
    with Cable(tmp_path_factory.mktemp("cable")) as laid:
        yield laid


@pytest.fixture(scope="module")
def line(cable: Cable, tmp_path_factory: pytest.TempPathFactory, pki: TestPki) -> Iterator[Line]:
    place = tmp_path_factory.mktemp("line")
    office = Office(place / "central", name=NAME)
    assert office.start(cable.far.within), office.said()
    laid = lay_line(office, place / "lib01", pki, f"https://{NAME}:{office.port}", tuple(cable.near.within))
    yield laid
    laid.desk.clean_up()
    office.clean_up()


def seconds_until_all_arrived(line: Line) -> str:
    began = time.monotonic()
    line.all_arrive_once()
    return f"{time.monotonic() - began:.1f}"


def until_it_waits(line: Line) -> None:
    """Wait until a call of the uplink has come to nothing."""
    failures = line.unit.called().count("again in")
    wait_until(lambda: line.unit.called().count("again in") > failures, line.unit.called)


@pytest.mark.fault("no network for hours")
@pytest.mark.fault(
    "the road between unit and centre swallows everything",
    people="Nothing. A touch takes as long as ever.",
    lost="nothing",
    found="The uplink's calls run into their time limit and are made again; the console shows the backlog.",
)
def test_a_road_that_swallows_everything_keeps_nobody_waiting(line: Line, cable: Cable, report: Report) -> None:
    line.all_arrive_once()
    with_road = line.tap(TAPS)
    cable.cut()
    until_it_waits(line)
    without = line.tap(TAPS)
    assert line.unit.status()["unsent"] >= TAPS
    assert statistics.median(without) < statistics.median(with_road) + MS_MAX
    assert max(without) < 1000 * TIMEOUT_S
    cable.mend()
    report.add(
        "cable that swallows everything",
        taps=len(without),
        ms_median_tap_with_the_road=f"{statistics.median(with_road):.1f}",
        ms_without=f"{statistics.median(without):.1f}",
        s_until_all_had_arrived=seconds_until_all_arrived(line),
    )


@pytest.mark.fault(
    "a slow and lossy road",
    people="Nothing. A touch takes as long as ever.",
    lost="nothing",
    found="Calls that take too long are made again; what arrives twice is stored once.",
)
def test_a_bad_cable_brings_everything_once(line: Line, cable: Cable, report: Report) -> None:
    means = cable.worsen(lost_percent=15, kbit=256, late_ms=150)
    waits = line.tap(TAPS)
    seconds, lost = seconds_until_all_arrived(line), cable.lost()
    cable.mend()
    assert lost > 0, "the cable was good"
    report.add(
        f"15 % lost, 256 kbit/s ({means})",
        packets_lost=lost,
        taps=len(waits),
        ms_median_tap=f"{statistics.median(waits):.1f}",
        s_until_all_had_arrived=seconds,
    )


@pytest.mark.fault(
    "the other end is gone and nobody said so",
    people="Nothing.",
    lost="nothing",
    found="The connection is dead for one of the two; its time limit ends it, and the next one is a new one.",
)
def test_a_centre_that_vanished_without_a_word(line: Line, cable: Cable, report: Report) -> None:
    """Its machine lost power while a connection was open, and is back: it knows nothing of the connection."""
    line.all_arrive_once()
    cable.cut()
    line.office.clean_up()
    waits = line.tap(TAPS)
    assert line.office.start(cable.far.within), line.office.said()
    cable.mend()
    report.add("centre gone without a word", taps=len(waits), s_until_all_had_arrived=seconds_until_all_arrived(line))


@pytest.mark.fault("the other end is gone and nobody said so")
def test_an_uplink_that_vanished_without_a_word(line: Line, cable: Cable, report: Report) -> None:
    line.all_arrive_once()
    cable.cut()
    assert line.unit.caller is not None
    line.unit.caller.kill()
    line.unit.caller.wait()
    waits = line.tap(TAPS)
    cable.mend()
    line.unit.call()
    report.add("uplink gone without a word", taps=len(waits), s_until_all_had_arrived=seconds_until_all_arrived(line))


@pytest.mark.fault(
    "an address changes",
    people="Nothing.",
    lost="nothing",
    found="Connections under the old address come to nothing; the next call asks for the address again.",
)
@pytest.mark.parametrize("whose", ["the unit's", "the centre's"])
def test_an_address_changes_under_way(line: Line, cable: Cable, report: Report, whose: str) -> None:
    line.all_arrive_once()
    end = cable.near if whose == "the unit's" else cable.far
    line.tap(2)
    end.move_to(end.host + 10)
    cable.name_centre()
    waits = line.tap(TAPS)
    report.add(f"{whose} address changes", taps=len(waits), s_until_all_had_arrived=seconds_until_all_arrived(line))
