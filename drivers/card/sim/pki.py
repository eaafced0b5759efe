"""A whole test PKI in a folder: the authorities that issue virtual cards, and the trust that believes them.

    .venv/bin/python -m drivers.card.sim.pki var/pki      # makes var/pki, and var/pki/trust for `machi card read`

Only keys are stored; certificates follow from them byte for byte, so many processes can use one folder. All of it is
marked as a test, each kind in its own way: authorities have O=JPKI-TEST-LOCAL, CV key ids begin with 9, pass issuers
with TEST-. A unit in production refuses every one of them.
"""

import functools
import hashlib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from drivers.card import tlv
from drivers.card.service_pass import mutual
from drivers.card.service_pass.mutual import Terminal, TerminalCertificate
from drivers.card.sim import tags
from drivers.card.sim.keys import KeyFolder
from drivers.card.trust import COUNTER_PROFILE, Trust
from drivers.card.trust_folder import save
from drivers.card.validity import JAPAN

AUTH_POLICY = "1.2.392.200149.8.5.1.0.30"
SIGN_POLICY = "1.2.392.200149.8.5.1.0.20"
ARC = "1.2.392.200149.8.5.5."  # of what a signing certificate says about its holder
CURRENT_GENERATION = 3
_CA_BEGINS, _CA_ENDS = date(2020, 1, 1), date(2099, 12, 31)
_GENERATIONS = {1: (date(2015, 10, 20), date(2025, 10, 19)), 2: (date(2019, 9, 14), date(2029, 9, 14))}
_SERIAL_BYTES = 8


@dataclass(frozen=True)
class Authority:
    """An X.509 authority like those of 公的個人認証: self-signed, RSA-2048, one step above the holder."""

    key: RSAPrivateKey
    certificate: x509.Certificate

    def issue(
        self,
        name: str,
        key: RSAPublicKey,
        begins: date,
        ends: date,
        *,
        signs: bool,
        attributes: Mapping[str, str] | None = None,
    ) -> x509.Certificate:
        """Issue a holder's certificate: of the signing key if `signs`, else of the authentication key.

        `attributes`: what the signing certificate says about the holder, by the last number of its OID.
        """
        policy = x509.PolicyInformation(x509.ObjectIdentifier(SIGN_POLICY if signs else AUTH_POLICY), None)
        subject = x509.Name(
            [x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
        )
        builder = _certificate(subject, self.certificate.subject, key, begins, ends)
        builder = builder.add_extension(_usage(digital_signature=True, content_commitment=signs), critical=True)
        builder = builder.add_extension(x509.CertificatePolicies([policy]), critical=True)
        if attributes:
            names = [x509.OtherName(x509.ObjectIdentifier(ARC + n), utf8(text)) for n, text in attributes.items()]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return builder.add_extension(own, critical=False).sign(self.key, SHA256())

    def revoke(self, revoked: Mapping[int, date], issued: date, until: date) -> x509.CertificateRevocationList:
        """Make the list of revoked certificates: serial numbers, and since when."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
        builder = builder.last_update(_midnight(issued)).next_update(_midnight(until))
        for serial, day in revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(_midnight(day))
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, SHA256())


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
class Maker:
    """Who makes cards with a counter of their own, and says so of each batch."""

    certificate: x509.Certificate
    attestation: bytes
    key: EllipticCurvePrivateKey

    def attest(self, data: bytes) -> bytes:
        return self.key.sign(data, ECDSA(SHA256()))


@dataclass(frozen=True)
class Authorities:
    """Everybody who has signed something on a card."""

    authentication: Authority
    signing: Authority
    cv_root: CvKey
    card_issuer: CvKey
    pass_issuer: str
    pass_key: Ed25519PrivateKey
    terminal_key: EllipticCurvePrivateKey
    maker: Maker


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
            keys.p256(f"{name}-terminal-issuer"),
            _maker(keys.rsa(f"{name}-counter-maker"), keys.p256(f"{name}-counter-batch")),
        )

    def generation(self, number: int) -> tuple[Authority, Authority]:
        """Return the authorities of a generation, for authentication and for signing; all have the same two names.

        The third is `own`; the first has expired.
        """
        if number == CURRENT_GENERATION:
            return self.own.authentication, self.own.signing
        names = ("authentication", "JPKI for user authentication"), ("signing", "JPKI for digital signature")
        authentication, signing = (
            _authority(self.keys.rsa(f"generation{number}-{role}"), unit, *_GENERATIONS[number]) for role, unit in names
        )
        return authentication, signing

    def terminal(self, number: int = 1, begins: date = date(2024, 4, 1), ends: date = date(2094, 4, 1)) -> Terminal:
        """Return a unit of the test town as cards see it: certified, with its key."""
        key = self.keys.p256(f"terminal-{number}")
        said = TerminalCertificate(number.to_bytes(mutual.ID_BYTES, "big"), begins, ends, key.public_key())
        return Terminal(mutual.issue(said, self.own.terminal_key), functools.partial(mutual.sign, key))

    def trust(self, order: tuple[str, ...] = ("pass", "face", "jpki"), generations: Iterable[int] = (3,)) -> Trust:
        """Return what a unit of the test town believes."""
        pairs = [self.generation(number) for number in generations]
        return Trust(
            order=order,
            pass_issuers={self.own.pass_issuer: self.own.pass_key.public_key()},
            jpki_authorities=tuple(authentication.certificate for authentication, _ in pairs),
            jpki_policies=frozenset({AUTH_POLICY}),
            sign_authorities=tuple(signing.certificate for _, signing in pairs),
            sign_policies=frozenset({SIGN_POLICY}),
            cv_roots={self.own.cv_root.key_id: self.own.cv_root.key.public_key()},
            counter_makers=(self.own.maker.certificate,) if COUNTER_PROFILE in order else (),
            sun=tags.profile() if "sun" in order else None,
            production=False,
        )

    def write_trust(self) -> Path:
        """Write the trust as a folder for `machi card read --trust` and return that folder."""
        folder = self.folder / "trust"
        save(self.trust(), folder)
        return folder


def raw_rsa(key: RSAPrivateKey, digest_info: bytes) -> bytes:
    """Pad and sign what is given, as the card does: RSASSA-PKCS1-v1_5 without a hash (RFC 8017, 8.2)."""
    return key.sign(digest_info, PKCS1v15(), NoDigestInfo())


def key_id(role: bytes, number: bytes) -> bytes:
    """Return a CV key id from its 7 and its 3 digits."""
    return role + b"\x08\x05" + number + bytes(4)


def public_key_objects(key: RSAPublicKey) -> bytes:
    """Return a public key as the card's files hold it: 90 exponent, 91 modulus (265 bytes)."""
    numbers = key.public_numbers()
    modulus = numbers.n.to_bytes(key.key_size // 8, "big")
    return tlv.write(0x90, numbers.e.to_bytes(3, "big")) + tlv.write(0x91, modulus, long=True)


def utf8(text: str) -> bytes:
    """Return a UTF8String (X.690, 8.23)."""
    return tlv.write(0x0C, text.encode())


def _authority(key: RSAPrivateKey, unit: str, begins: date | None = None, ends: date | None = None) -> Authority:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "JPKI-TEST-LOCAL"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        ]
    )
    builder = _certificate(name, name, key.public_key(), begins or _CA_BEGINS, ends or _CA_ENDS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return Authority(key, builder.add_extension(own, critical=False).sign(key, SHA256()))


def _maker(key: RSAPrivateKey, batch: EllipticCurvePrivateKey) -> Maker:
    by = _authority(key, "counter cards")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a batch of virtual counter cards")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(by.certificate.subject)
    builder = builder.public_key(batch.public_key()).serial_number(1)
    builder = builder.not_valid_before(_midnight(_CA_BEGINS)).not_valid_after(_midnight(_CA_ENDS))
    return Maker(by.certificate, builder.sign(key, SHA256()).public_bytes(Encoding.DER), batch)


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
        .not_valid_before(_midnight(begins))
        .not_valid_after(datetime.combine(ends, time(23, 59, 59), JAPAN).astimezone(UTC))
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, JAPAN).astimezone(UTC)


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
