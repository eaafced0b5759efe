"""The front of the card (券面事項確認, EF 0002): birthday and sex as text, name, address and photo as pictures.

At a desk, to see whether the person is the one on the card. It opens to 照合番号B. The issuer's signature covers three
digests in one: H1 over birthday, sex and the card's public key, H2 over the pictures of name and address, H3 over the
photo; 96 bytes in one DigestInfo, which libraries do not know, so what the signature says is compared whole. The card's
last day and the picture of the security code stand outside of the signature; the latter is not looked at.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from drivers.card import cvc, face, files, pins, tlv
from drivers.card.channel import Channel
from drivers.card.errors import ForgedCardError, NotReadableError, PinFormatError
from drivers.card.files import Use
from drivers.card.proofs import Evidence, rsa_digests_hold, spki
from drivers.card.reading import read_object
from drivers.card.validity import parse_day

FILE_BYTES_MAX = 32_767  # as far as READ BINARY can point
_RECORD = 0xFF20
_BIRTH, _SEX, _KEY, _NAME, _ADDRESS, _PHOTO, _SIGNATURE, _EXPIRES, _CODE = range(0xDF22, 0xDF2B)


@dataclass(frozen=True)
class Front:
    """What is printed on the front; nothing of it shows in `repr`, so that no log can hold it.

    Fields:
        birth, sex: as `drivers.card.entry.Attributes` has them.
        name, address: PNG, black and white.
        photo: JPEG 2000 (JP2), grey.
        expires: the card's last day. NOT signed by anybody.
        issuer: who signed the rest.
        evidence: that the card itself was there.
    """

    birth: date = field(repr=False)
    sex: str = field(repr=False)
    name: bytes = field(repr=False)
    address: bytes = field(repr=False)
    photo: bytes = field(repr=False)
    expires: date
    issuer: str
    evidence: Evidence


def read(
    channel: Channel,
    code: str,
    roots: Mapping[bytes, RSAPublicKey],
    nonce: bytes,
    *,
    spend_last_try: bool = False,
) -> Front:
    """Read the front of the card and check everything that can be checked.

    Args:
        channel: a desk's (`allowed=files.DESK`).
        code: 照合番号B, 14 digits; anything else is not sent.
        roots, nonce, spend_last_try: as `drivers.card.entry.read` has them.

    Raises:
        OtherCardError, PinFormatError, PinWrongError, PinLastTryError, PinBlockedError, UnknownIssuerError,
        ForgedCardError, NotReadableError: as they say.
    """
    if not Use.CODE.takes(code.encode()):
        raise PinFormatError("照合番号B (14 digits)")
    issuer = cvc.issuer(channel, files.FACE, roots)
    with pins.shown(channel, files.FACE_CODE, code, spend_last_try=spend_last_try, until=files.COMMON):
        body, key = _believed(read_object(channel, files.FRONT, bytes_max=FILE_BYTES_MAX), issuer)
        evidence = face.prove(channel, nonce, spki(key))
    try:
        birth, expires = (parse_day(body.child(tag).value) for tag in (_BIRTH, _EXPIRES))
        sex = body.child(_SEX).value.decode("ascii")
        name, address, photo = (body.child(tag).value for tag in (_NAME, _ADDRESS, _PHOTO))
    except ValueError as error:
        raise NotReadableError(f"the front of the card: {error}") from error
    return Front(birth, sex, name, address, photo, expires, cvc.words(issuer.key_id), evidence)


def _believed(data: bytes, issuer: cvc.CardIssuer) -> tuple[tlv.Tlv, RSAPublicKey]:
    try:
        body = tlv.expect(data, _RECORD)
        tlv.check_offsets(body, (_BIRTH, _SEX, _KEY, _NAME, _ADDRESS, _PHOTO, _SIGNATURE, _EXPIRES, _CODE))
        raw = {child.tag: child.raw for child in body.children()}
        digests = b"".join(
            hashlib.sha256(b"".join(raw[tag] for tag in group)).digest()
            for group in ((_BIRTH, _SEX, _KEY), (_NAME, _ADDRESS), (_PHOTO,))
        )
        key, signature = cvc.public_key(body.child(_KEY).children()), body.child(_SIGNATURE).value
    except ValueError as error:
        raise NotReadableError(f"the front of the card: {error}") from error
    if not rsa_digests_hold(issuer.key, signature, digests):
        raise ForgedCardError(f"{cvc.words(issuer.key_id)} did not sign the front of this card")
    return body, key
