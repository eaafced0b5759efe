"""A card's money on its way: taken in at a desk, given back to the town, granted to a shop, spent, taken back."""

import pytest

from appliance.asking import HEARD_S
from central import ledger
from central.granting import BLOCK, NotFreeError, Share
from central.ledger import POINTS, points
from programs.coin.rules import CHARGE, PAY, VOID
from programs.coin.terms import Terms
from sync.program import Wish
from tests.programs.coin.street import Street


def test_what_is_charged_can_be_spent_there_at_once_and_elsewhere_once_it_was_granted(street: Street) -> None:
    assert street.hold("desk01", Wish(CHARGE, 3000)) == "COI-031"
    assert street.rights("desk01") == 3000
    assert street.hold("shop01", Wish(PAY, 1280)) == "COI-010", "the shop knows nothing of it yet"
    street.talk("desk01", "shop01")
    granter = street.centre.centre.granter
    assert granter.shares(street.what) == [Share("desk01", 1, 3000)]
    granter.recall(street.what, "desk01", 2000)
    with pytest.raises(NotFreeError):
        granter.grant(street.what, "shop01", 1600)
    street.talk("desk01")
    granter.grant(street.what, "shop01", 1600)
    street.talk("shop01")
    assert (street.rights("desk01"), street.rights("shop01")) == (1000, 1600)
    assert street.hold("shop01", Wish(PAY, 1280)) == "COI-020"
    assert street.rights("shop01") == 320
    street.talk("shop01")
    assert street.balance("shop/fish") == 1280
    assert street.balance(ledger.free(street.what)) == 400
    assert street.balance("cash/desk01") == -3000


def test_no_more_is_paid_than_the_shop_may_give_out(street: Street) -> None:
    street.hold("desk01", Wish(CHARGE, 3000))
    street.talk("desk01")
    street.centre.centre.granter.recall(street.what, "desk01", 3000)
    street.talk("desk01")
    street.centre.centre.granter.grant(street.what, "shop01", 1600)
    street.talk("shop01", "shop02")
    assert street.hold("shop01", Wish(PAY, 1601)) == "COI-011"
    assert street.hold("shop01", Wish(PAY, 1600)) == "COI-020"
    assert street.hold("shop01", Wish(PAY, 1)) == "COI-010"
    assert street.hold("shop02", Wish(PAY, 1)) == "COI-010"


def test_the_same_again_is_asked_about(street: Street) -> None:
    street.hold("desk01", Wish(CHARGE, 3000))
    street.talk("desk01")
    granter = street.centre.centre.granter
    granter.recall(street.what, "desk01", 3000)
    street.talk("desk01")
    granter.grant(street.what, "shop01", 3000)
    street.talk("shop01")
    assert street.hold("shop01", Wish(PAY, 500)) == "COI-020"
    assert street.hold("shop01", Wish(PAY, 500)) == "COI-003"
    assert street.hold("shop01", Wish(PAY, 500, is_sure=True)) == "COI-020"
    assert street.hold("shop01", Wish(PAY, 700)) == "COI-020", "another amount is another sale"
    street.clock.advance(61)
    assert street.hold("shop01", Wish(PAY, 700)) == "COI-020"
    assert street.rights("shop01") == 600


def test_a_payment_is_taken_back_once_and_on_its_day_only(street: Street) -> None:
    street.hold("desk01", Wish(CHARGE, 3000))
    street.talk("desk01")
    granter = street.centre.centre.granter
    granter.recall(street.what, "desk01", 3000)
    street.talk("desk01")
    granter.grant(street.what, "shop01", 3000)
    street.talk("shop01", "shop02")
    street.hold("shop01", Wish(PAY, 1280))
    sale = street.last
    assert street.hold("shop02", Wish(VOID, about=sale)) == "COI-040", "another shop's sale"
    assert street.hold("shop01", Wish(VOID, about=sale)) == "COI-043"
    assert street.rights("shop01") == 3000
    assert street.hold("shop01", Wish(VOID, about=sale)) == "COI-041"
    street.hold("shop01", Wish(PAY, 800))
    yesterday = street.last
    street.clock.advance(24 * 3600)
    assert street.hold("shop01", Wish(VOID, about=yesterday)) == "COI-042"
    street.talk("shop01")
    assert street.balance("shop/fish") == 800


@pytest.mark.parametrize("yen", [0, -1000, 1500, 10**9])
def test_an_amount_that_cannot_be_charged_is_refused(street: Street, yen: int) -> None:
    assert street.hold("desk01", Wish(CHARGE, yen)) == "COI-030"
    assert street.rights("desk01") == 0


@pytest.mark.parametrize("yen", [0, -1, 10**9])
def test_an_amount_that_cannot_be_paid_is_refused(street: Street, yen: int) -> None:
    assert street.hold("shop01", Wish(PAY, yen)) == "COI-002"


def test_a_payment_earns_points_by_the_towns_terms_and_a_void_takes_them_back(street: Street) -> None:
    street.hold("desk01", Wish(CHARGE, 10_000))
    street.hold("desk01", Wish(PAY, 1280))
    street.talk("desk01")
    assert street.balance(points(street.name)) == 120, "ten for each hundred, until the town says otherwise"
    street.centre.centre.registrar.say([Terms(points_per_100_yen=1)])
    street.talk("desk01")
    street.hold("desk01", Wish(PAY, 999))
    paid = street.last
    street.talk("desk01")
    assert street.balance(points(street.name)) == 129
    assert street.hold("desk01", Wish(VOID, about=paid)) == "COI-043"
    street.talk("desk01")
    assert street.balance(points(street.name)) == 120
    assert street.balance(POINTS) == -120


def test_without_points_nothing_is_said_of_them(street: Street) -> None:
    street.centre.centre.registrar.say([Terms(points_per_100_yen=0)])
    street.talk("desk01")
    street.hold("desk01", Wish(CHARGE, 1_000))
    assert street.hold("desk01", Wish(PAY, 500)) == "COI-022"


def test_no_more_is_charged_than_the_ceiling_and_in_no_other_steps(street: Street) -> None:
    assert street.hold("desk01", Wish(CHARGE, 48_000)) == "COI-031"
    assert street.hold("desk01", Wish(CHARGE, 3_000)) == "COI-033"
    assert street.hold("desk01", Wish(CHARGE, 2_000)) == "COI-031"
    street.centre.centre.registrar.say([Terms(step_yen=500, ceiling_yen=60_000)])
    street.talk("desk01")
    assert street.hold("desk01", Wish(CHARGE, 9_500)) == "COI-031"
    assert street.hold("desk01", Wish(CHARGE, 501)) == "COI-030"
    assert street.rights("desk01") == 59_500


def test_a_shop_that_was_granted_nothing_asks_and_is_paid_at_once(street: Street) -> None:
    street.hold("desk01", Wish(CHARGE, 3000))
    street.talk("desk01")
    street.centre.centre.granter.recall(street.what, "desk01", 3000)
    street.talk("desk01", "shop01")
    street.connect("shop01")
    assert street.hold("shop01", Wish(PAY, 1280)) == "COI-020"
    assert street.rights("shop01") == BLOCK - 1280
    assert street.hold("shop01", Wish(PAY, 1700)) == "COI-020", "what is left here, and what is still free"
    assert street.hold("shop01", Wish(PAY, 500)) == "COI-011", "more there is not"
    street.talk("shop01")
    assert street.balance("shop/fish") == 2980


def test_a_shop_that_has_not_heard_the_town_for_long_asks_nobody(street: Street) -> None:
    street.hold("desk01", Wish(CHARGE, 3000))
    street.talk("desk01")
    street.centre.centre.granter.recall(street.what, "desk01", 3000)
    street.talk("desk01", "shop01")
    street.connect("shop01")
    street.clock.advance(HEARD_S + 1)
    assert street.hold("shop01", Wish(PAY, 1280)) == "COI-010"


def test_an_answer_that_is_lost_grants_once(street: Street) -> None:
    """The grant stands in the shop's own stream; the next question, or the next journey, brings it."""
    street.hold("desk01", Wish(CHARGE, 3000))
    street.talk("desk01")
    street.centre.centre.granter.recall(street.what, "desk01", 3000)
    street.talk("desk01", "shop01")
    road = street.connect("shop01")
    road.weather.answer_lost = 1.0
    assert street.hold("shop01", Wish(PAY, 1280)) == "COI-010"
    assert street.balance(ledger.held(street.what, "shop01", 1)) == BLOCK
    road.weather.answer_lost = 0.0
    assert street.hold("shop01", Wish(PAY, 1280)) == "COI-020"
    assert street.balance(ledger.held(street.what, "shop01", 1)) == BLOCK, "granted once"


def test_an_idle_counter_says_what_can_be_used_here(street: Street) -> None:
    assert street.hold("shop01", Wish()) == "COI-001"
    assert street.last == ""
