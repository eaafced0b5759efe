"""The centre, or its database server, is killed or fails under deliveries: what it acknowledged is there, once."""

import random
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from tests.appliance.live import PATIENCE_S, wait_until
from tests.fault.conftest import Dose
from tests.fault.machine import lacks_strace, need
from tests.fault.office import Courier, Office, judge_books
from tests.fault.report import Report
from tests.fault.strace import FAILED, KILLED, Blow, Strace, spread
from tests.postgres import BIN, private_postgres

SEGMENTS = 5
TRIES = 5
NOT_NOTED = "could not look what needs a person"
MANY = 1000  # more than are delivered before a server is killed
KILLED_WITHIN_S = (0.02, 0.4)
CALLS = ("pwrite64", "fsync", "fdatasync")


def watch(office: Office, log: Path, blow: Blow | None = None) -> Strace:
    return Strace([office.folder / name for name in ("town.db", "town.db-wal")], log, blow)


def moments(office: Office, courier: Courier, log: Path) -> list[tuple[str, int]]:
    """Return what the centre does to its database during some deliveries when nothing goes wrong.

    Of two looks the quieter one counts, for it notes something of its own now and then. The last of it is left out: it
    may do less, when it adds up more at once.
    """
    looks: list[list[tuple[str, int]]] = []
    for look in range(2):
        quiet = watch(office, log.with_name(f"{log.name}-{look}"))
        assert office.process is not None
        with quiet.attached(office.process):
            assert courier.deliver(SEGMENTS)
        looks.append(quiet.moments())
    found = min(looks, key=len)
    return found[: len(found) * 3 // 4]


def in_the_file_itself(office: Office, place: Path, unit: str) -> int:
    """Return how many entries of a unit the database holds without its log.

    After a sync that failed, a log may be readable and not on the disk, and would take with it what comes behind: so
    each start folds it back.
    """
    copy = place / "without its log.db"
    shutil.copy(office.folder / "town.db", copy)
    connection = apsw.Connection(str(copy))
    rows = connection.execute("SELECT first, last FROM segment WHERE writer = ?", (unit,)).fetchall()
    connection.close()
    return sum(int(str(last)) - int(str(first)) + 1 for first, last in rows)


@pytest.mark.fault(
    "centre killed at any moment",
    people="Nothing. Units serve on and send again when it is back.",
    lost="nothing that it acknowledged",
    found="By whoever starts it again; units ask what it holds and go on from there.",
)
@pytest.mark.fault("delivery cut off, or its answer lost")
@pytest.mark.fault("the centre's disk fails to sync")
def test_killed_at_any_write(make_office: Callable[..., Office], dose: Dose, report: Report, tmp_path: Path) -> None:
    need(lacks_strace())
    office = make_office(tmp_path / "central")
    assert office.start()
    with office.courier() as courier:
        points = spread(moments(office, courier, tmp_path / "quiet"), dose.points, CALLS)
        for number, (call, nth) in enumerate(points):
            blow = watch(office, tmp_path / f"{number}", Blow(call, nth, KILLED))
            assert office.process is not None
            with blow.attached(office.process):
                assert not all(courier.deliver(SEGMENTS) for _ in range(TRIES)), f"{blow.blow}: it did not fall"
                assert office.process.wait(PATIENCE_S) == -signal.SIGKILL
            judge_books(office.folder, courier)
            assert office.start(), office.said()
            assert in_the_file_itself(office, tmp_path, courier.unit) >= courier.acknowledged
        assert courier.deliver(1), office.said()
        assert courier.acknowledged == courier.written
        assert office.end() == 0
        judge_books(office.folder, courier)
        report.add("centre killed at a write to SQLite", kills=len(points), acknowledged=courier.acknowledged, lost=0)


def struck(office: Office, courier: Courier, blow: Strace) -> bool:
    """Deliver until a blow falls. Tell whether units heard of it: it may fall on what the centre notes for itself."""
    answered, for_itself = len(courier.turned_away), office.said().count(NOT_NOTED)

    def is_heard() -> bool:
        return len(courier.turned_away) > answered or not office.is_up

    assert office.process is not None
    with blow.attached(office.process):
        for _ in range(TRIES):
            is_taken = courier.deliver(SEGMENTS)
            if blow.fell:
                break
            if not is_taken and len(courier.turned_away) == answered:  # it hangs up: it ends of the blow before
                wait_until(lambda: not office.is_up, office.said)
                break
        if blow.fell:
            wait_until(lambda: is_heard() or office.said().count(NOT_NOTED) > for_itself, office.said)
    return blow.fell and is_heard()


@pytest.mark.fault(
    "the centre's disk fails to sync",
    people="Nothing. Units serve on and send again.",
    lost="nothing that it acknowledged",
    found="By the error: the delivery is answered with a fault, or the centre ends and says that its database failed.",
)
def test_after_an_error_nothing_is_acknowledged_that_is_not_there(
    make_office: Callable[..., Office], dose: Dose, report: Report, tmp_path: Path
) -> None:
    need(lacks_strace())
    office = make_office(tmp_path / "central")
    assert office.start()
    ended = 0
    with office.courier() as courier:
        points = spread(moments(office, courier, tmp_path / "quiet"), dose.points, CALLS)
        for number, (call, nth) in enumerate(points):
            for attempt in range(TRIES):
                blow = watch(office, tmp_path / f"{number}-{attempt}", Blow(call, nth, FAILED))
                is_heard = struck(office, courier, blow)
                if not office.is_up:
                    assert "the database cannot be used: " in office.said()
                    ended += 1
                    assert office.start(), office.said()
                judge_books(office.folder, courier)
                if is_heard:
                    break
            assert is_heard, f"{blow.blow}: nobody heard of it"
        office.clean_up()
        assert office.start(), office.said()
        assert courier.deliver(1), office.said()
        assert courier.acknowledged == courier.written
        judge_books(office.folder, courier)
        report.add(
            "centre's disk fails (EIO)",
            errors=len(points),
            answered_with_a_fault=len(courier.turned_away),
            ended=ended,
            acknowledged=courier.acknowledged,
            lost=0,
        )


@pytest.mark.postgres
@pytest.mark.fault(
    "database server killed under a delivery",
    people="Nothing. Units serve on and send again; the console is away until both are up again.",
    lost="nothing that was acknowledged",
    found="The delivery is answered with a fault; the centre may end, and says that the database cannot be used.",
)
def test_postgresql_killed_under_deliveries(
    make_office: Callable[..., Office], dose: Dose, report: Report, tmp_path: Path
) -> None:
    if BIN is None:
        pytest.skip("PostgreSQL is not installed")
    dice = random.Random(4)  # noqa: S311 - a test wants dice that can be thrown again
    rounds = max(1, dose.points // 2)
    with private_postgres(BIN, durable=True) as server:
        office = make_office(tmp_path / "central", server.url)
        assert office.start()
        with office.courier() as courier:
            assert courier.deliver(1)
            for _ in range(rounds):
                killer = threading.Timer(dice.uniform(*KILLED_WITHIN_S), server.kill)
                killer.start()
                assert not courier.deliver(MANY), "it was not killed"
                killer.join()
                server.start()
                wait_until(lambda: (office.is_up or office.start()) and courier.deliver(0), office.said)
                judge_books(office.folder, courier)
            assert courier.acknowledged == courier.written
            assert office.end() == 0
            report.add(
                "PostgreSQL killed under deliveries",
                kills=rounds,
                acknowledged=courier.acknowledged,
                lost=0,
            )
