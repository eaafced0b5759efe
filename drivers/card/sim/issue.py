"""The office that issues virtual cards: a plan and a test PKI go in, a card comes out, faults and all."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from drivers.card.service_pass import credential
from drivers.card.service_pass.credential import CARD_ID_BYTES, Credential
from drivers.card.sim import mynumber, others, records, u2f_applet
from drivers.card.sim.held import Held
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.mynumber import CardKeys, Papers
from drivers.card.sim.others import VirtualCard
from drivers.card.sim.pki import CURRENT_GENERATION, Authorities, Authority, TestPki
from drivers.card.sim.plan import Fault, Kind, Plan, Trouble, load
from drivers.card.sim.tags import noise, uid_of
from drivers.card.sim.u2f_applet import Chip, Counter
from drivers.card.validity import era_of

_VICTIM = "990000000000777"  # whose certificates a clone shows
_LONG_AGO = (date(2015, 4, 1), date(2020, 4, 1))
_FAR_AHEAD = (date(2093, 4, 1), date(2098, 4, 1))


def make(plan: Plan, pki: TestPki, wait: Callable[[float], object] = time.sleep) -> VirtualCard:
    """Make the card of a plan; the same plan gives the same keys and papers.

    `wait`: how a slow card takes its time.
    """
    if plan.kind is Kind.COUNTER:
        card: VirtualCard = _counter(plan, pki)
    else:
        card = others.make(plan) if plan.kind in others.KINDS else _chip(plan, pki)
    if plan.trouble == Trouble() and plan.timing is None:
        return card
    return Held(card, plan.trouble, plan.timing, is_ecc=plan.pass_key == "p256", wait=wait)  # noqa: S105


def _chip(plan: Plan, pki: TestPki) -> IsoCard:
    keys = _keys(pki, plan.serial, plan.pass_key)
    by = _authorities(plan, pki)
    papers = _papers(plan, keys, by)
    if Fault.CLONED_CERTIFICATE in plan.faults:
        victim = _papers(msgspec.structs.replace(plan, serial=_VICTIM), _keys(pki, _VICTIM, plan.pass_key), by)
        papers = replace(papers, auth_certificate=victim.auth_certificate, sign_certificate=victim.sign_certificate)
    if Fault.FORGED_CREDENTIAL in plan.faults:
        papers = _altered(papers)
    if Fault.FORGED_KEY in plan.faults:
        keys = _keys(pki, "copy", plan.pass_key)
    if Fault.WRONG_KEY in plan.faults:
        other = _keys(pki, "copy", plan.pass_key)
        keys = replace(keys, authentication=other.authentication, signing=other.signing)
    card = mynumber.build(plan, keys, papers)
    for file in plan.missing:
        application, _, number = file.partition("/")
        if application in card.applications:
            card.applications[application].files.pop(int(number, 16), None)
    return card


def _counter(plan: Plan, pki: TestPki) -> IsoCard:
    by = pki.stranger if Fault.UNKNOWN_CA in plan.faults else pki.own
    copied = msgspec.structs.replace(plan, serial=_VICTIM) if Fault.FORGED_KEY in plan.faults else plan
    chip = Chip(
        noise(copied, "counter", 32),
        by.maker.attestation,
        by.maker.attest,
        once=Fault.SIGNS_ONCE in plan.faults,
        presence=Fault.NO_PRESENCE not in plan.faults,
    )
    number = b"\x08" + noise(plan, "number", 3) if Fault.NEW_NUMBER in plan.faults else uid_of(plan)
    return u2f_applet.build(chip, Counter(plan.counter, plan.rise), number)


def _authorities(plan: Plan, pki: TestPki) -> Authorities:
    by = pki.stranger if Fault.UNKNOWN_CA in plan.faults else pki.own
    if plan.generation != CURRENT_GENERATION and by is pki.own:
        authentication, signing = pki.generation(plan.generation)
        by = replace(by, authentication=authentication, signing=signing)
    if Fault.FORGED_CV in plan.faults:
        by = replace(by, cv_root=replace(by.cv_root, key=pki.stranger.cv_root.key))
    return by


def from_file(path: Path) -> VirtualCard:
    """Make the card of a card file; its PKI is made as well if it is not there yet.

    Raises:
        PlanError: the file cannot be used.
    """
    plan = load(path)
    return make(plan, TestPki(path.parent / plan.pki))


def _keys(pki: TestPki, name: str, pass_key: str) -> CardKeys:
    keys = pki.keys
    return CardKeys(
        keys.rsa(f"cards/{name}/authentication"),
        keys.rsa(f"cards/{name}/signing"),
        keys.rsa(f"cards/{name}/face"),
        keys.p256(f"cards/{name}/pass") if pass_key == "p256" else keys.rsa(f"cards/{name}/pass-rsa"),  # noqa: S105
    )


def _papers(plan: Plan, keys: CardKeys, by: Authorities) -> Papers:
    attributes = records.attributes(plan)
    return Papers(
        auth_certificate=_certificate(plan, keys.authentication.public_key(), by.authentication, signs=False),
        sign_certificate=None
        if Fault.NO_SIGN_CERTIFICATE in plan.faults
        else _certificate(plan, keys.signing.public_key(), by.signing, signs=True),
        auth_authority=by.authentication.certificate.public_bytes(Encoding.DER),
        sign_authority=by.signing.certificate.public_bytes(Encoding.DER),
        cv_certificate=by.cv_root.certify(by.card_issuer),
        issuer_key_id=by.card_issuer.key_id,
        age_record=records.age_record(plan, keys.face.public_key(), by.card_issuer),
        front=records.front(plan, keys.face.public_key(), by.card_issuer),
        attributes=attributes,
        attribute_signatures=records.attribute_signatures(attributes, by.card_issuer),
        entry_key=records.entry_key(keys.face.public_key(), by.card_issuer),
        credential=None if Fault.NO_PASS in plan.faults else _credential(plan, keys, by),
        terminals=by.terminal_key.public_key() if plan.pass_mutual else None,
    )


def _certificate(plan: Plan, key: RSAPublicKey, by: Authority, *, signs: bool) -> bytes:
    begins, ends = _days(plan)
    attributes = {
        "1": plan.name,
        "2": plan.name_substitutes or "0" * len(plan.name),
        "3": plan.sex if plan.sex in {"1", "2"} else "3",
        "4": f"{era_of(plan.birth)}{plan.birth:%Y%m%d}",
        "5": plan.address,
        "6": plan.address_substitutes or "0" * len(plan.address),
    }
    certificate = by.issue(
        f"TEST{plan.serial}", key, begins, ends, signs=signs, attributes=attributes if signs else None
    )
    return certificate.public_bytes(Encoding.DER)


def _days(plan: Plan) -> tuple[date, date]:
    if Fault.EXPIRED in plan.faults:
        return _LONG_AGO
    return _FAR_AHEAD if Fault.NOT_YET_VALID in plan.faults else (plan.issued, plan.expires)


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
        sign_certificate=papers.sign_certificate and flip_last(papers.sign_certificate),
        age_record=flip_last(papers.age_record),
        front=papers.front.replace(records.PHOTO, flip_last(records.PHOTO)),
        attributes=flip_last(papers.attributes),
        credential=papers.credential and flip_last(papers.credential),
    )
