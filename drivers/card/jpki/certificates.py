"""The X.509 certificates of the card's two keys, checked against the certification authorities that we pin.

The public personal authentication service (公的個人認証サービス) has had several generations of its authority, all
under one name; so the issuer is chosen by whose key verifies, never by name, and never taken from the card. A
certificate is one step below its authority (profile: 公的個人認証サービス プロファイル仕様書, J-LIS).
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

from drivers.card.errors import (
    ClockDoubtError,
    ExpiredCardError,
    ForgedCardError,
    NotReadableError,
    UnknownIssuerError,
)
from drivers.card.validity import JAPAN

HASHES = (SHA256, SHA384, SHA512)
# SHA-256 of the authorities' certificates, as the public reader jpki/myna carries them (src/ta); the second generation
# (2019) is not among them. A town compares them with what J-LIS hands out before it pins them.
GENERATIONS = {
    "4DCFC4CA0AAF9FB2A3081B3F0C991C320B3ACC008667A341EEAEC5AF1D58CA7D": "authentication, generation 1 (2015)",
    "64114F29620C24ED2631D46476A040E7EE740D956089C00B036A6A8118C322B5": "authentication, generation 3 (2023)",
    "19645405A1FE14377434BD55957628AC4038557C542403A2243F21C706FC9355": "signing, generation 1 (2015)",
    "D227F6CDE11D35C5252178F106F843D24651944975413B539FA2FB68DBFA365F": "signing, generation 3 (2023)",
}
_UNREADABLE = (
    TypeError,  # what the library says of a name with a bit string in it
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


def load(der: bytes) -> x509.Certificate:
    """Read a certificate.

    Raises:
        NotReadableError: these bytes are none.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        # Parsed only when asked for: ask now, so that nothing below can stumble.
        _ = certificate.extensions, certificate.public_key(), certificate.signature_hash_algorithm
        _ = certificate.issuer, certificate.subject
    except _UNREADABLE as error:
        raise NotReadableError(f"no certificate: {error}") from error
    if not der.endswith(b"\x00" + certificate.signature):  # that its last bits are not used, only other bytes can say
        raise NotReadableError("no certificate: its signature is not spelled as DER wants it")
    return certificate


class Purpose(StrEnum):
    """Which of the two a certificate is; the words are for messages."""

    AUTHENTICATION = "authentication certificate"
    SIGNING = "signing certificate"


@dataclass(frozen=True)
class Believed:
    """A certificate that is believed: the card's public key, and which of our authorities signed it."""

    key: RSAPublicKey
    authority: x509.Certificate


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 over the certificate, 64 capitals and digits: what an authority is pinned by."""
    return certificate.fingerprint(SHA256()).hex().upper()


def check(
    certificate: x509.Certificate,
    authorities: Iterable[x509.Certificate],
    now: datetime | None,
    policies: AbstractSet[str],
) -> RSAPublicKey:
    """Believe an authentication certificate or say why not; return the card's public key."""
    return believe(certificate, authorities, now, policies, Purpose.AUTHENTICATION).key


def believe(
    certificate: x509.Certificate,
    authorities: Iterable[x509.Certificate],
    now: datetime | None,
    policies: AbstractSet[str],
    purpose: Purpose,
) -> Believed:
    """Believe a certificate or say why not.

    Args:
        certificate: the card's.
        authorities: the certificates that we pin, all generations.
        now: with its zone, or None where nothing vouches for the clock; then validity is not checked.
        policies: the policy OIDs of which one must be there.
        purpose: which of the two it must be.

    Raises:
        ForgedCardError, UnknownIssuerError, ExpiredCardError, ClockDoubtError: as they say.
    """
    authority = _issuer(certificate, tuple(authorities), purpose)
    for each in (certificate, authority):
        _check_time(each, now, purpose)
    _check_purpose(certificate, policies, purpose)
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise UnknownIssuerError("the certificate has a key of a kind that this version does not know")
    return Believed(key, authority)


def _issuer(
    certificate: x509.Certificate, authorities: tuple[x509.Certificate, ...], purpose: Purpose
) -> x509.Certificate:
    for authority in authorities:
        if isinstance(certificate.signature_hash_algorithm, HASHES) and _signed(certificate, authority):
            return authority
    if any(_names(certificate, authority) for authority in authorities):
        raise ForgedCardError(f"the {purpose} names an authority that did not sign it")
    raise UnknownIssuerError(f"no authority that we know signed the {purpose}")


def _signed(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _names(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Tell whether the certificate says by key or serial number that this authority signed it (RFC 5280, 4.2.1.1).

    The name alone says too little: a generation that we do not hold has the same one.
    """
    try:
        named = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    except x509.ExtensionNotFound:
        return False
    try:
        own = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        own = x509.SubjectKeyIdentifier.from_public_key(authority.public_key()).digest
    return named.key_identifier == own or named.authority_cert_serial_number == authority.serial_number


def _check_time(certificate: x509.Certificate, now: datetime | None, purpose: Purpose) -> None:
    if now is None:
        return
    if now.astimezone(UTC) > certificate.not_valid_after_utc:
        raise ExpiredCardError(purpose, certificate.not_valid_after_utc.astimezone(JAPAN).date())
    if now.astimezone(UTC) < certificate.not_valid_before_utc:
        raise ClockDoubtError(purpose, certificate.not_valid_before_utc.astimezone(JAPAN))


def _check_purpose(certificate: x509.Certificate, policies: AbstractSet[str], purpose: Purpose) -> None:
    """Refuse the other certificate, an authority's own, and one of another service of the same authority."""
    extensions = certificate.extensions
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        stated = extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound as missing:
        raise ForgedCardError(f"the {purpose} does not say what it is for") from missing
    constraints = [each.value for each in extensions if isinstance(each.value, x509.BasicConstraints)]
    for_signing = usage.digital_signature and usage.content_commitment
    fits = for_signing if purpose is Purpose.SIGNING else usage.digital_signature and not usage.content_commitment
    if not fits or any(each.ca for each in constraints):
        raise ForgedCardError(f"this certificate is no {purpose}")
    if policies.isdisjoint(policy.policy_identifier.dotted_string for policy in stated):
        raise ForgedCardError(f"the {purpose} was issued under another policy")
