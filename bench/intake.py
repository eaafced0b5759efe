"""The centre's door: deliveries of 500 entries over HTTPS, verified and stored, against a bare bulk insert."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import msgspec
import pysqlite3

from appliance.uplink.certificate import Tls
from bench.journals import segments
from bench.report import ms, percentile, rate, row, title
from central.centre import open_centre
from central.found import Plan, found
from central.world import SystemClock, SystemEntropy
from drivers.keystore.sim import Driver as Keystore
from sync.messages import EnrolRequest, Holdings, enrol_proof, text
from sync.segment import ENTRIES_MAX, Segment, pack, to_text

UNITS, SEGMENTS = 4, 100


class _Answer(msgspec.Struct):
    body: Holdings


MACHI = Path(sys.executable).parent / "machi"
PORTS = 18_443, 18_080


def measure(folder: Path) -> None:
    title("Intake: segments of 500 over HTTPS with client certificates, verified and stored durably")
    plan = Plan("bench", "計測町", "Bench", "00-0000", PORTS[0], ("localhost",), PORTS[1])
    found(folder, plan, SystemClock(), SystemEntropy())
    callers = [_enrolled(folder, number) for number in range(UNITS)]
    bare = _bare_insert(folder / "bare.db", callers[0][1])
    row("bare SQLite bulk insert, 500 rows a commit", rate(bare), "entries; the limit")
    process = subprocess.Popen([MACHI, "central", "serve", folder], stderr=subprocess.DEVNULL)
    try:
        _wait(folder)
        one, times = _deliver(callers[:1])
        row("one unit at a time", rate(one), f"{one / bare:.2f} of the limit; p50 {ms(percentile(times, 0.5))}")
        several, times = _deliver(callers[1:])
        row("three units at once", rate(several), f"{several / bare:.2f} of the limit; aim 150,000 on 2 cores")
        row("", "", f"p99 {ms(percentile(times, 0.99))} a delivery")
    finally:
        process.terminate()
        process.wait()


def _enrolled(folder: Path, number: int) -> tuple[Path, list[Segment]]:
    """Enrol a unit and write its journal; return its TLS folder and the segments."""
    unit = f"unit{number:02d}"
    keystore = Keystore(Keystore.Options(unit))
    centre = open_centre(folder, SystemClock(), SystemEntropy())
    ticket = centre.enroller.invite(unit, "library", "facility", "https://localhost")
    tls = Tls(folder / unit)
    csr = tls.request(unit)
    proof = text(keystore.sign(enrol_proof(ticket.code, csr)))
    enrolment = centre.enroller.enrol(EnrolRequest(unit, ticket.code, text(keystore.public), csr, proof))
    tls.keep(enrolment.certificate, enrolment.ca)
    centre.engine.dispose()
    return folder / unit, list(segments(keystore, unit, f"{number:016x}", SEGMENTS))


def _deliver(callers: list[tuple[Path, list[Segment]]]) -> tuple[float, list[float]]:
    times: list[float] = []

    def call(tls: Path, journal: list[bytes]) -> None:
        url = f"https://localhost:{PORTS[0]}"
        fence = ""
        with httpx.Client(base_url=url, verify=Tls(tls).context(), trust_env=False) as http:
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


def _bare_insert(path: Path, journal: list[Segment]) -> float:
    connection = pysqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    columns = "unit TEXT, boot TEXT, seq INT, body TEXT, hash BLOB, PRIMARY KEY (unit, boot, seq)"
    connection.execute(f"CREATE TABLE entry ({columns}) WITHOUT ROWID")
    batches = []
    for segment in journal:
        places = enumerate(zip(segment.bodies, segment.hashes(), strict=True), segment.first)
        batches.append([(segment.unit, segment.boot, seq, body.decode(), hashed) for seq, (body, hashed) in places])
    began = time.perf_counter()
    for rows in batches:
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", rows)
        connection.execute("COMMIT")
    return len(batches) * ENTRIES_MAX / (time.perf_counter() - began)


def _wait(folder: Path) -> None:
    until = time.monotonic() + 15
    while time.monotonic() < until:
        try:
            context = Tls(folder / "unit00").context()
            httpx.get(f"https://localhost:{PORTS[0]}/openapi.json", verify=context, trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the centre did not start")
