"""Wave after wave of towns: made, served, drained while somebody waits for answers, looked through, cleared away."""

import multiprocessing
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import islice, repeat
from pathlib import Path
from typing import Final

from bench.load import Size
from bench.load.databases import Database
from bench.load.drain import Fleet
from bench.load.office import Office
from bench.load.town import Checked, Town, check, prepare
from bench.processes import cpu_s, peak_kib, shared_out_kib
from bench.served import Served

REST_S: Final = 1.0  # so long the callers are timed in every wave before the units come
WORKERS: Final = 2


@dataclass
class Sums:
    """What all waves took. Seconds of each call in lists, of all waves together in numbers, memory in KiB.

    Attributes:
        started: until all centres of a wave served, after Python itself.
        centre_kib: the most that each centre ever held.
        wave_kib: the same, of all centres of a wave.
        database_kib: of the database's server, at the end of each wave.
    """

    entries: int = 0
    drained: float = 0.0
    started: float = 0.0
    rounds: list[float] = field(default_factory=list)
    unit_at_rest: list[float] = field(default_factory=list)
    page_at_rest: list[float] = field(default_factory=list)
    unit: list[float] = field(default_factory=list)
    page: list[float] = field(default_factory=list)
    centre_cpu: float = 0.0
    database_cpu: float = 0.0
    centre_kib: list[int] = field(default_factory=list)
    wave_kib: list[int] = field(default_factory=list)
    database_kib: list[int] = field(default_factory=list)
    checked: list[Checked] = field(default_factory=list)


def run(folder: Path, database: Database, size: Size) -> Sums:
    """Drain all towns."""
    sums = Sums()
    spawning = multiprocessing.get_context("spawn")
    with Fleet(size) as fleet, ProcessPoolExecutor(WORKERS, mp_context=spawning) as pool:
        for names in _waves([f"town{number:04d}" for number in range(size.towns)], size.beside):
            folders = [folder / name for name in names]
            towns = list(pool.map(prepare, folders, names, map(database.url, names), repeat(size)))
            _drain(towns, database, fleet, sums)
            sums.checked += pool.map(check, towns)
            for name in names:
                database.drop(name)
                shutil.rmtree(folder / name)
    return sums


def _drain(towns: Sequence[Town], database: Database, fleet: Fleet, sums: Sums) -> None:
    """Serve some towns side by side, and let all their units come at once."""
    backlogs = [backlog for each in zip(*(town.backlogs for town in towns), strict=True) for backlog in each]
    fleet.get_ready(backlogs)
    began = time.monotonic()
    with ExitStack() as running:
        served = [running.enter_context(Served(town.central)) for town in towns]
        for one in served:
            one.wait()
        sums.started += time.monotonic() - began
        office = running.enter_context(Office(served[0], towns[0].backlogs[0]))
        with office.calling(sums.unit_at_rest, sums.page_at_rest):
            time.sleep(REST_S)
        centres, servers = [one.process.pid for one in served], database.processes()
        centre_cpu, database_cpu = _total(cpu_s, centres), _total(cpu_s, servers)
        with office.calling(sums.unit, sums.page):
            brought = fleet.drain()
        sums.entries += sum(town.entries for town in towns)
        sums.drained += brought.ended - brought.began
        sums.rounds += brought.rounds
        sums.centre_cpu += _total(cpu_s, centres) - centre_cpu
        sums.database_cpu += _total(cpu_s, database.processes()) - database_cpu
        peaks = [peak_kib(pid) for pid in centres]
        sums.centre_kib += peaks
        sums.wave_kib.append(sum(peaks))
        sums.database_kib.append(round(_total(shared_out_kib, database.processes())))


def _total(look: Callable[[int], float], pids: Iterable[int]) -> float:
    total = 0.0
    for pid in pids:
        with suppress(OSError):  # PostgreSQL starts processes of its own that soon end
            total += look(pid)
    return total


def _waves(names: Iterable[str], beside: int) -> Iterable[list[str]]:
    waiting = iter(names)
    while wave := list(islice(waiting, beside)):
        yield wave
