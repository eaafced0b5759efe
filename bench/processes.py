"""What Linux says about a process: memory, processor time, open files, threads."""

import os
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
_PARENT, _USER_TICKS, _SYSTEM_TICKS = 1, 11, 12  # places in /proc/PID/stat behind the name, counted from 0


def resident_kib(pid: int) -> int:
    """Return what a process holds in memory now."""
    return _status(pid, "VmRSS")


def peak_kib(pid: int) -> int:
    """Return the most that a process ever held in memory."""
    return _status(pid, "VmHWM")


def threads(pid: int) -> int:
    return _status(pid, "Threads")


def files(pid: int) -> int:
    """Return how many files and sockets a process has open."""
    return len(list((_PROC / str(pid) / "fd").iterdir()))


def cpu_s(pid: int) -> float:
    """Return the seconds of processor time that a process has used so far."""
    stat = _stat(pid)
    return (int(stat[_USER_TICKS]) + int(stat[_SYSTEM_TICKS])) / _TICKS_A_SECOND


def family(pid: int) -> list[int]:
    """Return a process and those that it started itself and that still run."""
    family = [pid]
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            try:
                if int(_stat(int(folder.name))[_PARENT]) == pid:
                    family.append(int(folder.name))
            except OSError:
                continue  # it ended meanwhile
    return family


def shared_out_kib(pid: int) -> int:
    """Return what a process holds in memory, with only its part of what it shares with others (PSS)."""
    lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _status(pid: int, name: str) -> int:
    lines = (_PROC / str(pid) / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _stat(pid: int) -> list[str]:
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
