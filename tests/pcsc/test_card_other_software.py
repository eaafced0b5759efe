"""Programs that know nothing of us use the virtual card as they would a real one, unmodified, through pcscd.

GnuTLS, OpenSSL and NSS come to it by OpenSC's PKCS #11 module; pcsc-tools look at it as a reader shows it.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Kind, Plan
from tests.pcsc.bench import Ear, clear

pytestmark = pytest.mark.pcsc

READER = "reader0 00 00"
TOKEN = "pkcs11:token=JPKI%20%28User%20Authentication%20PIN%29"  # noqa: S105 - a name
KEY, CERTIFICATE = TOKEN + ";id=%01;type=private", TOKEN + ";id=%01;type=cert"
MODULES = [Path(f"/usr/lib/{folder}/opensc-pkcs11.so") for folder in ("x86_64-linux-gnu", "aarch64-linux-gnu")]
MODULE = str(next((path for path in MODULES if path.exists()), ""))
ENGINES = [
    path for folder in ("x86_64", "aarch64") for path in Path(f"/usr/lib/{folder}-linux-gnu").glob("engines-3/*")
]


def needs(program: str, package: str, *, has: bool = True) -> pytest.MarkDecorator:
    is_there = bool(shutil.which(program)) and has
    return pytest.mark.skipif(not is_there, reason=f"the Debian package {package} is not installed")


opensc = needs("pkcs11-tool", "opensc-pkcs11", has=bool(MODULE))


def run(*command: str, code: int = 0, given: str = "") -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ, timeout=30, input=given)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def laid(private: PrivatePcscd, pki: TestPki) -> Iterator[Plan]:
    """A card on reader0, seen by pcscd, and let go of by us."""
    clear(private)
    plan = Plan(pki=str(pki.folder), serial="990000000004000")
    lay(private, plan)
    yield plan
    clear(private)


def lay(private: PrivatePcscd, plan: Plan) -> None:
    ear = Ear(name=READER)
    private.table.present("reader0", plan)
    ear.card()
    ear.driver.stop()


def fresh(private: PrivatePcscd, pki: TestPki, serial: int, *faults: Fault, **more: object) -> Plan:
    clear(private)
    plan = Plan(pki=str(pki.folder), serial=f"99000000000{serial}", faults=frozenset(faults), **more)  # type: ignore[arg-type]
    lay(private, plan)
    return plan


# ---------------------------------------------------------------------------------------------- OpenSSL


def public_key(folder: Path, certificate: str) -> Path:
    """Let OpenSSL take the public key out of a certificate."""
    pem, key = folder / "certificate.pem", folder / "key.pem"
    pem.write_text(certificate)
    key.write_text(run("openssl", "x509", "-in", str(pem), "-pubkey", "-noout"))
    return key


@opensc
@needs("openssl", "libengine-pkcs11-openssl", has=any(path.stem == "pkcs11" for path in ENGINES))
def test_openssl_signs_with_the_card_and_believes_itself(laid: Plan, tmp_path: Path) -> None:
    letter, signature = tmp_path / "letter", tmp_path / "signature"
    letter.write_bytes(b"a library card")
    address = f"{KEY};pin-value={laid.pin}"
    sign = ["dgst", "-engine", "pkcs11", "-keyform", "engine", "-sha256", "-sign", address]
    run("openssl", *sign, "-out", str(signature), str(letter))
    pem = run("pkcs15-tool", "--reader", READER, "--read-certificate", "1")
    verify = ["dgst", "-sha256", "-verify", str(public_key(tmp_path, pem)), "-signature", str(signature)]
    assert run("openssl", *verify, str(letter)) == "Verified OK\n"
    letter.write_bytes(b"a library cart")
    run("openssl", *verify, str(letter), code=1)


@opensc
@needs("openssl", "openssl")
def test_openssl_believes_the_chain(laid: Plan, tmp_path: Path) -> None:
    del laid
    own, authority = (run("pkcs15-tool", "--reader", READER, "--read-certificate", number) for number in ("1", "3"))
    (tmp_path / "own.pem").write_text(own)
    (tmp_path / "ca.pem").write_text(authority)
    said = run("openssl", "verify", "-x509_strict", "-CAfile", str(tmp_path / "ca.pem"), str(tmp_path / "own.pem"))
    assert said.endswith("OK\n")


@opensc
@needs("openssl", "openssl")
def test_openssl_verifies_what_pkcs15_crypt_signed(laid: Plan, tmp_path: Path) -> None:
    digest, letter, signature = tmp_path / "digest", tmp_path / "letter", tmp_path / "signature"
    letter.write_bytes(b"an application form")
    run("openssl", "dgst", "-sha256", "-binary", "-out", str(digest), str(letter))
    run(
        "pkcs15-crypt", "--reader", READER, "--sign", "--key", "2", "--pin", laid.sign_password, "--sha-256", "--pkcs1",
        "--input", str(digest), "--output", str(signature), "--raw",
    )  # fmt: skip
    options = ["--read-certificate", "2", "--auth-id", "2", "--pin", laid.sign_password, "--verify-pin"]
    shown = run("pkcs15-tool", "--reader", READER, *options)
    key = public_key(tmp_path, shown[shown.index("-----BEGIN") :])
    assert (
        run("openssl", "dgst", "-sha256", "-verify", str(key), "-signature", str(signature), str(letter))
        == "Verified OK\n"
    )


# ---------------------------------------------------------------------------------------------- OpenSC, its own tests


@opensc
def test_opensc_s_own_test_of_a_token(laid: Plan) -> None:
    said = run("pkcs11-tool", "--module", MODULE, "--slot", slot(), "--login", "--pin", laid.pin, "--test")
    assert said.rstrip().endswith("No errors")
    assert "SHA256-RSA-PKCS: OK" in said


def slot() -> str:
    listed = run("pkcs11-tool", "--module", MODULE, "--list-token-slots").splitlines()
    return next(line for line in listed if READER in line).split("(")[1].split(")")[0]


@opensc
def test_a_wrong_login_costs_a_try_and_the_third_blocks(private: PrivatePcscd, pki: TestPki, laid: Plan) -> None:
    plan = fresh(private, pki, 4001)
    for left in ("2", "1", "0"):
        run("pkcs11-tool", "--module", MODULE, "--slot", slot(), "--login", "--pin", "9999", "--list-objects", code=1)
        dump = run("pkcs15-tool", "--reader", READER, "--list-pins")
        assert re.findall(r"Tries left\s*: (\d)", dump) == [left, "5"]
    run("pkcs11-tool", "--module", MODULE, "--slot", slot(), "--login", "--pin", plan.pin, "--list-objects", code=1)
    clear(private)
    lay(private, laid)


@opensc
@pytest.mark.parametrize("kind", [Kind.BANK, Kind.TRANSIT, Kind.LICENCE])
def test_opensc_does_not_take_another_card_for_this_one(
    private: PrivatePcscd, pki: TestPki, laid: Plan, kind: Kind
) -> None:
    fresh(private, pki, 4002, kind=kind)
    done = subprocess.run(
        ["opensc-tool", "--reader", READER, "--name"], capture_output=True, text=True, check=False, timeout=20
    )
    assert "jpki" not in done.stdout
    clear(private)
    lay(private, laid)


# ---------------------------------------------------------------------------------------------- GnuTLS


@opensc
@needs("p11tool", "gnutls-bin")
def test_gnutls_lists_exports_and_signs(laid: Plan) -> None:
    p11tool = ["p11tool", "--provider", MODULE]
    assert run(*p11tool, "--list-tokens").count("Manufacturer: JPKI") == 2
    listed = run(*p11tool, "--list-all-certs", TOKEN)
    assert re.findall(r"ID: (\d\d)", listed) == ["01", "03", "04"]
    certificate = x509.load_pem_x509_certificate(run(*p11tool, "--export", CERTIFICATE).encode())
    assert certificate.subject.rfc4514_string() == f"CN=TEST{laid.serial},C=JP"
    said = run(*p11tool, "--login", "--set-pin", laid.pin, "--test-sign", KEY)
    del said  # it says so on the standard error, and by its exit code


# ---------------------------------------------------------------------------------------------- NSS, as browsers use it


@opensc
@needs("modutil", "libnss3-tools")
def test_a_browser_s_library_sees_the_certificates(laid: Plan, tmp_path: Path) -> None:
    del laid
    folder = str(tmp_path / "nss")
    Path(folder).mkdir()
    run("certutil", "-N", "-d", folder, "--empty-password")
    run("modutil", "-dbdir", folder, "-add", "card", "-libfile", MODULE, "-force")
    listed = run("certutil", "-L", "-d", folder, "-h", "all")
    assert "JPKI (User Authentication PIN):User Authentication Certificate" in listed


# ---------------------------------------------------------------------------------------------- pcsc-tools


@opensc
@needs("ATR_analysis", "pcsc-tools")
def test_pcsc_tools_know_the_card_by_its_atr(laid: Plan) -> None:
    del laid
    assert READER in run("pcsc_scan", "-r")
    atr = run("opensc-tool", "--reader", READER, "--atr").strip()
    assert "JPKI card" in run("ATR_analysis", *atr.split(":"))
