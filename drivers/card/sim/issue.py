"""The office that issues virtual cards: a plan and a test PKI go in, a card comes out, faults and all."""

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from drivers.card import credential, tlv
from drivers.card.credential import CARD_ID_BYTES, Credential
from drivers.card.sim import mynumber, others
from drivers.card.sim.mynumber import CardKeys, Papers
from drivers.card.sim.others import VirtualCard
from drivers.card.sim.pki import Authorities, TestPki, public_key_objects
from drivers.card.sim.plan import Fault, Plan, load

_LONG_AGO = (date(2015, 4, 1), date(2020, 4, 1))
_FAR_AHEAD = (date(2093, 4, 1), date(2098, 4, 1))


def make(plan: Plan, pki: TestPki) -> VirtualCard:
    """Make the card of a plan; the same plan gives the same keys and papers."""
    if plan.kind in others.KINDS:
        return others.make(plan.kind)
    keys = _keys(pki, plan.serial)
    authorities = pki.stranger if Fault.UNKNOWN_CA in plan.faults else pki.own
    papers = _papers(plan, keys, authorities)
    if Fault.FORGED_CREDENTIAL in plan.faults:
        papers = _altered(papers)
    if Fault.FORGED_KEY in plan.faults:
        keys = _keys(pki, "copy")
    return mynumber.build(plan, keys, papers)


def from_file(path: Path) -> VirtualCard:
    """Make the card of a card file; its PKI is made as well if it is not there yet.

    Raises:
        PlanError: the file cannot be used.
    """
    plan = load(path)
    return make(plan, TestPki(path.parent / plan.pki))


def _keys(pki: TestPki, name: str) -> CardKeys:
    keys = pki.keys
    return CardKeys(
        keys.rsa(f"cards/{name}/authentication"),
        keys.rsa(f"cards/{name}/signing"),
        keys.rsa(f"cards/{name}/face"),
        keys.p256(f"cards/{name}/pass"),
    )


def _papers(plan: Plan, keys: CardKeys, by: Authorities) -> Papers:
    begins, ends = _days(plan)
    subject = f"TEST{plan.serial}"
    signing = keys.signing.public_key()
    authentication = by.authentication.issue(subject, keys.authentication.public_key(), begins, ends, signs=False)
    no_signing = Fault.NO_SIGN_CERTIFICATE in plan.faults
    return Papers(
        auth_certificate=authentication.public_bytes(Encoding.DER),
        sign_certificate=None
        if no_signing
        else by.signing.issue(subject, signing, begins, ends, signs=True).public_bytes(Encoding.DER),
        auth_authority=by.authentication.certificate.public_bytes(Encoding.DER),
        sign_authority=by.signing.certificate.public_bytes(Encoding.DER),
        cv_certificate=by.cv_root.certify(by.card_issuer),
        issuer_key_id=by.card_issuer.key_id,
        age_record=_age_record(plan, keys, by),
        credential=None if Fault.NO_PASS in plan.faults else _credential(plan, keys, by),
    )


def _days(plan: Plan) -> tuple[date, date]:
    if Fault.EXPIRED in plan.faults:
        return _LONG_AGO
    return _FAR_AHEAD if Fault.NOT_YET_VALID in plan.faults else (plan.issued, plan.expires)


def _age_record(plan: Plan, keys: CardKeys, by: Authorities) -> bytes:
    signed = tlv.write(0xDF11, f"{plan.birth:%Y%m%d}".encode()) + tlv.write(
        0xDF12, public_key_objects(keys.face.public_key()), long=True
    )
    return tlv.write(0xFF10, signed + tlv.write(0xDF13, by.card_issuer.sign(signed), long=True), long=True)


def _credential(plan: Plan, keys: CardKeys, by: Authorities) -> bytes:
    card_id = hashlib.sha256(b"virtual pass " + plan.serial.encode()).digest()[:CARD_ID_BYTES]
    body = Credential(by.pass_issuer, card_id, *_days(plan), keys.service_pass.public_key())
    return credential.issue(body, by.pass_key)


def _altered(papers: Papers) -> Papers:
    """Alter what the card shows, as somebody would who has a file editor and no key: one bit in each."""

    def flip_last(data: bytes) -> bytes:
        return data[:-1] + bytes((data[-1] ^ 1,))

    return replace(
        papers,
        auth_certificate=flip_last(papers.auth_certificate),
        age_record=flip_last(papers.age_record),
        credential=papers.credential and flip_last(papers.credential),
    )
