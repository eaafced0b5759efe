"""Shops pay each other: what a shop has is on its card or to be paid to it, never both, and never twice."""

import pytest

from programs.coin.procedures.trading import NoTradeError, WaitsError, draw, pay, put_back, set_card, spendable
from programs.coin.rules import PAY, VOID
from programs.coin.trading.facts import Drawn, ShopCardSet, ShopPaid
from sync.facts import CardState
from sync.messages import OFFICE_STREAM
from sync.program import Wish
from tests.programs.coin.street import Street

DAY_S = 86_400


@pytest.fixture
def sold(street: Street) -> Street:
    """A street on which the fish shop sold for 3,000 yen the day before, and has the second card for its own."""
    centre = street.centre.centre
    street.give("shop01", 3000)
    assert street.hold("shop01", Wish(PAY, 3000)) == "COI-020"
    street.talk("shop01")
    with pytest.raises(NoTradeError, match="register the card first"):
        set_card(centre, "fish", street.other)
    for card in (street.name, street.other):
        centre.registrar.set_card(card, CardState.ACTIVE)
    set_card(centre, "fish", street.other)
    with pytest.raises(NoTradeError, match="can spend 0 yen"):
        draw(centre, "fish", 1)
    street.clock.advance(DAY_S)
    street.talk(*street.units)
    return street


def others(street: Street) -> dict[str, int]:
    return {name: yen for name, yen in street.books().items() if street.other in name and name.startswith("coin/")}


def test_a_shop_pays_at_another_with_its_own_card_without_a_network_and_both_are_paid(sold: Street) -> None:
    centre, what = sold.centre.centre, f"coin/{sold.other}"
    draw(centre, "fish", 2000)
    assert (sold.balance("shop/fish"), sold.balance(f"{what}/free")) == (1000, 2000)
    centre.granter.grant(what, "shop02", 1500)
    sold.talk("shop02")
    unit = sold.units["shop02"]
    for yen, said in ((1500, "COI-020"), (1000, "COI-010")):  # out of rights, and no further: no network is asked
        unit.running.tap.set(Wish(PAY, yen, is_sure=True))
        shown = unit.tap(sold.other_card)
        assert shown is not None
        assert shown.message == said
    sold.talk("shop02")
    assert (sold.balance("shop/fish"), sold.balance("shop/bakery")) == (1000, 1500)
    assert sum(others(sold).values()) == 500
    assert put_back(centre, "fish").yen == 500
    assert (sold.balance("shop/fish"), others(sold)) == (1500, {})


def test_what_lies_at_a_unit_is_put_back_only_when_the_unit_gave_it_up(sold: Street) -> None:
    centre = sold.centre.centre
    draw(centre, "fish", 2000)
    centre.granter.grant(f"coin/{sold.other}", "shop02", 1500)
    sold.talk("shop02")
    with pytest.raises(WaitsError, match="1500 yen"):
        put_back(centre, "fish")
    assert put_back(centre, "fish", 500).yen == 500
    sold.talk("shop02")
    assert put_back(centre, "fish").yen == 1500
    with pytest.raises(NoTradeError, match="0 yen"):
        put_back(centre, "fish")


def test_a_shop_spends_no_more_than_it_has_to_get(sold: Street) -> None:
    centre = sold.centre.centre
    with pytest.raises(NoTradeError, match="can spend 3000 yen"):
        draw(centre, "fish", 3001)
    draw(centre, "fish", 2000)
    with pytest.raises(NoTradeError, match="can spend 1000 yen"):
        pay(centre, "fish", "bakery", 1001, "flour")
    pay(centre, "fish", "bakery", 1000, "flour")
    books = sold.books()
    assert (books.get("shop/fish", 0), books["shop/bakery"]) == (0, 1000)
    with pytest.raises(NoTradeError, match="cannot pay itself"):
        pay(centre, "bakery", "bakery", 1, "flour")
    with pytest.raises(NoTradeError, match="no place"):
        pay(centre, "bakery", "moon", 1, "flour")


def test_cash_that_was_charged_on_a_shops_card_is_never_put_back(sold: Street) -> None:
    """A shop is paid by bank transfer for goods; money that was charged may not go to a bank by this way."""
    desk = sold.units["desk01"]
    desk.running.tap.set(Wish("charge", 5000))
    desk.tap(sold.other_card)
    sold.talk("desk01")
    with pytest.raises(NoTradeError, match="0 yen of what fish has drawn"):
        put_back(sold.centre.centre, "fish", 1)


def test_a_payment_that_is_made_void_after_all_leaves_the_shop_owing(sold: Street) -> None:
    """It cannot be on the day itself; a void that was on its way all the time is the shop's to make good."""
    street = sold
    street.give("shop01", 1000)
    street.hold("shop01", Wish(PAY, 1000))
    payment = street.last
    street.talk("shop01")
    street.hold("shop01", Wish(VOID, about=payment))
    street.clock.advance(DAY_S)
    with street.centre.centre.reconciler.counted() as connection:
        assert spendable(connection, "fish", street.clock.wall_ms()) == 4000
    draw(street.centre.centre, "fish", 4000)
    street.talk("shop01")
    assert street.balance("shop/fish") == -1000


def test_a_card_is_one_shops_and_only_the_office_says_whose(sold: Street) -> None:
    centre = sold.centre.centre
    with pytest.raises(NoTradeError, match="that of fish"):
        set_card(centre, "bakery", sold.other)
    with pytest.raises(NoTradeError, match="no card of its own"):
        draw(centre, "bakery", 1)
    before = sold.books()
    facts = (ShopCardSet("bakery", sold.name), Drawn("fish", sold.name, 500, 1), ShopPaid("fish", "bakery", 500, "", 1))
    sold.units["shop01"].running.opened.journal.append(facts)
    sold.talk("shop01")
    assert sold.books() == before, "a unit that forges it moves nothing"
    with pytest.raises(NoTradeError, match="no card of its own"):
        draw(centre, "bakery", 1)
    set_card(centre, "fish", "")
    with pytest.raises(NoTradeError, match="no card of its own"):
        draw(centre, "fish", 1)
    with centre.reconciler.counted() as connection:
        centre.streams.append(connection, OFFICE_STREAM, [ShopPaid("fish", "bakery", 500, "", 1)])
    assert sold.balance("shop/bakery") == 500
