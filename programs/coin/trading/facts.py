"""What the office says when shops pay each other: facts of its own journal, each with the very amount that it moves."""

from typing import Annotated, Final

import msgspec

from sync.entries import Card, Count, Fact, Ref, Text

Yen = Annotated[int, msgspec.Meta(ge=1, le=10**9)]
ACard = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{32})?$")]


class ShopCardSet(Fact, frozen=True, tag="coin.shop-card"):
    """Which card is a shop's own, with which it pays at others; "": it has none any more."""

    place: Ref
    card: ACard


class Drawn(Fact, frozen=True, tag="coin.drawn"):
    """So much of what a shop has to get is on its own card instead, and may be spent like any coin.

    `expires`: the last day on which it is good, where the law asks for one; 0: for ever.
    """

    place: Ref
    card: Card
    yen: Yen
    day: Count
    expires: Count = 0


class PutBack(Fact, frozen=True, tag="coin.put-back"):
    """So much of what a shop had drawn was not spent, and is what it has to get again."""

    place: Ref
    card: Card
    yen: Yen
    day: Count


class ShopPaid(Fact, frozen=True, tag="coin.shop-paid"):
    """The office has let a shop pay another out of what it has to get, because both said so."""

    place: Ref
    to: Ref
    yen: Yen
    because: Text
    day: Count


KINDS: Final = (ShopCardSet, Drawn, PutBack, ShopPaid)
