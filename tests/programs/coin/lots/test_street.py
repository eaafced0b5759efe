"""Lots with real units: the desk says until when charged money is good, and a shop gives back what has run out."""

from programs.coin.lots import books
from programs.coin.lots.expiring import Outcome, expire
from programs.coin.lots.facts import Given, Source
from programs.coin.lots.giving import give
from programs.coin.rules import CHARGE, PAY, VOID
from programs.coin.terms import Terms
from sync.program import Wish, town_day
from tests.programs.coin.street import Street

DAY_S = 86_400


def today(street: Street) -> int:
    return town_day(street.clock.wall_ms(), 540)


def left(street: Street) -> dict[str, int]:
    with street.centre.centre.reconciler.counted() as connection:
        purse = books.purse(connection, street.what)
        assert purse.yen == books.worth(connection, street.what)
    return {lot.source: lot.left for lot in purse.lots}


def test_a_shop_gives_back_what_has_run_out_and_is_paid_with_the_rest(street: Street) -> None:
    centre = street.centre.centre
    give(centre, [Given(street.name, 2000, Source.GRANT, "grant", "敬老の日", 0, today(street) + 1)], to_anybody=True)
    street.connect("shop01")
    street.talk("shop01")
    assert street.hold("shop01", Wish(PAY, 500)) == "COI-020"
    paid = street.last
    assert street.hold("shop01", Wish(PAY, 300)) == "COI-020"
    assert street.hold("shop01", Wish(VOID, about=paid)) == "COI-043"
    street.clock.advance(2 * DAY_S)
    assert expire(centre, today(street)) == Outcome(1, 400, 1600, 1600), "the shop has told nothing yet"
    street.talk("shop01")
    assert left(street) == {"grant": 1300}
    assert street.rights("shop01") == 0
    assert expire(centre, today(street)) == Outcome(1, 1300, 0, 0)
    assert left(street) == {"grant": 0}
    assert street.balance("shop/fish") == 300


def test_charged_money_is_good_as_long_as_the_terms_say_that_the_desk_knew(street: Street) -> None:
    street.hold("desk01", Wish(CHARGE, 1000))
    street.centre.centre.registrar.say([Terms(cash_good_days=180)])
    street.talk("desk01")
    street.hold("desk01", Wish(CHARGE, 2000))
    street.talk("desk01")
    with street.centre.centre.reconciler.counted() as connection:
        lots = books.purse(connection, street.what).lots
    assert [lot.expires for lot in lots] == [0, today(street) + 180]
