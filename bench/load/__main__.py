"""One process of many units: `python -m bench.load` brings what it is told to on standard input, when it is told to.

Certificates and journals are read before; a unit does that on its own processor. Whoever started it says "go" once all
are ready, and reads one line of what it took. It ends with its input.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import msgspec

from appliance.uplink import courier
from appliance.uplink.certificate import Tls
from bench.load.backlog import Backlog, PreparedHatch
from bench.load.drain import READY, Brought, Order
from bench.timed import Timed
from sync.client import HttpCentre

TIMEOUT_S = 60.0


class Unit:
    """A unit that is ready, and has not called yet."""

    def __init__(self, path: str) -> None:
        backlog = Backlog.read(path)
        self._hatch = PreparedHatch(backlog)
        context = Tls(Path(backlog.tls)).context()
        self._http = httpx.Client(base_url=backlog.url, verify=context, timeout=TIMEOUT_S, trust_env=False)
        self.calls: list[float] = []

    def bring(self) -> float:
        """Make one round over a connection of its own; return the seconds that it took."""
        began = time.perf_counter()
        with self._http:
            done = courier.go(self._hatch, Timed(HttpCentre(self._http), self.calls.append))
        if done.delivered != 1 or done.problem:
            raise RuntimeError(f"a unit was not heard: {done}")
        return time.perf_counter() - began


def carry_out(order: Order) -> Brought:
    units = [Unit(path) for path in order.backlogs]
    print(READY, flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(order.at_a_time) as pool:
        began = time.monotonic()
        rounds = list(pool.map(Unit.bring, units))
        ended = time.monotonic()
    return Brought(began, ended, rounds, [seconds for unit in units for seconds in unit.calls])


def main() -> None:
    for line in sys.stdin:
        brought = carry_out(msgspec.json.decode(line, type=Order))
        print(msgspec.json.encode(brought).decode(), flush=True)


if __name__ == "__main__":
    main()
