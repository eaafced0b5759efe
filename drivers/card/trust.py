"""Whom a unit believes: the keys and certificates that it holds cards against, and in which order it tries.

A `Trust` that exists is sound: everything is checked when it is built, so that a unit in production cannot start with
a test key, and a town's configuration cannot point the driver at an application of the state.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID

from drivers.card import cvc, paper
from drivers.card.files import ReservedNameError
from drivers.card.jpki.certificates import fingerprint
from drivers.card.jpki.crl import RevocationList
from drivers.card.memory import Memory
from drivers.card.service_pass import PassProfile
from drivers.card.service_pass.mutual import Terminal
from drivers.card.tokens.sun import SunProfile
from drivers.card.u2f import CounterKey

PROFILES = ("pass", "face", "jpki")
COUNTER_PROFILE = "u2f"
TOKEN_PROFILES = ("sun", "felica", "type_a")
AUTH_POLICY = "1.2.392.200149.8.5.1.3.30"
SIGN_POLICY = "1.2.392.200149.8.5.1.1.20"
TEST_ORGANIZATION = "JPKI-TEST"


class TrustError(ValueError):
    """This configuration cannot be trusted; the message says what to change."""


_NOBODY: Mapping[str, bytes] = MappingProxyType({})
_NOTHING: Mapping[str, int] = MappingProxyType({})
_NO_COUNTER: Mapping[str, CounterKey] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What `identify` believes.

    Fields:
        order: which profiles are tried, in this order; of "pass", "face", "jpki", "u2f", and "sun", "felica",
            "type_a".
        pass_issuers: public keys of those who issue passes, by issuer reference ("asahi.1").
        pass_profile: where the pass lies on the card.
        memory: what this unit remembers of the cards that it has seen; None: nothing.
        terminal: this unit's own certificate and key, where the pass shows itself to certified terminals only.
        jpki_authorities: certificates of the authorities for authentication certificates, all generations.
        jpki_policies: policy OIDs of which an authentication certificate must have one.
        sign_authorities, sign_policies: the same for signing certificates.
        jpki_pins: SHA-256 fingerprints (64 hexadecimal capitals and digits); where there are any, an authority with
            another one is refused.
        revocation_lists: lists of revoked certificates, by these authorities; of several that cover a certificate
            the newest counts.
        cv_roots: the keys above the card issuers' certificates, by key id (16 bytes).
        face_key: finds the enrolled public key (DER SubjectPublicKeyInfo) of a card by its index, or None. Called in
            the middle of a tap, so it must answer from memory or from disk.
        counter_key: the same of a card with a counter of its own, by its number in the air.
        counter_makers: certificates of the makers whose such cards a desk takes.
        sun: how the town's tags are made and checked; None: it has none.
        last_counter: finds the highest counter that was seen of a tag or phone by its identifier, or None.
        allow_certificate_only: accept an authentication certificate without a PIN. It proves nothing; only with the
            legal ground that the town states.
        production: refuse every test key and test certificate.

    Raises:
        TrustError: when it is built.
    """

    order: tuple[str, ...] = PROFILES
    pass_issuers: Mapping[str, Ed25519PublicKey] = field(default_factory=dict)
    pass_profile: PassProfile = field(default_factory=PassProfile)
    memory: Memory | None = None
    terminal: Terminal | None = None
    jpki_authorities: tuple[x509.Certificate, ...] = ()
    jpki_policies: frozenset[str] = frozenset({AUTH_POLICY})
    sign_authorities: tuple[x509.Certificate, ...] = ()
    sign_policies: frozenset[str] = frozenset({SIGN_POLICY})
    jpki_pins: frozenset[str] = frozenset()
    revocation_lists: tuple[RevocationList, ...] = ()
    cv_roots: Mapping[bytes, RSAPublicKey] = field(default_factory=dict)
    face_key: Callable[[str], bytes | None] = _NOBODY.get
    counter_key: Callable[[str], CounterKey | None] = _NO_COUNTER.get
    counter_makers: tuple[x509.Certificate, ...] = ()
    sun: SunProfile | None = None
    last_counter: Callable[[str], int | None] = _NOTHING.get
    allow_certificate_only: bool = False
    production: bool = True

    def __post_init__(self) -> None:
        self._check_order()
        self._check_anchors()
        if (self.pass_profile.terminal_key is None) != (self.terminal is None):
            raise TrustError("pass: a terminal key goes with a terminal's certificate, and a certificate with a key")
        try:
            self.pass_profile.application()
        except ReservedNameError as error:
            raise TrustError(f"pass: {error}") from error
        if self.production and (tests := test_anchors(self)):
            raise TrustError(f"a unit in production does not believe test keys; take away: {'; '.join(tests)}")
        object.__setattr__(self, "pass_issuers", MappingProxyType(dict(self.pass_issuers)))
        object.__setattr__(self, "cv_roots", MappingProxyType(dict(self.cv_roots)))

    def _check_order(self) -> None:
        known = (*PROFILES, COUNTER_PROFILE, *TOKEN_PROFILES)
        unknown = [profile for profile in self.order if profile not in known]
        if unknown or not self.order or len(set(self.order)) != len(self.order):
            raise TrustError(f"order: name each of {', '.join(known)} at most once, not {', '.join(self.order)}")
        if ("sun" in self.order) != (self.sun is not None):
            raise TrustError('"sun" stands in the order exactly where the keys of the tags are given')

    def _check_anchors(self) -> None:
        for reference in self.pass_issuers:
            if not paper.is_issuer_reference(reference):
                raise TrustError(f'"{reference}" is no issuer reference; it looks like "asahi.1"')
        for key_id in self.cv_roots:
            if len(key_id) != cvc.KEY_ID_BYTES:
                raise TrustError(f"a CV key id has {cvc.KEY_ID_BYTES} bytes, not {len(key_id)}")
        for authority in (*self.jpki_authorities, *self.sign_authorities):
            if self.jpki_pins and fingerprint(authority) not in self.jpki_pins:
                raise TrustError(f"authority {fingerprint(authority)} is not among jpki_pins")


def test_anchors(trust: Trust) -> list[str]:
    """List what of this trust is marked as a test, in words."""
    return [
        *(f"pass issuer {reference}" for reference in trust.pass_issuers if paper.is_test(reference)),
        *(f"CV root {cvc.words(key_id)}" for key_id in trust.cv_roots if cvc.is_test(key_id)),
        *(
            f"authority {authority.subject.rfc4514_string()}"
            for authority in (*trust.jpki_authorities, *trust.sign_authorities, *trust.counter_makers)
            if _is_test(authority)
        ),
    ]


def _is_test(authority: x509.Certificate) -> bool:
    names = (*authority.subject, *authority.issuer)
    return any(
        name.oid == NameOID.ORGANIZATION_NAME and str(name.value).upper().startswith(TEST_ORGANIZATION)
        for name in names
    )
