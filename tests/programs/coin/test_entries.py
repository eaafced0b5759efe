"""The entries as they stand in journals for ever: whatever becomes of the classes, these bytes stay what they are."""

import pytest

from programs.coin.entries import InsuredVoid, ShopRefund, Void
from sync import facts, installed
from sync.entries import Entry, encode

CARD = "0a" * 16
BOOT = "9f3c0a1b22d4e5f6"
REGISTER = facts.register(installed.facts())


@pytest.mark.parametrize(
    ("kind", "name"), [(Void, "coin.void"), (ShopRefund, "coin.shop-refund"), (InsuredVoid, "coin.insured-void")]
)
def test_what_is_taken_back_is_spelled_in_one_way(kind: type[Void | ShopRefund], name: str) -> None:
    place = f'{{"kind":"{name}","unit":"shop01","boot":"{BOOT}","seq":7,"at":1795392000000,"life":1,"card":"{CARD}",'
    bare = f'{place}"yen":300,"place":"fish","day":20780,"of":"{BOOT}/5"}}'
    full = f'{bare[:-1]},"points":30,"issue":"summer","operator":3}}'
    for text, more in ((bare, ()), (full, (30, "summer", 3))):
        entry = Entry("shop01", BOOT, 7, 1_795_392_000_000, kind(1, CARD, 300, "fish", 20_780, f"{BOOT}/5", *more))
        assert encode(entry) == text.encode()
        read = REGISTER.decode(text.encode())
        assert (read, type(read.fact)) == (entry, kind)
