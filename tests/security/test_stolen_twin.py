"""Somebody pulls the stick with the journal's twin out of a unit and keeps it: nothing can be read off it."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from appliance.config import read_enrolment
from appliance.copying import Owner, Told
from appliance.copyist import OnMedium, Writer
from central import twins
from drivers.twin.sim import Driver as Stick
from sync import twin
from sync.facts import TwinKey
from sync.messages import raw_bytes, text
from tests.security.conftest import FolderUnit, Hand, Place

FILE = "lib01-1.twin"
ZSTD = b"\x28\xb5\x2f\xfd"


class Near:
    """The daemon's side without a socket."""

    def __init__(self, unit: FolderUnit) -> None:
        self._unit = unit

    def owner(self) -> Owner:
        return self._unit.running.twin.owner()

    def twin(self, told: Told) -> bytes | None:
        return self._unit.running.twin.next(told)


@dataclass
class Stolen:
    """A stick, the unit that it was pulled out of, and the key that lies at the centre."""

    unit: FolderUnit
    content: bytes
    key: X25519PrivateKey


@pytest.fixture
def stolen(town: Place, tmp_path: Path, card: Hand) -> Iterator[Stolen]:
    key = X25519PrivateKey.generate()
    town.centre.registrar.say([TwinKey(twin.ALG, text(key.public_key().public_bytes_raw()))])
    unit, stick = FolderUnit.enrolled(tmp_path / "lib01", town.centre, town.trust), Stick()
    unit.start()
    writer = Writer(Near(unit), OnMedium(stick), unit.clock.mono)
    for _ in range(20):
        unit.tap(card())
        writer.go()
    yield Stolen(unit, stick.files[FILE], key)
    unit.stop()


@pytest.mark.threat(
    "stolen stick with a twin",
    control="Each record is sealed (HPKE, RFC 9180) for a key of the town, whose other half is at the centre alone: "
    "the unit can write its twin and not read it. No entry, card, hash or signature stands on it in the clear. Of a "
    "stick that was changed the town takes only what the unit has signed.",
    residual="It says in the clear which unit it belongs to, in which life and runs, how many entries came at a time "
    "and how long they were. The second copy is gone with it. Who writes to it can make the unit believe that its twin "
    "is whole when it is not; only the centre can tell. With `keys/` of the centre it can be read, also later.",
)
def test_nothing_of_an_entry_can_be_read(stolen: Stolen) -> None:
    rows = stolen.unit.running.opened.journal.select("SELECT CAST(body AS BLOB), hash, sig FROM entry")
    assert len(rows) > 20
    for body, digest, seal in rows:
        assert digest not in stolen.content
        assert digest.hex().encode() not in stolen.content
        assert seal is None or seal not in stolen.content
        for at in range(0, len(body) - 40, 8):
            assert body[at : at + 40] not in stolen.content
    assert ZSTD not in stolen.content, "it is sealed, not only packed"
    in_the_clear = [line for line in stolen.content.split(b"\n") if line.startswith(twin.TITLE)]
    assert {line.split(b'"boot"')[0] for line in in_the_clear} == {in_the_clear[0].split(b'"boot"')[0]}
    assert all(len(line) < 200 for line in in_the_clear)


@pytest.mark.threat("stolen stick with a twin")
def test_the_unit_that_wrote_it_cannot_open_it_either(stolen: Stolen) -> None:
    """Nor with anything that lies on its disk."""
    enrolment = read_enrolment(stolen.unit.folder)
    own = load_pem_private_key((stolen.unit.folder / "unit.key").read_bytes(), password=None)
    here = [raw_bytes(enrolment.card_key), raw_bytes(enrolment.town_key), own.private_bytes_raw()]  # type: ignore[union-attr]
    here += [hashlib.sha512(seed).digest()[:32] for seed in here]  # as Ed25519 makes its scalar of a seed
    (first, *_) = twin.records(io.BytesIO(stolen.content))
    assert first
    assert twin.open_record(first, stolen.key).last == first.head.last
    for secret in here:
        with pytest.raises(twin.TwinError, match="sealed for another key"):
            twin.open_record(first, X25519PrivateKey.from_private_bytes(secret))
    kept = [path for path in stolen.unit.folder.rglob("*") if path.is_file()]
    assert not any(stolen.key.private_bytes_raw() in path.read_bytes() for path in kept)


@pytest.mark.threat("stolen stick with a twin")
def test_a_record_that_says_more_than_it_holds_is_found_out_at_the_centre(stolen: Stolen, town: Place) -> None:
    """Anybody can make a digest, so the unit believes it; what stands in the clear is bound to what is sealed."""
    (first, *_) = twin.records(io.BytesIO(stolen.content))
    assert first
    line = twin.TITLE + msgspec.json.encode(msgspec.structs.replace(first.head, last=999)) + b"\n"
    forged = line + first.sealed
    content = b"\n" + forged + b"\n" + hashlib.sha256(forged).hexdigest().encode() + b"\n"
    owner = twin.Owner("lib01", 1, stolen.key.public_key().public_bytes_raw())
    assert list(twin.held(twin.records(io.BytesIO(content)), owner).upto.values()) == [999]
    found = twins.take_in(twin.records(io.BytesIO(content)), stolen.key, town.centre.intake)
    assert (found.new, found.chain.upto) == (0, {})
    assert "or changed" in found.refused[0]


@pytest.mark.threat("stolen stick with a twin")
def test_what_somebody_else_wrote_on_it_is_not_taken(stolen: Stolen, town: Place) -> None:
    """Anybody may seal for the town; nobody else can sign for the unit."""
    (first, *_) = twin.records(io.BytesIO(stolen.content))
    assert first
    segment = twin.open_record(first, stolen.key)
    bodies = tuple(body.replace(b'"clean":true', b'"clean":false') for body in segment.bodies)
    assert bodies != segment.bodies
    lie = msgspec.structs.replace(segment, bodies=bodies)
    owner = twin.Owner("lib01", 1, stolen.key.public_key().public_bytes_raw())
    found = twins.take_in(twin.records(io.BytesIO(twin.seal(owner, lie, 0))), stolen.key, town.centre.intake)
    assert (found.new, found.known) == (0, 0)
    assert "not signed by that unit" in found.refused[0]
