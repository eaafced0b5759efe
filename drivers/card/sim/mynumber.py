"""The virtual My Number Card: its applications and files, with what they hold and who may read it.

The layout is what the card's public readers and OpenSC's JPKI driver have found; where nobody has said (how many tries
the birthday has, what a file of unknown purpose holds) something plain stands in. The 12 digits in it have a wrong
check digit on purpose, so they are nobody's 個人番号.
"""

import hashlib
from dataclasses import dataclass
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from drivers.card import face, files, tlv
from drivers.card.sim import pass_applet
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.layout import CLOSED, Application, Records, Secret, SignKey, Transparent
from drivers.card.sim.pki import raw_rsa
from drivers.card.sim.plan import Fault, Kind, Plan
from drivers.card.sim.records import NOBODYS_NUMBER, number_file

ATR_CONTACTLESS = bytes.fromhex("3B888001000005E0B381A1007F")
_FILLER = b"\xff" * 8
_UNKNOWN = b"\xff" * 16
_LABELS = {
    Kind.MY_NUMBER: b"JPKIAPICCTOKEN2",
    Kind.OLD: b"JPKIAPICCTOKEN",
    Kind.ANDROID: b"JPKIAPGPSETOKEN",
    Kind.IPHONE: b"JPKIAPIOSTOKEN",
}
_NUMBER_KEY = 0x0013  # 照合番号A of the face application
_ENTRY_BLOCKED, _ENTRY_KEY, _ENTRY_NUMBER = 0x0012, 0x0013, 0x0014


@dataclass(frozen=True)
class CardKeys:
    """The private keys in one card."""

    authentication: RSAPrivateKey
    signing: RSAPrivateKey
    face: RSAPrivateKey
    service_pass: EllipticCurvePrivateKey | RSAPrivateKey


@dataclass(frozen=True)
class Papers:
    """What others have signed for one card; all DER or BER-TLV. None: not on this card."""

    auth_certificate: bytes
    sign_certificate: bytes | None
    auth_authority: bytes
    sign_authority: bytes
    cv_certificate: bytes
    issuer_key_id: bytes
    age_record: bytes
    front: bytes
    attributes: bytes
    attribute_signatures: bytes
    entry_key: bytes
    credential: bytes | None
    terminals: EllipticCurvePublicKey | None


def build(plan: Plan, keys: CardKeys, papers: Papers) -> IsoCard:
    """Return a card with everything on it."""
    applications = [_jpki(plan, keys, papers)]
    if plan.kind is Kind.MY_NUMBER:
        applications += [_face(plan, keys, papers), _entry(plan, keys, papers), _common(plan, keys), _registry(plan)]
        if papers.credential is not None:
            applications.append(pass_applet.build(keys.service_pass, papers.credential, papers.terminals))
    atr = bytes.fromhex(plan.atr) or ATR_CONTACTLESS
    card = IsoCard(atr, applications, manager=_manager(plan, papers), quirks=plan.quirks)
    card.number = hashlib.sha256(f"PUPI {plan.serial}".encode()).digest()[:4]
    return card


def _jpki(plan: Plan, keys: CardKeys, papers: Papers) -> Application:
    left = {Fault.NO_PIN: 0, Fault.BLOCKED_PIN: 0, Fault.LAST_TRY: 1}
    tries = next((left[fault] for fault in left if fault in plan.faults), -1)
    password_tries = 0 if Fault.NO_PIN in plan.faults else -1
    certificate_access = frozenset({files.AUTH_PIN}) if plan.kind is Kind.ANDROID else frozenset[int]()
    available = bytes((0x8F if papers.sign_certificate else 0, 0x8F, 0))
    application = Application(
        "jpki",
        files.JPKI.aid,
        {
            files.SIGN_AUTHORITY: Transparent(papers.sign_authority + _FILLER),
            files.TOKEN_INFO: Transparent(_token_info(plan)),
            files.CERTIFICATES_PRESENT: Transparent(available),
            0x0009: Transparent(_UNKNOWN, CLOSED),
            files.AUTH_CERTIFICATE: Transparent(papers.auth_certificate + _FILLER, certificate_access),
            files.AUTH_AUTHORITY: Transparent(papers.auth_authority + _FILLER),
            files.AUTH_KEY: SignKey(lambda data: raw_rsa(keys.authentication, data), files.AUTH_PIN),
            files.AUTH_PIN: Secret(plan.pin.encode(), 3, tries),
            files.SIGN_KEY: SignKey(lambda data: raw_rsa(keys.signing, data), files.SIGN_PASSWORD),
            files.SIGN_PASSWORD: Secret(plan.sign_password.encode(), 5, password_tries),
        },
    )
    if papers.sign_certificate:
        content = papers.sign_certificate + _FILLER
        application.files[files.SIGN_CERTIFICATE] = Transparent(content, frozenset({files.SIGN_PASSWORD}))
    return application


def _token_info(plan: Plan) -> bytes:
    """CK_TOKEN_INFO as this card writes it: texts padded with spaces, numbers big-endian (PKCS #11, 3.2)."""
    texts = _LABELS[plan.kind].ljust(32) + b"1".rjust(32, b"0") + b"VIRTUAL".ljust(16) + plan.serial.encode().ljust(16)
    numbers = (0x040D, 1, 0, 1, 0, 16, 6)  # flags; sessions; longest and shortest PIN
    memory = b"\xff" * 16
    versions = b"\x00\x03\x00\x01"
    return b"".join((texts, *(n.to_bytes(4, "big") for n in numbers), memory, versions, b"9" * 16))


def _face(plan: Plan, keys: CardKeys, papers: Papers) -> Application:
    basic = b"".join(
        (
            tlv.write(0xDF31, bytes.fromhex("06030E01")),
            tlv.write(0xDF32, papers.issuer_key_id),
            tlv.write(0xDF33, b"\x01"),
            tlv.write(0xDF34, plan.municipality.encode()),
            tlv.write(0xDF35, papers.issuer_key_id + bytes(256), long=True),
        )
    )
    number_or_code = frozenset({_NUMBER_KEY, files.FACE_CODE})
    return Application(
        "face",
        files.FACE.aid,
        {
            files.AGE_RECORD: Transparent(papers.age_record + _FILLER, frozenset({files.BIRTH_KEY})),
            files.FRONT: Transparent(papers.front + _FILLER, number_or_code),
            0x0003: Transparent(tlv.write(0xFF30, basic, long=True) + _FILLER),
            files.CV_CERTIFICATE: Transparent(papers.cv_certificate + _FILLER),
            0x0005: Transparent(tlv.write(0xFF40, NOBODYS_NUMBER), frozenset({_NUMBER_KEY})),
            0x0006: Transparent(_UNKNOWN, number_or_code),
            files.BIRTH_KEY: Secret(face.birth_key(plan.birth).encode(), 3),
            files.FACE_CODE: Secret(_code(plan), 10),
            _NUMBER_KEY: Secret(NOBODYS_NUMBER, 10),
        },
        own_key=lambda data: raw_rsa(keys.face, data),
    )


def _entry(plan: Plan, keys: CardKeys, papers: Papers) -> Application:
    """券面事項入力補助. Its number (EF 0001) is here so that tests can show that nothing of ours ever touches it."""
    pin_or = {files.ENTRY_PIN, _ENTRY_NUMBER}
    pin_or_code = frozenset({files.ENTRY_PIN, files.ENTRY_CODE})
    any_secret = frozenset({files.ENTRY_PIN, files.ENTRY_CODE, _ENTRY_NUMBER})
    info = tlv.write(0xDF41, bytes.fromhex("01030E01")) + tlv.write(0xDF42, papers.issuer_key_id)
    tries = 0 if Fault.NO_PIN in plan.faults else -1
    return Application(
        "entry",
        files.ENTRY.aid,
        {
            0x0001: Transparent(number_file(), frozenset(pin_or)),
            files.ATTRIBUTES: Transparent(papers.attributes + _FILLER, pin_or_code),
            files.ATTRIBUTE_SIGNATURES: Transparent(papers.attribute_signatures, any_secret),
            files.CV_CERTIFICATE: Transparent(papers.cv_certificate + _FILLER),
            0x0005: Transparent(
                tlv.write(0xFF40, info + tlv.write(0xDF43, bytes(32) + b"\xff" * 96, long=True), long=True)
            ),
            files.ENTRY_PUBLIC_KEY: Transparent(papers.entry_key + _FILLER, any_secret),
            0x0008: Transparent(_UNKNOWN, CLOSED),
            files.ENTRY_PIN: Secret(plan.pin.encode(), 3, tries),
            _ENTRY_BLOCKED: Secret(b"", 0),
            _ENTRY_NUMBER: Secret(NOBODYS_NUMBER, 10),
            files.ENTRY_CODE: Secret(_code(plan), 10),
            _ENTRY_KEY: SignKey(lambda data: raw_rsa(keys.face, data), files.ENTRY_PIN),
        },
        own_key=lambda data: raw_rsa(keys.face, data),
    )


def _common(plan: Plan, keys: CardKeys) -> Application:
    expires = _card_expiry(plan)
    record = f"{plan.serial}{plan.municipality}{expires:%Y%m%d}".encode()
    return Application(
        "common",
        files.COMMON.aid,
        {
            files.CARD_RECORD: Records([bytes((1, len(record))) + record]),
            0x0002: Records([_UNKNOWN]),
            0x001C: Secret(plan.pin.encode(), 3),
        },
        answers={0x99: lambda challenge: keys.face.sign(challenge, PKCS1v15(), SHA256())},
    )


def _registry(plan: Plan) -> Application:
    """住基: its name answers, and that is all."""
    return Application("registry", bytes.fromhex("D3921000310001010401"), {0x001C: Secret(plan.pin.encode(), 3)})


def _manager(plan: Plan, papers: Papers) -> Application:
    objects = {
        0x0042: papers.issuer_key_id,
        0x0045: f"{plan.municipality}{plan.serial}".encode(),
        0x00F0: plan.municipality.encode(),
        0x00F2: f"{_card_expiry(plan):%Y%m%d}".encode(),
        0x00F8: papers.cv_certificate,  # longer than a short answer: 6700
    }
    return Application("manager", files.MANAGER.aid, objects=objects)


def _card_expiry(plan: Plan) -> date:
    return date(2020, 4, 1) if Fault.EXPIRED in plan.faults else plan.expires


def _code(plan: Plan) -> bytes:
    """照合番号B: birthday, year of expiry, security code."""
    return f"{face.birth_key(plan.birth)}{plan.expires.year}{plan.security_code}".encode()
