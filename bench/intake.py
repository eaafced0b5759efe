"""The centre's door: deliveries of 500 entries over HTTPS, verified and stored, against a bare bulk insert."""

import threading
import time
from pathlib import Path

import httpx
import msgspec

from appliance.uplink.certificate import Tls
from bench import bare
from bench.enrolled import enrol
from bench.journals import segments
from bench.report import ms, percentile, rate, row, title
from bench.served import Served, make_centre
from central.centre import Centre, open_centre
from central.world import SystemClock, SystemEntropy
from drivers.keystore.sim import Driver as Keystore
from sync.messages import Holdings
from sync.segment import ENTRIES_MAX, Segment, pack, to_text

UNITS, SEGMENTS = 4, 100


class _Answer(msgspec.Struct):
    body: Holdings


def measure(folder: Path) -> None:
    title("Intake: segments of 500 over HTTPS with client certificates, verified and stored durably")
    central = folder / "central"
    make_centre(central)
    centre = open_centre(central, SystemClock(), SystemEntropy())
    callers = [_enrolled(centre, folder, number) for number in range(UNITS)]
    centre.engine.dispose()
    limit = bare.sqlite(folder / "bare.db", callers[0][1])
    row("bare SQLite bulk insert, 500 rows a commit", rate(limit), "entries; the limit")
    with Served(central) as served:
        served.wait()
        one, times = _deliver(served.url, callers[:1])
        row("one unit at a time", rate(one), f"{one / limit:.2f} of the limit; p50 {ms(percentile(times, 0.5))}")
        several, times = _deliver(served.url, callers[1:])
        row("three units at once", rate(several), f"{several / limit:.2f} of the limit; aim 150,000 on 2 cores")
        row("", "", f"p99 {ms(percentile(times, 0.99))} a delivery")


def _enrolled(centre: Centre, folder: Path, number: int) -> tuple[Tls, list[Segment]]:
    """Enrol a unit and write its journal; return its certificate and the segments."""
    unit = f"unit{number:02d}"
    keystore = Keystore(Keystore.Options(unit))
    tls = Tls(folder / unit)
    enrol(centre, unit, keystore, tls)
    return tls, list(segments(keystore, unit, f"{number:016x}", SEGMENTS))


def _deliver(url: str, callers: list[tuple[Tls, list[Segment]]]) -> tuple[float, list[float]]:
    times: list[float] = []

    def call(tls: Tls, journal: list[bytes]) -> None:
        fence = ""
        with httpx.Client(base_url=url, verify=tls.context(), trust_env=False) as http:
            for packed in journal:
                began = time.perf_counter()
                answer = http.post("/v1/journal", content=packed, params={"fence": fence})
                answer.raise_for_status()
                times.append(time.perf_counter() - began)
                fence = msgspec.json.decode(answer.content, type=_Answer).body.fence

    packed = [(tls, [pack(to_text(segment)) for segment in journal]) for tls, journal in callers]
    threads = [threading.Thread(target=call, args=each) for each in packed]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(callers) * SEGMENTS * ENTRIES_MAX / (time.perf_counter() - began), times
