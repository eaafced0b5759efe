"""A unit's daemon as it stands at a counter: how soon it serves after it was started, and how much memory it takes."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from appliance.uplink.courier import HatchError
from appliance.uplink.hatch import HttpHatch
from bench.processes import resident_kib
from bench.report import median, row, title
from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place, open_sim_centre
from simulation.folder import furnish

MACHI: Final = Path(sys.executable).parent / "machi"
STARTS: Final = 5
READY_S: Final = 20.0
READER: Final = "counter"


def measure(folder: Path) -> None:
    title("Daemon: from exec to a unit that serves, without network or centre")
    pki = TestPki(folder / "pki")
    centre = open_sim_centre(Clock(), "bench")
    name_place(centre, "library")
    unit = folder / "lib01"
    furnish(unit, centre, "lib01", "library", pki.trust(("pass",)), READER)
    bare, took, resident = [], [], []
    with PrivatePcscd([READER]) as pcscd, contextlib.chdir(unit):
        for _ in range(STARTS):
            bare.append(_bare_start())
            seconds, kilobytes = _start(pcscd.environment)
            took.append(seconds)
            resident.append(kilobytes)
    row("Python itself", f"{median(bare):.2f} s")
    row("ready to serve", f"{median(took):.2f} s", f"{median(took) / median(bare):.0f} times Python; aim 1.0 s")
    row("resident memory", f"{median(resident) / 1024:.0f} MiB", "aim under 60")


def _bare_start() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - began


def _start(environment: dict[str, str]) -> tuple[float, int]:
    """Start the daemon of the unit in this folder; return the seconds until it serves, and its resident KiB."""
    began = time.perf_counter()
    with Path("daemon.log").open("wb") as log:
        command = [str(MACHI), "unit", "run", "."]
        process = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log)
    try:
        while not _serves():
            if process.poll() is not None or time.perf_counter() - began > READY_S:
                raise RuntimeError(Path("daemon.log").read_text())
            time.sleep(0.005)
        return time.perf_counter() - began, resident_kib(process.pid)
    finally:
        process.terminate()
        process.wait()


def _serves() -> bool:
    try:
        status: dict[str, Any] = HttpHatch("hatch.sock").status()
    except HatchError:
        return False
    return bool(status["readers"]) and not status["closed"]
