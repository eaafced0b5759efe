"""What was added up can be thrown away and comes back the same: after a crash, from a copy, in any order of arrival."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pysqlite3
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from central import reconcile, store
from central.audit import audit
from central.centre import Centre, open_centre
from central.found import Plan, found
from central.office import Office
from central.reconcile import Reconciler
from central.world import SystemClock, SystemEntropy
from drivers.clock.sim import Driver as Clock
from programs.visits.entries import Touch
from programs.visits.office import OFFICE, Visits
from programs.visits.tables import visit
from simulation.centre import name_place, open_sim_centre
from sync import facts
from sync.entries import Entry, Fact
from tests.central.beside import beside, over, packed, pens, write_some
from tests.central.pen import Pen, touch

SEGMENTS = 6
UNITS = 3


class StumbleError(Exception):
    pass


class Stumbling(Visits):
    """The visits, but for one batch that it cannot take: a program with a fault, or a machine that stops there."""

    def __init__(self, at: int) -> None:
        self.left = at

    def record(self, connection: sa.Connection, entries: Sequence[Entry]) -> None:
        super().record(connection, entries)
        self.left -= any(isinstance(entry.fact, Touch) for entry in entries)
        if self.left < 0:
            raise StumbleError


@pytest.fixture
def url(shared_url: str) -> str:
    return shared_url


def filled(centre: Centre) -> Centre:
    for pen in pens(centre, UNITS):
        for segment in write_some(pen, SEGMENTS):
            centre.intake.carry_in(segment)
    return centre


def others(centre: Centre) -> list[Office]:
    """Return the offices of all programs but this one."""
    return [office for office in centre.offices if office.name != OFFICE.name]


def place(engine: sa.Engine) -> tuple[int, int]:
    """Return how far it was added up, and up to where the index of entries reaches."""
    with store.reading(engine) as connection:
        indexed = connection.execute(sa.select(sa.func.coalesce(sa.func.max(reconcile.entry.c.n), 0))).scalar_one()
        return connection.execute(sa.select(reconcile.progress.c.n)).scalar_one(), indexed


def test_thrown_away_and_added_up_again(centre: Centre) -> None:
    reconciler = filled(centre).reconciler
    reconciler.catch_up()
    before, figures = reconciler.digest(), reconciler.figures()
    assert figures["visits"]["touches"] == 2 * SEGMENTS * UNITS
    reconciler.wipe()
    assert reconciler.figures()["visits"] == {"visits": 0, "touches": 0}
    reconciler.catch_up(segments=7)
    assert reconciler.digest() == before
    assert reconciler.figures() == figures


def test_a_change_of_one_number_shows_in_the_digest(centre: Centre) -> None:
    reconciler = filled(centre).reconciler
    reconciler.catch_up()
    before = reconciler.digest()
    with centre.engine.begin() as connection:
        some = sa.select(sa.func.min(visit.c.card)).scalar_subquery()
        connection.execute(sa.update(visit).where(visit.c.card == some).values(touches=visit.c.touches + 1))
    after = reconciler.digest()
    assert {name for name in before if before[name] != after[name]} == {"visits_visit"}


@pytest.mark.fault(
    "centre killed while it adds up",
    people="Nothing; the console is behind for a moment.",
    lost="nothing: totals are added up again from what is stored",
    found="The place up to which it added up moves in the same transaction.",
)
@pytest.mark.parametrize(("at", "together"), [(0, 1), (1, 4), (2, 3)])
def test_a_crash_leaves_whole_segments_only_and_is_made_up_for(centre: Centre, at: int, together: int) -> None:
    good = filled(centre).reconciler
    good.catch_up()
    before = good.digest()
    good.wipe()
    stumbling = Reconciler(centre.engine, centre.town.register, [Stumbling(at), *others(centre)])
    with pytest.raises(StumbleError):
        stumbling.catch_up(together)
    reached, indexed = place(centre.engine)
    assert indexed <= reached, "nothing of the batch in which it stumbled stayed"
    assert good.figures()["visits"]["touches"] <= 2 * at * together
    again = Reconciler(centre.engine, centre.town.register, centre.offices)
    assert again.catch_up() > 0
    assert again.digest() == before


def indexes(engine: sa.Engine) -> set[str | None]:
    return {one["name"] for one in sa.inspect(engine).get_indexes(reconcile.entry.name)}


def test_what_only_readers_need_is_made_at_the_end_also_by_whoever_ends_it_after_a_crash(centre: Centre) -> None:
    wanted = {index.name for index in reconcile.entry.indexes}
    assert len(wanted) > 1
    assert not wanted & indexes(centre.engine), "nothing was added up yet"
    good = filled(centre).reconciler
    assert good.step(2) == 2
    assert not wanted & indexes(centre.engine), "there is more to come"
    good.catch_up()
    assert wanted <= indexes(centre.engine)
    good.wipe()
    assert not wanted & indexes(centre.engine)
    with pytest.raises(StumbleError):
        Reconciler(centre.engine, centre.town.register, [Stumbling(1), *others(centre)]).catch_up(2)
    assert not wanted & indexes(centre.engine)
    good.catch_up()
    assert wanted <= indexes(centre.engine), "whoever thought that they were there looks again"
    assert good.catch_up() == 0


def test_an_index_that_could_not_be_committed_is_made_later(centre: Centre) -> None:
    reconciler = filled(centre).reconciler
    while reconciler.step(4):
        pass
    reconciler.wipe()
    with pytest.raises(StumbleError), reconciler.counted():
        raise StumbleError
    assert not indexes(centre.engine)
    reconciler.catch_up()
    assert indexes(centre.engine) >= {index.name for index in reconcile.entry.indexes}


class Board(Fact, frozen=True, forbid_unknown_fields=True, tag="rides.board"):
    """What a program of tomorrow writes; a unit of today wrote something else under that name."""

    stop: str


def test_an_entry_stored_before_its_kind_was_known_stops_nobody_when_it_turns_out_to_be_of_another_form(
    centre: Centre,
) -> None:
    pen = Pen.enrolled(centre)
    pen.send(pen.begin())
    body = f'{{"kind":"rides.board","unit":"lib01","boot":"{pen.boot}","seq":2,"at":7,"line":3}}'
    pen.send(pen.seal([body.encode()]))
    pen.send(pen.write(touch()))
    later = Reconciler(centre.engine, facts.register((Touch, Board)), [OFFICE])
    later.catch_up()
    assert later.figures()["visits"]["touches"] == 1
    with store.reading(centre.engine) as connection:
        kinds = connection.execute(sa.select(reconcile.entry.c.kind).where(reconcile.entry.c.writer == "lib01"))
        assert set(kinds.scalars()) == {"boot", "rides.board", "visits.touch"}
    assert audit(centre.engine, centre.town).broken == ()


def test_a_new_version_of_a_program_is_added_up_from_the_first_segment(centre: Centre) -> None:
    filled(centre).reconciler.catch_up()
    assert not centre.reconciler.prepare(), "nothing has changed"
    assert centre.reconciler.step() == 0
    before = centre.reconciler.digest()
    newer = Visits()
    newer.version = OFFICE.version + 1
    upgraded = Reconciler(centre.engine, centre.town.register, [newer, *others(centre)])
    assert upgraded.prepare()
    assert upgraded.figures()["visits"]["touches"] == 0
    upgraded.catch_up()
    assert upgraded.digest() == before


def test_two_that_add_up_at_once_add_nothing_twice(centre: Centre, url: str) -> None:
    """A replay beside a centre that serves."""
    filled(centre).reconciler.catch_up()
    before = centre.reconciler.digest()
    centre.reconciler.wipe()
    with beside(centre, url) as other, ThreadPoolExecutor(2) as threads:
        jobs = [threads.submit(one.reconciler.catch_up, 1) for one in (centre, other)]
        done = sum(job.result(60) for job in jobs)
    assert centre.reconciler.digest() == before
    with store.reading(centre.engine) as connection:
        assert done == connection.execute(sa.select(sa.func.count()).select_from(store.segment)).scalar_one()


@contextmanager
def copied(url: str, folder: Path) -> Iterator[str]:
    """Copy a database with the means of its own server."""
    if url.startswith("sqlite"):
        copy = folder / "copy.db"
        with pysqlite3.connect(sa.make_url(url).database) as source, pysqlite3.connect(copy) as target:
            source.backup(target)
        yield f"sqlite:///{copy}"
        return
    admin = sa.create_engine(sa.make_url(url).set(database="template1"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text("CREATE DATABASE copy TEMPLATE postgres"))
        yield url.replace("/postgres?", "/copy?")
        connection.execute(sa.text("DROP DATABASE copy"))
    admin.dispose()


def test_a_copy_taken_half_way_ends_at_the_same_numbers(centre: Centre, url: str, tmp_path: Path) -> None:
    filled(centre).reconciler.step(SEGMENTS)
    centre.engine.dispose()
    with copied(url, tmp_path) as copy, beside(centre, copy) as other:
        centre.reconciler.catch_up()
        assert other.reconciler.digest() != centre.reconciler.digest()
        other.reconciler.catch_up()
        assert other.reconciler.digest() == centre.reconciler.digest()
        other.reconciler.wipe()
        other.reconciler.catch_up(segments=1)
        assert other.reconciler.digest() == centre.reconciler.digest()


KILLED = """
import sys, time
from pathlib import Path
from central.centre import open_centre
from central.reconcile import Reconciler
from central.world import SystemClock, SystemEntropy
from programs.visits.office import Visits

class Slow(Visits):
    left = 3
    def record(self, connection, entries):
        super().record(connection, entries)
        Slow.left -= 1
        if Slow.left == 0:
            print("in the middle", flush=True)
            time.sleep(60)

centre = open_centre(Path(sys.argv[1]), SystemClock(), SystemEntropy())
offices = [Slow() if type(one) is Visits else one for one in centre.offices]
slow = Reconciler(centre.engine, centre.town.register, offices)
slow.wipe()
slow.catch_up(2)
"""


@pytest.mark.fault("centre killed while it adds up")
def test_killed_in_the_middle_of_a_replay(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "central"
    plan = Plan("todai", "灯台町", "Todai", "00-1234", 8443, ("localhost",), 8080, database=url)
    found(folder, plan, SystemClock(), SystemEntropy())
    centre = filled(open_centre(folder, SystemClock(), SystemEntropy()))
    centre.reconciler.catch_up()
    before = centre.reconciler.digest()
    with subprocess.Popen([sys.executable, "-c", KILLED, folder], stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.readline() == b"in the middle\n"
        child.kill()
    reached, indexed = place(centre.engine)
    assert reached == indexed == 4, "two batches of two are there, the third is not"
    centre.reconciler.catch_up()
    assert centre.reconciler.digest() == before
    centre.engine.dispose()


# ---- in any order of arrival


@dataclass(frozen=True)
class Written:
    """A town on the evening of a day: who is enrolled, and what each unit has still to deliver, in its own order."""

    centre: Centre
    journals: dict[str, list[bytes]]

    def empty_copy(self) -> Centre:
        engine = store.open_engine("sqlite://", poolclass=sa.StaticPool)
        with closing(self.centre.engine.raw_connection()) as source, closing(engine.raw_connection()) as target:
            cast("pysqlite3.Connection", source.driver_connection).backup(target.driver_connection)
        return over(engine, self.centre)


@pytest.fixture(scope="module")
def written() -> Iterator[Written]:
    centre = open_sim_centre(Clock(), "orders")
    name_place(centre, "library")
    journals = {pen.unit: write_some(pen, 4) for pen in pens(centre, 2)}
    journals["bus01"] = _rolled_back(Pen.enrolled(centre, "bus01", "bus"))
    yield Written(centre, journals)
    centre.engine.dispose()


def _rolled_back(pen: Pen) -> list[bytes]:
    """Write a journal whose disk was put back in time once: both branches count."""
    first = pen.begin(touch(1), touch(2))
    old = pen.place
    return [packed(one) for one in (first, pen.write(touch(3)), pen.begin(touch(1), touch(4), after=old))]


def tables(centre: Centre) -> dict[str, list[tuple[object, ...]]]:
    """Return every derived row but for the number that says when it arrived."""
    chosen = [column for column in reconcile.entry.c if column.name != "n"]
    asked = {"entry": sa.select(*chosen), "said": sa.select(reconcile.said), "visit": sa.select(visit)}
    with store.reading(centre.engine) as connection:
        return {name: sorted(tuple(row) for row in connection.execute(query)) for name, query in asked.items()}


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_order_of_arrival_gives_the_same_tables(written: Written, data: st.DataObject) -> None:
    def lived(order: Sequence[str]) -> Centre:
        centre, waiting, arrived = written.empty_copy(), {**written.journals}, []
        for unit in order:
            segment, *waiting[unit] = waiting[unit]
            assert centre.intake.carry_in(segment)
            arrived.append(segment)
            if data.draw(st.booleans()):
                assert not centre.intake.carry_in(data.draw(st.sampled_from(arrived))), "the same again is not new"
            centre.reconciler.step(data.draw(st.integers(1, 3)))
        centre.reconciler.catch_up()
        return centre

    in_turn = [unit for unit, segments in written.journals.items() for _ in segments]
    one, other = lived(in_turn), lived(data.draw(st.permutations(in_turn)))
    assert tables(one) == tables(other)
    before = other.reconciler.digest()
    other.reconciler.wipe()
    other.reconciler.catch_up(data.draw(st.integers(1, 9)))
    assert other.reconciler.digest() == before
    for centre in (one, other):
        centre.engine.dispose()
