"""A phone's code: drawn on the screen anew every few seconds, signed with a key that the town has certified.

Behind the town's paper (`drivers.card.paper`) stand five bytes, the seconds since 1970 by the phone's clock, and an
Ed25519 signature by the phone's key over "machitap/phone-token/1", one zero byte, the paper and those five bytes. A
code is good for `WINDOW_SECONDS` around the time that it says. A unit that does not know the time cannot tell: there it
is worth as much as a photograph, and says so. Everywhere it must be newer than the last one of this phone that was
seen.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from drivers.card import paper
from drivers.card.errors import ForgedCardError, NotReadableError, StaleCodeError
from drivers.card.paper import SIGNATURE_BYTES, Kind
from drivers.card.presented import Fresh, Presented, Proof
from drivers.card.proofs import Evidence, spki
from drivers.card.tokens import code

PURPOSE = b"machitap/phone-token/1\0"
ALGORITHM = "ed25519"
WINDOW_SECONDS = 60
_TIME_BYTES = 5


def make(issued: bytes, phone_key: Ed25519PrivateKey, at: datetime) -> str:
    """Return the text of the code to show now. `issued`: the town's paper for this phone's key."""
    shown = issued + int(at.timestamp()).to_bytes(_TIME_BYTES, "big")
    return code.to_text(shown + phone_key.sign(PURPOSE + shown))


def check(
    data: bytes,
    issuers: Mapping[str, Ed25519PublicKey],
    now: datetime | None,
    last_counter: Callable[[str], int | None],
) -> Presented:
    """Believe a phone's code or say why not.

    Raises:
        StaleCodeError: shown before, or not from now.
        UnknownIssuerError, ForgedCardError, ExpiredCardError, ClockDoubtError, NotReadableError: as they say.
    """
    said = paper.believe(data, issuers, now, {Kind.PHONE})
    length = paper.length(data)
    time, signature = data[length : length + _TIME_BYTES], data[length + _TIME_BYTES :]
    if len(time) != _TIME_BYTES or len(signature) != SIGNATURE_BYTES:
        raise NotReadableError("a phone's code that is cut short")
    signed = PURPOSE + data[: length + _TIME_BYTES]
    key = Ed25519PublicKey.from_public_bytes(said.key)
    try:
        key.verify(signature, signed)
    except InvalidSignature as error:
        raise ForgedCardError("another phone than the paper's has signed this code") from error
    identifier, at = said.number.hex(), int.from_bytes(time, "big")
    last = last_counter(identifier)
    if last is not None and at <= last:
        raise StaleCodeError("this code was shown before")
    if now is not None and abs(now.timestamp() - at) > WINDOW_SECONDS:
        raise StaleCodeError("this code is not from now; is the clock of the phone right?")
    return Presented(
        "phone",
        identifier,
        Proof.TOKEN,
        Evidence(ALGORITHM, spki(key), signed, signature),
        issuer=said.issuer,
        expires=said.ends,
        time_checked=now is not None,
        fresh=Fresh.COPY if now is None else Fresh.WINDOW,
        counter=at,
    )
