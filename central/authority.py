"""The town's own certificate authority: for its server and for its units, and for nobody else.

P-256 throughout (X.509 verification in common libraries refuses Ed25519 issuers). A unit's certificate lives thirty
days and is renewed through sync; what it proves is who calls. What a unit wrote is proved by its journal's own key.

TLS checks by whom a certificate is; until when it is good is asked at every call, for a connection may outlive it.
"""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DEVICE_DAYS: Final = 30
SERVER_DAYS: Final = 397
CA_DAYS: Final = 3653
EARLY: Final = timedelta(hours=1)  # certificates begin a little earlier, for clocks that are a little late
CSR_MAX_BYTES: Final = 8192
DEVICES_MAX: Final = 4096  # certificates that are remembered, a few MiB in all


class CertificateError(ValueError):
    """A request or a certificate that is not what it should be; the message says why."""


class Authority:
    """The CA key and its certificate."""

    def __init__(self, key_pem: bytes, certificate_pem: bytes) -> None:
        key = load_pem_private_key(key_pem, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise CertificateError("the CA key must be an elliptic-curve key")
        self._key = key
        self._certificate = x509.load_pem_x509_certificate(certificate_pem)
        self.pem = certificate_pem.decode()

    @classmethod
    def create(cls, town: str, now: datetime) -> tuple[bytes, bytes]:
        """Make a new CA; return its private key and its certificate, both PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "machitap"), x509.NameAttribute(NameOID.COMMON_NAME, town)]
        )
        certificate = (
            _builder(name, name, key.public_key(), now, CA_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(ca=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return _pem(key), certificate.public_bytes(Encoding.PEM)

    def server(self, names: tuple[str, ...], now: datetime) -> tuple[bytes, bytes]:
        """Make a server key and certificate for DNS names and IP addresses, both PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
        builder = _builder(subject, self._certificate.subject, key.public_key(), now, SERVER_DAYS)
        return _pem(key), self._sign(builder, alternatives, ExtendedKeyUsageOID.SERVER_AUTH)

    def device(self, csr_pem: str, town: str, unit: str, epoch: int, now: datetime) -> str:
        """Certify the key in a request for a unit; whatever else the request says is ignored.

        Raises:
            CertificateError: it is not a request, or not signed with its own key.
        """
        request = _read_request(csr_pem)
        public = request.public_key()
        if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
            raise CertificateError("the key in the request must be a P-256 key")
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, unit)])
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(device_uri(town, unit, epoch))])
        builder = _builder(subject, self._certificate.subject, public, now, DEVICE_DAYS)
        return self._sign(builder, names, ExtendedKeyUsageOID.CLIENT_AUTH).decode()

    def issued(self, certificate_pem: str) -> bytes:
        """Return a certificate (PEM) as DER, if it is one of ours, good or run out.

        Raises:
            CertificateError: it is none, or another authority's.
        """
        try:
            certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
            certificate.verify_directly_issued_by(self._certificate)
            return certificate.public_bytes(Encoding.DER)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.InvalidVersion) as error:
            raise CertificateError(f"not a certificate of this town: {error}") from error

    def _sign(
        self, builder: x509.CertificateBuilder, names: x509.SubjectAlternativeName, purpose: x509.ObjectIdentifier
    ) -> bytes:
        signed = (
            builder.add_extension(names, critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return signed.public_bytes(Encoding.PEM)


def device_uri(town: str, unit: str, epoch: int) -> str:
    """Return the name of a unit in its certificate."""
    return f"urn:machitap:{town}:{unit}:{epoch}"


@dataclass(frozen=True)
class Device:
    """What a device certificate says. `ends_ms`: when it runs out, Unix milliseconds."""

    unit: str
    epoch: int
    ends_ms: int


@lru_cache(maxsize=DEVICES_MAX)
def read_device(der: bytes, town: str) -> Device:
    """Read a device certificate, whose chain TLS has checked, or `Authority.issued`.

    It is remembered, because a unit shows the same one with every call.

    Raises:
        CertificateError: it is not for a client, or not for a unit of this town.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        (uri,) = names.get_values_for_type(x509.UniformResourceIdentifier)
        _, _, of_town, unit, epoch = uri.split(":")
        number = int(epoch)
    except (ValueError, x509.ExtensionNotFound) as error:
        raise CertificateError("not the certificate of a unit") from error
    if ExtendedKeyUsageOID.CLIENT_AUTH not in usage:
        raise CertificateError("not a certificate for calling")
    if uri != device_uri(town, unit, number) or of_town != town:
        raise CertificateError(f"a certificate of another town ({of_town})")
    return Device(unit, number, round(certificate.not_valid_after_utc.timestamp() * 1000))


def _read_request(csr_pem: str) -> x509.CertificateSigningRequest:
    if len(csr_pem) > CSR_MAX_BYTES:
        raise CertificateError("the request is too long")
    try:
        request = x509.load_pem_x509_csr(csr_pem.encode())
        if not request.is_signature_valid:
            raise CertificateError("the request is not signed with its own key")
    except (ValueError, InvalidSignature, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise CertificateError(f"not a certificate request: {error}") from error
    return request


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLY)
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def moment(wall_ms: int) -> datetime:
    """Return Unix milliseconds as a moment."""
    return datetime.fromtimestamp(wall_ms / 1000, UTC)
