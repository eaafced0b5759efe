"""`machi card read` and `machi card emulate`, run as a person runs them, on cards of every kind."""

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from drivers.card.sim.client import TableClient
from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Kind, Plan
from tests.pcsc.bench import READERS, clear

pytestmark = pytest.mark.pcsc

READER = "reader0 00 00"
COMMAND = [sys.executable, "-m", "machi", "card"]
Planned = Callable[..., Plan]


def machi(*words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*COMMAND, *words], input=given, capture_output=True, text=True, check=False, timeout=20)


def read(*words: str, reader: str = READER, given: str = "") -> tuple[int, dict[str, object]]:
    done = machi("read", "--reader", reader, "--timeout", "5", "--json", *words, given=given)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def trust(pki: TestPki) -> str:
    return str(pki.write_trust())


CASES = [  # faults or kind, the PIN typed, and what is said
    ("", "", (0, "ok", "pass", "card")),
    ("", "1234", (0, "ok", "jpki", "pin")),
    ("", "9999", (2, "pin_wrong", "", "none")),
    ("blocked_pin", "1234", (2, "pin_blocked", "", "none")),
    ("no_pass", "", (2, "unknown_card", "", "none")),
    ("expired", "", (2, "expired", "", "none")),
    ("not_yet_valid", "", (2, "clock_doubt", "", "none")),
    ("unknown_ca", "", (2, "unknown_issuer", "", "none")),
    ("forged_credential", "", (2, "forged", "", "none")),
    ("forged_key", "", (2, "forged", "", "none")),
    ("android", "1234", (2, "other_card", "", "none")),
    ("transit", "", (2, "other_card", "", "none")),
    ("bank", "1234", (2, "other_card", "", "none")),
    ("endless", "", (2, "not_readable", "", "none")),
]


@pytest.fixture(scope="module")
def laid(private: PrivatePcscd, pki: TestPki) -> Iterator[list[str]]:
    """All cards of the cases, each on a reader of its own; return the readers' names."""
    slots = [(f"{reader}{twin}", f"{reader} 00 0{twin[1:] or 0}") for reader in READERS for twin in ("", "/1")]
    for number, (slot, (what, _, _)) in enumerate(zip(slots, CASES, strict=True)):
        kind = Kind(what) if what in set(Kind) else Kind.MY_NUMBER
        faults = frozenset({Fault(what)} if what in set(Fault) else ())
        plan = Plan(serial=f"9900000000020{number:02}", faults=faults, pki=str(pki.folder), kind=kind)
        private.table.present(slot[0], plan)
    yield [slot[1] for slot in slots]
    clear(private)


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{what}-{pin}" for what, pin, _ in CASES])
def test_cards_of_every_kind(laid: list[str], trust: str, number: int) -> None:
    _, pin, expected = CASES[number]
    secret = ["--pin-stdin"] if pin else []
    code, said = read("--trust", trust, *secret, reader=laid[number], given=f"{pin}\n")
    assert (code, said["reason"], said["profile"], said["proof"]) == expected
    assert said["schema"] == "machi.card/1"
    assert said["ok"] is (code == 0)
    assert said["reader"] == laid[number]
    assert said["words"]


def test_without_a_trust_folder_nobody_is_believed(pcscd: PrivatePcscd, planned: Planned) -> None:
    pcscd.table.present("reader0", planned())
    assert read()[1]["reason"] == "unknown_issuer"


def test_a_card_is_learned_by_its_holder_s_birthday(
    pcscd: PrivatePcscd, planned: Planned, trust: str, tmp_path: Path
) -> None:
    (tmp_path / "birth").write_text("1985-04-01\n")
    pcscd.table.present("reader0", planned("no_pass"))
    code, learned = read("--trust", trust, "--enrol-birth-file", str(tmp_path / "birth"))
    assert (code, learned["proof"]) == (0, "card")
    enrolment = learned["enrolment"]
    assert isinstance(enrolment, dict)
    kept = load_pem_public_key(Path(enrolment["file"]).read_bytes())
    assert load_der_public_key(base64.b64decode(enrolment["public_key"])) == kept
    code, known = read("--trust", trust)
    assert (code, known["profile"], known["identifier"]) == (0, "face", enrolment["identifier"])
    Path(enrolment["file"]).unlink()


def test_words_for_people_and_a_trace_beside_them(
    pcscd: PrivatePcscd, planned: Planned, trust: str, tmp_path: Path
) -> None:
    (tmp_path / "pin").write_text("1234\n")
    pcscd.table.present("reader0", planned())
    done = machi("read", "--reader", READER, "--trust", trust, "--pin-file", str(tmp_path / "pin"), "--trace")
    assert done.returncode == 0
    assert done.stdout.startswith("Identified; the card has proven it, and the holder knew its PIN.\n")
    assert "proof       pin" in done.stdout
    assert "10 APDUs" in done.stderr
    assert "** masked **" in done.stderr
    assert "1234" not in done.stderr.replace("TEST1234", "")
    assert "31323334" not in done.stderr + done.stdout


def test_nobody_holds_a_card_there(pcscd: PrivatePcscd) -> None:
    del pcscd
    done = machi("read", "--timeout", "0.3")
    assert (done.returncode, done.stdout) == (4, "")
    assert "no card within 0.3 s" in done.stderr


def test_no_pcscd_and_no_reader(pcscd: PrivatePcscd) -> None:
    assert machi("read", "--reader", "nobody's", "--timeout", "0.3").returncode == 8
    pcscd.kill()
    done = machi("read", "--timeout", "0.3")
    pcscd.restart()
    assert done.returncode == 8
    assert "pcscd does not answer" in done.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--pin-stdin", "--pin-file", "{file}"], "not both"),
        (["--enrol-counter"], "needs --trust"),
        (["--enrol-counter", "--trust", "{trust}", "--enrol-birth-file", "{file}"], "no birthday"),
        (["--enrol-birth-file", "{file}"], "needs --trust"),
        (["--enrol-birth-file", "{file}", "--trust", "{trust}"], "YYYY-MM-DD"),
        (["--trust", "{broken}"], "trust.toml"),
        (["--trust", "/nowhere"], "does not exist"),
        (["--pin", "1234"], "No such option"),  # never a secret on the command line
    ],
)
def test_what_cannot_be_asked(pcscd: PrivatePcscd, trust: str, tmp_path: Path, words: list[str], why: str) -> None:
    del pcscd
    (tmp_path / "file").write_text("first of April")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "trust.toml").write_text("= =")
    paths = {"file": tmp_path / "file", "broken": tmp_path / "broken", "trust": trust}
    done = machi("read", *(word.format(**paths) for word in words))
    assert done.returncode == 3
    assert why in done.stderr


@pytest.mark.parametrize("words", [["-h"], ["read", "-h"], ["emulate", "--help"]])
def test_help_begins_with_examples(words: list[str]) -> None:
    done = machi(*words)
    assert done.returncode == 0
    assert done.stdout.index("  machi card ") < done.stdout.index("Options:")


def test_help_is_quick() -> None:
    """Nothing heavy is loaded before it is needed; the file is imported with every `machi`."""
    script = "import sys; import drivers.card.cli; print([m for m in ('smartcard', 'msgspec') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "smartcard" not in done.stdout


@pytest.mark.parametrize("where", [["--port", "35963"], ["--reader", "0"]], ids=lambda where: where[0])
def test_a_virtual_card_on_somebody_s_reader(
    pcscd: PrivatePcscd, pki: TestPki, trust: str, tmp_path: Path, where: list[str]
) -> None:
    """The slot is in the private network, so the command is run in there."""
    file, control = tmp_path / "card.toml", tmp_path / "c"
    file.write_text(f'pki = "{pki.folder}"\n')
    emulate = [*COMMAND, "emulate", *where, str(file), "--control", str(control), "--json"]
    command = ["nsenter", *network_of(pcscd), *emulate]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        assert "lies on the reader" in process.stderr.readline()
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["port"] == 35963
        assert read("--trust", trust)[1]["profile"] == "pass"
        TableClient(control).remove("reader")
        time.sleep(0.5)
        assert machi("read", "--reader", READER, "--timeout", "0.3").returncode == 4
    finally:
        process.terminate()
        process.communicate(timeout=5)
    assert process.returncode == 0
    assert not control.exists()


@pytest.mark.parametrize("content", ["= =", 'serial = "1"'])
def test_a_card_file_that_cannot_be_used(tmp_path: Path, content: str) -> None:
    file = tmp_path / "card.toml"
    file.write_text(content)
    done = machi("emulate", str(file), "--port", "35963")
    assert done.returncode == 3
    assert str(file) in done.stderr


def network_of(pcscd: PrivatePcscd) -> list[str]:
    """Find the pcscd that was started with this folder, and name its namespaces to nsenter."""
    configuration = str(pcscd.socket.parent.parent.parent / "readers.conf")
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and configuration in (folder / "cmdline").read_text():
                return ["--target", folder.name, "--net", *([] if os.geteuid() == 0 else ["--user"])]
        except OSError:
            continue
    raise AssertionError("there is no such pcscd")


def test_a_desk_hears_whose_card_it_is(pcscd: PrivatePcscd, planned: Planned, trust: str) -> None:
    pcscd.table.present("reader0", planned())
    words = ["holder", "--reader", READER, "--timeout", "5", "--trust", trust, "--secret-stdin", "--json"]
    done = machi(*words, given="60040120940000\n")
    said = json.loads(done.stdout)
    assert (done.returncode, said["schema"], said["attributes"]["birth"]) == (0, "machi.card.holder/1", "1985-04-01")
    assert said["card"]["proof"] == "card"
