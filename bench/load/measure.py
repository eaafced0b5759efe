"""Drains a share of the country into SQLite and into PostgreSQL, and prints what it and the whole would take."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Final

from bench.load import COUNTRY_TOWNS, Size
from bench.load.databases import Database, Postgres, Sqlite
from bench.load.waves import Sums, run
from bench.report import ms, percentile, rate, row, title
from tests.postgres import BIN, private_postgres

_KIB_A_MIB: Final = 1024
_THOUSAND: Final = 1000


class WrongBooksError(Exception):
    """Something that was acknowledged is not in the books as it should be; the message says what."""


def measure(folder: Path, size: Size) -> None:
    """Measure both databases.

    Raises:
        WrongBooksError: the books are not what the units wrote.
    """
    units = size.towns * size.units
    title(
        f"Load: a day of {size.towns} of the country's {COUNTRY_TOWNS:,} towns, {size.beside} centres at a time:"
        f" {units:,} units, {size.entries:,} entries; {size.processes} processes of {size.at_a_time} connections"
    )
    row("this machine, before", f"{os.cpu_count()} processors", f"{os.getloadavg()[0]:.1f} others at work on them")
    _measure(folder, Sqlite(), size)
    if BIN is None:
        row("PostgreSQL", "is not installed")
        return
    with private_postgres(BIN, durable=True) as server:
        _measure(folder, Postgres(server), size)


def _measure(folder: Path, database: Database, size: Size) -> None:
    limit = database.bare(folder)
    sums = run(folder, database, size)
    _report(database.name, limit, sums, size)
    if found := wrong(sums):
        raise WrongBooksError("; ".join(found))


def _report(name: str, limit: float, sums: Sums, size: Size) -> None:
    stored = sums.entries / sums.drained
    factor = COUNTRY_TOWNS / size.towns
    added_up = sum(one.booked for one in sums.checked) / sum(one.added_up_s for one in sums.checked)
    row(f"{name}: bare bulk insert, 500 rows a commit", rate(limit), "entries; the limit")
    row("drained, verified and durable", rate(stored), f"entries; {stored / limit:.2f} of the limit")
    row("the share", f"{sums.drained:.1f} s", f"{sums.entries:,} entries, {len(sums.rounds):,} units")
    row("the whole country", _hours(sums.drained * factor), f"extrapolated, times {factor:.1f}; centres started before")
    row("a unit's round, with its greeting", ms(percentile(sums.rounds, 0.5)), _p99(sums.rounds))
    row("a unit that only asks: at rest", ms(percentile(sums.unit_at_rest, 0.5)), _p99(sums.unit_at_rest))
    row("  meanwhile", ms(percentile(sums.unit, 0.5)), _p99(sums.unit))
    row("a page of the console: at rest", ms(percentile(sums.page_at_rest, 0.5)), _p99(sums.page_at_rest))
    row("  meanwhile", ms(percentile(sums.page, 0.5)), _p99(sums.page))
    cpu = [each / sums.entries * _THOUSAND for each in (sums.centre_cpu, sums.database_cpu)]
    row("processor for 1,000 entries: the centre", ms(cpu[0]), f"database {ms(cpu[1])}; the rest is the units'")
    each, all_ = max(sums.centre_kib) / _KIB_A_MIB, max(sums.wave_kib) / _KIB_A_MIB
    server = f"; database {max(sums.database_kib) / _KIB_A_MIB:.0f} MiB" if any(sums.database_kib) else ""
    row("peak memory of a centre", f"{each:.0f} MiB", f"all {size.beside}: {all_:.0f} MiB{server}")
    start = sums.started / size.towns
    row("to start a town's centre", f"{start:.2f} s", f"side by side; {_hours(start * COUNTRY_TOWNS)} for all")
    remark = f"with one process each; {_hours(size.entries * factor / added_up)} for the country"
    row("added up anew, as a replay does", rate(added_up), remark)
    row("stored and booked", f"{sum(one.booked for one in sums.checked):,}", "as prepared; audit and replay agree")


def wrong(sums: Sums) -> list[str]:
    """Return what the books have that they should not, or lack."""
    stored, booked = (sum(getattr(one, name) for one in sums.checked) for name in ("stored", "booked"))
    found = [broken for one in sums.checked for broken in one.broken]
    if (stored, booked) != (sums.entries, sums.entries):
        found.append(f"{sums.entries} entries were brought, {stored} are stored, {booked} are booked")
    if not all(one.replay_is_equal for one in sums.checked):
        found.append("a replay gives other books")
    return found


def _p99(seconds: list[float]) -> str:
    return f"p99 {ms(percentile(seconds, 0.99))}"


def _hours(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
