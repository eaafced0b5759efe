"""Technicians' certificates: given for hours, noted in the journal, revoked; and units that the town vouches for."""

import json
import subprocess
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import SSHCertificate, load_ssh_public_identity

from central.centre import Centre, open_centre
from central.found import Plan, found
from central.refusal import RefusedError
from central.ssh import HOSTS, REVOKED, TECHNICIANS, SshAuthority, SshError
from central.technicians import Technicians
from central.world import SystemClock, SystemEntropy
from drivers.keystore.sim import Driver as Keystore
from sync.messages import MessageError, Why, open_signed, raw_bytes
from sync.messages import Technicians as Told
from sync.technician import Role, ssh_print
from tests.appliance.live import machi
from tests.central.beside import asks
from tests.central.pen import Pen


@pytest.fixture
def town(tmp_path: Path) -> Path:
    folder = tmp_path / "town"
    plan = Plan("todai", "灯台町", "Todai", "00-1234", 8443, ("localhost",), 8080)
    found(folder, plan, SystemClock(), SystemEntropy())
    return folder


@pytest.fixture
def centre(town: Path) -> Centre:
    return open_centre(town, SystemClock(), SystemEntropy())


@pytest.fixture
def desk(town: Path, centre: Centre) -> Technicians:
    return Technicians(centre, SshAuthority(town / "keys", centre.town.entropy))


@pytest.fixture
def public(tmp_path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    return tmp_path / "key.pub"


def read(certificate: str) -> SSHCertificate:
    shown = load_ssh_public_identity(certificate.encode())
    assert isinstance(shown, SSHCertificate)
    shown.verify_cert_signature()
    return shown


def is_revoked(town: Path, certificate: str) -> bool:
    path = town.with_name("shown.pub")
    path.write_text(certificate)
    asked = ["ssh-keygen", "-Q", "-f", str(town / "keys" / REVOKED), str(path)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return "REVOKED" in done.stdout


def test_a_technician_gets_a_certificate_for_hours(desk: Technicians, town: Path, public: Path) -> None:
    done = desk.certify(public.read_text(), "hanako", Role.PROVISION, 8)
    shown = read(done.certificate)
    assert (shown.key_id, shown.valid_principals) == (b"hanako", [b"provision", b"support"])
    assert abs(shown.valid_before - SystemClock().wall_ms() / 1000 - 8 * 3600) < 60
    assert shown.valid_after == 0, "a unit whose clock stands in the past takes it, too"
    assert set(shown.extensions) == {b"permit-port-forwarding"}, "no terminal, no agent"
    assert read(desk.certify(public.read_text(), "jiro", Role.SUPPORT, 1).certificate).valid_principals == [b"support"]
    for name in (TECHNICIANS, HOSTS, REVOKED):
        assert (town / "keys" / name).stat().st_mode & 0o077 == 0


def test_every_certificate_is_noted(desk: Technicians, public: Path) -> None:
    one = desk.certify(public.read_text(), "hanako", Role.PROVISION, 8)
    two = desk.certify(public.read_text(), "jiro", Role.SUPPORT, 1)
    desk.revoke(one.serial, "laptop stolen")
    listed = desk.listed()
    assert [(at.name, at.serial, at.revoked) for at in listed] == [
        ("hanako", one.serial, "laptop stolen"),
        ("jiro", two.serial, ""),
    ]
    assert listed[0].key == ssh_print(public.read_text())


def test_what_is_revoked_stays_revoked_and_the_list_counts_up(desk: Technicians, town: Path, public: Path) -> None:
    one, two, three = (desk.certify(public.read_text(), "hanako", Role.PROVISION, 8) for _ in range(3))
    host = desk.host(public.read_text(), "lib01")
    for serial, number in ((one.serial, 2), (three.serial, 3), (host.serial, 4)):
        assert desk.revoke(serial, "") == number
    gone = [is_revoked(town, each.certificate) for each in (one, two, three, host)]
    assert gone == [True, False, True, True]


def test_the_town_signs_what_laptops_and_units_are_told(desk: Technicians, centre: Centre) -> None:
    raw = desk.told()
    told = open_signed(raw, Told, centre.town.signer.public)
    assert (told.town, told.number) == ("todai", 1)
    with pytest.raises(MessageError):
        open_signed(raw.replace(b'"number":1', b'"number":2'), Told, centre.town.signer.public)


@pytest.mark.parametrize("wrong", ["", "ssh-ed25519 AAAA", "no key at all", "-----BEGIN OPENSSH PRIVATE KEY-----"])
def test_what_is_no_key_is_not_certified(desk: Technicians, wrong: str) -> None:
    with pytest.raises(SshError):
        desk.certify(wrong, "hanako", Role.SUPPORT, 1)
    assert desk.listed() == []


def test_authorities_that_were_half_made_are_made_whole(town: Path) -> None:
    authority = SshAuthority(town / "keys", SystemEntropy())
    authority.create()
    before = (town / "keys" / f"{TECHNICIANS}.pub").read_text()
    (town / "keys" / HOSTS).unlink()
    (town / "keys" / f".{HOSTS}.new").write_text("half")
    assert not authority.exists()
    authority.create()
    assert authority.exists()
    assert (town / "keys" / f"{TECHNICIANS}.pub").read_text() == before


# ---------------------------------------------------------------------------------------------- enrolment


@pytest.mark.usefixtures("desk")
def test_a_unit_that_is_let_in_gets_a_certificate_for_its_ssh_server(centre: Centre, public: Path) -> None:
    unit = Pen(centre, "lib01", Keystore(Keystore.Options("lib01")))
    ticket = centre.enroller.invite("lib01", "library", "facility", "https://localhost")
    shown = read(centre.enroller.enrol(asks(unit, ticket, host_key=public.read_text().strip())).host_certificate)
    assert (shown.key_id, shown.valid_principals) == (b"lib01", [b"lib01"])
    other = Pen(centre, "bus01", Keystore(Keystore.Options("bus01")))
    again = centre.enroller.invite("bus01", "library", "facility", "https://localhost")
    with pytest.raises(RefusedError) as error:
        centre.enroller.enrol(asks(other, again, host_key="no key"))
    assert error.value.problem.type == Why.BAD_REQUEST
    stolen = msgspec.structs.replace(asks(other, again), host_key=public.read_text().strip())
    with pytest.raises(RefusedError) as error:
        centre.enroller.enrol(stolen)
    assert error.value.problem.type == Why.BAD_SEAL, "the unit signs which server is its own"
    assert centre.enroller.enrol(asks(other, again)).host_certificate == ""


def test_a_town_without_technicians_vouches_for_no_server(centre: Centre, public: Path) -> None:
    unit = Pen(centre, "lib01", Keystore(Keystore.Options("lib01")))
    ticket = centre.enroller.invite("lib01", "library", "facility", "https://localhost")
    assert centre.enroller.enrol(asks(unit, ticket, host_key=public.read_text().strip())).host_certificate == ""


# ---------------------------------------------------------------------------------------------- commands


def test_the_office_does_all_this_by_commands(town: Path, public: Path) -> None:
    plain = machi("central", "technician", "certify", town, public, "--name", "hanako")
    serial = read(plain.stdout).serial
    assert (plain.returncode, plain.stderr) == (0, f"serial: {serial}\n")
    said = json.loads(machi("central", "technician", "host", town, "lib01", public, "--json").stdout)
    assert read(said["certificate"]).valid_principals == [b"lib01"]
    revoked = machi("central", "technician", "revoke", town, str(serial), "--reason", "left", "--json")
    assert json.loads(revoked.stdout)["list"] == 2
    listed = json.loads(machi("central", "technician", "list", town, "--json").stdout)["certificates"]
    assert [(one["name"], one["revoked"]) for one in listed] == [("hanako", "left")]
    told = json.loads(machi("central", "technician", "trust", town).stdout)
    assert told["body"]["ca"].startswith("ssh-ed25519 ")
    assert raw_bytes(told["body"]["revoked"])[:6] == b"SSHKRL"
    wrong = machi("central", "technician", "certify", town, public, "--name", "Hanako Yamada")
    assert (wrong.returncode, "small letters" in wrong.stderr) == (3, True)
    none = machi("central", "technician", "certify", town, town / "central.toml", "--name", "hanako")
    assert (none.returncode, "no public key" in none.stderr) == (6, True)
