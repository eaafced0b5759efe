"""A running centre and a unit that calls it over TLS, with every certificate that should not be let in."""

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import pytest

from appliance.config import read_config, read_enrolment
from appliance.setup import write_config
from appliance.uplink.certificate import Tls, context_for
from appliance.uplink.joining import join
from central.authority import DEVICE_DAYS, Authority
from central.centre import Centre, open_centre
from central.found import Plan, found
from central.world import SystemClock, SystemEntropy
from drivers.keystore.file import Driver as FileKeystore
from sync.client import HttpCentre, RefusedError
from sync.messages import (
    SEGMENT_TYPE,
    Holdings,
    Problem,
    RenewRequest,
    Report,
    TownTime,
    Why,
    open_signed,
    raw_bytes,
    renew_proof,
    text,
)
from tests.central.pen import any_csr
from tests.ports import free_port, wait_for_port

MACHI = Path(sys.executable).parent / "machi"


@dataclass
class Served:
    """A centre in a folder, served by a process of its own."""

    folder: Path
    url: str
    console: str
    process: subprocess.Popen[bytes]

    @property
    def centre(self) -> Centre:
        return open_centre(self.folder, SystemClock(), SystemEntropy())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("central")
    units, console = free_port(), free_port()
    plan = Plan("todai", "灯台町", "Todai", "00-1234", units, ("localhost", "127.0.0.1"), console)
    found(folder, plan, SystemClock(), SystemEntropy())
    process = subprocess.Popen([MACHI, "central", "serve", folder])
    for port in (units, console):
        wait_for_port(port, process)
    yield Served(folder, f"https://localhost:{units}", f"http://127.0.0.1:{console}", process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


@pytest.fixture
def ticket(served: Served) -> bytes:
    return msgspec.json.encode(served.centre.enroller.invite("lib01", "library", "facility", served.url))


@pytest.fixture
def unit(ticket: bytes, tmp_path: Path) -> Path:
    write_config(tmp_path, "lib01", "sim", "", 0, test=True)
    join(tmp_path, ticket)
    return tmp_path


def client(served: Served, unit: Path, *, with_certificate: bool = True) -> httpx.Client:
    context = Tls(unit / "tls").context(with_certificate=with_certificate)
    return httpx.Client(base_url=served.url, verify=context, trust_env=False, timeout=10)


def renewal(unit: Path) -> RenewRequest:
    """Return what the unit in a folder asks when its certificate runs out."""
    tls, keystore = Tls(unit / "tls"), FileKeystore(FileKeystore.Options(str(unit / "unit.key")))
    csr, last = tls.request(tls.unit()), tls.certificate()
    return RenewRequest(tls.unit(), csr, last, text(keystore.sign(renew_proof(csr, last))))


def reason(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    problem = msgspec.json.decode(answer.content, type=Problem)
    assert problem.status == answer.status_code
    return problem.type


def test_enrolled_and_answered(served: Served, unit: Path) -> None:
    enrolment = read_enrolment(unit)
    assert (enrolment.unit, enrolment.town) == ("lib01", "todai")
    assert read_config(unit).uplink.url == served.url
    with client(served, unit) as http:
        raw = HttpCentre(http).holdings(Report(symptoms="hot.act.85"), "0a")
        http.get("/v1/journal", params={"symptoms": "of.another.version/1"}).raise_for_status()
    held = open_signed(raw, Holdings, raw_bytes(enrolment.town_key))
    assert (held.unit, held.nonce, held.heads) == ("lib01", "0a", ())


def test_private_files_are_private(unit: Path) -> None:
    for name in ("unit.key", "enrolment.json", "tls/device.key"):
        assert (unit / name).stat().st_mode & 0o077 == 0, name


def test_a_code_works_once(served: Served, ticket: bytes, tmp_path: Path) -> None:
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_config(folder, "lib01", "sim", "", 0, test=True)
    join(tmp_path / "0", ticket)
    with pytest.raises(RefusedError) as error:
        join(tmp_path / "1", ticket)
    assert error.value.problem.type == Why.BAD_CODE
    assert served.process.poll() is None


@pytest.mark.threat("malicious technician")
def test_a_guessed_code_is_refused(ticket: bytes, tmp_path: Path) -> None:
    write_config(tmp_path, "lib01", "sim", "", 0, test=True)
    guess = msgspec.json.decode(ticket) | {"code": "AAAAAAAAAAAAAAAA"}
    with pytest.raises(RefusedError) as error:
        join(tmp_path, msgspec.json.encode(guess))
    assert error.value.problem.type == Why.BAD_CODE


def test_without_a_certificate_only_enrolment_answers(served: Served, unit: Path) -> None:
    with client(served, unit, with_certificate=False) as http:
        for call in ("/v1/journal", "/v1/stream/town", "/v1/time"):
            answer = http.get(call)
            assert (answer.status_code, reason(answer)) == (401, Why.NOT_ENROLLED)
        answer = http.post("/v1/journal", content=b"x", headers={"Content-Type": SEGMENT_TYPE})
        assert reason(answer) == Why.NOT_ENROLLED


@pytest.mark.threat("hostile network")
def test_a_certificate_of_another_authority_is_not_let_in(served: Served, unit: Path) -> None:
    key, pem = Authority.create("elsewhere", datetime.now(UTC))
    stranger = Authority(key, pem)
    tls = Tls(unit / "tls")
    forged = stranger.device(tls.request("lib01"), "todai", "lib01", 1, datetime.now(UTC))
    tls.keep(forged, (unit / "tls" / "ca.pem").read_text())
    with client(served, unit) as http, pytest.raises(httpx.HTTPError):
        http.get("/v1/journal")


@pytest.mark.threat("hostile network")
def test_a_certificate_for_serving_is_not_for_calling(served: Served, unit: Path) -> None:
    authority = served.centre.authority
    key, certificate = authority.server(("lib01",), datetime.now(UTC))
    (unit / "tls" / "device.key").write_bytes(key)
    (unit / "tls" / "device.pem").write_bytes(certificate)
    with client(served, unit) as http, pytest.raises(httpx.HTTPError):
        http.get("/v1/journal")


def test_a_certificate_of_another_life_is_not_let_in(served: Served, unit: Path) -> None:
    tls = Tls(unit / "tls")
    old = served.centre.authority.device(tls.request("lib01"), "todai", "lib01", 77, datetime.now(UTC))
    tls.keep(old, (unit / "tls" / "ca.pem").read_text())
    with client(served, unit) as http:
        assert reason(http.get("/v1/journal")) == Why.NOT_ENROLLED


@pytest.mark.threat("time attack")
def test_an_expired_certificate_is_renewed_by_the_journals_key(served: Served, tmp_path: Path) -> None:
    """One that was never heard: nobody has had a newer certificate."""
    unit = tmp_path / "bus01"
    write_config(unit, "bus01", "sim", "", 0, test=True)
    join(unit, msgspec.json.encode(served.centre.enroller.invite("bus01", "library", "facility", served.url)))
    tls = Tls(unit / "tls")
    authority, long_ago = served.centre.authority, datetime.now(UTC) - timedelta(days=60)
    expired = authority.device(tls.request("bus01"), "todai", "bus01", read_enrolment(unit).epoch, long_ago)
    tls.keep(expired, (unit / "tls" / "ca.pem").read_text())
    with client(served, unit) as http:
        for call in ("/v1/journal", "/v1/stream/town", "/v1/time"):
            answer = http.get(call)
            assert (answer.status_code, reason(answer)) == (401, Why.EXPIRED)
    with client(served, unit, with_certificate=False) as http:
        fresh = HttpCentre(http).renew(renewal(unit))
    tls.keep(fresh.certificate, fresh.ca)
    with client(served, unit) as http:
        assert http.get("/v1/journal").is_success
    assert tls.ends() > datetime.now(UTC) + timedelta(days=29)


@pytest.mark.threat("replayed certificate")
def test_a_connection_that_outlives_its_certificate_is_no_way_around(served: Served, unit: Path) -> None:
    tls, authority = Tls(unit / "tls"), served.centre.authority
    ends = datetime.now(UTC) + timedelta(seconds=10)
    short = authority.device(
        tls.request("lib01"), "todai", "lib01", read_enrolment(unit).epoch, ends - timedelta(days=DEVICE_DAYS)
    )
    tls.keep(short, (unit / "tls" / "ca.pem").read_text())
    with client(served, unit) as http:
        assert http.get("/v1/journal").is_success
        while datetime.now(UTC) < tls.ends() + timedelta(seconds=1):
            assert http.get("/v1/time").status_code in {200, 401}, "the connection stays as it is"
            time.sleep(0.5)
        assert reason(http.get("/v1/journal")) == Why.EXPIRED


@pytest.mark.threat("malicious technician")
def test_nobody_else_renews_it(served: Served, unit: Path) -> None:
    csr = any_csr()
    with client(served, unit, with_certificate=False) as http, pytest.raises(RefusedError) as error:
        HttpCentre(http).renew(RenewRequest("lib01", csr, Tls(unit / "tls").certificate(), text(os.urandom(64))))
    assert error.value.problem.type == Why.BAD_SEAL


@pytest.mark.threat("stolen unit")
def test_a_closed_unit_is_out(served: Served, unit: Path) -> None:
    served.centre.enroller.close("lib01", "stolen")
    with client(served, unit) as http:
        assert reason(http.get("/v1/journal")) == Why.NOT_ENROLLED
        with pytest.raises(RefusedError) as error:
            HttpCentre(http).renew(renewal(unit))
    assert error.value.problem.type == Why.NOT_ENROLLED


@pytest.mark.threat(
    "flood of bytes",
    control="Bodies are capped before they are read, and compressed ones before they are opened; without a certificate "
    "only enrolment reads anything, 64 KiB at the most. Units keep everything and come again.",
    residual="How many may call at once, and how slowly, is not limited: put a firewall before the centre. While it is "
    "held up, units serve on and deliver later.",
)
def test_a_hundred_megabytes_are_not_read(served: Served, unit: Path) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1600):
            yield bytes(65_536)

    context = Tls(unit / "tls").context()
    port = int(served.url.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port)) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as tls,
    ):
        tls.sendall(b"POST /v1/journal HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n\r\n")
        assert tls.recv(1000).startswith(b"HTTP/1.1 413 "), "refused before the first byte of the body"
    with client(served, unit) as http:
        began = time.monotonic()
        with contextlib.suppress(httpx.TransportError):  # it may hang up while the rest is still being sent
            assert reason(http.post("/v1/journal", content=endless())) == Why.TOO_LARGE
        assert time.monotonic() - began < 5
    with client(served, unit) as http:
        assert http.get("/v1/journal").is_success, "the centre goes on"


def test_nonsense_is_a_problem_document(served: Served, unit: Path) -> None:
    with client(served, unit) as http:
        for body in (b"", b"garbage", b"\x28\xb5\x2f\xfd garbage"):
            answer = http.post("/v1/journal", content=body)
            assert (answer.status_code, reason(answer)) == (400, Why.BAD_SEGMENT)
        answer = http.get("/v1/stream/town", params={"since": "no/such/thing"})
        assert (answer.status_code, reason(answer)) == (400, Why.BAD_REQUEST)
        answer = http.get("/v1/stream/town", params={"since": f"{'ab' * 8}/5"})
        assert (answer.status_code, reason(answer)) == (409, Why.UNKNOWN_HEAD)
        assert reason(http.get("/v1/stream/bus01")) == Why.NOT_YOURS
        answer = http.post("/v1/enrol", content=b"{}")
        assert (answer.status_code, reason(answer)) == (400, Why.BAD_REQUEST)


def test_time_is_signed(served: Served, unit: Path) -> None:
    with client(served, unit) as http:
        raw = HttpCentre(http).time("abcd")
    now = open_signed(raw, TownTime, raw_bytes(read_enrolment(unit).town_key))
    assert now.nonce == "abcd"
    assert abs(now.at - time.time() * 1000) < 5000


@pytest.mark.threat("hostile network")
def test_old_tls_is_refused(served: Served, unit: Path) -> None:
    context = context_for((unit / "tls" / "ca.pem").read_text())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    port = int(served.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw, server_hostname="localhost")


def test_the_api_describes_itself(served: Served, unit: Path) -> None:
    with client(served, unit) as http:
        schema = http.get("/openapi.json").json()
    assert set(schema["paths"]) == {
        "/v1/journal",
        "/v1/rights",
        "/v1/stream/{name}",
        "/v1/time",
        "/v1/update/{digest}",
        "/v1/enrol",
        "/v1/certificate",
    }
