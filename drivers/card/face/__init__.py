"""券面事項確認 (face application): a key in the card signs our nonce without any PIN, so a copy of the card cannot.

The public half lies behind the holder's birthday. So a card is enrolled once, with the birthday, where the issuer's
signature over that key is checked; from then on two short exchanges prove the card at every tap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from drivers.card import commands, common, cvc, files, pins, tlv
from drivers.card.apdu import Status
from drivers.card.channel import Channel
from drivers.card.errors import ForgedCardError, NotReadableError, OtherCardError
from drivers.card.proofs import Evidence, digest_info, fingerprint, message, rsa_holds, spki
from drivers.card.reading import read_object
from drivers.card.validity import ERAS, era_of, parse_day

PROOF_PURPOSE = b"machitap/face-proof/1"
ALGORITHM = "rsa-pkcs1-sha256"
_RECORD, _BIRTH, _KEY, _SIGNATURE = 0xFF10, 0xDF11, 0xDF12, 0xDF13


@dataclass(frozen=True)
class FaceEnrolment:
    """What the town keeps of an enrolled card.

    Fields:
        index: by which it is looked up at a tap, before it has proven anything (`common.CardRecord.index`).
        identifier: SHA-256 of the public key, in hexadecimal: the card.
        public_key: DER SubjectPublicKeyInfo.
        expires: the card's last day, or None if it does not say.
        evidence: that the card was there at its enrolment.
    """

    index: str
    identifier: str
    public_key: bytes
    expires: date | None
    evidence: Evidence


def birth_key(birth: date, *, western: bool = False) -> str:
    """Return the six digits YYMMDD that open the age record: the year in its era, or the last two of the Western year.

    The era is what residents' cards use. Cards of foreign nationals print Western dates; that theirs count so too is
    not known, so `western` is there to be tried by hand.
    """
    if western:
        return f"{birth:%y%m%d}"
    era = era_of(birth)
    if not era:
        raise ValueError("nobody alive was born before Meiji")
    return f"{birth.year - ERAS[era - 1].year + 1:02d}{birth:%m%d}"


def enrol(
    channel: Channel, birth: date, roots: Mapping[bytes, RSAPublicKey], nonce: bytes, *, western: bool = False
) -> FaceEnrolment:
    """Learn a card: check what its issuer signed, and that the card itself is here.

    Raises:
        OtherCardError: no My Number Card.
        PinWrongError, PinLastTryError, PinBlockedError: the birthday does not open it; a try is spent by a wrong one.
        UnknownIssuerError, ForgedCardError, NotReadableError: as they say.
    """
    record = common.read(channel)
    if record is None:
        raise OtherCardError
    issuer = cvc.issuer(channel, files.FACE, roots)
    with pins.shown(channel, files.BIRTH_KEY, birth_key(birth, western=western), until=files.COMMON):
        key = _believed_key(read_object(channel, files.AGE_RECORD), issuer, birth)
        evidence = prove(channel, nonce, spki(key))
    return FaceEnrolment(record.index, fingerprint(spki(key)), spki(key), record.expires, evidence)


def prove(channel: Channel, nonce: bytes, public_key: bytes, purpose: bytes = PROOF_PURPOSE) -> Evidence:
    """Have the card sign our nonce, with the application selected, and check it by the enrolled key.

    Raises:
        ForgedCardError: something else than this card's key has signed.
        NotReadableError: the card did not sign.
    """
    key = load_der_public_key(public_key)
    if not isinstance(key, RSAPublicKey):
        raise NotReadableError("the enrolled key is of another kind than this card's")
    signed = message(purpose, nonce)
    response = channel.exchange(commands.sign(digest_info(signed), key=commands.OWN_KEY))
    if response.sw != Status.OK:
        raise NotReadableError(f"the card answered {response.sw:04X} when it should sign")
    if not rsa_holds(key, response.data, signed):
        raise ForgedCardError("this card does not hold the key of the card that it says it is")
    return Evidence(ALGORITHM, public_key, signed, response.data)


def _believed_key(data: bytes, issuer: cvc.CardIssuer, birth: date) -> RSAPublicKey:
    """Check the age record: FF10 { DF11 birth, DF12 public key, DF13 signature over DF11 and DF12 as they stand }."""
    try:
        record = tlv.first(data)
        if record.tag != _RECORD:
            raise tlv.TlvError(f"{record.tag:X} is no age record")
        born, key, signature = record.child(_BIRTH), record.child(_KEY), record.child(_SIGNATURE)
        public_key, day = cvc.public_key(key.children()), parse_day(born.value)
    except ValueError as error:
        raise NotReadableError(f"the age record: {error}") from error
    if not rsa_holds(issuer.key, signature.value, born.raw + key.raw):
        raise ForgedCardError(f"{cvc.words(issuer.key_id)} did not sign this age record")
    if day != birth:
        raise ForgedCardError("the age record is somebody else's")
    return public_key
