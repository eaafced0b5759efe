"""The list of revoked certificates (CRL, RFC 5280, 5), from a file: a town that is a registered verifier has one.

There is no address to fetch it from: J-LIS gives lists to verifiers only (公的個人認証法 17条, 36条). A list is
believed by the authority whose key signed it, once, when it is loaded. An old list still names what was revoked then;
that it is old, and how old, is said with every answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from drivers.card.errors import ForgedCardError, NotReadableError, RevokedCardError, UnknownIssuerError
from drivers.card.jpki.certificates import HASHES
from drivers.card.validity import JAPAN

_PEM = b"-----BEGIN X509 CRL-----"
_UNREADABLE = (
    ValueError,
    TypeError,  # what the library says of a name with a bit string in it
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True)
class Revocation:
    """What the newest list that covers a certificate says of it.

    Fields:
        revoked_on: since when, by the calendar of Japan; None: it is not on the list.
        issued: when the list was made.
        age: how old it was; None where nothing vouches for the clock.
        expired: a newer list should have been there; None where nothing vouches for the clock, or it does not say.
    """

    revoked_on: date | None
    issued: datetime
    age: timedelta | None
    expired: bool | None


@dataclass(frozen=True)
class RevocationList:
    """One list that is believed. `authority`: whose it is."""

    authority: x509.Certificate
    crl: x509.CertificateRevocationList

    @property
    def issued(self) -> datetime:
        return self.crl.last_update_utc

    def covers(self, certificate: x509.Certificate) -> bool:
        """Tell whether this list is the one that would name the certificate (RFC 5280, 6.3.3, b).

        An authority may divide its list by distribution point; then certificate and list name the same one.
        """
        if certificate.issuer != self.crl.issuer:
            return False
        own = _point(self.crl)
        if own is None or not own.full_name:
            return True
        try:
            points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        except x509.ExtensionNotFound:
            return False
        return any(name in own.full_name for point in points for name in point.full_name or [])

    def state(self, certificate: x509.Certificate, now: datetime | None) -> Revocation:
        """Say whether a certificate is on the list, and how old the list is. `now`: with its zone, or None."""
        found = self.crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        revoked_on = found.revocation_date_utc.astimezone(JAPAN).date() if found else None
        until = self.crl.next_update_utc
        age = None if now is None else max(now.astimezone(UTC) - self.issued, timedelta())
        expired = None if now is None or until is None else now.astimezone(UTC) > until
        return Revocation(revoked_on, self.issued, age, expired)


def load(data: bytes, authorities: Iterable[x509.Certificate]) -> RevocationList:
    """Read a list (DER or PEM) and believe it by one of the authorities.

    Raises:
        NotReadableError: these bytes are no list, or one of a form that we cannot judge by.
        UnknownIssuerError: none of the authorities has its name.
        ForgedCardError: an authority of its name did not sign it.
    """
    try:
        read = x509.load_pem_x509_crl if data.lstrip().startswith(_PEM) else x509.load_der_x509_crl
        crl = read(data)
        point, algorithm, issuer = _point(crl), crl.signature_hash_algorithm, crl.issuer  # each is parsed only here
    except _UNREADABLE as error:
        raise NotReadableError(f"no revocation list: {error}") from error
    partial = point and (point.indirect_crl or point.only_some_reasons or point.only_contains_ca_certs)
    if partial or _is_delta(crl):
        raise NotReadableError("a partial revocation list: a whole one is needed")
    named = [authority for authority in authorities if authority.subject == issuer]
    for authority in named:
        key = authority.public_key()
        if isinstance(algorithm, HASHES) and crl.is_signature_valid(key):  # type: ignore[arg-type]
            return RevocationList(authority, crl)
    if named:
        raise ForgedCardError("the revocation list names an authority that did not sign it")
    raise UnknownIssuerError("the revocation list is of an authority that we do not know")


def newest(
    lists: Iterable[RevocationList], certificate: x509.Certificate, authority: x509.Certificate
) -> RevocationList | None:
    """Return the newest list of this authority that covers the certificate, or None."""
    ours = [each for each in lists if each.authority == authority and each.covers(certificate)]
    return max(ours, key=lambda each: each.issued, default=None)


def _point(crl: x509.CertificateRevocationList) -> x509.IssuingDistributionPoint | None:
    try:
        return crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return None


def _is_delta(crl: x509.CertificateRevocationList) -> bool:
    return any(isinstance(each.value, x509.DeltaCRLIndicator) for each in crl.extensions)


def check(
    certificate: x509.Certificate, authority: x509.Certificate, lists: Iterable[RevocationList], now: datetime | None
) -> Revocation | None:
    """Say what the newest list says of a certificate; None: we hold no list that covers it.

    Raises:
        RevokedCardError: it is on the list, however old that is.
    """
    found = newest(lists, certificate, authority)
    if found is None:
        return None
    state = found.state(certificate, now)
    if state.revoked_on:
        raise RevokedCardError("certificate", state.revoked_on)
    return state
