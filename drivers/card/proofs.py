"""Signatures that a card makes over something fresh of ours, and how they are checked.

What is signed always begins with words of ours and a zero byte, one for each use, so that a signature made for one
purpose means nothing for another. The rest is the nonce.
"""

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NONCE_BYTES_MIN = 16
P256_BYTES = 32
RSA_BITS_MIN = 2048
_THREE_DIGESTS = bytes.fromhex("3071300d060960864801650304020105000460")  # the same, with 96 bytes
_DIGEST_INFO_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017, 9.2, note 1


@dataclass(frozen=True)
class Evidence:
    """What a card signed, so that anybody can check it again later, without the card and without us.

    Fields:
        algorithm: "rsa-pkcs1-sha256", "ecdsa-p256-sha256" (the signature then is r and s, 32 bytes each) or "ed25519".
        public_key: DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
        message: what was signed, our nonce at its end.
        signature: as the card gave it.
    """

    algorithm: str
    public_key: bytes
    message: bytes
    signature: bytes

    @property
    def digest(self) -> str:
        """SHA-256 over all four, in hexadecimal: a name for this proof that says nothing about the person."""
        parts = (self.algorithm.encode(), self.public_key, self.message, self.signature)
        return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).hexdigest()


def message(purpose: bytes, nonce: bytes) -> bytes:
    """Return what a card is asked to sign.

    Raises:
        ValueError: the nonce is so short that answers could be collected in advance.
    """
    if len(nonce) < NONCE_BYTES_MIN:
        raise ValueError(f"a nonce has {NONCE_BYTES_MIN} bytes or more")
    return purpose + b"\0" + nonce


def digest_info(signed: bytes) -> bytes:
    """Return the 51 bytes that the card pads and signs (RFC 8017, 9.2)."""
    return _DIGEST_INFO_SHA256 + hashlib.sha256(signed).digest()


def rsa_holds(key: RSAPublicKey, signature: bytes, signed: bytes) -> bool:
    """Tell whether this is an RSASSA-PKCS1-v1_5 signature with SHA-256 over `signed`, by a key of 2048 bits or more."""
    if key.key_size < RSA_BITS_MIN:
        return False
    try:
        key.verify(signature, signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def rsa_digests_hold(key: RSAPublicKey, signature: bytes, digests: bytes) -> bool:
    """Tell whether this is an RSASSA-PKCS1-v1_5 signature over three SHA-256 digests, 96 bytes in one DigestInfo.

    The card's front is signed so, and libraries refuse it as too long for SHA-256; what the signature holds is
    unpadded (RFC 8017, 9.2) and compared whole instead.
    """
    if key.key_size < RSA_BITS_MIN:
        return False
    try:
        return key.recover_data_from_signature(signature, PKCS1v15(), None) == _THREE_DIGESTS + digests
    except InvalidSignature:
        return False


def p256_holds(key: EllipticCurvePublicKey, signature: bytes, signed: bytes) -> bool:
    """Tell whether this is an ECDSA signature with SHA-256 over `signed`: r and s, 32 bytes each (IEEE P1363)."""
    if not isinstance(key.curve, SECP256R1) or len(signature) != 2 * P256_BYTES:
        return False
    r, s = (int.from_bytes(half, "big") for half in (signature[:P256_BYTES], signature[P256_BYTES:]))
    try:
        key.verify(encode_dss_signature(r, s), signed, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def spki(key: RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey) -> bytes:
    """Return a public key as DER SubjectPublicKeyInfo."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(public_key: bytes) -> str:
    """Return SHA-256 of a DER public key in hexadecimal: the identifier of the card that holds the private half."""
    return hashlib.sha256(public_key).hexdigest()
