"""Several processes write to one database: nothing is lost or stored twice, and a reader misses nothing."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from central import incidents, shelves, store
from central.audit import audit
from central.branches import Branches
from central.centre import Centre, open_centre
from central.found import Plan, found
from central.incidents import open_ones
from central.peers import admit
from central.world import SystemClock, SystemEntropy
from drivers.keystore.sim import Driver as Keystore
from sync.facts import CardState
from sync.messages import Report
from sync.segment import unpack
from tests.central.beside import asks, beside, numbers, pens, write_some
from tests.central.pen import AT, Pen, touch

WRITERS = 4
SEGMENTS = 12


@pytest.fixture
def url(shared_url: str) -> str:
    return shared_url


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(WRITERS + 2) as pool:
        yield pool


def test_who_follows_by_number_misses_nothing(centre: Centre, url: str, threads: ThreadPoolExecutor) -> None:
    work = [(pen, write_some(pen, SEGMENTS)) for pen in pens(centre, WRITERS)]
    seen = numbers(centre.engine)
    ended = threading.Event()

    def follow(reader: Centre) -> None:
        while True:
            last_round = ended.is_set()
            seen.extend(numbers(reader.engine, seen[-1]))
            if last_round:
                return

    def write(writer: Centre, pen: Pen, journal: list[bytes]) -> None:
        for segment in journal:
            writer.intake.receive(pen.peer, segment, "", "07")
            writer.registrar.set_card("ab" * 16, CardState.ACTIVE)

    with ExitStack() as others:
        opened = [others.enter_context(beside(centre, url)) for _ in range(WRITERS + 1)]
        follower = threads.submit(follow, opened[-1])
        jobs = [threads.submit(write, one, *job) for one, job in zip(opened, work, strict=False)]
        for job in jobs:
            job.result(60)
        ended.set()
        follower.result(60)
    assert seen == numbers(centre.engine)
    checked = audit(centre.engine, centre.town)
    assert checked.broken == ()
    with store.reading(centre.engine) as connection:
        for pen, _ in work:
            assert [head.hash for head in Branches(connection, pen.unit, 1).heads()] == [pen.head.hex()]


def test_a_later_number_is_not_seen_before_an_earlier_one(
    centre: Centre, url: str, threads: ThreadPoolExecutor
) -> None:
    """PostgreSQL hands out numbers before it commits: whoever comes second has to wait for the first."""
    one, other = pens(centre, 2)
    (slow,), (quick,) = write_some(one, 1), write_some(other, 1)
    before = numbers(centre.engine)[-1]
    with beside(centre, url) as second:
        with centre.engine.begin() as connection:
            shelves.lock(connection)
            centre.intake._attach(connection, centre.intake.verify(slow))
            job = threads.submit(second.intake.carry_in, quick)
            wait_for([job], 0.5)
            assert numbers(second.engine, before) == []
        assert job.result(60)
        assert numbers(second.engine, before) == [before + 1, before + 2]


@pytest.mark.parametrize("shared_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize("what", ["enrol", "close", "settle", "place", "holdings"])
def test_the_office_and_the_door_never_wait_for_each_other(
    centre: Centre, url: str, threads: ThreadPoolExecutor, what: str
) -> None:
    """Whoever writes takes the one lock first: else PostgreSQL has to break a deadlock, and somebody is turned away."""
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(touch(1)))
    old = pen.place
    pen.send(pen.write(touch(2)))
    pen.send(pen.begin(touch(3), after=old))
    signed = centre.intake.verify(write_some(Pen.enrolled(centre, "lib02", "lib02"), 1)[0])
    with beside(centre, url) as office:
        heir = Pen(office, "lib01", Keystore(Keystore.Options("heir")))
        request = asks(heir, office.enroller.invite("lib01", "library", "facility", "https://localhost"))
        jobs: dict[str, Callable[[], object]] = {
            "enrol": lambda: office.enroller.enrol(request),
            "close": lambda: office.enroller.close("lib01", "lost"),
            "settle": lambda: _settle(office),
            "place": lambda: office.registrar.set_card("ab" * 16, CardState.STOPPED),
            "holdings": lambda: office.intake.holdings(pen.peer, Report(), "07"),
        }
        with centre.engine.begin() as connection:
            shelves.lock(connection)
            job: Future[object] = threads.submit(jobs[what])
            wait_until_it_waits(connection, job)
            admit(connection, pen.peer)
            connection.execute(sa.update(store.branch).where(store.branch.c.writer == "lib01").values(settled=0))
            centre.intake._attach(connection, signed)
        assert job.result(60) is not False


def wait_until_it_waits(connection: sa.Connection, job: Future[object]) -> None:
    """Wait until another connection waits for a lock, or is done."""
    asked = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    for _ in range(500):
        if job.done() or connection.execute(asked).scalar_one():
            return
        wait_for([job], 0.02)
    pytest.fail("it neither waits nor ends")


def _settle(office: Centre) -> object:
    with office.engine.begin() as connection:
        return incidents.close(connection, office.streams, 1, "looked at", AT) is not None


IMPORTER = """
import sys
from pathlib import Path
from central.centre import open_centre
from central.world import SystemClock, SystemEntropy
from sync.segment import pack, split

centre = open_centre(Path(sys.argv[1]), SystemClock(), SystemEntropy())
print("ready", flush=True)
sys.stdin.readline()
print(sum(centre.intake.carry_in(pack(text)) for text in split(Path(sys.argv[2]).read_bytes())))
"""


def test_several_processes_store_the_same_journal_once(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "central"
    plan = Plan("todai", "灯台町", "Todai", "00-1234", 8443, ("localhost",), 8080, database=url)
    found(folder, plan, SystemClock(), SystemEntropy())
    centre = open_centre(folder, SystemClock(), SystemEntropy())
    pen = Pen.enrolled(centre)
    journal = write_some(pen, SEGMENTS)
    file = tmp_path / "lib01.segments"
    file.write_bytes(b"".join(map(unpack, journal)))
    command = [sys.executable, "-c", IMPORTER, str(folder), str(file)]
    with ExitStack() as running:
        children = [
            running.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            for _ in range(3)
        ]
        for child in children:
            assert child.stdout
            assert child.stdout.readline() == b"ready\n"
        told = [child.communicate(b"go\n", timeout=60)[0] for child in children]
    assert sum(map(int, told)) == SEGMENTS
    assert audit(centre.engine, centre.town).broken == ()
    with centre.engine.begin() as connection:
        assert open_ones(connection) == []
        assert Branches(connection, "lib01", 1).heads()[0].hash == pen.head.hex()
    centre.engine.dispose()
