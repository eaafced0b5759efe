"""A centre that is served by a process of its own, and callers who are enrolled there, each with its certificate."""

import itertools
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from appliance.uplink.certificate import context_for
from central import store
from central.centre import Centre, open_centre
from central.found import Plan, found
from central.world import SystemClock, SystemEntropy
from drivers.keystore.sim import Driver as Keystore
from sync.messages import PROBLEM_TYPE, SEGMENT_TYPE, Holdings, Problem, open_signed
from tests.central.beside import asks
from tests.central.pen import Pen
from tests.ports import free_port, wait_for_port

MACHI = Path(sys.executable).parent / "machi"
_STOP_S = 20


@dataclass
class Door:
    """The door for units of a centre in a folder, whether somebody serves behind it or not."""

    folder: Path
    port: int
    centre: Centre
    count: Iterator[int] = field(default_factory=lambda: itertools.count(1), kw_only=True)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @contextmanager
    def caller(self, name: str = "unit") -> Iterator["Caller"]:
        """Let in a unit that nobody has heard of, and give it a connection."""
        unit = f"{name}{next(self.count)}"
        pen = Pen(self.centre, unit, Keystore(Keystore.Options(unit)))
        key = ec.generate_private_key(ec.SECP256R1())
        ticket = self.centre.enroller.invite(unit, "library", "facility", self.url)
        enrolment = self.centre.enroller.enrol(asks(pen, ticket, request(key)))
        with self.client(unit, enrolment.certificate, key) as http:
            yield Caller(pen, http, key, enrolment.certificate)

    def client(self, name: str, certificate: str, key: ec.EllipticCurvePrivateKey) -> httpx.Client:
        file = self.folder / f"{name}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(private + certificate.encode())
        context = context_for(self.centre.authority.pem)
        context.load_cert_chain(file)
        return httpx.Client(base_url=self.url, verify=context, trust_env=False, timeout=30)


@dataclass
class Served(Door):
    """A centre in a folder, and the process that serves it."""

    process: subprocess.Popen[bytes]


@dataclass
class Caller:
    """A unit's pen, and its connection to the centre."""

    pen: Pen
    http: httpx.Client
    key: ec.EllipticCurvePrivateKey
    certificate: str = ""

    def post(self, packed: bytes, nonce: str = "07") -> httpx.Response:
        headers = {"Content-Type": SEGMENT_TYPE}
        return self.http.post("/v1/journal", params={"nonce": nonce}, content=packed, headers=headers)

    def deliver(self, packed: bytes) -> Holdings:
        answer = self.post(packed)
        assert answer.status_code == httpx.codes.OK, answer.text
        return open_signed(answer.content, Holdings, self.pen.centre.town.signer.public)

    @property
    def stored(self) -> int:
        """How many of this unit's segments the centre holds."""
        table = store.segment
        with store.reading(self.pen.centre.engine) as connection:
            asked = sa.select(sa.func.count()).select_from(table).where(table.c.writer == self.pen.unit)
            return int(connection.execute(asked).scalar_one())


def request(key: ec.EllipticCurvePrivateKey) -> str:
    """Return a certificate request for a key, PEM."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def problem(answer: httpx.Response) -> Problem:
    """Read a refusal, and make sure that it has the form of RFC 9457."""
    assert answer.headers["content-type"] == PROBLEM_TYPE, answer.text
    read = msgspec.json.decode(answer.content, type=Problem)
    assert read.status == answer.status_code
    assert read.title
    return read


@contextmanager
def serving(folder: Path, database: str = "", *, may_die: bool = False) -> Iterator[Served]:
    """Make a centre and serve it until told to stop; `may_die`: somebody may kill it."""
    units, console = free_port(), free_port()
    plan = Plan("todai", "灯台町", "Todai", "00-1234", units, ("localhost", "127.0.0.1"), console, database=database)
    found(folder, plan, SystemClock(), SystemEntropy())
    centre = open_centre(folder, SystemClock(), SystemEntropy())
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([MACHI, "central", "serve", folder], stderr=log) as process,
    ):
        try:
            for port in (units, console):
                wait_for_port(port, process)
            yield Served(folder, units, centre, process)
        finally:
            process.send_signal(signal.SIGTERM)
            ended = process.wait(_STOP_S)
            centre.engine.dispose()
        assert ended == 0 or may_die, (folder / "log").read_text()
