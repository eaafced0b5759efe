"""The X.509 certificate of the authentication key, checked against the certification authorities that we pin.

The public personal authentication service (公的個人認証サービス) has had several generations of its authority, all
under one name; so the issuer is chosen by whose key verifies, never by name, and never taken from the card. A
certificate is one step below its authority (profile: 公的個人認証サービス プロファイル仕様書, J-LIS).
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

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

WHAT = "authentication certificate"
_HASHES = (SHA256, SHA384, SHA512)
_UNREADABLE = (
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
    except _UNREADABLE as error:
        raise NotReadableError(f"no certificate: {error}") from error
    return certificate


def check(
    certificate: x509.Certificate,
    authorities: Iterable[x509.Certificate],
    now: datetime | None,
    policies: AbstractSet[str],
) -> RSAPublicKey:
    """Believe a certificate or say why not; return the card's public key.

    Args:
        certificate: the card's.
        authorities: the certificates that we pin.
        now: with its zone, or None where nothing vouches for the clock; then validity is not checked.
        policies: the policy OIDs of which one must be there.

    Raises:
        ForgedCardError, UnknownIssuerError, ExpiredCardError, ClockDoubtError: as they say.
    """
    authority = _issuer(certificate, tuple(authorities))
    for each in (certificate, authority):
        _check_time(each, now)
    _check_purpose(certificate, policies)
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise UnknownIssuerError("the certificate has a key of a kind that this version does not know")
    return key


def _issuer(certificate: x509.Certificate, authorities: tuple[x509.Certificate, ...]) -> x509.Certificate:
    for authority in authorities:
        if isinstance(certificate.signature_hash_algorithm, _HASHES) and _signed(certificate, authority):
            return authority
    if any(_names(certificate, authority) for authority in authorities):
        raise ForgedCardError(f"the {WHAT} names an authority that did not sign it")
    raise UnknownIssuerError(f"no authority that we know signed the {WHAT}")


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


def _check_time(certificate: x509.Certificate, now: datetime | None) -> None:
    if now is None:
        return
    if now.astimezone(UTC) > certificate.not_valid_after_utc:
        raise ExpiredCardError(WHAT, certificate.not_valid_after_utc.astimezone(JAPAN).date())
    if now.astimezone(UTC) < certificate.not_valid_before_utc:
        raise ClockDoubtError(WHAT, certificate.not_valid_before_utc.astimezone(JAPAN))


def _check_purpose(certificate: x509.Certificate, policies: AbstractSet[str]) -> None:
    """Refuse the signing certificate, an authority's own, and one of another service of the same authority."""
    extensions = certificate.extensions
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        stated = extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound as missing:
        raise ForgedCardError(f"the {WHAT} does not say what it is for") from missing
    constraints = [each.value for each in extensions if isinstance(each.value, x509.BasicConstraints)]
    if not usage.digital_signature or usage.content_commitment or any(each.ca for each in constraints):
        raise ForgedCardError(f"this certificate is no {WHAT}")
    if policies.isdisjoint(policy.policy_identifier.dotted_string for policy in stated):
        raise ForgedCardError(f"the {WHAT} was issued under another policy")
