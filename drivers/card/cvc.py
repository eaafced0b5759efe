"""Card-verifiable certificates of the My Number Card: who may sign what is written in a card's face application.

Layout, as seen on cards: 7F21 { 5F4E { issuer key id (16 bytes), holder key id (16), 90 exponent, 91 modulus },
5F37 RSASSA-PKCS1-v1_5 signature with SHA-256 over the contents of 5F4E }. A key id is 7 ASCII digits, 08 05, 3 ASCII
digits, 4 bytes; the state's keys begin with 5, its test keys with 6, ours with 9.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from drivers.card import tlv
from drivers.card.channel import Channel
from drivers.card.errors import ForgedCardError, NotReadableError, OtherCardError, UnknownIssuerError
from drivers.card.files import CV_CERTIFICATE, Application
from drivers.card.proofs import rsa_holds
from drivers.card.reading import read_object, select

KEY_ID_BYTES = 16
_CERTIFICATE, _BODY, _SIGNATURE = 0x7F21, 0x5F4E, 0x5F37
_EXPONENT, _MODULUS = 0x90, 0x91
_TEST_KEYS = (b"6", b"9")


@dataclass(frozen=True)
class CardIssuer:
    """Whoever signs the records of a card: a municipality's key at the card's issuer."""

    key_id: bytes
    key: RSAPublicKey


def is_test(key_id: bytes) -> bool:
    """Tell whether a key id belongs to a test hierarchy."""
    return key_id.startswith(_TEST_KEYS)


def words(key_id: bytes) -> str:
    """Return a key id for people: `1322121/001`."""
    digits = key_id[:7] + b"/" + key_id[9:12]
    return digits.decode("ascii", "replace")


def public_key(objects: list[tlv.Tlv]) -> RSAPublicKey:
    """Build an RSA public key from its two objects, 90 and 91.

    Raises:
        TlvError: one is missing.
        ValueError: the numbers make no key.
    """
    numbers = {each.tag: int.from_bytes(each.value, "big") for each in objects}
    if numbers.keys() != {_EXPONENT, _MODULUS}:
        raise tlv.TlvError("a public key has an exponent and a modulus")
    return RSAPublicNumbers(numbers[_EXPONENT], numbers[_MODULUS]).public_key()


def issuer(channel: Channel, application: Application, roots: Mapping[bytes, RSAPublicKey]) -> CardIssuer:
    """Select an application and believe whoever has signed its records, before it is sent any secret.

    Raises:
        OtherCardError: no My Number Card.
        UnknownIssuerError, ForgedCardError, NotReadableError: as they say.
    """
    if not select(channel, application):
        raise OtherCardError
    return check(read_object(channel, CV_CERTIFICATE), roots)


def check(data: bytes, roots: Mapping[bytes, RSAPublicKey]) -> CardIssuer:
    """Believe a certificate by one of our roots.

    Raises:
        UnknownIssuerError: it was signed by a key that is not among the roots: nothing was checked.
        ForgedCardError: it names one of the roots, which did not sign it.
        NotReadableError: these bytes are no such certificate.
    """
    try:
        certificate = tlv.first(data)
        if certificate.tag != _CERTIFICATE:
            raise tlv.TlvError(f"{certificate.tag:X} is no certificate")
        body, signature = certificate.child(_BODY).value, certificate.child(_SIGNATURE).value
        signer, holder = body[:KEY_ID_BYTES], body[KEY_ID_BYTES : 2 * KEY_ID_BYTES]
        key = public_key(tlv.parse(body[2 * KEY_ID_BYTES :]))
    except ValueError as error:
        raise NotReadableError(f"the card issuer's certificate: {error}") from error
    if signer not in roots:
        raise UnknownIssuerError(f"the card issuer's certificate is signed by {words(signer)}, which we do not hold")
    if not rsa_holds(roots[signer], signature, body):
        raise ForgedCardError(f"the card issuer's certificate names {words(signer)}, which did not sign it")
    return CardIssuer(holder, key)
