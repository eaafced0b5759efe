"""The unit's TLS key and certificate: made here, vouched for by the journal's key, renewed before it runs out.

A unit's clock may stand in the past, never so far that nothing is known: what the town has signed has passed. So an end
of a certificate is held against the later of the two, and a beginning against nothing: whoever shows a certificate of
this town that begins later than our clock says proves that the clock is late.
"""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from appliance import durable
from appliance.config import ConfigError, check_secret
from appliance.sealed import LockedError, at, sealed

KEY_FILE: Final = "device.key"
CERTIFICATE_FILE: Final = "device.pem"
CA_FILE: Final = "ca.pem"
RENEW_BEFORE: Final = timedelta(days=10)
_NO_CHECK_TIME: Final = 0x200000  # X509_V_FLAG_NO_CHECK_TIME of OpenSSL, for which Python has no name


class Tls:
    """The uplink's folder: a private key that never leaves it, the certificate, the town's CA."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._passed = datetime.fromtimestamp(0, UTC)

    def pass_by(self, town_ms: int) -> None:
        """Note a time that the town has signed: it is later by now."""
        self._passed = max(self._passed, datetime.fromtimestamp(town_ms / 1000, UTC))

    def now(self) -> datetime:
        """Return the later of our clock and the newest time that the town is known to have signed."""
        try:
            began = self._certificate().not_valid_before_utc
        except (OSError, ValueError):
            began = self._passed
        return max(datetime.now(UTC), self._passed, began)

    def runs_out(self) -> bool:
        """Tell whether it is time for a fresh certificate."""
        return self.ends() - self.now() < RENEW_BEFORE

    def request(self, unit: str) -> str:
        """Return a certificate request (PKCS#10, PEM) for this unit's key; the key is made at the first one."""
        path = at(self._folder / KEY_FILE)
        if not path.exists():
            self._folder.mkdir(mode=0o700, exist_ok=True)
            key = ec.generate_private_key(ec.SECP256R1())
            durable.write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        own = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(own, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{path}: an elliptic-curve key is needed; move it away and enrol again")
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, unit)])
        request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(own, hashes.SHA256())
        return request.public_bytes(Encoding.PEM).decode()

    def let_go(self) -> None:
        """Put aside a key that is sealed and does not open here: a new life may have another."""
        try:
            at(self._folder / KEY_FILE)
        except LockedError:
            hidden = sealed(self._folder / KEY_FILE)
            hidden.replace(hidden.with_name(f"{hidden.name}.old"))

    def keep(self, certificate: str, ca: str) -> None:
        """Keep what the centre gave."""
        durable.write(self._folder / CA_FILE, ca.encode())
        durable.write(self._folder / CERTIFICATE_FILE, certificate.encode())

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

    def certificate(self) -> str:
        """Return the last certificate that the centre gave, good or run out (PEM)."""
        return (self._folder / CERTIFICATE_FILE).read_text()

    def ends(self) -> datetime:
        """Return when the certificate runs out."""
        return self._certificate().not_valid_after_utc

    def _certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self._folder / CERTIFICATE_FILE).read_bytes())

    def context(self, *, with_certificate: bool = True) -> ssl.SSLContext:
        """Make the TLS context: TLS 1.3, this town's CA and no other, and who we are.

        Raises:
            ExposedError: others can read our key.
        LockedError: our key is sealed, and cannot be opened here.
            OSError: a file is missing, or no certificate.
        """
        context = context_for((self._folder / CA_FILE).read_text(), self.now)
        if with_certificate:
            key = at(self._folder / KEY_FILE)
            check_secret(key)
            context.load_cert_chain(self._folder / CERTIFICATE_FILE, key)
        return context


class _Socket(ssl.SSLSocket):
    """Looks, after each handshake, whether the certificate of whoever answers has run out."""

    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        shown = self.getpeercert(binary_form=True)
        assert isinstance(self.context, TownContext)
        ended, now = x509.load_der_x509_certificate(shown or b"").not_valid_after_utc, self.context.now()
        if ended < now:
            raise ssl.SSLCertVerificationError(
                f"certificate verify failed: it ran out on {ended.date()}, and this is {now.date()} or later"
            )


class TownContext(ssl.SSLContext):
    """Believes certificates of one town that have not run out. `now`: tells what has passed for certain."""

    sslsocket_class = _Socket
    now: Callable[[], datetime]


def _by_this_clock() -> datetime:
    return datetime.now(UTC)


def context_for(ca: str, now: Callable[[], datetime] = _by_this_clock) -> ssl.SSLContext:
    """Make a TLS context that trusts one CA (PEM) and nobody else."""
    context = TownContext(ssl.PROTOCOL_TLS_CLIENT)
    context.now = now
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= _NO_CHECK_TIME
    context.load_verify_locations(cadata=ca)
    return context
