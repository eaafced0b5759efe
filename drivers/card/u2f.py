"""A card with a counter of its own: FIDO U2F raw messages (CTAP1), which cards on sale speak over NFC.

Asked to sign, the card raises a counter of four bytes and signs it together with our challenge (FIDO U2F raw messages
1.2, section 5). Nobody can turn that counter back or make a signature without the card, and a unit needs only the
public key to check it. So what a card has signed says how often it was asked, wherever that was, also where nobody can
be told.

Such a card says nothing of who it is, so it is looked up by the number with which it answers in the air; a card that
draws a new one each time cannot be used. The key is made at a desk, for the town's own application parameter, and the
certificate of the card's maker says that it is such a card, and no program that could count as it likes.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from drivers.card import commands, files, tlv
from drivers.card.apdu import Status
from drivers.card.channel import Channel
from drivers.card.errors import (
    ForgedCardError,
    NotReadableError,
    OtherCardError,
    PresenceError,
    TurnedBackError,
    UnknownIssuerError,
)
from drivers.card.presented import Step
from drivers.card.proofs import P256_BYTES, fingerprint, p256_holds, spki

STEP_PURPOSE = b"machitap/card-step/1\0"
STEPS_MAX = 8  # at one touch: each takes a card something like a tenth of a second
ALGORITHM = "ecdsa-p256-sha256"
_VERSION = b"U2F_V2"
_COUNTER_BYTES = 4
_POINT_BYTES = 65
_HANDLE_AT = 1 + _POINT_BYTES  # behind a reserved byte and the public key
_RESERVED = 0x05


@dataclass(frozen=True)
class CounterKey:
    """What the town keeps of such a card. `key`: DER SubjectPublicKeyInfo; `handle`: the card finds its own by it."""

    key: bytes
    handle: bytes


@dataclass(frozen=True)
class CounterEnrolment:
    """A card that was learned.

    Fields:
        index: by which it is looked up at a tap: its number in the air.
        identifier: SHA-256 of its public key, in hexadecimal: the card.
        value: where its counter stood.
        maker: who says that it is such a card.
    """

    index: str
    identifier: str
    key: CounterKey
    value: int
    maker: str


def challenge(nonce: bytes, number: int) -> bytes:
    """Return what the card signs as its step of that number, from 0, at a touch."""
    return hashlib.sha256(STEP_PURPOSE + nonce + bytes((number,))).digest()


def select(channel: Channel) -> bool:
    """Select the application. False: this card has none, or speaks only a newer language (FIDO_2_0) than we do.

    Raises:
        NotReadableError: an answer that makes no sense.
    """
    answer = channel.exchange(commands.select_saying(files.U2F.aid))
    return answer.ok and answer.data == _VERSION


def once(_value: int) -> int:
    return 1


def raised(
    channel: Channel, enrolled: CounterKey, nonce: bytes, times: Callable[[int], int] = once
) -> tuple[Step, ...]:
    """Have the card raise its counter, with the application selected, and check every step.

    A card may sign only once for each time that it is held there: then there are fewer steps, but never none.

    Args:
        times: says, from where the counter stands after the first step, how many there are to be in all.

    Raises:
        PresenceError: the card did not sign even once.
        ForgedCardError, TurnedBackError: something else than this card's key has signed, or the counter did not rise.
        NotReadableError: the card did not answer as such a card does.
    """
    steps = [_step(channel, enrolled, challenge(nonce, 0))]
    for number in range(1, min(times(steps[0].value), STEPS_MAX)):
        try:
            step = _step(channel, enrolled, challenge(nonce, number))
        except PresenceError:
            break
        if step.value <= steps[-1].value:
            raise TurnedBackError("the counter of this card did not rise")
        steps.append(step)
    return tuple(steps)


def _step(channel: Channel, enrolled: CounterKey, asked: bytes) -> Step:
    key = load_der_public_key(enrolled.key)
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise NotReadableError("the enrolled key is of another kind than such a card's")
    sw, data = 0, b""
    for presence in (commands.PRESENCE_ASKED, commands.PRESENCE_NOT_ASKED):
        answer = channel.exchange(commands.u2f_authenticate(asked, files.U2F_PARAMETER, enrolled.handle, presence))
        sw, data = answer.sw, answer.data
        if sw != Status.CONDITIONS_NOT_MET:
            break
    if sw in {Status.CONDITIONS_NOT_MET, Status.WRONG_P1P2}:  # the second way is newer than some cards
        raise PresenceError("the card signs only once each time that it is held there")
    if sw == Status.WRONG_DATA:
        raise ForgedCardError("this card does not have the key of the card whose number it bears")
    if sw != Status.OK or len(data) <= 1 + _COUNTER_BYTES:
        raise NotReadableError(f"the card answered {sw:04X} when it should sign")
    value = int.from_bytes(data[1 : 1 + _COUNTER_BYTES], "big")
    step = Step(value, data[0], plain(data[1 + _COUNTER_BYTES :]))
    if not p256_holds(key, step.signature, message(step, asked)):
        raise ForgedCardError("this card does not hold the key of the card that it says it is")
    return step


def message(step: Step, asked: bytes) -> bytes:
    """Return what the card signs: the application parameter, the presence, the counter, the challenge."""
    counter = step.value.to_bytes(_COUNTER_BYTES, "big")
    return files.U2F_PARAMETER + bytes((step.presence,)) + counter + asked


def plain(signature: bytes) -> bytes:
    """Return a DER signature as r and s, 32 bytes each.

    Raises:
        NotReadableError: it is none.
    """
    try:
        r, s = decode_dss_signature(signature)
        return r.to_bytes(P256_BYTES, "big") + s.to_bytes(P256_BYTES, "big")
    except (ValueError, OverflowError) as error:
        raise NotReadableError("what the card has signed cannot be read") from error


def enrol(channel: Channel, index: str, makers: Sequence[x509.Certificate], nonce: bytes) -> CounterEnrolment:
    """Have a card make a key for this town, and learn it.

    Args:
        channel: a desk's (`allowed=files.DESK`).
        index: the card's number in the air, if it has one of its own; else "".
        makers: the certificates of makers whose cards the town takes.
        nonce: 16 fresh bytes or more.

    Raises:
        OtherCardError: no such card, or one that draws a new number each time.
        UnknownIssuerError: its maker is none of these.
        ForgedCardError, PresenceError, NotReadableError: as they say.
    """
    if not index or not select(channel):
        raise OtherCardError
    asked = challenge(nonce, STEPS_MAX)
    answer = channel.exchange(commands.u2f_register(asked, files.U2F_PARAMETER))
    if answer.sw == Status.CONDITIONS_NOT_MET:
        raise PresenceError("the card makes a key only once each time that it is held there")
    if not answer.ok:
        raise NotReadableError(f"the card answered {answer.sw:04X} when it should make a key")
    key, maker = _believed(answer.data, asked, makers)
    (step,) = raised(channel, key, nonce)
    return CounterEnrolment(index, fingerprint(key.key), key, step.value, maker)


def _believed(data: bytes, asked: bytes, makers: Sequence[x509.Certificate]) -> tuple[CounterKey, str]:
    """Check what a card says of a key that it has made: 05, public key, handle, its maker's certificate, signature."""
    try:
        if data[0] != _RESERVED:
            raise ValueError("another first byte")
        point, handle_end = data[1:_HANDLE_AT], _HANDLE_AT + 1 + data[_HANDLE_AT]
        handle, rest = data[_HANDLE_AT + 1 : handle_end], data[handle_end:]
        der = rest[: tlv.total_length(rest)]
        certificate, signature = x509.load_der_x509_certificate(der), rest[len(der) :]
        public_key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    except (IndexError, ValueError) as error:
        raise NotReadableError(f"what the card says of its key: {error}") from error
    if not any(_made_by(certificate, maker) for maker in makers):
        raise UnknownIssuerError("no maker whose cards this town takes has made this card")
    attesting = certificate.public_key()
    if not isinstance(attesting, EllipticCurvePublicKey):
        raise NotReadableError("the maker's certificate holds a key of another kind")
    try:
        attesting.verify(signature, b"\0" + files.U2F_PARAMETER + asked + handle + point, ECDSA(SHA256()))
    except InvalidSignature as error:
        raise ForgedCardError("the maker's certificate and what the card says do not belong together") from error
    return CounterKey(spki(public_key), handle), certificate.issuer.rfc4514_string()


def _made_by(certificate: x509.Certificate, maker: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(maker)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
