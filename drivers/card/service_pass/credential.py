"""The service pass's credential: what the town says about a card, signed by the town, readable by anybody.

It is a `drivers.card.paper`: 03 with a P-256 key (its point, compressed: 33 bytes), 04 with an RSA key of 2048 bits
(its modulus; the exponent is always 65537). The number of 16 bytes is the card's id, drawn by the town. A credential
with P-256 has at most 143 bytes, one with RSA 366.
"""

from dataclasses import dataclass
from datetime import date

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from drivers.card import paper
from drivers.card.errors import NotReadableError
from drivers.card.paper import Kind, Paper, Signs

KINDS = frozenset({Kind.PASS_P256, Kind.PASS_RSA})
CARD_ID_BYTES = 16
_EXPONENT = 65_537
_MODULUS_BITS = 2048


@dataclass(frozen=True)
class Credential:
    """What a credential says. It is believed only once `drivers.card.service_pass.check` has said so."""

    issuer: str
    card_id: bytes
    begins: date
    ends: date
    key: EllipticCurvePublicKey | RSAPublicKey


def issue(credential: Credential, issuer_key: Signs) -> bytes:
    """Sign a credential: the bytes of the card's file.

    Raises:
        ValueError: it says something that it cannot say.
    """
    kind, key = _written(credential.key)
    said = Paper(kind, credential.issuer, credential.card_id, credential.begins, credential.ends, key)
    return paper.issue(said, issuer_key)


def from_paper(said: Paper) -> Credential:
    """Take a paper for a credential.

    Raises:
        NotReadableError: its key is none.
    """
    try:
        return Credential(said.issuer, said.number, said.begins, said.ends, _key(said.kind, said.key))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NotReadableError(f"the pass's key: {error}") from error


def _written(key: EllipticCurvePublicKey | RSAPublicKey) -> tuple[Kind, bytes]:
    if isinstance(key, EllipticCurvePublicKey):
        return Kind.PASS_P256, key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    numbers = key.public_numbers()
    if numbers.e != _EXPONENT or key.key_size != _MODULUS_BITS:
        raise ValueError(f"an RSA key has {_MODULUS_BITS} bits and the exponent {_EXPONENT}")
    return Kind.PASS_RSA, numbers.n.to_bytes(_MODULUS_BITS // 8, "big")


def _key(kind: Kind, key: bytes) -> EllipticCurvePublicKey | RSAPublicKey:
    if kind is Kind.PASS_P256:
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), key)
    return RSAPublicNumbers(_EXPONENT, int.from_bytes(key, "big")).public_key()
