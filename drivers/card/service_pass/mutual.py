"""The pass that shows itself only to its own town's terminals: mutual authentication.

Without it anybody with a reader can read the credential, and so follow a card about. With it, the card first has the
terminal prove that the town has certified it, and only then gives its credential and its answer. It keeps strangers
from asking; it does not hide the credential from somebody who listens while a terminal asks, and the card still is
where its holder is: a relay is not prevented.

    SELECT                  00 A4 04 0C 0A F06D6163686974617001          9000
    GET CHALLENGE           00 84 00 00 10                               the card's challenge C, 16 bytes
    MUTUAL AUTHENTICATE     00 82 00 02 F2 <certificate, nonce N, r s>   r and s, or what RSA gives
    READ BINARY, SFI 1      00 B0 81 00 00                               the credential; 6982 without the step before

- The terminal's certificate has 146 bytes: 01; the terminal's id, 8 bytes; first and last day, `YYYYMMDD` in four BCD
  bytes each; its public key on P-256, uncompressed, 65 bytes; the town's signature, ECDSA on P-256 with SHA-256, r and
  s, 64 bytes, over "machitap/pass-terminal/1", one zero byte, and the 82 bytes before it. The card holds the town's
  public key since its issue, as key 02.
- N has 32 bytes. The terminal signs "machitap/pass-terminal-proof/1", one zero byte, C, N; r and s, 64 bytes.
- The card signs "machitap/pass-mutual/1", one zero byte, C, N, and the terminal's id, with the key of its credential.
- A challenge is good for one command. The card has no clock: it keeps the latest first day that it has seen in a
  believed certificate, and refuses one whose last day lies before that, with 6985; so what a stolen terminal can do
  ends, card by card, when the card meets a newer certificate. Terminals get a new one every month. A wrong signature is
  refused with 6982.

Four commands; 242 bytes of data in the third: it fits a short APDU.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from drivers.card import commands
from drivers.card.apdu import Status
from drivers.card.channel import Channel
from drivers.card.errors import NotReadableError, TerminalRefusedError
from drivers.card.proofs import P256_BYTES, message, p256_holds
from drivers.card.service_pass import PassProfile
from drivers.card.validity import parse_day

CERTIFICATE_PURPOSE = b"machitap/pass-terminal/1\0"
TERMINAL_PURPOSE, CARD_PURPOSE = b"machitap/pass-terminal-proof/1", b"machitap/pass-mutual/1"
VERSION = b"\x01"
ID_BYTES, DAY_BYTES, POINT_BYTES, SIGNATURE_BYTES, NONCE_BYTES = 8, 4, 65, 2 * P256_BYTES, 32
BODY_BYTES = len(VERSION) + ID_BYTES + 2 * DAY_BYTES + POINT_BYTES
CERTIFICATE_BYTES = BODY_BYTES + SIGNATURE_BYTES
_REFUSALS = {
    Status.NOT_ALLOWED,
    Status.CONDITIONS_NOT_MET,
    Status.REFERENCE_NOT_FOUND,
    Status.WRONG_P1P2,
    Status.INSTRUCTION_UNKNOWN,
}


@dataclass(frozen=True)
class TerminalCertificate:
    """What the town says about a terminal."""

    terminal_id: bytes
    begins: date
    ends: date
    key: EllipticCurvePublicKey

    def body(self) -> bytes:
        days = b"".join(bytes.fromhex(f"{day:%Y%m%d}") for day in (self.begins, self.ends))
        return VERSION + self.terminal_id + days + self.key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@dataclass(frozen=True)
class Terminal:
    """This unit, to a card. `sign`: makes r and s, 64 bytes, with the key of the certificate."""

    certificate: bytes
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True)
class Answer:
    """What the card has signed for us, to be checked by its credential's key."""

    signed: bytes
    signature: bytes


def issue(certificate: TerminalCertificate, town_key: EllipticCurvePrivateKey) -> bytes:
    """Certify a terminal: 146 bytes.

    Raises:
        ValueError: its id has not 8 bytes.
    """
    if len(certificate.terminal_id) != ID_BYTES:
        raise ValueError(f"a terminal's id has {ID_BYTES} bytes")
    body = certificate.body()
    return body + sign(town_key, CERTIFICATE_PURPOSE + body)


def check(data: bytes, town_key: EllipticCurvePublicKey) -> TerminalCertificate:
    """Believe a terminal's certificate, as a card does.

    Raises:
        ValueError: it is none, or the town did not sign it.
    """
    body, signature = data[:BODY_BYTES], data[BODY_BYTES:]
    if len(data) != CERTIFICATE_BYTES or not body.startswith(VERSION):
        raise ValueError("no terminal's certificate")
    if not p256_holds(town_key, signature, CERTIFICATE_PURPOSE + body):
        raise ValueError("the town did not sign this certificate")
    at = len(VERSION) + ID_BYTES
    begins, ends = (parse_day(body[i : i + DAY_BYTES].hex().encode()) for i in (at, at + DAY_BYTES))
    point = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), body[at + 2 * DAY_BYTES :])
    return TerminalCertificate(body[len(VERSION) : at], begins, ends, point)


def sign(key: EllipticCurvePrivateKey, signed: bytes) -> bytes:
    """Sign with ECDSA and SHA-256, deterministically (RFC 6979): r and s, 32 bytes each."""
    der = key.sign(signed, ECDSA(SHA256(), deterministic_signing=True))
    return b"".join(number.to_bytes(P256_BYTES, "big") for number in decode_dss_signature(der))


def authenticate(channel: Channel, profile: PassProfile, terminal: Terminal, nonce: bytes) -> Answer:
    """Prove ourselves to the card and take its answer, with the application selected.

    Raises:
        TerminalRefusedError: the card does not take this terminal.
        NotReadableError: it did not answer as it should.
    """
    if profile.terminal_key is None or len(nonce) != NONCE_BYTES:
        raise ValueError("this profile has no mutual authentication, or the nonce has not 32 bytes")
    response = channel.exchange(commands.get_challenge())
    if response.sw != Status.OK or len(response.data) != commands.CHALLENGE_BYTES:
        raise NotReadableError(f"the card answered {response.sw:04X} when it should give a challenge")
    challenge = response.data
    proof = terminal.sign(message(TERMINAL_PURPOSE, challenge + nonce))
    response = channel.exchange(
        commands.mutual_authenticate(profile.terminal_key, terminal.certificate + nonce + proof)
    )
    if response.sw in _REFUSALS:
        raise TerminalRefusedError(f"the card does not take this terminal: {response.sw:04X}")
    if response.sw != Status.OK:
        raise NotReadableError(f"the card answered {response.sw:04X} when it should sign")
    terminal_id = terminal.certificate[len(VERSION) : len(VERSION) + ID_BYTES]
    return Answer(message(CARD_PURPOSE, challenge + nonce + terminal_id), response.data)
