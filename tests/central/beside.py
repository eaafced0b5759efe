"""A second centre on the same database, as another process would open it, and many small journals."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import sqlalchemy as sa

from central import store
from central.centre import Centre, assemble
from central.enrol import Ticket
from central.folder import TownSigner
from central.world import SystemEntropy
from simulation.centre import TOWN_ID
from sync.messages import EnrolRequest, enrol_proof, text
from sync.segment import Segment, pack, to_text
from tests.central.pen import Pen, any_csr, touch


@contextmanager
def beside(centre: Centre, url: str) -> Iterator[Centre]:
    """Open a centre of the same town on the same database, with an engine of its own."""
    engine = store.open_engine(url)
    yield over(engine, centre)
    engine.dispose()


def over(engine: sa.Engine, centre: Centre) -> Centre:
    """Put a centre of the same town together over another engine."""
    signer = cast("TownSigner", centre.town.signer)
    return assemble(engine, signer, centre.authority, bytes(32), TOWN_ID, centre.town.clock, SystemEntropy())


def pens(centre: Centre, count: int) -> list[Pen]:
    """Enrol some units, named unit0, unit1 and so on."""
    return [Pen.enrolled(centre, f"unit{number}", f"seed {number}") for number in range(count)]


def asks(pen: Pen, ticket: Ticket, csr: str | None = None, host_key: str = "") -> EnrolRequest:
    """Return what a unit asks with its ticket."""
    csr = any_csr() if csr is None else csr
    proof = text(pen.keystore.sign(enrol_proof(ticket.code, csr, host_key)))
    return EnrolRequest(pen.unit, ticket.code, text(pen.keystore.public), csr, proof, host_key)


def packed(segment: Segment) -> bytes:
    return pack(to_text(segment))


def write_some(pen: Pen, segments: int) -> list[bytes]:
    """Write a journal of some segments, with a new boot half-way."""
    written = []
    for number in range(segments):
        facts = [touch(20_000 + number, card=f"{number % 3:02x}" * 16), touch(20_000, place="hall")]
        written.append(packed(pen.begin(*facts) if number in (0, segments // 2) else pen.write(*facts)))
    return written


def numbers(engine: sa.Engine, above: int = 0) -> list[int]:
    """Return the numbers of the stored segments, as a reader finds them that follows by number."""
    asked = sa.select(store.segment.c.n).where(store.segment.c.n > above).order_by(store.segment.c.n)
    with store.reading(engine) as connection:
        return list(connection.execute(asked).scalars())
