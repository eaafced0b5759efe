"""Somebody has the database file of the centre, or a backup of it, and not its keys: it tells nobody's name."""

import json
from datetime import date
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from central import store
from central.audit import audit
from central.centre import Centre
from central.residents.person import Person
from central.residents.sealing import KEY_BYTES, Keyring, SealingError
from drivers.clock.sim import Driver as Clock
from drivers.entropy.sim import Driver as Entropy
from simulation.centre import SimCentre
from sync.residents import How
from sync.segment import unpack

RESIDENTS = 12
ENCODINGS = "utf-8", "cp932", "utf-16-le", "utf-16-be", "unicode_escape"


def resident(n: int) -> Person:
    # letters that stand in nothing of ours
    return Person(
        f"鷲巣\u3000麒麟{n:02}",
        "ワシズ キリン",
        f"蓬莱郡仙境村{n:02}番地",
        date(1950, 1, 1).replace(day=n % 28 + 1, year=1950 + n),
        phone=f"0765-99-{n:04}",
        mail=f"kirin{n:02}@horai.example",
    )


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> tuple[SimCentre, Path]:
    """A centre with residents, and a copy of its database as a thief has it: pages that are free again are in it."""
    path = tmp_path_factory.mktemp("town") / "town.db"
    opened = SimCentre(Clock(), "stolen", f"sqlite:///{path}")
    for n in range(RESIDENTS):
        of = opened.centre.registration.add(resident(n), How.TYPED, "sato")
        opened.centre.registration.change(of, {"phone": f"0765-98-{n:04}"}, How.TYPED, "sato")
    opened.centre.registration.find("わしず", resident(3).birth, "sato")
    return opened, path


def needles() -> list[bytes]:
    found = []
    for n in range(RESIDENTS):
        person = resident(n)
        texts = (person.name, "鷲巣", "麒麟", person.kana, "ワシズ", person.address, person.phone, person.mail)
        found += [text.encode(encoding) for text in texts for encoding in ENCODINGS]
        found += [json.dumps(text).encode() for text in texts]
        found += [f"0765-98-{n:04}".encode(), person.birth.isoformat().encode()]
    return sorted(set(found))


@pytest.mark.threat(
    "stolen database of residents",
    control="What stands in residents' files is sealed one by one (AES-256-GCM), bound to the file and its version, "
    "with a key that lies in keys/ and not in the database; nothing that is searched for lies in the clear. The books "
    "name files by numbers that were drawn.",
    residual="How many residents there are, whose guardian somebody is, which cards are one person's, and when files "
    "were written and read stand in the clear, by these numbers. With keys/ all of it can be read: keep the two apart, "
    "backups encrypted. What was erased stays in older backups until these are deleted.",
)
def test_nobody_is_found_in_it(town: tuple[SimCentre, Path]) -> None:
    opened, path = town
    stolen = b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()))
    with opened.centre.engine.connect() as connection:
        segments = [unpack(row.packed) for row in connection.execute(sa.select(store.segment.c.packed))]
    stolen += b"".join(segments)
    assert stolen.count(b'"kind":"resident.file"') == 2 * RESIDENTS, "the journals are searched, too"
    assert [needle for needle in needles() if needle in stolen] == []
    key = opened.resident_key
    assert [one for one in (key, key.hex().encode(), key[:16]) if one in stolen] == []


@pytest.mark.threat("stolen database of residents")
def test_another_key_opens_nothing(town: tuple[SimCentre, Path]) -> None:
    opened, _ = town
    thief = Keyring({1: Entropy(Entropy.Options("thief")).bytes(KEY_BYTES)})
    with opened.centre.engine.connect() as connection:
        rows = connection.execute(sa.select(store.resident_file)).mappings().all()
    assert len(rows) == RESIDENTS
    right = Keyring({1: opened.resident_key})
    for row in rows:
        with pytest.raises(SealingError):
            thief.unseal(row["holder"], row["version"], row["sealed"])
        assert right.unseal(row["holder"], row["version"], row["sealed"]).kana == "ワシズ キリン", "the search is tried"


@pytest.mark.threat("curious insider")
def test_files_that_were_exchanged_taken_out_or_put_back_are_found() -> None:
    opened = SimCentre(Clock(), "exchanged")
    centre = opened.centre
    one, two = (centre.registration.add(resident(n), How.TYPED, "sato") for n in (1, 2))
    first = _sealed(centre, one)
    centre.registration.change(one, {"address": "仙境村 新"}, How.TYPED, "sato")
    assert audit(centre.engine, centre.town).unfounded == ()
    for change in (
        sa.update(store.resident_file).where(store.resident_file.c.holder == one).values(sealed=_sealed(centre, two)),
        sa.update(store.resident_file).where(store.resident_file.c.holder == one).values(sealed=first, version=1),
        sa.delete(store.resident_file).where(store.resident_file.c.holder == one),
    ):
        with centre.engine.begin() as connection:
            savepoint = connection.begin_nested()
            connection.execute(change)
            savepoint.commit()
        assert [line.split(":")[0] for line in audit(centre.engine, centre.town).unfounded] == [f"resident {one}"]


def _sealed(centre: Centre, holder: str) -> bytes:
    with centre.engine.connect() as connection:
        asked = sa.select(store.resident_file.c.sealed).where(store.resident_file.c.holder == holder)
        return bytes(connection.execute(asked).scalar_one())


def test_a_person_is_written_in_no_other_way_than_the_search_looks_for() -> None:
    assert msgspec.json.encode(resident(1)).find("麒麟".encode()) > 0
