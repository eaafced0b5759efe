"""The office's side of cards with a counter of their own: learn one, switch it on, have some of the money free."""

import base64
import binascii
import hashlib
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from central.centre import Centre
from programs.coin.agreed import agreed_in
from programs.coin.counter import books
from programs.coin.counter.facts import KeptFree
from programs.coin.counters import Counters
from programs.coin.entries import money
from programs.coin.terms import ByCounter
from sync.entries import BAD_JSON
from sync.messages import OFFICE_STREAM
from sync.steps import COUNTER_MAX

FILE_BYTES_MAX = 65_536
_HANDLE_BYTES_MAX = 255


class NotCountingError(Exception):
    """Nothing was said; the message says why, and what to do."""


class Learned(msgspec.Struct, frozen=True):
    """A card as a desk learned it (`machi card read --enrol-counter --json`)."""

    index: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2}){7}([0-9a-f]{6})?$")]
    identifier: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    public_key: str
    handle: str
    value: Annotated[int, msgspec.Meta(ge=0, le=COUNTER_MAX)]
    maker: str = ""


class _Report(msgspec.Struct, frozen=True):
    counter_card: Learned | None = None


def read(text: bytes) -> Learned:
    """Read what a desk has learned, and check what can be checked without the card.

    Raises:
        NotCountingError: it is no such file, or does not hold together.
    """
    if len(text) > FILE_BYTES_MAX:
        raise NotCountingError("that is too large; give what `machi card read --enrol-counter --json` printed")
    try:
        learned = msgspec.json.decode(text, type=_Report).counter_card
    except BAD_JSON as error:
        raise NotCountingError(f"give what `machi card read --enrol-counter --json` printed: {error}") from error
    if learned is None:
        raise NotCountingError("no counter card was learned there; read it again with --enrol-counter")
    try:
        key, handle = (base64.b64decode(part, validate=True) for part in (learned.public_key, learned.handle))
        public = load_der_public_key(key)
    except (binascii.Error, ValueError) as error:
        raise NotCountingError(f"the key or its handle cannot be read: {error}") from error
    if not isinstance(public, EllipticCurvePublicKey) or not isinstance(public.curve, SECP256R1):
        raise NotCountingError("a counter card's key is on the curve P-256, and this one is not")
    if not 1 <= len(handle) <= _HANDLE_BYTES_MAX:
        raise NotCountingError(f"a handle has 1 to {_HANDLE_BYTES_MAX} bytes, and this one has {len(handle)}")
    if hashlib.sha256(key).hexdigest() != learned.identifier:
        raise NotCountingError("identifier and key do not belong together; was the file changed by hand?")
    return learned


def learn(centre: Centre, learned: Learned) -> str:
    """Tell every unit of a card with a counter; return its name in this town."""
    name = centre.registrar.counter_card(
        learned.identifier, learned.index, learned.public_key, learned.handle, learned.value
    )
    with centre.reconciler.counted():
        return name


def switch(centre: Centre, wanted: ByCounter) -> None:
    """Say whether cards are paid with by their counters, and how much a step stands for.

    Raises:
        NotCountingError: a step cannot stand for something else as long as any unit goes by what it stands for now.
    """
    with centre.reconciler.counted() as connection:
        terms = agreed_in(connection).terms
        goes_by = sorted({unit for unit, _ in books.seats(connection)})
    if wanted.step_yen != terms.counter.step_yen and (terms.counter.is_on or goes_by):
        waits = f", and wait for {', '.join(goes_by)}" if goes_by else ""
        raise NotCountingError(
            f"a step stands for {terms.counter.step_yen} yen at units that nobody may have heard: switch it off first "
            f"(--off){waits}; then say --step"
        )
    if wanted != terms.counter:
        centre.registrar.say([msgspec.structs.replace(terms, counter=wanted)])


def keep_free(centre: Centre, card: str, yen: int, because: str) -> int:
    """Have so much of a card's money free as soon as everybody has heard so; return how much is free now.

    Raises:
        NotCountingError: the card has no counter.
    """
    with centre.granter.deal() as deal:
        if card not in books.cards(deal.connection, [card]):
            raise NotCountingError(f"card {card} has no counter here; is it typed right?")
        centre.streams.append(deal.connection, OFFICE_STREAM, [KeptFree(card, yen, because)])
    with centre.granter.deal() as deal:
        if not deal.unheard:
            Counters().tend(deal, [money(card)])
        return deal.free(money(card))
