"""A payment is given back after its day, by the office: never more than it was, and never twice."""

import pytest

from central.ledger import free, points
from programs.coin.refunding import RefundError, refund
from programs.coin.refunds.facts import Refund
from programs.coin.rules import CHARGE, PAY, VOID
from sync.program import Wish
from tests.programs.coin.street import Street

DAY_S = 86_400.0


@pytest.fixture
def paid(street: Street) -> str:
    """Pay 1,280 yen at the desk, and let the centre hear of it and of the next day; return the entry."""
    entry = buy(street)
    a_day_later(street)
    return entry


def buy(street: Street) -> str:
    street.hold("desk01", Wish(CHARGE, 3000))
    street.hold("desk01", Wish(PAY, 1280))
    return street.last


def a_day_later(street: Street) -> None:
    street.clock.advance(DAY_S)
    street.hold("desk01", Wish(CHARGE, 1000))
    street.talk("desk01")


def test_it_is_given_back_in_parts_and_no_more_than_it_was(street: Street, paid: str) -> None:
    centre = street.centre.centre
    assert refund(centre, paid, 500, "a bad fish").yen == 500
    assert (street.balance("shop/hall"), street.balance(free(street.what))) == (780, 500)
    with pytest.raises(RefundError, match="780 of them can still be given back, not 781"):
        refund(centre, paid, 781, "the rest and more")
    refund(centre, paid, 780, "the rest")
    assert (street.balance("shop/hall"), street.balance(free(street.what))) == (0, 1280)
    assert street.balance(points(street.name)) == 0, "and with the last yen all its points"
    with pytest.raises(RefundError, match="0 of them"):
        refund(centre, paid, 1, "once more")


@pytest.mark.parametrize("yen", [0, -1, 10**6])
def test_a_senseless_amount_is_refused(street: Street, paid: str, yen: int) -> None:
    with pytest.raises(RefundError):
        refund(street.centre.centre, paid, yen, "?")
    assert street.balance("shop/hall") == 1280


def test_what_is_void_is_not_given_back_as_well(street: Street) -> None:
    entry = buy(street)
    street.hold("desk01", Wish(VOID, about=entry))
    a_day_later(street)
    with pytest.raises(RefundError, match="void"):
        refund(street.centre.centre, entry, 100, "?")


def test_nothing_is_given_back_while_a_void_may_still_be_on_its_way(street: Street) -> None:
    entry = buy(street)
    street.talk("desk01")
    with pytest.raises(RefundError, match="of a later day"):
        refund(street.centre.centre, entry, 100, "?")
    assert refund(street.centre.centre, entry, 100, "the unit burnt", although_unheard=True).yen == 100


@pytest.mark.parametrize("entry", ["", "desk01", "desk01/9f3c0a1b22d4e5f6/x", "desk01/9f3c0a1b22d4e5f6/7"])
def test_what_is_nowhere_is_refused(street: Street, entry: str) -> None:
    with pytest.raises(RefundError):
        refund(street.centre.centre, entry, 100, "?")


def test_a_charge_is_no_payment(street: Street) -> None:
    street.hold("desk01", Wish(CHARGE, 1000))
    street.talk("desk01")
    with pytest.raises(RefundError, match="is no payment"):
        refund(street.centre.centre, street.last, 100, "?", although_unheard=True)


def test_nobody_but_the_office_gives_anything_back(street: Street, paid: str) -> None:
    journal = street.units["desk01"].running.opened.journal
    journal.append([Refund(paid, street.name, "hall", 1280, 0, "a shop that is kind to its friends")])
    street.talk("desk01")
    assert (street.balance("shop/hall"), street.balance(free(street.what))) == (1280, 0)
    assert refund(street.centre.centre, paid, 1280, "and none of it was given back").yen == 1280


def test_adding_up_again_comes_to_the_same(street: Street, paid: str) -> None:
    refund(street.centre.centre, paid, 500, "a bad fish")
    street.balance("shop/hall")
    reconciler = street.centre.centre.reconciler
    before = reconciler.digest()
    reconciler.wipe()
    reconciler.catch_up()
    assert reconciler.digest() == before
