"""The road between a unit and its town is somebody else's: he may read, change, hold back, repeat and pose."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from appliance.inbox import StrangeError
from appliance.uplink import courier
from appliance.uplink.certificate import context_for
from central.authority import Authority, moment
from central.refusal import RefusedError
from simulation.unit import SimHatch, SimUnit
from sync.client import Centre, HttpCentre, UnreachableError
from sync.facts import CardState
from sync.messages import Holdings, MessageError, RenewRequest, Report, open_signed, renew_proof, text
from sync.segment import from_text, pack, split, to_text, unpack
from tests.central.serving import Served, request, serving
from tests.security.conftest import Hand, Place
from tests.security.test_stolen_unit import journal_of, stored

ROW = pytest.mark.threat("hostile network")
BITS = range(8)

pytestmark = pytest.mark.usefixtures("power_cuts")


def flips(raw: bytes) -> Iterator[bytes]:
    """Return what a message becomes when one bit of it is turned over, for every bit."""
    for at in range(len(raw)):
        for bit in BITS:
            yield raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :]


@dataclass
class Recorded:
    """The road, with somebody beside it who writes everything down."""

    road: Centre
    heard: list[bytes] = field(default_factory=list)
    delivered: list[bytes] = field(default_factory=list)
    said: list[bytes] = field(default_factory=list)

    def holdings(self, report: Report, nonce: str) -> bytes:
        self.heard.append(self.road.holdings(report, nonce))
        return self.heard[-1]

    def post(self, packed: bytes, fence: str, nonce: str) -> bytes:
        self.delivered.append(packed)
        self.heard.append(self.road.post(packed, fence, nonce))
        return self.heard[-1]

    def stream(self, name: str, since: str) -> bytes | None:
        packed = self.road.stream(name, since)
        self.said += [packed] if packed else []
        return packed


@dataclass
class Overheard:
    """A unit that has delivered and fetched, and everything that was said meanwhile."""

    town: Place
    unit: SimUnit
    tape: Recorded

    @property
    def state(self) -> tuple[object, ...]:
        """Return everything that somebody on the road might want to change, at both ends."""
        running = self.unit.running
        journal = running.opened.journal
        known = journal.select("SELECT writer, boot, seq, hash FROM stream ORDER BY n")
        return (
            stored(self.town.centre),
            journal.tip,
            known,
            running.hatch.backlog().unsent,
            running.hatch.standing.state,
        )


@pytest.fixture
def overheard(town: Place, card: Hand) -> Overheard:
    unit = town.unit()
    town.centre.registrar.set_card("0c" * 16, CardState.STOPPED)
    for _ in range(3):
        town.clock.advance(60)
        unit.tap(card())
    tape = Recorded(town.road(unit.peer))
    done = courier.go(SimHatch(unit.running), tape)
    assert (done.delivered, done.fetched) == (1, 1)
    return Overheard(town, unit, tape)


# ---------------------------------------------------------------------------------------------- changing


@pytest.mark.threat(
    "hostile network",
    control="TLS 1.3 with the town's own authority and no other, both ways. Under it everything is signed again: "
    "what a unit delivers with its key, what the town says with the town's. An answer names the question; what comes "
    "twice changes nothing; what is held back is missed.",
    residual="Who and when can be seen on the road, and everything can be held up: units serve on meanwhile, but "
    "hear of a stopped card only when they are reached.",
)
def test_of_a_delivery_no_bit_can_be_changed(town: Place, card: Hand) -> None:
    unit = town.unit()
    unit.tap(card())
    sent = next(journal_of(unit))
    words, packed = to_text(sent), pack(to_text(sent))
    intake, taken = town.centre.intake, 0
    for flipped in flips(words):
        with contextlib.suppress(RefusedError):
            taken += intake.verify(pack(flipped)).segment != sent
    for at in range(len(packed)):  # what really travels; a bit of each byte, since each refusal is noted on the disk
        with contextlib.suppress(RefusedError):
            taken += intake.verify(packed[:at] + bytes([packed[at] ^ 1 << at % 8]) + packed[at + 1 :]).segment != sent
        with contextlib.suppress(RefusedError):
            intake.receive(unit.peer, packed[:at] + packed[at + 1 :], "", "07")
    assert taken == 0
    assert stored(town.centre) == []
    intake.receive(unit.peer, packed, "", "07")
    assert stored(town.centre) == [packed], "as it was, it is taken"


@ROW
def test_of_what_the_town_says_no_bit_can_be_changed(overheard: Overheard) -> None:
    running, before = overheard.unit.running, overheard.state
    (packed,) = overheard.tape.said
    fresh = overheard.town.unit("bus01")
    for text_ in split(unpack(packed)):
        for flipped in flips(text_):
            for unit in (running, fresh.running):
                with pytest.raises(StrangeError):
                    unit.hatch.take(flipped)
    assert overheard.state == before


@ROW
def test_of_an_answer_no_bit_can_be_changed(overheard: Overheard) -> None:
    unit, town_key = overheard.unit.running, overheard.town.centre.town.signer.public
    question = unit.hatch.question()
    answer = overheard.tape.road.holdings(question.report, question.nonce)
    truth = open_signed(answer, Holdings, town_key)
    believed = 0
    for flipped in flips(answer):
        try:
            believed += open_signed(flipped, Holdings, town_key) != truth
        except MessageError:
            with pytest.raises(StrangeError):
                unit.hatch.answer(flipped)
    assert believed == 0


# ---------------------------------------------------------------------------------------------- repeating


@ROW
def test_what_was_recorded_and_is_played_again_changes_nothing(overheard: Overheard) -> None:
    """A delivery, an answer, a stream, in any order and as often as one likes; also after the next day."""
    unit, tape, before = overheard.unit, overheard.tape, overheard.state
    intake = overheard.town.centre.intake
    for later in (0, 86_400, 40 * 86_400):
        overheard.town.clock.advance(later)
        for packed in tape.delivered * 2:
            intake.receive(unit.peer, packed, "", "07")
        for packed in tape.said * 2:
            assert SimHatch(unit.running).take(packed) == 0
        unit.running.hatch.question()
        for answer in tape.heard:
            with pytest.raises(StrangeError, match="another question"):
                unit.running.hatch.answer(answer)
        assert overheard.state == before


@ROW
def test_a_renewal_that_was_recorded_certifies_no_key_but_the_units(overheard: Overheard) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    csr = request(key)
    centre, clock = overheard.town.centre, overheard.town.clock
    last = centre.authority.device(csr, centre.town_id, "lib01", 1, moment(clock.wall_ms()))
    recorded = RenewRequest("lib01", csr, last, text(overheard.unit.keystore.sign(renew_proof(csr, last))))
    enroller = centre.enroller
    for _ in range(2):
        fresh = x509.load_pem_x509_certificate(enroller.renew(recorded).certificate.encode())
        assert fresh.public_key() == key.public_key()
    other = request(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(RefusedError):
        enroller.renew(RenewRequest("lib01", other, last, recorded.proof))


@ROW
def test_what_was_held_back_is_missed(overheard: Overheard) -> None:
    """The town's words are a chain: nobody can leave out the stopping of a card and let the rest through."""
    registrar = overheard.town.centre.registrar
    for card, state in (("0d" * 16, CardState.STOPPED), ("0e" * 16, CardState.ACTIVE)):
        registrar.set_card(card, state)
    packed = overheard.tape.road.stream("town", overheard.unit.running.hatch.since()["town"])
    assert packed
    (news,) = [from_text(one) for one in split(unpack(packed))]
    without = news.after(news.first, news.hashes()[0])
    with pytest.raises(StrangeError, match="missing here"):
        overheard.unit.running.hatch.take(to_text(without))
    assert overheard.unit.running.directory.card("0e" * 16) is None


# ---------------------------------------------------------------------------------------------- posing


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("town") / "centre") as running:
        yield running


@contextmanager
def posing(folder: Path, certificate: str, key: ec.EllipticCurvePrivateKey) -> Iterator[tuple[str, list[bytes]]]:
    """Answer at a port as if one were the centre; yield its address, and what callers said to it in confidence."""
    file = folder / "posing.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + certificate.encode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    heard: list[bytes] = []

    def answer(door: socket.socket) -> None:
        with contextlib.suppress(OSError):  # SSLError is one
            while True:
                caller, _ = door.accept()
                caller.settimeout(5)
                with contextlib.suppress(OSError), context.wrap_socket(caller, server_side=True) as tls:
                    heard.append(tls.recv(10_000))

    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=answer, args=(door,))
        thread.start()
        try:
            yield f"https://localhost:{door.getsockname()[1]}", heard
        finally:
            door.shutdown(socket.SHUT_RDWR)
            thread.join()


@ROW
@pytest.mark.parametrize("who", ["another authority", "a unit of this town", "another server of this town"])
def test_a_unit_tells_nothing_to_whoever_poses_as_the_centre(served: Served, tmp_path: Path, who: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    now, town = datetime.now(UTC), served.centre.authority
    stranger = Authority(*Authority.create("todai", now))
    match who:
        case "another authority":
            private, pem = stranger.server(("localhost",), now)
        case "another server of this town":
            private, pem = town.server(("elsewhere.example",), now)
        case _:
            private, pem = b"", town.device(request(key), "todai", "bus01", 1, now).encode()
    if private:
        loaded = load_pem_private_key(private, None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        key = loaded
    with (
        posing(tmp_path, pem.decode(), key) as (url, heard),
        httpx.Client(base_url=url, verify=context_for(town.pem), trust_env=False, timeout=5) as http,
    ):
        with pytest.raises(UnreachableError, match="certificate verify failed"):
            HttpCentre(http).holdings(Report(), "07")
        assert heard == []


@ROW
def test_the_centre_lets_nobody_in_with_a_unit_s_public_papers(served: Served) -> None:
    """Somebody in the middle has the unit's certificate, as it went by, and keys of his own."""
    his = ec.generate_private_key(ec.SECP256R1())
    with served.caller() as unit:
        assert unit.http.get("/v1/journal").is_success
        stranger = Authority(*Authority.create("todai", datetime.now(UTC)))
        posed = stranger.device(request(his), "todai", unit.pen.unit, 1, datetime.now(UTC))
        with served.client("posed", posed, his) as http, pytest.raises(httpx.TransportError):
            http.get("/v1/journal")
        public = (served.folder / f"{unit.pen.unit}.pem").read_text().partition("-----BEGIN CERTIFICATE")
        with pytest.raises(ssl.SSLError, match=r"(?i)key values mismatch"):
            served.client("mixed", public[1] + public[2], his)
