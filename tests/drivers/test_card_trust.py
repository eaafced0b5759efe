"""Whom a unit believes: built once, checked when it is built, kept in a folder that people can read."""

import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers.card import PassProfile, Trust, TrustError, trust_folder
from drivers.card.proofs import spki
from drivers.card.service_pass import DEFAULT_AID
from drivers.card.sim.pki import TestPki, key_id


def test_production_is_the_default_and_refuses_every_kind_of_test_key(pki: TestPki) -> None:
    assert Trust().production
    test_trust = pki.trust()
    with pytest.raises(TrustError) as error:
        replace(test_trust, production=True)
    for word in ("TEST-town.1", "9000023/001", "JPKI-TEST-LOCAL"):
        assert word in str(error.value)


def test_each_test_key_alone_is_refused_in_production(pki: TestPki) -> None:
    own = pki.own
    for anchors in (
        {"pass_issuers": {own.pass_issuer: own.pass_key.public_key()}},
        {"cv_roots": {own.cv_root.key_id: own.cv_root.key.public_key()}},
        {"cv_roots": {key_id(b"6000023", b"001"): own.cv_root.key.public_key()}},
        {"jpki_authorities": (own.authentication.certificate,)},
    ):
        Trust(**anchors, production=False)
        with pytest.raises(TrustError, match="test keys"):
            Trust(**anchors)


def test_production_takes_keys_that_are_not_marked(pki: TestPki) -> None:
    town = Ed25519PrivateKey.generate().public_key()
    root = pki.own.cv_root.key.public_key()
    trust = Trust(pass_issuers={"asahi.1": town}, cv_roots={key_id(b"5000023", b"001"): root})
    assert trust.production


@pytest.mark.parametrize(
    "wrong",
    [
        {"order": ()},
        {"order": ("pass", "pass")},
        {"order": ("passport",)},
        {"pass_issuers": {"Asahi 1": Ed25519PrivateKey.generate().public_key()}},
        {"cv_roots": {b"5000023": None}},
        {"pass_profile": PassProfile(aid=bytes.fromhex("D3921000310001010408"))},
        {"pass_profile": PassProfile(aid=bytes.fromhex("D392100031"))},
        {"pass_profile": PassProfile(credential_file=31)},
        {"pass_profile": PassProfile(key_reference=256)},
    ],
    ids=str,
)
def test_what_cannot_be_trusted_cannot_be_built(wrong: dict[str, object]) -> None:
    with pytest.raises(TrustError):
        Trust(**wrong)  # type: ignore[arg-type]


def test_a_trust_does_not_change(pki: TestPki) -> None:
    issuers = {pki.own.pass_issuer: pki.own.pass_key.public_key()}
    trust = Trust(pass_issuers=issuers, production=False)
    issuers["TEST-other.1"] = issuers["TEST-town.1"]
    assert list(trust.pass_issuers) == ["TEST-town.1"]
    with pytest.raises(TypeError):
        trust.pass_issuers["TEST-other.1"] = None  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        trust.production = True  # type: ignore[misc]


def test_a_folder_holds_a_trust(pki: TestPki, tmp_path: Path) -> None:
    trust = replace(
        pki.trust(("face", "pass")), allow_certificate_only=True, pass_profile=PassProfile(b"\xf0OTHER", 2, 3)
    )
    trust_folder.save(trust, tmp_path)
    read = trust_folder.load(tmp_path)
    assert read.order == trust.order
    assert read.pass_profile == trust.pass_profile
    assert read.jpki_authorities == trust.jpki_authorities
    assert read.jpki_policies == trust.jpki_policies
    assert (read.production, read.allow_certificate_only) == (False, True)
    assert read.pass_issuers.keys() == trust.pass_issuers.keys()
    assert {k: v.public_numbers() for k, v in read.cv_roots.items()} == {
        k: v.public_numbers() for k, v in trust.cv_roots.items()
    }


def test_an_empty_folder_believes_nobody_in_production(tmp_path: Path) -> None:
    trust = trust_folder.load(tmp_path)
    assert trust.production
    assert trust.pass_profile.aid == DEFAULT_AID
    assert not trust.pass_issuers
    assert not trust.jpki_authorities


def test_enrolled_cards_are_found_at_once(pki: TestPki, tmp_path: Path) -> None:
    trust_folder.save(pki.trust(), tmp_path)
    trust = trust_folder.load(tmp_path)
    index, key = "ab" * 32, spki(pki.own.card_issuer.key.public_key())
    assert trust.face_key(index) is None
    trust_folder.enrol(tmp_path, index, key)
    assert trust.face_key(index) == key
    trust_folder.enrol(tmp_path, "outside", key).rename(tmp_path / "outside.pem")
    assert trust.face_key("../outside") is None


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("trust.toml", "order = 3"),
        ("trust.toml", "ordre = []"),
        ("trust.toml", "= ="),
        ("trust.toml", '[pass]\naid = "D392100031"'),
        ("trust.toml", '[pass]\naid = "xyz"'),
        ("pass/asahi.1.pem", "no key"),
        ("jpki/ca.pem", "no certificate"),
        ("cv/35.pem", "no key"),
        ("cv/zz.pem", "no key"),
    ],
)
def test_a_folder_with_something_wrong_names_it(tmp_path: Path, file: str, content: str) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(content)
    with pytest.raises(TrustError) as error:
        trust_folder.load(tmp_path)
    assert str(tmp_path) in str(error.value) or "AID" in str(error.value)


def test_a_key_of_the_wrong_kind_is_refused(pki: TestPki, tmp_path: Path) -> None:
    folder = pki.write_trust()
    (tmp_path / "pass").mkdir()
    (tmp_path / "pass" / "TEST-town.1.pem").write_bytes(next((folder / "cv").glob("*.pem")).read_bytes())
    with pytest.raises(TrustError, match="Ed25519"):
        trust_folder.load(tmp_path)


def test_the_pki_is_made_by_one_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "drivers.card.sim.pki", str(tmp_path / "pki")]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    folder = Path(made.stdout.strip())
    assert trust_folder.load(folder).pass_issuers.keys() == {"TEST-town.1"}
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert again.stdout == made.stdout
