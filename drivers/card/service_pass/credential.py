"""The service pass's credential: what the town says about a card, signed by the town, readable by anybody.

BER-TLV with the tags of card-verifiable certificates (ISO/IEC 7816-8, annex A; BSI TR-03110, part 3, C.1):

    7F21 certificate
      7F4E body
        5F29  profile version, 1 byte: 01
        42    issuer reference, ASCII, 3 to 24 bytes: <town>.<key number>, "asahi.1"; a test key's is "TEST-asahi.1"
        5F20  holder reference, 16 bytes: the card's id, drawn by the town
        5F25  first day, ASCII YYYYMMDD
        5F24  last day, ASCII YYYYMMDD
        7F49  the card's public key
          06  what it signs with: 1.2.840.10045.4.3.2 (ECDSA with SHA-256, on P-256)
          86  the point, uncompressed: 04, X, Y (65 bytes)
        or, where the chip makes no P-256 keys,
          06  1.2.840.113549.1.1.11 (RSASSA-PKCS1-v1_5 with SHA-256)
          81  modulus, 256 bytes
          82  exponent
      5F37  signature, 64 bytes: Ed25519 (RFC 8032) by the issuer's key over
            "machitap/pass-credential/1", one zero byte, and the body with its own tag and length, as stored

Both days count, by the calendar of Japan. A reader ignores tags of the body that it does not know, so that a town may
add some; it refuses a version that it does not know. There is no name in it, and no number of the state's.
"""

import re
from dataclasses import dataclass
from datetime import date

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from drivers.card import tlv
from drivers.card.errors import NotReadableError
from drivers.card.validity import parse_day

VERSION = b"\x01"
CARD_ID_BYTES = 16
TEST_PREFIX = "TEST-"
SIGNED_PREFIX = b"machitap/pass-credential/1\0"
_ISSUER = re.compile(r"(TEST-)?[a-z0-9-]{1,16}\.[0-9]{1,3}", re.ASCII)
_ISSUER_CHARS_MAX = 24
_ECDSA_SHA256, _RSA_SHA256 = bytes.fromhex("2A8648CE3D040302"), bytes.fromhex("2A864886F70D01010B")
_CERTIFICATE, _BODY, _SIGNATURE = 0x7F21, 0x7F4E, 0x5F37
_VERSION, _ISSUER_REFERENCE, _HOLDER, _BEGINS, _ENDS = 0x5F29, 0x42, 0x5F20, 0x5F25, 0x5F24
_KEY, _OID, _POINT, _MODULUS, _EXPONENT = 0x7F49, 0x06, 0x86, 0x81, 0x82
_MODULUS_BYTES, _EXPONENT_BYTES = 256, 3


@dataclass(frozen=True)
class Credential:
    """What a credential says. It is believed only after `drivers.card.service_pass` has checked `signature`."""

    issuer: str
    card_id: bytes
    begins: date
    ends: date
    key: EllipticCurvePublicKey | RSAPublicKey

    def body(self) -> bytes:
        """Return the body object, with its tag and length."""
        return tlv.write(
            _BODY,
            tlv.write(_VERSION, VERSION)
            + tlv.write(_ISSUER_REFERENCE, self.issuer.encode("ascii"))
            + tlv.write(_HOLDER, self.card_id)
            + tlv.write(_BEGINS, f"{self.begins:%Y%m%d}".encode())
            + tlv.write(_ENDS, f"{self.ends:%Y%m%d}".encode())
            + tlv.write(_KEY, _key_objects(self.key)),
        )


def is_issuer_reference(text: str) -> bool:
    """Tell whether a text can be an issuer's reference."""
    return len(text) <= _ISSUER_CHARS_MAX and _ISSUER.fullmatch(text) is not None


def is_test(issuer: str) -> bool:
    """Tell whether an issuer's reference is marked as a test."""
    return issuer.startswith(TEST_PREFIX)


def issue(credential: Credential, issuer_key: Ed25519PrivateKey) -> bytes:
    """Sign a credential: the bytes of the card's file.

    Raises:
        ValueError: it says something that it cannot say.
    """
    if not is_issuer_reference(credential.issuer) or len(credential.card_id) != CARD_ID_BYTES:
        raise ValueError("an issuer reference is <town>.<number>, a card id 16 bytes")
    body = credential.body()
    signature = issuer_key.sign(SIGNED_PREFIX + body)
    return tlv.write(_CERTIFICATE, body + tlv.write(_SIGNATURE, signature))


def parse(data: bytes) -> tuple[Credential, bytes, bytes]:
    """Read a credential file: what it says, what was signed, and the signature.

    Raises:
        NotReadableError: these bytes are no credential of this version.
    """
    try:
        certificate = tlv.first(data)
        if certificate.tag != _CERTIFICATE:
            raise tlv.TlvError(f"{certificate.tag:X} is no credential")
        body, signature = certificate.child(_BODY), certificate.child(_SIGNATURE)
        if body.child(_VERSION).value != VERSION:
            raise tlv.TlvError("a version that this reader does not know")
        return _credential(body), SIGNED_PREFIX + body.raw, signature.value
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NotReadableError(f"the pass's credential: {error}") from error


def _credential(body: tlv.Tlv) -> Credential:
    key = _key(body.child(_KEY))
    issuer, card_id = body.child(_ISSUER_REFERENCE).value.decode("ascii"), body.child(_HOLDER).value
    if not is_issuer_reference(issuer) or len(card_id) != CARD_ID_BYTES:
        raise tlv.TlvError("no issuer reference, or no card id")
    begins, ends = (parse_day(body.child(tag).value) for tag in (_BEGINS, _ENDS))
    return Credential(issuer, card_id, begins, ends, key)


def _key_objects(key: EllipticCurvePublicKey | RSAPublicKey) -> bytes:
    if isinstance(key, RSAPublicKey):
        numbers = key.public_numbers()
        modulus = tlv.write(_MODULUS, numbers.n.to_bytes(_MODULUS_BYTES, "big"), long=True)
        return tlv.write(_OID, _RSA_SHA256) + modulus + tlv.write(_EXPONENT, numbers.e.to_bytes(_EXPONENT_BYTES, "big"))
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return tlv.write(_OID, _ECDSA_SHA256) + tlv.write(_POINT, point)


def _key(objects: tlv.Tlv) -> EllipticCurvePublicKey | RSAPublicKey:
    kind = objects.child(_OID).value
    if kind == _ECDSA_SHA256:
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), objects.child(_POINT).value)
    if kind == _RSA_SHA256:
        modulus, exponent = (int.from_bytes(objects.child(tag).value, "big") for tag in (_MODULUS, _EXPONENT))
        return RSAPublicNumbers(exponent, modulus).public_key()
    raise tlv.TlvError("a key of a kind that this reader does not know")
