"""Somebody reads a unit's SD card, or a backup of the centre, byte by byte: who was there does not stand in it.

A thousand made-up residents come to a unit whose files are real. Then every byte of every file is searched for anything
that their cards hold, freed pages and logs included.
"""

import base64
import hashlib
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography import x509

from appliance.checkup import UnfitError
from appliance.config import ExposedError, read_enrolment
from central.centre import Centre
from drivers.card.service_pass.credential import CARD_ID_BYTES
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.issue import make
from drivers.card.sim.layout import Transparent
from drivers.card.sim.mynumber import _FILLER
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Plan
from drivers.clock.sim import Driver as Clock
from drivers.keystore import KeystoreError
from drivers.keystore.file import create
from simulation.centre import name_place, open_sim_centre
from sync.messages import Why, raw_bytes
from tests.security.conftest import FolderUnit, Hand, Place, register_face

RESIDENTS = 1_000
WINDOW = 8  # bytes; every needle is at least as long
FAMILY = "架空", "試験", "見本", "模擬", "仮名"
GIVEN = "花子", "太郎", "次郎", "三葉", "四季"
PROFILES = "pass", "face", "jpki"


@dataclass(frozen=True)
class Resident:
    """Somebody who does not exist, with a card."""

    plan: Plan
    card: IsoCard

    @property
    def needles(self) -> Iterator[tuple[str, bytes]]:
        """Everything about this person that must not be found, in every spelling that a program might use."""
        plan = self.plan
        for what, text in (("name", plan.name), ("address", plan.address)):
            for encoding in ("utf-8", "cp932", "utf-16-le", "utf-16-be"):
                yield what, text.encode(encoding)
            yield what, text.encode("unicode_escape")  # as JSON may write it
        yield "serial number", plan.serial.encode()
        number = hashlib.sha256(b"virtual pass " + plan.serial.encode()).digest()[:CARD_ID_BYTES]
        yield from (("number of the pass", spelling) for spelling in spellings(number))
        for file, what in ((0x000A, "authentication certificate"), (0x0001, "signing certificate")):
            held = self.card.applications["jpki"].files[file]
            assert isinstance(held, Transparent)
            certificate = x509.load_der_x509_certificate(held.content[: -len(_FILLER)])
            yield from ((what, spelling) for spelling in spellings(certificate.signature[:24]))
            number = certificate.serial_number.to_bytes(WINDOW, "big")
            yield from ((f"number of the {what}", spelling) for spelling in spellings(number))
            yield f"number of the {what}", str(certificate.serial_number).encode()


def spellings(raw: bytes) -> Iterator[bytes]:
    """Write bytes as they are, in hexadecimal, and as they stand anywhere in base64."""
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    if len(raw) > WINDOW:
        for at in range(3):
            yield base64.b64encode(raw[at : at + (len(raw) - at) // 3 * 3])


class Needles:
    """What is searched for, by its first bytes, so that one pass over the hay finds any of it."""

    def __init__(self, residents: list[Resident]) -> None:
        self._by_front: dict[bytes, list[tuple[str, bytes]]] = {}
        self.count = 0
        for resident in residents:
            for what, needle in resident.needles:
                assert len(needle) >= WINDOW, what
                self._by_front.setdefault(needle[:WINDOW], []).append((what, needle))
                self.count += 1

    def found_in(self, folder: Path) -> set[tuple[str, str]]:
        """Return what was found, and in which file."""
        found = set()
        for path in sorted(folder.rglob("*")):
            if path.is_file() and any(hay := path.read_bytes()):
                found |= {(what, str(path.relative_to(folder))) for what in self._found(hay)}
        return found

    def _found(self, hay: bytes) -> Iterator[str]:
        fronts = self._by_front
        for at in range(len(hay) - WINDOW + 1):
            front = hay[at : at + WINDOW]
            if front in fronts:
                yield from (what for what, needle in fronts[front] if hay.startswith(needle, at))


@dataclass
class Crowd:
    """A unit and its centre after a thousand people were there."""

    centre: Centre
    town: Path
    unit: FolderUnit
    residents: list[Resident]
    needles: Needles
    faces: list[bytes]


def people(pki: TestPki) -> Iterator[Resident]:
    """Make residents, each with a name, an address, numbers and certificates of his own.

    A card's RSA keys take long to make; these share a few. What is signed with them differs from card to card.
    """
    for n in range(RESIDENTS):
        serial = f"{990_000_000_000_000 + 7_919 * n + 1}"
        faults: tuple[Fault, ...] = ()
        if n % 10 == 7:
            faults = (Fault.NO_PASS,)
        elif n % 10 == 8:
            faults = ((Fault.EXPIRED, Fault.FORGED_CREDENTIAL, Fault.UNKNOWN_CA)[n // 10 % 3],)
        digits = str(n).translate(str.maketrans("0123456789", "〇一二三四五六七八九"))
        plan = Plan(
            serial=serial,
            name=f"{FAMILY[n % 5]}{digits}　{GIVEN[n // 5 % 5]}",
            address=f"架空県試験市{digits}丁目２番３号",
            pki=str(pki.folder),
            faults=frozenset(faults),
        )
        keys = pki.folder / "keys" / "cards"
        if n >= 5:
            shutil.copytree(keys / f"{990_000_000_000_000 + 7_919 * (n % 5) + 1}", keys / serial, copy_function=os.link)
            (keys / serial / "pass.pem").unlink(missing_ok=True)
        card = make(plan, pki)
        assert isinstance(card, IsoCard)
        yield Resident(plan, card)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    """Let a thousand people come: with a pass, with a registered face, with a certificate only, and some in vain."""
    pki = TestPki(tmp_path_factory.mktemp("pki"))
    town = tmp_path_factory.mktemp("town")
    clock = Clock()
    centre = open_sim_centre(clock, "crowd", f"sqlite:///{town / 'town.db'}")
    name_place(centre, "library")
    folder = tmp_path_factory.mktemp("box") / "lib01"
    unit = FolderUnit.enrolled(folder, centre, replace(pki.trust(PROFILES), allow_certificate_only=True))
    log = logging.FileHandler(folder / "log")
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(log)
    root.setLevel(logging.DEBUG)
    residents = list(people(pki))
    without_pass = [one for one in residents if Fault.NO_PASS in one.plan.faults]
    faces = [register_face(centre, pki, one.card) for one in without_pass[::5]]
    unit.clock = clock
    unit.start()
    unit.sync(centre)
    for one in residents:
        clock.advance(10)
        unit.tap(one.card)
    unit.sync(centre)
    centre.reconciler.catch_up()
    yield Crowd(centre, town, unit, residents, Needles(residents), faces)
    root.removeHandler(log)
    log.close()
    root.setLevel(level)
    centre.engine.dispose()


@pytest.mark.threat(
    "stolen SD card",
    control="No file of a unit holds a name, an address, a serial number, a certificate or a number of a card: cards "
    "have pseudonyms that only the town's card key makes. One unit's folder opens no other unit's journal. The keys "
    "are sealed by the board's TPM or a key burnt into it, where it has one: the card alone opens none of them.",
    residual="Of a unit whose board has neither a TPM nor a burnt key, all keys can be opened from a copy of the whole "
    "card, and of a unit without systemd they lie in the clear: until it is closed, the finder can write visits in its "
    "name, and tell under which name a card in his hand appears. Pseudonyms, places and times of that unit can be read "
    "on any card, and the public keys of registered cards: the journal is not encrypted.",
)
def test_nobody_is_found_on_it(crowd: Crowd) -> None:
    journal = crowd.unit.running.opened.journal
    ((written, cards),) = journal.select(
        "SELECT count(*), count(DISTINCT body ->> '$.card') FROM entry WHERE body ->> '$.kind' = 'visits.touch'"
    )
    assert written == RESIDENTS - 100, "those who came in vain are not written down"
    assert cards > 800
    assert dict(journal.select("SELECT body ->> '$.proof', count(*) FROM entry GROUP BY 1"))["none"] == 80
    assert (crowd.unit.folder / "journal.db-wal").exists(), "the log of the journal is searched as well"
    assert crowd.needles.count > 30 * RESIDENTS
    assert crowd.needles.found_in(crowd.unit.folder) == set()


@pytest.mark.threat("stolen SD card")
def test_whoever_was_there_would_have_been_found(crowd: Crowd, tmp_path: Path) -> None:
    """The search itself is tried: a row that was deleted, a line of a log, bytes in a file of another kind."""
    one = crowd.residents[500]
    for number, (what, needle) in enumerate(one.needles):
        database = sqlite3.connect(tmp_path / f"{number}.db")
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("CREATE TABLE t (x)")
        with database:
            database.execute("INSERT INTO t VALUES (?)", (b"before" + needle + b"behind",))
        with database:
            database.execute("DELETE FROM t")
        database.close()
        assert crowd.needles.found_in(tmp_path) == {(what, f"{number}.db")}, needle
        (tmp_path / f"{number}.db").unlink()


@pytest.mark.threat("stolen SD card")
def test_a_registered_card_is_known_by_its_public_key_and_by_nothing_else(crowd: Crowd) -> None:
    """This is what remains, and why: without it a unit could not tell the card from another."""
    kept = crowd.unit.running.opened.journal.select('SELECT body FROM stream WHERE body LIKE \'{"kind":"face",%\'')
    assert len(kept) == len(crowd.faces) == 20
    said = "".join(body for (body,) in kept)
    assert all(base64.b64encode(key).decode() in said for key in crowd.faces)


@pytest.mark.threat(
    "stolen backup",
    control="The database holds pseudonyms and no key: nothing can be signed with it, and no card be found in it by "
    "its number. A centre that is restored from an old one is told by the units what it lacks.",
    residual="It tells who was where and when, by pseudonym. With keys/ beside it the thief has the town: keep the two "
    "apart, and backups encrypted.",
)
def test_nobody_is_found_in_a_backup_of_the_centre(crowd: Crowd) -> None:
    connection = crowd.centre.engine.raw_connection()
    connection.driver_connection.execute("VACUUM INTO ?", (str(crowd.town / "backup.db"),))  # type: ignore[union-attr]
    connection.close()
    assert (crowd.town / "backup.db").stat().st_size > 100_000
    assert crowd.needles.found_in(crowd.town) == set()
    enrolment = read_enrolment(crowd.unit.folder)
    secrets = [raw_bytes(enrolment.card_key), crowd.centre.town.signer._key.private_bytes_raw()]  # type: ignore[attr-defined]
    backup = (crowd.town / "backup.db").read_bytes()
    assert [one for secret in secrets for one in spellings(secret) if one in backup] == []


# ---------------------------------------------------------------------------------------------- on another machine


@pytest.fixture
def two(town: Place, tmp_path: Path) -> tuple[FolderUnit, FolderUnit]:
    """Two units of one town, each in its folder."""
    first, second = (FolderUnit.enrolled(tmp_path / name, town.centre, town.trust) for name in ("lib01", "bus01"))
    return first, second


@pytest.mark.threat("stolen SD card")
def test_one_units_folder_opens_no_other_journal(two: tuple[FolderUnit, FolderUnit], card: Hand) -> None:
    mine, theirs = two
    theirs.start()
    theirs.tap(card())
    theirs.stop()
    before = (theirs.folder / "journal.db").read_bytes()
    shutil.copy(theirs.folder / "journal.db", mine.folder / "journal.db")
    with pytest.raises(UnfitError, match="belongs to unit bus01"):
        mine.start()
    assert (mine.folder / "journal.db").read_bytes() == before, "and leaves it as it is"


@pytest.mark.threat("stolen SD card")
def test_a_journal_without_its_key_goes_on_nowhere(town: Place, two: tuple[FolderUnit, FolderUnit], card: Hand) -> None:
    """Whoever has the journal and not the key can neither open it with another nor write on in its name."""
    mine, _ = two
    mine.start()
    mine.tap(card())
    mine.stop()
    (mine.folder / "unit.key").unlink()
    create(mine.folder / "unit.key")
    with pytest.raises(UnfitError, match="another key"):
        mine.start()
    (mine.folder / "journal.db").unlink()
    mine.start()
    mine.tap(card())
    done = mine.sync(town.centre)
    assert done.delivered == 0
    assert done.problem
    assert done.problem.type == Why.BAD_SEAL


@pytest.mark.threat("stolen SD card")
@pytest.mark.parametrize("secret", ["unit.key", "enrolment.json"])
def test_a_secret_that_everybody_can_read_is_not_used(two: tuple[FolderUnit, FolderUnit], secret: str) -> None:
    """As after a copy to a stick that knows no rights: the technician is told before it serves."""
    mine, _ = two
    (mine.folder / secret).chmod(0o644)
    with pytest.raises((KeystoreError, ExposedError), match=f"say: chmod 600 .*{secret}"):
        mine.start()
