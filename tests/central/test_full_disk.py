"""A full disk at the centre: nothing is stored, the caller hears why, and it works again once there is room."""

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from starlette.types import Receive, Scope, Send

from central import store
from central.api import create_units_api
from central.centre import Centre
from central.writer import Writer
from drivers.clock.sim import Driver as Clock
from drivers.keystore.sim import Driver as Keystore
from simulation.centre import open_sim_centre
from sync.messages import SEGMENT_TYPE, Holdings, Problem, Why, open_signed
from tests.central.beside import asks, packed
from tests.central.pen import Pen, any_csr, touch

ROOM_BYTES = 3_500  # as much as a page of its own takes


class Disk:
    """A database on a disk of so many pages."""

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        self.pages = 1_000_000
        sa.event.listen(centre.engine, "connect", lambda connection, _: self._limit(connection))

    def _limit(self, connection: sa.engine.interfaces.DBAPIConnection) -> None:
        connection.cursor().execute(f"PRAGMA max_page_count = {self.pages}")

    def holds(self, pages: int) -> None:
        self.pages = pages
        self.centre.engine.dispose()  # every connection from now on knows it

    def fill(self) -> None:
        """Use it up, to the last page."""
        with self.centre.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE filler (content BLOB)")
            self.pages = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())
        self.holds(self.pages)
        while self._takes_more():
            pass

    def _takes_more(self) -> bool:
        try:
            with self.centre.engine.begin() as connection:
                connection.execute(sa.text("INSERT INTO filler VALUES (zeroblob(:room))"), {"room": ROOM_BYTES})
        except sa.exc.OperationalError:
            return False
        return True


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    centre = open_sim_centre(Clock(), "full", f"sqlite:///{tmp_path / 'town.db'}")
    yield Disk(centre)
    centre.engine.dispose()


@pytest.mark.fault("the centre's disk is full")
def test_a_delivery_is_refused_until_there_is_room_again(disk: Disk) -> None:
    centre = disk.centre
    pen = Pen(centre, "lib01", Keystore())
    ticket = centre.enroller.invite("lib01", "library", "facility", "https://localhost")
    enrolment = centre.enroller.enrol(asks(pen, ticket, any_csr()))
    certificate = load_pem_x509_certificate(enrolment.certificate.encode()).public_bytes(Encoding.DER)
    segment = packed(pen.begin(*(touch(day, card=f"{day * 7919:032x}") for day in range(400))))
    api = create_units_api(centre, Writer(centre.intake))

    async def with_certificate(scope: Scope, receive: Receive, send: Send) -> None:
        await api({**scope, "state": {"peer_certificate": certificate}}, receive, send)

    async def deliver() -> httpx.Response:
        transport = httpx.ASGITransport(with_certificate, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="https://centre") as http:
            return await http.post("/v1/journal", content=segment, headers={"Content-Type": SEGMENT_TYPE})

    disk.fill()
    refused = asyncio.run(deliver())
    problem = msgspec.json.decode(refused.content, type=Problem)
    assert (refused.status_code, problem.type) == (507, Why.FULL), problem
    disk.holds(disk.pages + 1_000)
    taken = asyncio.run(deliver())
    (head,) = open_signed(taken.content, Holdings, centre.town.signer.public).heads
    assert head.seq == pen.seq


@contextmanager
def no_file_grows_beyond(size: int) -> Iterator[None]:
    """Let the system refuse to write further than this into any file, as a disk does that fails in mid-sentence."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def test_a_delivery_whose_commit_fails_is_not_acknowledged(disk: Disk, tmp_path: Path) -> None:
    """SQLite writes its log when it commits: everything before that went well."""
    pen = Pen.enrolled(disk.centre)
    segment = packed(pen.begin(touch()))
    log = tmp_path / "town.db-wal"
    with no_file_grows_beyond(log.stat().st_size), pytest.raises(sa.exc.OperationalError):
        disk.centre.intake.receive(pen.peer, segment, "", "07")
    answer = disk.centre.intake.receive(pen.peer, segment, "", "08")
    assert [head.seq for head in open_signed(answer, Holdings, disk.centre.town.signer.public).heads] == [pen.seq]
    with store.reading(disk.centre.engine) as connection:
        held = connection.execute(sa.select(store.segment.c.last).where(store.segment.c.writer == pen.unit))
        assert held.scalars().all() == [pen.seq]
