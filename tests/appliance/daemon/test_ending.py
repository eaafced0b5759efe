"""A unit ends in order while others wait for it: pages that are open, and the processes beside it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from tests.appliance.live import LiveUnit, wait_until


@contextmanager
def waiting(*wait: Callable[[], object]) -> Iterator[None]:
    """Let others wait, each in a thread of its own, until what they wait for ends."""
    threads = [threading.Thread(target=one, daemon=True) for one in wait]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive(), "it waits still"


def test_nobody_who_waits_holds_it_up_or_is_cut_off(unit: LiveUnit) -> None:
    socket = str(unit.folder / "hatch.sock")
    ends: list[str] = []

    def ring(bell: str) -> None:
        with httpx.Client(transport=httpx.HTTPTransport(uds=socket), timeout=60) as hatch:
            ends.append(f"{bell} {hatch.get(f'http://unit/{bell}', params={'for': '50'}).status_code}")

    def watch() -> None:
        with httpx.stream("GET", f"http://127.0.0.1:{unit.port}/events", trust_env=False, timeout=60) as page:
            for _ in page.iter_bytes():
                pass
            ends.append("page")

    unit.start()
    with waiting(lambda: ring("bell"), lambda: ring("twin/bell"), lambda: ring("want"), watch):
        wait_until(lambda: httpx.get(f"http://127.0.0.1:{unit.port}/pages", trust_env=False).json()["pages"], "no page")
        time.sleep(0.3)  # the others have knocked by now
        assert unit.stop() == 0
    assert "ERROR" not in unit.said(), "the server says how many it had to cut off"
    assert "Traceback" not in unit.said()
    assert sorted(ends) == ["bell 204", "page", "twin/bell 204", "want 503"]
