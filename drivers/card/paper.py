"""What a town signs, as few bytes as it can be said in: a pass's credential, a printed code, a phone's paper.

    1       what it is (`Kind`); another form in the future gets another number
    1 + n   the issuer's reference with its length, ASCII, 3 to 24 characters: <town>.<key number>, "asahi.1"; a test
            key's is "TEST-asahi.1"
    8, 16   number, drawn by the town: a code's by which it is stopped, or a card's id
    2 + 2   first and last day, days since 2000-01-01, both included, by the calendar of Japan
    0...256 a public key, as the kind has it
    64      signature: Ed25519 (RFC 8032) by the issuer's key over the words of the kind, one zero byte, and all of the
            above

No lengths but one, so that a credential with an RSA key still goes into two short answers of a card, and a code onto
half a business card. There is no name in it, and no number of the state's. What stands behind it is not looked at here.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from drivers.card.errors import ForgedCardError, NotReadableError, UnknownIssuerError
from drivers.card.validity import check_days

SIGNATURE_BYTES = 64
TEST_PREFIX = "TEST-"
_ISSUER = re.compile(r"(TEST-)?[a-z0-9-]{1,16}\.[0-9]{1,3}", re.ASCII)
_ISSUER_CHARS_MAX = 24
_DAY_ZERO = date(2000, 1, 1)
_DAY_BYTES = 2
_DAYS = range(256**_DAY_BYTES)


class Kind(IntEnum):
    """The first byte."""

    PRINTED = 1
    PHONE = 2
    PASS_P256 = 3
    PASS_RSA = 4


@dataclass(frozen=True)
class _Form:
    """What is particular to a kind: the words before what is signed, two sizes, and what it is called."""

    purpose: bytes
    number_bytes: int
    key_bytes: int
    name: str


_FORMS = {
    Kind.PRINTED: _Form(b"machitap/printed-token/1\0", 8, 0, "code"),
    Kind.PHONE: _Form(b"machitap/phone-credential/1\0", 8, 32, "code"),  # Ed25519
    Kind.PASS_P256: _Form(b"machitap/pass-credential/1\0", 16, 33, "pass"),  # the point, compressed
    Kind.PASS_RSA: _Form(b"machitap/pass-credential/1\0", 16, 256, "pass"),  # the modulus; the exponent is 65537
}


@dataclass(frozen=True)
class Paper:
    """What a paper says. It is believed only once `believe` has checked its signature."""

    kind: Kind
    issuer: str
    number: bytes
    begins: date
    ends: date
    key: bytes = b""

    def body(self) -> bytes:
        """Return what is signed, without the words before it.

        Raises:
            ValueError: it says something that it cannot say.
        """
        form = _FORMS[self.kind]
        if not is_issuer_reference(self.issuer):
            raise ValueError("an issuer's reference is <town>.<number>")
        if (len(self.number), len(self.key)) != (form.number_bytes, form.key_bytes):
            raise ValueError(f"a {form.name} of this kind has {form.number_bytes} and {form.key_bytes} bytes")
        days = [(day - _DAY_ZERO).days for day in (self.begins, self.ends)]
        if not all(day in _DAYS for day in days):
            raise ValueError("a day that cannot be written")
        issuer = self.issuer.encode("ascii")
        both = b"".join(day.to_bytes(_DAY_BYTES, "big") for day in days)
        return bytes((self.kind, len(issuer))) + issuer + self.number + both + self.key


def is_issuer_reference(text: str) -> bool:
    """Tell whether a text can be an issuer's reference."""
    return len(text) <= _ISSUER_CHARS_MAX and _ISSUER.fullmatch(text) is not None


def is_test(issuer: str) -> bool:
    """Tell whether an issuer's reference is marked as a test."""
    return issuer.startswith(TEST_PREFIX)


class Signs(Protocol):
    """An Ed25519 key of the issuer's, or whoever holds it."""

    def sign(self, message: bytes, /) -> bytes: ...


def issue(paper: Paper, issuer_key: Signs) -> bytes:
    """Sign a paper: body and signature.

    Raises:
        ValueError: it says something that it cannot say.
    """
    body = paper.body()
    return body + issuer_key.sign(_FORMS[paper.kind].purpose + body)


def length(start: bytes) -> int:
    """Return how long a paper is, signature included, from its first two bytes.

    Raises:
        ValueError: these begin none.
    """
    if len(start) < 2 or start[0] not in _FORMS:  # noqa: PLR2004 - kind, and how long the reference is
        raise ValueError("cut short, or of a kind that this reader does not know")
    form = _FORMS[Kind(start[0])]
    return 2 + start[1] + form.number_bytes + 2 * _DAY_BYTES + form.key_bytes + SIGNATURE_BYTES


def parse(data: bytes) -> Paper:
    """Read a paper; whatever stands behind it is not looked at.

    Raises:
        NotReadableError: these bytes are none.
    """
    try:
        if len(data) < length(data):
            raise ValueError("cut short")
        kind, at = Kind(data[0]), 2 + data[1]
        issuer = data[2:at].decode("ascii")
        if not is_issuer_reference(issuer):
            raise ValueError("no issuer's reference")
    except ValueError as error:
        raise NotReadableError(f"nothing that a town has signed: {error}") from error
    form, days = _FORMS[kind], at + _FORMS[kind].number_bytes
    key = days + 2 * _DAY_BYTES
    begins, ends = (_day(data[i : i + _DAY_BYTES]) for i in (days, days + _DAY_BYTES))
    return Paper(kind, issuer, data[at:days], begins, ends, data[key : key + form.key_bytes])


def believe(
    data: bytes, issuers: Mapping[str, Ed25519PublicKey], now: datetime | None, kinds: Collection[Kind]
) -> Paper:
    """Believe a paper of one of these kinds, or say why not.

    Raises:
        UnknownIssuerError, ForgedCardError, ExpiredCardError, ClockDoubtError, NotReadableError: as they say.
    """
    paper = parse(data)
    form = _FORMS[paper.kind]
    if paper.kind not in kinds:
        raise NotReadableError(f"a {form.name} where none is expected")
    issuer = issuers.get(paper.issuer)
    if issuer is None:
        raise UnknownIssuerError(f"this {form.name} was issued by {paper.issuer}, whom we do not know")
    end = length(data)
    body, signature = data[: end - SIGNATURE_BYTES], data[end - SIGNATURE_BYTES : end]
    try:
        issuer.verify(signature, form.purpose + body)
    except InvalidSignature as error:
        raise ForgedCardError(f"{paper.issuer} did not sign this {form.name}") from error
    check_days(form.name, paper.begins, paper.ends, now)
    return paper


def _day(number: bytes) -> date:
    return _DAY_ZERO + timedelta(days=int.from_bytes(number, "big"))
