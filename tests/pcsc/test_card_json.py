"""`machi card read --json` on every kind of card that a resident may hold, through the real pcscd."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from drivers.card import PassProfile, trust_folder
from drivers.card.jpki import crl
from drivers.card.sim import tags
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.issue import make
from drivers.card.sim.layout import Transparent
from drivers.card.sim.pass_applet import TERMINAL_KEY
from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Kind, Plan, Trouble
from tests.pcsc.bench import READERS, clear

pytestmark = pytest.mark.pcsc

COMMAND = [sys.executable, "-m", "machi", "card"]
ORDER = ("pass", "face", "jpki", "sun", "felica", "type_a")
CURRENT, REVOKED = "990000000005003", "990000000005004"


class Case(NamedTuple):
    """A card, how the town's folder differs, the PIN typed, and what is said."""

    plan: Plan
    profile: str
    proof: str
    reason: str
    fresh: str = ""
    pin: str = ""
    folder: str = "town"
    kind: str = ""


def wrong(*faults: Fault, **more: object) -> Plan:
    return Plan(faults=frozenset(faults), **more)  # type: ignore[arg-type]


CASES = {
    "pass": Case(Plan(), "pass", "card", "ok", "nonce"),
    "pass, RSA": Case(Plan(pass_key="rsa2048"), "pass", "card", "ok", "nonce"),  # noqa: S106
    "pass that asks": Case(Plan(pass_mutual=True), "pass", "card", "ok", "nonce", folder="terminal"),
    "pass that asks, and a stranger": Case(Plan(pass_mutual=True), "", "none", "terminal_refused"),
    "certificate and PIN": Case(Plan(serial=CURRENT), "jpki", "pin", "ok", "nonce", pin="1234"),
    "revoked": Case(Plan(serial=REVOKED), "", "none", "revoked", pin="1234"),
    "second generation": Case(Plan(generation=2, expires=date(2029, 1, 1)), "jpki", "pin", "ok", "nonce", pin="1234"),
    "issued without a PIN": Case(wrong(Fault.NO_PIN), "", "none", "pin_blocked", pin="1234"),
    "clone": Case(wrong(Fault.CLONED_CERTIFICATE), "", "none", "forged", pin="1234"),
    "torn": Case(Plan(trouble=Trouble(torn_after_apdus=2)), "", "none", "not_readable"),
    "child's tag with a counter": Case(Plan(kind=Kind.SUN_TAG, counter=9), "sun", "token", "ok", "counter"),
    "child's tag": Case(Plan(kind=Kind.TAG), "type_a", "none", "ok", "copy"),
    "Suica as a number": Case(Plan(kind=Kind.TRANSIT), "felica", "none", "ok", "copy"),
    "driving licence": Case(Plan(kind=Kind.LICENCE), "", "none", "other_card", pin="1234", kind="licence"),
}


@pytest.fixture(scope="module")
def folders(pki: TestPki, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The trust folders: a town that takes everything, and the same with a certificate for its terminals."""
    own = pki.own.authentication
    revoked = certificate_serial(pki, REVOKED)
    listed = own.revoke({revoked: date(2026, 5, 5)}, date(2026, 5, 6), date(2099, 1, 1)).public_bytes(Encoding.DER)
    town = replace(pki.trust(ORDER, generations=(1, 2, 3)), revocation_lists=(crl.load(listed, [own.certificate]),))
    asks = replace(town, pass_profile=PassProfile(terminal_key=TERMINAL_KEY), terminal=pki.terminal())
    made = {}
    for name, trust in (("town", town), ("terminal", asks)):
        folder = tmp_path_factory.mktemp(name)
        trust_folder.save(trust, folder)
        write_tag_keys(folder / "sun")
        made[name] = str(folder)
    terminal = Path(made["terminal"]) / "terminal"
    terminal.mkdir()
    (terminal / "certificate").write_bytes(pki.terminal().certificate)
    key = pki.keys.p256("terminal-1").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (terminal / "key.pem").write_bytes(key)
    (terminal / "key.pem").chmod(0o600)
    return made


def certificate_serial(pki: TestPki, serial: str) -> int:
    card = make(Plan(serial=serial), pki)
    assert isinstance(card, IsoCard)
    file = card.applications["jpki"].files[0x000A]
    assert isinstance(file, Transparent)
    return x509.load_der_x509_certificate(file.content.rstrip(b"\xff")).serial_number


def write_tag_keys(folder: Path) -> None:
    folder.mkdir()
    profile = tags.profile()
    (folder / "open.key").write_text(profile.open_key.hex())
    for number, case in enumerate(CASES.values()):
        if case.plan.kind is Kind.SUN_TAG:
            uid = tags.uid_of(planned(case.plan, number))
            key = profile.mac_key(uid)
            assert key is not None
            (folder / f"{uid.hex().upper()}.key").write_text(key.hex())
    for path in folder.iterdir():
        path.chmod(0o600)


def planned(plan: Plan, number: int) -> Plan:
    """Give each card a serial number of its own, so that its counters are."""
    import msgspec  # noqa: PLC0415

    is_own = plan.serial in {CURRENT, REVOKED}
    return plan if is_own else msgspec.structs.replace(plan, serial=f"9900000000051{number:02}")


@pytest.fixture(scope="module")
def laid(private: PrivatePcscd, pki: TestPki) -> Iterator[dict[str, str]]:
    """All cards, each on a reader of its own; return the readers' names."""
    import msgspec  # noqa: PLC0415

    clear(private)
    slots = [(f"{reader}{twin}", f"{reader} 00 0{twin[1:] or 0}") for reader in READERS for twin in ("", "/1")]
    for number, (slot, case) in enumerate(zip(slots, CASES.values(), strict=True)):
        private.table.present(slot[0], msgspec.structs.replace(planned(case.plan, number), pki=str(pki.folder)))
    yield {name: slot[1] for slot, name in zip(slots, CASES, strict=True)}
    clear(private)


@pytest.mark.parametrize("name", CASES)
def test_each_card_is_read_as_what_it_is(laid: dict[str, str], folders: dict[str, str], name: str) -> None:
    case = CASES[name]
    words = ["--reader", laid[name], "--timeout", "5", "--trust", folders[case.folder], "--json", "--trace"]
    pin = ["--pin-stdin"] if case.pin else []
    done = subprocess.run(
        [*COMMAND, "read", *words, *pin], input=f"{case.pin}\n", capture_output=True, text=True, check=False, timeout=20
    )
    assert done.stdout, done.stderr
    said = json.loads(done.stdout)
    assert (said["reason"], said["profile"], said["proof"]) == (case.reason, case.profile, case.proof)
    assert (said["fresh"], said["kind"]) == (case.fresh, case.kind)
    assert done.returncode == (0 if case.reason == "ok" else 2)
    assert said["words"]
    assert said["cost"]["apdus"] == len(said["trace"]) > 0
    assert said["cost"]["air_ms"] > 0
    assert "31323334" not in done.stdout


def test_a_list_of_revoked_certificates_is_named_with_its_age(laid: dict[str, str], folders: dict[str, str]) -> None:
    words = ["--reader", laid["certificate and PIN"], "--timeout", "5", "--trust", folders["town"], "--pin-stdin"]
    for form, expected in ((["--json"], '"issued":"2026-05-05T15:00:00+00:00"'), ([], "by the list of 2026-05-05")):
        done = subprocess.run(
            [*COMMAND, "read", *words, *form], input="1234\n", capture_output=True, text=True, check=True, timeout=20
        )
        assert expected in done.stdout


def test_another_card_is_answered_kindly(laid: dict[str, str], folders: dict[str, str]) -> None:
    words = ["--reader", laid["driving licence"], "--timeout", "5", "--trust", folders["town"]]
    done = subprocess.run([*COMMAND, "read", *words], capture_output=True, text=True, check=False, timeout=20)
    assert done.stdout.startswith("運転免許証です。This is a driving licence. Nothing was read from it.\n")


def test_a_card_is_made_and_emulated(tmp_path: Path) -> None:
    file = tmp_path / "hanako.toml"
    make_it = [
        "make",
        str(file),
        "--name",
        "架空　花子",
        "--birth",
        "1980-02-17",
        "--fault",
        "expired",
        "--pki",
        "../pki",
    ]
    for code, expected in ((0, "mynumber"), (3, "there already")):
        done = subprocess.run([*COMMAND, *make_it], capture_output=True, text=True, check=False, timeout=20)
        assert done.returncode == code
        assert expected in done.stdout + done.stderr
    again = [*COMMAND, "make", str(tmp_path / "suica.toml"), "--kind", "transit", "--json"]
    done = subprocess.run(again, capture_output=True, text=True, check=True, timeout=20)
    assert json.loads(done.stdout)["kind"] == "transit"
    text = file.read_text()
    for line in ('name = "架空　花子"', "birth = 1980-02-17", 'faults = ["expired"]', 'pki = "../pki"'):
        assert line in text
    both = ["emulate", "--reader", "1", "--port", "35963", str(file)]
    done = subprocess.run([*COMMAND, *both], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 3
    assert "not both" in done.stderr


@pytest.mark.parametrize("words", [["--fault", "rained_on"], ["--serial", "1"], ["--kind", "library"], ["--pin", "12"]])
def test_a_card_that_cannot_be_made(tmp_path: Path, words: list[str]) -> None:
    file = tmp_path / "card.toml"
    done = subprocess.run(
        [*COMMAND, "make", str(file), *words], capture_output=True, text=True, check=False, timeout=20
    )
    assert done.returncode == 3
    assert not file.exists()
