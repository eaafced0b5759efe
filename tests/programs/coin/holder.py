"""Somebody of the street with a phone that was let in for the card, and money on the card."""

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from central.resident import door
from central.resident.purse import NotPaidError, Order, Paid
from drivers.card.tokens import phone
from programs.coin.bills import sticker
from programs.coin.resident import PURSE
from programs.coin.rules import CHARGE, PAY
from programs.coin.terms import Terms
from simulation.cards import ISSUER, Mint
from sync.facts import PlaceNamed, Town
from sync.program import Wish
from tests.programs.coin.street import SEED, Street

NETWORK = "jp.example.todai"
TOWN = Town("灯台町", "Todai", "00-1234", 540)


class Issuer:
    """The key that signs what the town says about phones, as the town's folder has it."""

    def __init__(self) -> None:
        mint = Mint(SEED)
        self.public, self.sign = mint._issuer_key.public_bytes_raw(), mint._issuer.sign


class Money:
    """¥5,000 on the card, as far as it was charged at the desk."""

    def __init__(self, street: Street) -> None:
        self.street, self.centre = street, street.centre.centre
        self.centre.registrar.say([Terms(network=NETWORK)])
        assert street.hold("desk01", Wish(CHARGE, 5000)) == "COI-031"
        street.talk("desk01", "shop01", "shop02")

    def have_free(self, yen: int) -> None:
        """Let so much of the money come back from the desk."""
        self.centre.granter.recall(self.street.what, "desk01", yen)
        self.street.talk("desk01")

    def bill(self, yen: int, unit: str = "shop01") -> str:
        """Set a shop's counter, and read the code that it shows."""
        running = self.street.units[unit].running
        running.tap.set(Wish(PAY, yen))
        shown = running.receipts.bill(running.tap.wish, running.tap.wish_name)
        assert shown
        return shown

    def told(self, unit: str = "shop01") -> str:
        """Return the id of the words that a unit's counter says next by itself; "" if it says nothing."""
        shown = self.street.units[unit].running.announcer.tell()
        return shown.message if shown else ""

    def sticker(self, place: str = "fish", network: str = NETWORK) -> str:
        return sticker(network, TOWN, PlaceNamed(place, place, "", place))


class Holder(Money):
    """The same, with a phone that was let in."""

    def __init__(self, street: Street) -> None:
        super().__init__(street)
        self.let_in = door.let_in(self.centre, street.centre.card_key, door.invite(self.centre, street.name))
        self.key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
        self.count = 0

    def order(self, yen: int, code: str = "", place: str = "", number: str = "") -> Order:
        self.count += 1
        return Order(number or f"{self.count:032x}", self.street.name, self.let_in.phone, yen, code, place)

    def pay(self, yen: int, code: str = "", place: str = "", number: str = "") -> Paid:
        return PURSE.pay(self.centre, self.order(yen, code, place, number))

    def refused(self, *args: Any, **kwargs: Any) -> str:
        """Return why an order is not paid; nothing may be booked by it."""
        before = self.street.books()
        with pytest.raises(NotPaidError) as refusal:
            self.pay(*args, **kwargs)
        assert self.street.books() == before
        return refusal.value.why

    def paper(self) -> bytes:
        """Return what the town signs about the phone."""
        public = self.key.public_key().public_bytes_raw()
        return PURSE.paper(self.let_in.number, public, ISSUER, Issuer(), self.street.clock.wall_ms())

    def shown_code(self) -> str:
        now = datetime.fromtimestamp(self.street.clock.wall_ms() / 1000, UTC)
        return phone.make(self.paper(), self.key, now)
