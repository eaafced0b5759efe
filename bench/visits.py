"""The year of a fictional town, taken in by a real centre: how fast it is added up, and how long its pages take."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
import sqlalchemy as sa

from bench.report import median, ms, percentile, rate, row, title
from central.centre import Centre, open_centre
from central.found import Plan
from central.reconcile import Reconciler
from central.store import reading, segment
from central.world import SystemEntropy
from programs.visits.insight import MONTHS
from programs.visits.office import OFFICE
from programs.visits.tables import visit
from simulation.year import FIRST_DAY, Size
from simulation.year.town import clock_at_the_end, play
from sync.installed import register
from sync.months import first_day, month_of, written
from sync.segment import from_text, unpack
from tests.browser.serving import ConsoleServing
from tests.ports import free_port

AIM_MS: Final = 300
LOOKS: Final = 40
_LAST: Final = month_of(FIRST_DAY + Size().days - 1)
_DAYS: Final = (first_day(_LAST), first_day(_LAST + 1) - 1)


def measure(folder: Path) -> None:
    size = Size()
    title(f"Visits: a year of {size.touches:,} touches at 28 units, as signed segments through the centre's intake")
    plan = Plan("bench", "計測町", "Bench", "00-0000", free_port(), ("localhost",), free_port())
    began = time.perf_counter()
    centre = play(folder / "central", size, plan)
    row("written, signed, verified and stored", rate(size.touches / (time.perf_counter() - began)), "touches")
    _replay(centre)
    centre.reconciler.catch_up()
    centre.engine.dispose()
    _pages(open_centre(folder / "central", clock_at_the_end(size), SystemEntropy()))


def _replay(centre: Centre) -> None:
    """Add up for the visits alone, and for all programs; the limit is to read and decode the same rows."""
    entries, bare = _timed(lambda: _read_all(centre.engine))
    only = Reconciler(centre.engine, centre.town.register, [OFFICE])
    only.prepare()
    _, took = _timed(only.catch_up)
    row("bare read of the same segments, decoded", rate(entries / bare), "entries; the limit")
    row("replay, visits alone", rate(entries / took), f"{bare / took:.2f} of the limit")
    centre.reconciler.prepare()
    _, took = _timed(centre.reconciler.catch_up)
    row("replay, all programs", rate(entries / took), f"{bare / took:.2f} of the limit")


def _read_all(engine: sa.Engine) -> int:
    with reading(engine) as connection:
        packed = connection.execute(sa.select(segment.c.packed, segment.c.last).order_by(segment.c.n))
        return sum(len(from_text(unpack(one)).upto(last).stored_entries(register())) for one, last in packed)


def _timed(do: Callable[[], int]) -> tuple[int, float]:
    """Return the processor's time, which what else runs on a machine makes no longer."""
    began = time.process_time()
    found = do()
    return found, time.process_time() - began


def _pages(centre: Centre) -> None:
    title(f"Visits: pages of the console, {LOOKS} looks each; aim p95 {AIM_MS} ms")
    month, before = written(_LAST), written(_LAST - MONTHS // 2)
    busiest = _busiest(centre.engine)
    pages = {
        "all places": f"/visits?month={month}",
        "the busiest place": f"/visits?place={busiest}&month={month}",
        "the same before and after a change": f"/visits?place={busiest}&month={month}&change={before}",
        "the table": f"/visits.csv?month={month}",
    }
    limit = median([_look(lambda: _bare(centre.engine))[1] for _ in range(LOOKS // 4)])
    row("bare query: the rows of the month", ms(limit), "the limit")
    serving = ConsoleServing(centre).open()
    with httpx.Client(base_url=serving.url, trust_env=False, timeout=60) as client:
        for name, address in pages.items():
            client.get(address).raise_for_status()
            looks = [_look(lambda address=address: client.get(address)) for _ in range(LOOKS)]  # type: ignore[misc]
            times, work = [look[0] for look in looks], [look[1] for look in looks]
            remark = f"p95; p50 {ms(median(times))}, {limit / median(work):.2f} of the limit"
            row(name, ms(percentile(times, 0.95)), f"{remark}; the work itself p95 {ms(percentile(work, 0.95))}")
    serving.close()
    centre.engine.dispose()


def _look(do: Callable[[], Any]) -> tuple[float, float]:
    """Return how long it took by the clock on the wall, and of that the processor's time."""
    began, worked = time.perf_counter(), time.process_time()
    do()
    return time.perf_counter() - began, time.process_time() - worked


def _bare(engine: sa.Engine) -> None:
    """Read the rows of one month, and nothing else."""
    with reading(engine) as connection:
        connection.execute(sa.select(visit).where(visit.c.day.between(*_DAYS))).fetchall()


def _busiest(engine: sa.Engine) -> str:
    number = sa.func.count().label("number")
    asked = sa.select(visit.c.place).where(visit.c.day.between(*_DAYS)).group_by(visit.c.place).order_by(number.desc())
    with reading(engine) as connection:
        return str(connection.execute(asked.limit(1)).scalar_one())
