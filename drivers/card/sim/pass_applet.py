"""The service pass on a virtual card: the specification of the applet in code (docs/card-profile.md)."""

from collections.abc import Callable
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from drivers.card import service_pass
from drivers.card.apdu import Status
from drivers.card.proofs import message, p256_holds
from drivers.card.service_pass import mutual
from drivers.card.service_pass.mutual import BODY_BYTES, CERTIFICATE_BYTES, ID_BYTES, NONCE_BYTES, VERSION
from drivers.card.sim.layout import FREE, TERMINAL, Application, StatusError, Transparent

TERMINAL_KEY = 2  # the key reference of the town's public key for terminals
_FILLER = b"\xff" * 8
_NONCE_MIN = 16


def build(
    key: EllipticCurvePrivateKey | RSAPrivateKey, credential: bytes, town: EllipticCurvePublicKey | None
) -> Application:
    """Return the application. `town`: believed for terminals' certificates; None: it shows itself to anybody."""
    profile = service_pass.PassProfile()

    def answer(nonce: bytes) -> bytes:
        """INTERNAL AUTHENTICATE: the card itself puts the words in front."""
        if len(nonce) < _NONCE_MIN:
            raise StatusError(Status.CONDITIONS_NOT_MET)
        return _sign(key, message(service_pass.PROOF_PURPOSE, nonce))

    access = frozenset({TERMINAL}) if town else FREE
    application = Application(
        "pass",
        profile.aid,
        {profile.credential_file: Transparent(credential + _FILLER, access)},
        answers={} if town else {profile.key_reference: answer},
    )
    if town:
        application.mutual[TERMINAL_KEY] = _gatekeeper(key, town)
    return application


def _gatekeeper(
    key: EllipticCurvePrivateKey | RSAPrivateKey, town: EllipticCurvePublicKey
) -> Callable[[bytes, bytes], bytes]:
    latest = date.min  # the latest first day of a believed certificate; it outlives the power

    def answer(challenge: bytes, data: bytes) -> bytes:
        nonlocal latest
        if len(data) != CERTIFICATE_BYTES + NONCE_BYTES + mutual.SIGNATURE_BYTES or not challenge:
            raise StatusError(Status.CONDITIONS_NOT_MET)
        certificate, rest = data[:CERTIFICATE_BYTES], data[CERTIFICATE_BYTES:]
        nonce, proof = rest[:NONCE_BYTES], rest[NONCE_BYTES:]
        try:
            terminal = mutual.check(certificate, town)
        except ValueError as error:
            raise StatusError(Status.NOT_ALLOWED) from error
        if not p256_holds(terminal.key, proof, message(mutual.TERMINAL_PURPOSE, challenge + nonce)):
            raise StatusError(Status.NOT_ALLOWED)
        if terminal.ends < latest:
            raise StatusError(Status.CONDITIONS_NOT_MET)
        latest = max(latest, terminal.begins)
        terminal_id = certificate[:BODY_BYTES][len(VERSION) : len(VERSION) + ID_BYTES]
        return _sign(key, message(mutual.CARD_PURPOSE, challenge + nonce + terminal_id))

    return answer


def _sign(key: EllipticCurvePrivateKey | RSAPrivateKey, signed: bytes) -> bytes:
    if isinstance(key, RSAPrivateKey):
        return key.sign(signed, PKCS1v15(), SHA256())
    return mutual.sign(key, signed)  # deterministic, so that a simulated town can be replayed
