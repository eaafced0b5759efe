"""OpenSC, which knows the real card, cannot tell ours from it: certificates, PINs and signatures through pcscd."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from drivers.card.sim.mynumber import ATR_CONTACTLESS
from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from tests.pcsc.bench import Ear, clear

pytestmark = [
    pytest.mark.pcsc,
    pytest.mark.skipif(not shutil.which("pkcs15-tool"), reason="the Debian package opensc is not installed"),
]

ATR_CONTACT = "3BE000FF8131FE4514"


@pytest.fixture(scope="module", params=[ATR_CONTACT, ATR_CONTACTLESS.hex()], ids=["contact", "contactless"])
def card(request: pytest.FixtureRequest, private: PrivatePcscd, pki: TestPki) -> Iterator[Plan]:
    """A card on reader0, seen by pcscd, and let go of by us."""
    clear(private)
    plan = Plan(atr=request.param, pki=str(pki.folder), serial="990000000003000")
    ear = Ear(name="reader0 00 00")
    private.table.present("reader0", plan)
    ear.card()
    ear.driver.stop()
    yield plan
    clear(private)


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ, timeout=20)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pkcs15(*options: str) -> str:
    return run("pkcs15-tool", "--reader", "reader0 00 00", *options)


def pkcs11(*options: str) -> str:
    return run("pkcs11-tool", "--slot", slot(), *options)


def slot() -> str:
    listed = run("pkcs11-tool", "--list-token-slots").splitlines()
    line = next(line for line in listed if "reader0 00 00" in line)
    return line.split("(")[1].split(")")[0]


def test_the_driver_recognises_the_card(card: Plan) -> None:
    del card
    assert run("opensc-tool", "--reader", "reader0 00 00", "--name").strip() == "jpki"


def test_pins_and_their_tries(card: Plan) -> None:
    del card
    dump = pkcs15("--dump")
    assert "PIN [User Authentication PIN]" in dump
    assert [line.split()[-1] for line in dump.splitlines() if "Tries left" in line] == ["3", "5"]


def test_the_authentication_certificate_without_a_pin(card: Plan) -> None:
    certificate = x509.load_pem_x509_certificate(pkcs15("--read-certificate", "1").encode())
    assert certificate.subject.rfc4514_string() == f"CN=TEST{card.serial},C=JP"


def test_both_authorities(card: Plan) -> None:
    del card
    for number, unit in (("3", "user authentication"), ("4", "digital signature")):
        certificate = x509.load_pem_x509_certificate(pkcs15("--read-certificate", number).encode())
        assert unit in certificate.subject.rfc4514_string()


def test_a_right_and_a_wrong_pin(card: Plan) -> None:
    assert "Tries left     : 3" in pkcs15("--dump")
    wrong = subprocess.run(
        ["pkcs15-tool", "--reader", "reader0 00 00", "--verify-pin", "--auth-id", "1", "--pin", "9999"],
        capture_output=True,
        check=False,
        timeout=20,
    )
    assert wrong.returncode != 0
    assert "Tries left     : 2" in pkcs15("--dump")
    pkcs15("--verify-pin", "--auth-id", "1", "--pin", card.pin)
    assert "Tries left     : 3" in pkcs15("--dump")


@pytest.mark.parametrize(("key", "secret"), [("1", "pin"), ("2", "sign_password")])
def test_both_keys_sign(card: Plan, tmp_path: Path, key: str, secret: str) -> None:
    message, signature = tmp_path / "message", tmp_path / "signature"
    message.write_bytes(b"a library card")
    pin = getattr(card, secret)
    options = ["--login", "--pin", pin, "--id", key, "--sign", "--mechanism", "SHA256-RSA-PKCS"]
    if key == "1":
        pkcs11(*options, "--input-file", str(message), "--output-file", str(signature))
    else:
        digest = tmp_path / "digest"
        digest.write_bytes(hashlib.sha256(message.read_bytes()).digest())
        run(
            "pkcs15-crypt", "--reader", "reader0 00 00", "--sign", "--key", key, "--pin", pin, "--sha-256", "--pkcs1",
            "--input", str(digest), "--output", str(signature), "--raw",
        )  # fmt: skip
    options = ["--read-certificate", key, *(["--auth-id", "2", "--pin", pin, "--verify-pin"] if key == "2" else [])]
    certificate = x509.load_pem_x509_certificate(_pem(pkcs15(*options)))
    public_key = certificate.public_key()
    assert isinstance(public_key, RSAPublicKey)
    public_key.verify(signature.read_bytes(), message.read_bytes(), PKCS1v15(), SHA256())


def _pem(text: str) -> bytes:
    return text[text.index("-----BEGIN") :].encode()
