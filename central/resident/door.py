"""Lets phones in: by a link that the office gives out after a touch, once, for one card.

The phone draws its own key, if it can, and nobody else ever has that. Here it gets a number; as what it counts is said
to all units. Both are decided while nothing else can arrive, so a link lets in one phone.
"""

import base64
import hashlib
from typing import Final

import msgspec
import sqlalchemy as sa

from central import phones
from central.centre import Centre
from central.reconcile import statement
from sync.cards import pseudonym
from sync.directory import card_key as statement_key
from sync.facts import CardSet, CardState, PhoneInvited, PhoneSet
from sync.messages import OFFICE_STREAM, TOWN_STREAM

LINK_MINUTES: Final = 60
PROFILE: Final = "phone"  # as `drivers.card.identify_code` calls what a phone shows
NUMBER_BYTES: Final = 8
_CODE_BYTES: Final = 20
_MINUTE_MS: Final = 60_000


class LinkError(Exception):
    """This link lets nobody in: it is wrong, used or too old, or its card is stopped."""


class LetIn(msgspec.Struct, frozen=True):
    """A phone that was let in: its number, which it shows, and its name in this town."""

    number: bytes
    phone: str


def invite(centre: Centre, card: str, minutes: int = LINK_MINUTES) -> str:
    """Return the code of a new link for the holder of a card, good for so long and once.

    Raises:
        LinkError: the card is stopped.
    """
    code = base64.b32encode(centre.town.entropy.bytes(_CODE_BYTES)).decode()
    until = centre.town.clock.wall_ms() + minutes * _MINUTE_MS
    with centre.reconciler.counted() as connection:
        if is_stopped(connection, card):
            raise LinkError("the card is stopped; give the holder a new one first")
        centre.streams.append(connection, OFFICE_STREAM, [PhoneInvited(_bound(centre, code), card, until)])
    return code


def let_in(centre: Centre, card_key: bytes, code: str) -> LetIn:
    """Let in the phone that shows a link's code.

    Raises:
        LinkError: see there.
    """
    link = _bound(centre, code)
    number = centre.town.entropy.bytes(NUMBER_BYTES)
    name = pseudonym(card_key, PROFILE, number.hex())
    with centre.reconciler.counted() as connection:
        known = phones.find_link(connection, link)
        if known is None or known.is_used or centre.town.clock.wall_ms() > known.until_ms:
            raise LinkError("no such link, or it was used, or it is too old")
        if is_stopped(connection, known.card):
            raise LinkError("the card is stopped")
        centre.streams.append(connection, TOWN_STREAM, [PhoneSet(name, known.card, link)])
    centre.reconciler.catch_up()  # the phone asks at once what there is
    return LetIn(number, name)


def card_behind(connection: sa.Connection, phone: str) -> str | None:
    """Return the card as which a phone counts; None if it was never let in, or one of them is stopped."""
    card = phones.card_of(connection, phone)
    return None if card is None or is_stopped(connection, card) or is_stopped(connection, phone) else card


def is_stopped(connection: sa.Connection, card: str) -> bool:
    said = statement(connection, statement_key(card)).fact
    return isinstance(said, CardSet) and said.state is CardState.STOPPED


def _bound(centre: Centre, code: str) -> str:
    """Return what is written of a link: whoever reads the books, or can write to them, can make none of it."""
    sealed = centre.town.signer.sign(b"machitap/phone-link/1\0" + code.strip().upper().encode())
    return hashlib.sha256(sealed).hexdigest()
