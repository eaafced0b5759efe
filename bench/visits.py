"""The year of a fictional town, taken in by a real centre: how fast it is added up, and how long its pages take."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from bench import pages
from bench.report import rate, row, title
from central.centre import Centre, open_centre
from central.found import Plan
from central.reconcile import Reconciler, entry
from central.store import reading, segment
from central.world import SystemEntropy
from programs.coin.entries import Pay
from programs.visits.insight import MONTHS
from programs.visits.office import OFFICE
from programs.visits.tables import visit
from simulation.year import FIRST_DAY, Size
from simulation.year.town import clock_at_the_end, play, publish_year
from sync.entries import kind_of
from sync.installed import register
from sync.months import first_day, month_of, written
from sync.segment import from_text, unpack
from tests.ports import free_port

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
    months, took = _timed(lambda: len(publish_year(centre)))
    row("a month published and counted by age", f"{1000 * took / months:.0f} ms", "of a processor")
    centre.engine.dispose()
    centre = open_centre(folder / "central", clock_at_the_end(size), SystemEntropy())
    pages.measure(centre, lambda: _bare(centre.engine), _looked_at(centre.engine))
    centre.engine.dispose()


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


def _bare(engine: sa.Engine) -> None:
    """Read the rows of one month, and nothing else."""
    with reading(engine) as connection:
        connection.execute(sa.select(visit).where(visit.c.day.between(*_DAYS))).fetchall()


def _looked_at(engine: sa.Engine) -> dict[str, str]:
    """Return the visits' heavier pages by name."""
    month, before, busiest = written(_LAST), written(_LAST - MONTHS // 2), _busiest(engine)
    return {
        "visits, one month": f"/visits?month={month}",
        "visits of the busiest place": f"/visits?place={busiest}&month={month}",
        "the same before and after a change": f"/visits?place={busiest}&month={month}&change={before}",
        "visits as a table": f"/visits.csv?month={month}",
        "how coin goes round in a month": f"/circulation?month={month}",
        "coin before and after a change": f"/circulation?month={month}&change={before}",
        "coin as a table": f"/circulation.csv?month={month}",
        **_journals(engine),
    }


def _journals(engine: sa.Engine) -> dict[str, str]:
    """Return the pages of the journal explorer: the largest journal, what is rare in it, and a payment followed."""
    here = entry.c
    with reading(engine) as connection:
        count = sa.func.count().label("number")
        largest = sa.select(here.writer).group_by(here.writer).order_by(count.desc(), here.writer).limit(1)
        unit = connection.execute(largest).scalar_one()
        paid = sa.select(here.writer, here.boot, here.seq).where(here.kind == kind_of(Pay)).order_by(here.at.desc())
        place = "/".join(map(str, connection.execute(paid.limit(1)).one()))
        card = connection.execute(sa.select(here.card).where(here.card.is_not(None)).limit(1)).scalar_one()
    return {
        "the largest journal, its chain checked": f"/journal?unit={unit}",
        "what is rare in it": f"/journal?unit={unit}&kind=boot",
        "payments until half a year ago": f"/journal?kind={kind_of(Pay)}&until=2026-05-31",
        "what one card did, noted first": f"/journal?card={card}&why=check",
        "the journal as a table": "/journal.csv",
        "a payment followed": f"/entries/{place}/trail",
    }


def _busiest(engine: sa.Engine) -> str:
    number = sa.func.count().label("number")
    asked = sa.select(visit.c.place).where(visit.c.day.between(*_DAYS)).group_by(visit.c.place).order_by(number.desc())
    with reading(engine) as connection:
        return str(connection.execute(asked.limit(1)).scalar_one())
