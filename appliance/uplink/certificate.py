"""The unit's TLS key and certificate: made here, vouched for by the journal's key, renewed before it runs out."""

import os
import ssl
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from appliance.config import ConfigError, check_secret

KEY_FILE: Final = "device.key"
CERTIFICATE_FILE: Final = "device.pem"
CA_FILE: Final = "ca.pem"
RENEW_BEFORE: Final = timedelta(days=10)


class Tls:
    """The uplink's folder: a private key that never leaves it, the certificate, the town's CA."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def request(self, unit: str) -> str:
        """Return a certificate request (PKCS#10, PEM) for this unit's key; the key is made at the first one."""
        path = self._folder / KEY_FILE
        if not path.exists():
            self._folder.mkdir(mode=0o700, exist_ok=True)
            key = ec.generate_private_key(ec.SECP256R1())
            _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        own = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(own, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{path}: an elliptic-curve key is needed; move it away and enrol again")
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, unit)])
        request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(own, hashes.SHA256())
        return request.public_bytes(Encoding.PEM).decode()

    def keep(self, certificate: str, ca: str) -> None:
        """Keep what the centre gave."""
        _write(self._folder / CA_FILE, ca.encode())
        _write(self._folder / CERTIFICATE_FILE, certificate.encode())

    def unit(self) -> str:
        """Return the unit that the certificate names. The enrolment names it too, and holds secrets of the town.

        Raises:
            ConfigError: there is no certificate.
        """
        try:
            names = self._certificate().subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        except FileNotFoundError as error:
            raise ConfigError(f"{error.filename}: no such file; this unit is not enrolled: machi unit enrol") from error
        except ValueError as error:
            raise ConfigError(f"{self._folder / CERTIFICATE_FILE}: {error}; enrol again: machi unit enrol") from error
        return str(names[0].value)

    def ends(self) -> datetime:
        """Return when the certificate runs out."""
        return self._certificate().not_valid_after_utc

    def _certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self._folder / CERTIFICATE_FILE).read_bytes())

    def context(self, *, with_certificate: bool = True) -> ssl.SSLContext:
        """Make the TLS context: TLS 1.3, this town's CA and no other, and who we are.

        Raises:
            ExposedError: others can read our key.
            OSError: a file is missing, or no certificate.
        """
        context = context_for((self._folder / CA_FILE).read_text())
        if with_certificate:
            check_secret(self._folder / KEY_FILE)
            context.load_cert_chain(self._folder / CERTIFICATE_FILE, self._folder / KEY_FILE)
        return context


def context_for(ca: str) -> ssl.SSLContext:
    """Make a TLS context that trusts one CA (PEM) and nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=ca)
    return context


def _write(path: Path, content: bytes) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
