"""The envelope of our QR codes: letters that a code packs tightly, and a body that the town has signed.

`MACHI1:` and then the bytes in base 45 (RFC 9285), whose characters are those of a code's alphanumeric mode, so that 85
bytes make 128 characters and a code of 41 by 41 points. The bytes:

    1       what it is: 01 printed, 02 phone
    1 + n   the issuer's reference with its length: "asahi.1"
    8       number, drawn by the town; by it the code is stopped
    2 + 2   first and last day, days since 2000-01-01, both included, by the calendar of Japan
    32      phone only: the phone's Ed25519 public key
    64      signature by the town's key over "machitap/printed-token/1" or "machitap/phone-credential/1", one zero
            byte, and all of the above
    5 + 64  phone only: see `drivers/card/tokens/phone.py`
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from drivers.card.errors import ForgedCardError, NotReadableError, UnknownIssuerError
from drivers.card.service_pass.credential import is_issuer_reference
from drivers.card.validity import check_days

PREFIX = "MACHI1:"
NUMBER_BYTES, SIGNATURE_BYTES, KEY_BYTES = 8, 64, 32
PRINTED, PHONE = 1, 2
_PURPOSES = {PRINTED: b"machitap/printed-token/1\0", PHONE: b"machitap/phone-credential/1\0"}
_CHARS_MAX = 1024
_DAY_ZERO = date(2000, 1, 1)
_DAY_BYTES = 2
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_PAIR, _TRIPLET = 2, 3


@dataclass(frozen=True)
class Paper:
    """What the town has signed. `key`: a phone's, 32 bytes; empty for a printed code."""

    issuer: str
    number: bytes
    begins: date
    ends: date
    key: bytes = b""

    def body(self) -> bytes:
        """Return what is signed.

        Raises:
            ValueError: it says something that it cannot say.
        """
        if not is_issuer_reference(self.issuer) or len(self.number) != NUMBER_BYTES:
            raise ValueError("an issuer reference is <town>.<number>, a number 8 bytes")
        days = b"".join((day - _DAY_ZERO).days.to_bytes(_DAY_BYTES, "big") for day in (self.begins, self.ends))
        issuer = self.issuer.encode("ascii")
        return bytes((PHONE if self.key else PRINTED, len(issuer))) + issuer + self.number + days + self.key


def issue(paper: Paper, issuer_key: Ed25519PrivateKey) -> bytes:
    """Sign a paper: body and signature."""
    body = paper.body()
    return body + issuer_key.sign(_PURPOSES[body[0]] + body)


def parse(data: bytes) -> tuple[Paper, int]:
    """Read a paper and return it with its length, signature included.

    Raises:
        NotReadableError: these bytes are none.
    """
    try:
        kind, issuer_bytes = data[0], data[1]
        at = 2 + issuer_bytes
        issuer = data[2:at].decode("ascii")
        number, days = data[at : at + NUMBER_BYTES], data[at + NUMBER_BYTES : at + NUMBER_BYTES + 2 * _DAY_BYTES]
        at += NUMBER_BYTES + 2 * _DAY_BYTES
        key = data[at : at + KEY_BYTES] if kind == PHONE else b""
        length = at + len(key) + SIGNATURE_BYTES
        if kind not in _PURPOSES or len(data) < length or not is_issuer_reference(issuer):
            raise ValueError("cut short, or of a version that this reader does not know")
    except (IndexError, ValueError) as error:
        raise NotReadableError(f"no code of ours: {error}") from error
    begins, ends = (
        _DAY_ZERO + timedelta(days=int.from_bytes(days[i : i + _DAY_BYTES], "big")) for i in (0, _DAY_BYTES)
    )
    return Paper(issuer, number, begins, ends, key), length


def believe(data: bytes, issuers: Mapping[str, Ed25519PublicKey], now: datetime | None) -> Paper:
    """Believe a paper or say why not. `data`: body and signature.

    Raises:
        UnknownIssuerError, ForgedCardError, ExpiredCardError, ClockDoubtError, NotReadableError: as they say.
    """
    paper, length = parse(data)
    issuer = issuers.get(paper.issuer)
    if issuer is None:
        raise UnknownIssuerError(f"this code was issued by {paper.issuer}, whom we do not know")
    body, signature = data[: length - SIGNATURE_BYTES], data[length - SIGNATURE_BYTES : length]
    try:
        issuer.verify(signature, _PURPOSES[body[0]] + body)
    except InvalidSignature as error:
        raise ForgedCardError(f"{paper.issuer} did not sign this code") from error
    check_days("code", paper.begins, paper.ends, now)
    return paper


def to_text(data: bytes) -> str:
    """Pack bytes for a QR code (RFC 9285, 4)."""
    groups = []
    for at in range(0, len(data), _PAIR):
        chunk = data[at : at + _PAIR]
        value, chars = int.from_bytes(chunk, "big"), len(chunk) + 1
        for _ in range(chars):
            value, digit = divmod(value, len(_ALPHABET))
            groups.append(_ALPHABET[digit])
    return PREFIX + "".join(groups)


def from_text(text: str) -> bytes:
    """Unpack what a scanner read.

    Raises:
        NotReadableError: this is no code of ours.
    """
    packed = text.strip("\r\n")
    if not packed.startswith(PREFIX) or len(packed) > _CHARS_MAX:
        raise NotReadableError("no code of ours")
    data = b""
    for at in range(len(PREFIX), len(packed), _TRIPLET):
        digits = [_ALPHABET.find(char) for char in packed[at : at + _TRIPLET]]
        value = sum(digit * len(_ALPHABET) ** place for place, digit in enumerate(digits))
        size = len(digits) - 1
        if -1 in digits or not size or value >= 256**size:
            raise NotReadableError("a code that was read wrong")
        data += value.to_bytes(size, "big")
    return data
