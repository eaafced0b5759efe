"""Somebody who sets units up, with a shell on their machines, and with tickets that he has used or lost."""

import base64
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from appliance.config import read_enrolment
from appliance.setup import write_config
from appliance.uplink.joining import join
from central import folder as at
from central.folder import Folder
from drivers.card import TrustError
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault
from drivers.card.trust_folder import load, save
from sync.client import RefusedError
from sync.facts import PlaceNamed
from sync.messages import Why
from sync.program import Result
from tests.central.serving import MACHI, Served, serving
from tests.security.conftest import FolderUnit, Hand, Place

ROW = pytest.mark.threat("malicious technician")
NOBODY = 65_534
as_another_user = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="only root can try what another user may read (setpriv)",
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("town") / "centre") as running:
        yield running


@pytest.fixture
def box(served: Served, tmp_path: Path) -> FolderUnit:
    """A box that was set up over the network, as a technician does it, and has served somebody."""
    folder = tmp_path / "lib01"
    folder.mkdir()
    write_config(folder, "lib01", "sim", "", 0, test=True)
    ticket = served.centre.enroller.invite("lib01", "library", "facility", served.url)
    (tmp_path / "ticket").write_bytes(msgspec.json.encode(ticket))
    join(folder, msgspec.json.encode(ticket))
    return FolderUnit(folder)


def secrets_of(served: Served) -> dict[str, list[bytes]]:
    """Return the office's secrets, each in the spellings in which it could lie about."""
    keys = Folder(served.folder)
    found = {}
    for name in (at.TOWN_KEY, at.CA_KEY, at.ISSUER_KEY, "server.key"):
        lines = keys.secret(name).splitlines()
        found[name] = [line for line in lines if not line.startswith(b"-----")]
    card_key = keys.secret(at.CARD_KEY)
    found[at.CARD_KEY] = [card_key, card_key.hex().encode(), base64.b64encode(card_key)]
    return found


def lying_in(folder: Path, spellings: list[bytes]) -> set[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)) for path in files if any(one in path.read_bytes() for one in spellings)}


@pytest.mark.threat(
    "malicious technician",
    control="A ticket lets one named unit in, once, within a week; then it is a piece of paper. Private keys are "
    "made in the unit and never leave it, and the office's never leave the centre. Every secret is readable by its "
    "owner only, and refused if it is not. What is carried by hand to let a unit in is sealed both ways, and is good "
    "for the keys that asked. A unit in production refuses every test key. Who comes over SSH shows a "
    "certificate that is good for hours, gets no shell, and is named in the unit's log with what he asked for.",
    residual="Who sets a unit up with the box in hand can copy its key and the town's card key, and lay keys of his "
    "own into its trust/: that unit then believes cards that he makes. Look at trust/ yourself, and give every unit "
    "that he had in hand new keys (`machi central unit add`) when he leaves. A revoked certificate for SSH opens units "
    "until it runs out, or the next technician brings the list. Root on the centre's machine is the town.",
)
def test_a_used_ticket_is_paper(box: FolderUnit, tmp_path: Path) -> None:
    ticket = tmp_path / "ticket"
    enrolled = read_enrolment(box.folder)
    other = tmp_path / "other"
    other.mkdir()
    write_config(other, "lib01", "sim", "", 0, test=True)
    with pytest.raises(RefusedError) as error:
        join(other, ticket.read_bytes())
    assert error.value.problem.type == Why.BAD_CODE
    again = subprocess.run(
        [MACHI, "unit", "enrol", box.folder, ticket, "--again"], capture_output=True, text=True, check=False
    )
    assert again.returncode == 6, again.stderr
    assert "ask the office for a new ticket" in again.stderr
    assert "Traceback" not in again.stderr
    assert read_enrolment(box.folder) == enrolled, "the unit lives on as before"
    box.start()
    box.stop()


@ROW
def test_what_he_is_given_holds_nothing_of_the_offices(
    served: Served, box: FolderUnit, card: Hand, tmp_path: Path
) -> None:
    box.start()
    box.tap(card())
    box.sync(served.centre)
    for name, spellings in secrets_of(served).items():
        expected = {"enrolment.json"} if name == at.CARD_KEY else set()
        assert lying_in(box.folder, spellings) == expected, name
        assert lying_in(tmp_path, spellings) == {f"lib01/{file}" for file in expected}, f"{name}: in the ticket"
    ticket = msgspec.json.decode((tmp_path / "ticket").read_bytes())
    assert set(ticket) == {"url", "town", "unit", "code", "ca", "town_key", "seal", "before"}
    box.stop()


@ROW
def test_every_file_of_a_unit_that_holds_a_secret_is_its_owners_alone(box: FolderUnit, card: Hand) -> None:
    box.start()
    box.tap(card())
    modes = {str(path.relative_to(box.folder)): path.stat().st_mode & 0o777 for path in box.folder.rglob("*")}
    assert {name for name, mode in modes.items() if not mode & 0o077} == {
        "unit.key",
        "enrolment.json",
        "tls",
        "tls/device.key",
        "tls/device.pem",
        "tls/ca.pem",
    }
    assert {name for name, mode in modes.items() if mode & 0o077} == {
        "unit.toml",
        "unit.pub",
        "life.json",
        "journal.db",
        "journal.db-wal",
        "trust",
        "trust/trust.toml",
    }, "a new file says here whether others may read it"
    assert [name for name, mode in modes.items() if mode & 0o022] == [], "and nobody else may write any of them"
    assert modes["journal.db"] & 0o007 == 0
    box.stop()


@ROW
@as_another_user
def test_another_user_of_the_machine_reads_no_secret(served: Served, box: FolderUnit) -> None:
    """Tried as that user, in folders that everybody may enter."""
    served.centre.registrar.place(PlaceNamed("library", "図書館", "としょかん", "Library"))
    box.start()
    place = Path(tempfile.mkdtemp(prefix="machi-", dir="/tmp"))
    try:
        place.chmod(0o755)
        for name, folder in (("centre", served.folder), ("unit", box.folder)):
            shutil.copytree(folder, place / name, copy_function=shutil.copy2)
            (place / name).chmod(0o755)
        files = [path for path in sorted(place.rglob("*")) if path.is_file()]
        readable = {str(path.relative_to(place)) for path in files if _may_read(path)}
    finally:
        shutil.rmtree(place)
    box.stop()
    open_to_all = {f"unit/{name}" for name in ("unit.toml", "unit.pub", "life.json", "trust/trust.toml")}
    assert readable == open_to_all | {"centre/central.toml", "centre/log"}
    assert len(files) > len(readable) + 10


def _may_read(path: Path) -> bool:
    user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return subprocess.run([*user, "cat", path], capture_output=True, check=False).returncode == 0


@ROW
def test_a_unit_in_production_believes_no_test_key(pki: TestPki, tmp_path: Path) -> None:
    save(pki.trust(), tmp_path)
    assert load(tmp_path).pass_issuers.keys() == {"TEST-town.1"}
    settings = tmp_path / "trust.toml"
    settings.write_text(settings.read_text().replace("production = false", "production = true"))
    with pytest.raises(TrustError, match="does not believe test keys"):
        load(tmp_path)


@ROW
def test_of_a_key_of_his_own_only_that_unit_is_fooled(pki: TestPki, town: Place, card: Hand, tmp_path: Path) -> None:
    """This is what remains, and how far it reaches."""
    forged = card(Fault.UNKNOWN_CA)
    honest, fooled = (FolderUnit.enrolled(tmp_path / name, town.centre, town.trust) for name in ("lib01", "bus01"))
    his = pki.stranger.pass_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (fooled.folder / "trust" / "pass" / f"{pki.stranger.pass_issuer}.pem").write_bytes(his)
    shown = []
    for unit in (honest, fooled):
        unit.start()
        shown.append(unit.tap(forged).result)
        unit.stop()
    assert shown == [Result.HELP, Result.OK_POINTS]
