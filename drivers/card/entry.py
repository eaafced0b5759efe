"""券面事項入力補助 (input-support application): name, address, birthday and sex as text, at a desk, offline.

They open to 照合番号B, which is made of what is printed on the card, or to the application's PIN of four digits. The
chain is checked to its end: a root that we hold signed the issuer's certificate (EF 0004); the issuer signed the digest
of the attributes (EF 0003) and the card's public key (EF 0007); that key signs our nonce. The 個人番号 (EF 0001) is on
no list of ours (`drivers.card.files`): of the two digests in EF 0003 the other one stays unopened.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from drivers.card import cvc, face, files, pins, tlv
from drivers.card.channel import Channel
from drivers.card.errors import ForgedCardError, NotReadableError, PinFormatError
from drivers.card.files import Use
from drivers.card.proofs import Evidence, rsa_holds, spki
from drivers.card.reading import read_object
from drivers.card.validity import parse_day

PROOF_PURPOSE = b"machitap/entry-proof/1"
_RECORD, _NAME, _ADDRESS, _BIRTH, _SEX = 0xFF20, 0xDF22, 0xDF23, 0xDF24, 0xDF25
_SIGNATURES, _NUMBER_DIGEST, _ATTRIBUTES_DIGEST, _SIGNATURE = 0xFF30, 0xDF31, 0xDF32, 0xDF33
_KEY_RECORD, _KEY, _KEY_SIGNATURE = 0xFF50, 0xDF51, 0xDF52
_CODE = re.compile(r"[0-9]{14}", re.ASCII)


@dataclass(frozen=True)
class Attributes:
    """Who the holder is; nothing of it shows in `repr`, so that no log can hold it.

    Fields:
        name, address: as the card has them, UTF-8; family and given name are divided by U+3000.
        birth: by the Western calendar.
        sex: "1" male, "2" female, "9" not applicable, "0" not known (ISO/IEC 5218).
    """

    name: str = field(repr=False)
    address: str = field(repr=False)
    birth: date = field(repr=False)
    sex: str = field(repr=False)


@dataclass(frozen=True)
class Holder:
    """Attributes that were believed. `issuer`: who signed them; `evidence`: that the card itself was there."""

    attributes: Attributes
    issuer: str
    evidence: Evidence


def code_b(birth: date, expires: int, security_code: str, *, western: bool = False) -> str:
    """Return 照合番号B: the birthday as it opens the age record, the year in which the card ends, four printed digits.

    Raises:
        PinFormatError: the printed digits are not four.
    """
    code = f"{face.birth_key(birth, western=western)}{expires:04d}{security_code}"
    if not _CODE.fullmatch(code):
        raise PinFormatError("a security code of four digits")
    return code


def read(
    channel: Channel,
    secret: str,
    roots: Mapping[bytes, RSAPublicKey],
    nonce: bytes,
    *,
    spend_last_try: bool = False,
) -> Holder:
    """Read the four attributes and check everything that can be checked.

    Args:
        channel: a desk's (`allowed=files.DESK`).
        secret: 照合番号B (14 digits) or the application's PIN (4 digits); anything else is not sent.
        roots: keys above the card issuers' certificates, by key id.
        nonce: 16 fresh bytes or more.
        spend_last_try: a person has said that the last try may be spent.

    Raises:
        OtherCardError: no My Number Card.
        PinFormatError, PinWrongError, PinLastTryError, PinBlockedError: as they say.
        UnknownIssuerError, ForgedCardError, NotReadableError: as they say.
    """
    file = files.ENTRY_CODE if Use.CODE.takes(secret.encode()) else files.ENTRY_PIN
    if not files.ENTRY.files[file].takes(secret.encode()):
        raise PinFormatError("照合番号B (14 digits) or a PIN of four digits")
    issuer = cvc.issuer(channel, files.ENTRY, roots)
    with pins.shown(channel, file, secret, spend_last_try=spend_last_try, until=files.COMMON):
        record = read_object(channel, files.ATTRIBUTES)
        signatures = read_object(channel, files.ATTRIBUTE_SIGNATURES)
        public_key = read_object(channel, files.ENTRY_PUBLIC_KEY)
        attributes = believed_attributes(record, signatures, issuer)
        key = _believed_key(public_key, issuer)
        evidence = face.prove(channel, nonce, spki(key), PROOF_PURPOSE)
    return Holder(attributes, cvc.words(issuer.key_id), evidence)


def believed_attributes(record: bytes, signatures: bytes, issuer: cvc.CardIssuer) -> Attributes:
    """Check EF 0002 by EF 0003 and read it.

    FF30 { DF31 digest of the number's file, DF32 digest of the attributes, DF33 signature over DF31 and DF32 }. DF32 is
    SHA-256 over the attributes' objects from DF22 to the end, as they stand.

    Raises:
        NotReadableError, ForgedCardError: as they say.
    """
    try:
        signed = tlv.expect(signatures, _SIGNATURES)
        digests = signed.child(_NUMBER_DIGEST).raw + signed.child(_ATTRIBUTES_DIGEST).raw
        digest, signature = signed.child(_ATTRIBUTES_DIGEST).value, signed.child(_SIGNATURE).value
        body = tlv.expect(record, _RECORD)
        tlv.check_offsets(body, (_NAME, _ADDRESS, _BIRTH, _SEX))
        fields = body.value[len(body.child(tlv.OFFSETS).raw) :]
        attributes = _attributes(body)
    except ValueError as error:
        raise NotReadableError(f"the attributes: {error}") from error
    if not rsa_holds(issuer.key, signature, digests):
        raise ForgedCardError(f"{cvc.words(issuer.key_id)} did not sign these attributes")
    if hashlib.sha256(fields).digest() != digest:
        raise ForgedCardError("the attributes are not the ones that were signed")
    return attributes


def _attributes(body: tlv.Tlv) -> Attributes:
    name, address, sex = (body.child(tag).value.decode("utf-8") for tag in (_NAME, _ADDRESS, _SEX))
    return Attributes(name, address, parse_day(body.child(_BIRTH).value), sex)


def _believed_key(data: bytes, issuer: cvc.CardIssuer) -> RSAPublicKey:
    """Check EF 0007: FF50 { DF51 public key, DF52 signature over DF51 as it stands }."""
    try:
        record = tlv.expect(data, _KEY_RECORD)
        key, signature = record.child(_KEY), record.child(_KEY_SIGNATURE)
        public_key = cvc.public_key(key.children())
    except ValueError as error:
        raise NotReadableError(f"the card's public key: {error}") from error
    if not rsa_holds(issuer.key, signature.value, key.raw):
        raise ForgedCardError(f"{cvc.words(issuer.key_id)} did not sign the card's public key")
    return public_key
