"""The virtual My Number Card: its applications and files, with what they hold and who may read it.

The layout is what the card's public readers and OpenSC's JPKI driver have found; where nobody has said (how many tries
the birthday has, what a file of unknown purpose holds) something plain stands in. The 12 digits in it have a wrong
check digit on purpose, so they are nobody's 個人番号.
"""

from dataclasses import dataclass
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from drivers.card import face, files, service_pass, tlv
from drivers.card.proofs import P256_BYTES, message
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.layout import CLOSED, Application, Records, Secret, SignKey, Transparent
from drivers.card.sim.plan import Fault, Kind, Plan

ATR_CONTACTLESS = bytes.fromhex("3B888001000005E0B381A1007F")
NOBODYS_NUMBER = b"999999999990"
_FILLER = b"\xff" * 8
_UNKNOWN = b"\xff" * 16
_SECURITY_CODE = "0000"
_LABELS = {
    Kind.MY_NUMBER: b"JPKIAPICCTOKEN2",
    Kind.OLD: b"JPKIAPICCTOKEN",
    Kind.ANDROID: b"JPKIAPGPSETOKEN",
    Kind.IPHONE: b"JPKIAPIOSTOKEN",
}
_SIGN_CERTIFICATE, _SIGN_AUTHORITY, _AUTH_AUTHORITY = 0x0001, 0x0002, 0x000B
_SIGN_KEY, _SIGN_PASSWORD = 0x001A, 0x001B
_NUMBER_KEY, _CODE_KEY = 0x0013, 0x0012  # 照合番号A and B of the face application
_ENTRY_PIN, _ENTRY_BLOCKED, _ENTRY_KEY, _ENTRY_NUMBER, _ENTRY_CODE = 0x0011, 0x0012, 0x0013, 0x0014, 0x0015


@dataclass(frozen=True)
class CardKeys:
    """The private keys in one card."""

    authentication: RSAPrivateKey
    signing: RSAPrivateKey
    face: RSAPrivateKey
    service_pass: EllipticCurvePrivateKey


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
    credential: bytes | None


def build(plan: Plan, keys: CardKeys, papers: Papers) -> IsoCard:
    """Return a card with everything on it."""
    applications = [_jpki(plan, keys, papers)]
    if plan.kind is Kind.MY_NUMBER:
        applications += [_face(plan, keys, papers), _entry(plan, keys, papers), _common(plan, keys), _registry(plan)]
        if papers.credential is not None:
            applications.append(_pass(keys, papers.credential))
    atr = bytes.fromhex(plan.atr) or ATR_CONTACTLESS
    return IsoCard(atr, applications, manager=_manager(plan), quirks=plan.quirks)


def raw_rsa(key: RSAPrivateKey, digest_info: bytes) -> bytes:
    """Pad and sign what is given, as the card does: RSASSA-PKCS1-v1_5 without a hash (RFC 8017, 8.2)."""
    return key.sign(digest_info, PKCS1v15(), NoDigestInfo())


def _jpki(plan: Plan, keys: CardKeys, papers: Papers) -> Application:
    left = {Fault.BLOCKED_PIN: 0, Fault.LAST_TRY: 1}
    tries = next((left[fault] for fault in left if fault in plan.faults), -1)
    certificate_access = frozenset({files.AUTH_PIN}) if plan.kind is Kind.ANDROID else frozenset[int]()
    available = bytes((0x8F if papers.sign_certificate else 0, 0x8F, 0))
    application = Application(
        "jpki",
        files.JPKI.aid,
        {
            _SIGN_AUTHORITY: Transparent(papers.sign_authority + _FILLER),
            files.TOKEN_INFO: Transparent(_token_info(plan)),
            files.CERTIFICATES_PRESENT: Transparent(available),
            0x0009: Transparent(_UNKNOWN, CLOSED),
            files.AUTH_CERTIFICATE: Transparent(papers.auth_certificate + _FILLER, certificate_access),
            _AUTH_AUTHORITY: Transparent(papers.auth_authority + _FILLER),
            files.AUTH_KEY: SignKey(lambda data: raw_rsa(keys.authentication, data), files.AUTH_PIN),
            files.AUTH_PIN: Secret(plan.pin.encode(), 3, tries),
            _SIGN_KEY: SignKey(lambda data: raw_rsa(keys.signing, data), _SIGN_PASSWORD),
            _SIGN_PASSWORD: Secret(plan.sign_password.encode(), 5),
        },
    )
    if papers.sign_certificate:
        content = papers.sign_certificate + _FILLER
        application.files[_SIGN_CERTIFICATE] = Transparent(content, frozenset({_SIGN_PASSWORD}))
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
    number_or_code = frozenset({_NUMBER_KEY, _CODE_KEY})
    return Application(
        "face",
        files.FACE.aid,
        {
            files.AGE_RECORD: Transparent(papers.age_record + _FILLER, frozenset({files.BIRTH_KEY})),
            0x0002: Transparent(tlv.write(0xFF20, b"", long=True) + _FILLER, number_or_code),
            0x0003: Transparent(tlv.write(0xFF30, basic, long=True) + _FILLER),
            files.CV_CERTIFICATE: Transparent(papers.cv_certificate + _FILLER),
            0x0005: Transparent(tlv.write(0xFF40, NOBODYS_NUMBER), frozenset({_NUMBER_KEY})),
            0x0006: Transparent(_UNKNOWN, number_or_code),
            files.BIRTH_KEY: Secret(face.birth_key(plan.birth).encode(), 3),
            _CODE_KEY: Secret(_code(plan), 10),
            _NUMBER_KEY: Secret(NOBODYS_NUMBER, 10),
        },
        own_key=lambda data: raw_rsa(keys.face, data),
    )


def _entry(plan: Plan, keys: CardKeys, papers: Papers) -> Application:
    """券面事項入力補助: here so that tests can show that nothing of ours ever touches it."""
    pin_or = {_ENTRY_PIN, _ENTRY_NUMBER}
    pin_or_code = frozenset({_ENTRY_PIN, _ENTRY_CODE})
    born = tlv.write(0xDF24, f"{plan.birth:%Y%m%d}".encode())
    return Application(
        "entry",
        bytes.fromhex("D3921000310001010408"),
        {
            0x0001: Transparent(tlv.write(0xFF10, NOBODYS_NUMBER) + b"\xff\xff", frozenset(pin_or)),
            0x0002: Transparent(tlv.write(0xFF20, born) + _FILLER, pin_or_code),
            0x0004: Transparent(papers.cv_certificate + _FILLER),
            _ENTRY_PIN: Secret(plan.pin.encode(), 3),
            _ENTRY_BLOCKED: Secret(b"", 0),
            _ENTRY_NUMBER: Secret(NOBODYS_NUMBER, 10),
            _ENTRY_CODE: Secret(_code(plan), 10),
            _ENTRY_KEY: SignKey(lambda data: raw_rsa(keys.face, data), _ENTRY_PIN),
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


def _pass(keys: CardKeys, credential: bytes) -> Application:
    profile = service_pass.PassProfile()

    def answer(nonce: bytes) -> bytes:
        """Sign as the profile says: the card itself puts the words in front."""
        signed = message(service_pass.PROOF_PURPOSE, nonce)
        # Deterministic (RFC 6979), so that a simulated town can be replayed.
        der = keys.service_pass.sign(signed, ECDSA(SHA256(), deterministic_signing=True))
        return b"".join(number.to_bytes(P256_BYTES, "big") for number in decode_dss_signature(der))

    return Application(
        "pass",
        profile.aid,
        {profile.credential_file: Transparent(credential + _FILLER)},
        answers={profile.key_reference: answer},
    )


def _manager(plan: Plan) -> Application:
    objects = {
        0x0045: f"{plan.municipality}{plan.serial}".encode(),
        0x00F0: plan.municipality.encode(),
        0x00F2: f"{_card_expiry(plan):%Y%m%d}".encode(),
    }
    return Application("manager", bytes.fromhex("A0000001510000"), objects=objects)


def _card_expiry(plan: Plan) -> date:
    return date(2020, 4, 1) if Fault.EXPIRED in plan.faults else plan.expires


def _code(plan: Plan) -> bytes:
    """照合番号B: birthday, year of expiry, security code."""
    return f"{face.birth_key(plan.birth)}{plan.expires.year}{_SECURITY_CODE}".encode()
