"""A whole test PKI in a folder: the authorities that issue virtual cards, and the trust that believes them.

    .venv/bin/python -m drivers.card.sim.pki var/pki      # makes var/pki, and var/pki/trust for `machi card read`

Only keys are stored; certificates follow from them byte for byte, so many processes can use one folder. All of it is
marked as a test, each kind in its own way: authorities have O=JPKI-TEST-LOCAL, CV key ids begin with 9, pass issuers
with TEST-. A unit in production refuses every one of them.
"""

import hashlib
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from drivers.card import tlv
from drivers.card.sim.keys import KeyFolder
from drivers.card.trust import Trust
from drivers.card.trust_folder import save
from drivers.card.validity import JAPAN

AUTH_POLICY = "1.2.392.200149.8.5.1.0.30"
SIGN_POLICY = "1.2.392.200149.8.5.1.0.20"
_CA_BEGINS, _CA_ENDS = date(2020, 1, 1), date(2099, 12, 31)
_SERIAL_BYTES = 8


@dataclass(frozen=True)
class Authority:
    """An X.509 authority like those of 公的個人認証: self-signed, RSA-2048, one step above the holder."""

    key: RSAPrivateKey
    certificate: x509.Certificate

    def issue(self, name: str, key: RSAPublicKey, begins: date, ends: date, *, signs: bool) -> x509.Certificate:
        """Issue a holder's certificate: of the signing key if `signs`, else of the authentication key."""
        policy = x509.PolicyInformation(x509.ObjectIdentifier(SIGN_POLICY if signs else AUTH_POLICY), None)
        subject = x509.Name(
            [x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
        )
        builder = _certificate(subject, self.certificate.subject, key, begins, ends)
        builder = builder.add_extension(_usage(digital_signature=True, content_commitment=signs), critical=True)
        builder = builder.add_extension(x509.CertificatePolicies([policy]), critical=True)
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return builder.add_extension(own, critical=False).sign(self.key, SHA256())


@dataclass(frozen=True)
class CvKey:
    """A key of the card issuer's hierarchy, with its id of 16 bytes (`drivers.card.cvc`)."""

    key_id: bytes
    key: RSAPrivateKey

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data, PKCS1v15(), SHA256())

    def certify(self, holder: "CvKey") -> bytes:
        """Return the certificate of another key, signed by this one."""
        body = self.key_id + holder.key_id + public_key_objects(holder.key.public_key())
        return tlv.write(
            0x7F21,
            tlv.write(0x5F4E, body, long=True) + tlv.write(0x5F37, self.sign(body), long=True),
            long=True,
        )


@dataclass(frozen=True)
class Authorities:
    """Everybody who has signed something on a card."""

    authentication: Authority
    signing: Authority
    cv_root: CvKey
    card_issuer: CvKey
    pass_issuer: str
    pass_key: Ed25519PrivateKey


class TestPki:
    """A folder with keys; `own` is believed by its trust, `stranger` has the same names and is not."""

    __test__ = False  # for pytest: no test class

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = KeyFolder(folder / "keys")

    @cached_property
    def own(self) -> Authorities:
        return self._authorities("own", cv=b"9000023", issuer="TEST-town.1")

    @cached_property
    def stranger(self) -> Authorities:
        return self._authorities("stranger", cv=b"9000099", issuer="TEST-elsewhere.1")

    def _authorities(self, name: str, cv: bytes, issuer: str) -> Authorities:
        keys = self.keys
        return Authorities(
            _authority(keys.rsa(f"{name}-authentication"), "JPKI for user authentication"),
            _authority(keys.rsa(f"{name}-signing"), "JPKI for digital signature"),
            CvKey(key_id(cv, b"001"), keys.rsa(f"{name}-cv-root")),
            CvKey(key_id(b"9999921", b"000"), keys.rsa(f"{name}-card-issuer")),
            issuer,
            keys.ed25519(f"{name}-pass-issuer"),
        )

    def trust(self, order: tuple[str, ...] = ("pass", "face", "jpki")) -> Trust:
        """Return what a unit of the test town believes."""
        return Trust(
            order=order,
            pass_issuers={self.own.pass_issuer: self.own.pass_key.public_key()},
            jpki_authorities=(self.own.authentication.certificate,),
            jpki_policies=frozenset({AUTH_POLICY}),
            cv_roots={self.own.cv_root.key_id: self.own.cv_root.key.public_key()},
            production=False,
        )

    def write_trust(self) -> Path:
        """Write the trust as a folder for `machi card read --trust` and return that folder."""
        folder = self.folder / "trust"
        save(self.trust(), folder)
        return folder


def key_id(role: bytes, number: bytes) -> bytes:
    """Return a CV key id from its 7 and its 3 digits."""
    return role + b"\x08\x05" + number + bytes(4)


def public_key_objects(key: RSAPublicKey) -> bytes:
    """Return a public key as the card's files hold it: 90 exponent, 91 modulus (265 bytes)."""
    numbers = key.public_numbers()
    modulus = numbers.n.to_bytes(key.key_size // 8, "big")
    return tlv.write(0x90, numbers.e.to_bytes(3, "big")) + tlv.write(0x91, modulus, long=True)


def _authority(key: RSAPrivateKey, unit: str) -> Authority:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "JPKI-TEST-LOCAL"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        ]
    )
    builder = _certificate(name, name, key.public_key(), _CA_BEGINS, _CA_ENDS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return Authority(key, builder.add_extension(own, critical=False).sign(key, SHA256()))


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: RSAPublicKey, begins: date, ends: date
) -> x509.CertificateBuilder:
    """Begin a certificate whose days count by the calendar of Japan, and whose serial number follows from it."""
    said = f"{subject.rfc4514_string()} {begins} {ends} {key.public_numbers().n}"
    serial = int.from_bytes(hashlib.sha256(said.encode()).digest()[:_SERIAL_BYTES], "big") >> 1
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(datetime.combine(begins, time.min, JAPAN).astimezone(UTC))
        .not_valid_after(datetime.combine(ends, time(23, 59, 59), JAPAN).astimezone(UTC))
    )


def _usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


if __name__ == "__main__":
    sys.stdout.write(f"{TestPki(Path(sys.argv[1])).write_trust()}\n")
