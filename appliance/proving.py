"""What `machi unit doctor --report` writes: what a board is, what was found on it, and how long a commit takes there.

For whoever wants to know whether a board, a reader or a disk is good enough, also in public: no unit, place, person or
key is named in it.
"""

from typing import Any, Final

import apsw
import msgspec

from appliance.checkup import settle
from appliance.doctor import Finding, Report
from drivers.clock import Clock
from drivers.disk import Disk
from drivers.inventory import Inventory

COMMITS: Final = 200
_TRY: Final = "doctor-report.tmp"
_ENTRY_BYTES: Final = 400  # as long as a payment, with its hash and signature
_MS: Final = 1000


class Commits(msgspec.Struct, frozen=True):
    """How long it took to write something the size of an entry to this disk, and to be sure that it is there."""

    count: int
    median_ms: float
    p99_ms: float
    longest_ms: float


class Proof(msgspec.Struct, frozen=True):
    """The whole report. `schema` names its form.

    Attributes:
        touches: how long the last touches took at the running unit, median and 95 of 100, in seconds; or None.
    """

    schema: str
    at_ms: int
    software: str
    board: Inventory
    commits: Commits
    touches: tuple[float, float] | None
    findings: list[Finding]


def prove(
    report: Report, status: dict[str, Any] | None, board: Inventory, commits: Commits, at_ms: int, software: str
) -> Proof:
    """Put together what was found.

    Args:
        status: as of `doctor.examine`.
    """
    p50, p95 = (status or {}).get("touch_p50_s"), (status or {}).get("touch_p95_s")
    touches = None if p50 is None or p95 is None else (p50, p95)
    # What is said of the town's centre names it.
    findings = [finding for finding in report.findings if finding.part != "centre"]
    return Proof("machi.unit.report/1", at_ms, software, board, commits, touches, findings)


def time_commits(disk: Disk, clock: Clock, count: int = COMMITS) -> Commits:
    """Write to a file of its own on the journal's disk as the journal does, and remove it again.

    Raises:
        DiskError, UnfitError, apsw.Error: the disk cannot be written.
    """
    disk.remove(_TRY)
    connection = disk.connect(_TRY)
    try:
        settle(connection)
        took = sorted(_time_one(connection, n, clock) for n in range(count))
    finally:
        connection.close()
        disk.remove(_TRY)
    median, p99, longest = (round(took[int(share * (count - 1))] * _MS, 2) for share in (0.5, 0.99, 1))
    return Commits(count, median, p99, longest)


def _time_one(connection: apsw.Connection, n: int, clock: Clock) -> float:
    before = clock.mono()
    with connection:
        connection.execute("INSERT INTO note VALUES (?, ?)", (str(n), "x" * _ENTRY_BYTES))
    return clock.mono() - before
