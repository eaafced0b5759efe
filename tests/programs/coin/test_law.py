"""What the law forbids is refused where it would happen, with the reason and the paragraph; nothing is booked."""

from datetime import date

import pytest

from programs.coin.entries import money
from programs.coin.law import DUTIES, Cause, HalfYear, Law, Regime
from programs.coin.lots.facts import Given, Source
from programs.coin.lots.giving import NotGivenError, give
from programs.coin.procedures.cashing_out import NoCashError, Stand, cash_out, why_not
from programs.coin.procedures.lawful import why_not_under
from programs.coin.procedures.months import charged_in
from programs.coin.rules import CHARGE, PAY
from programs.coin.terms import Terms
from sync.days import day_of
from sync.months import month_of
from sync.program import Wish
from tests.programs.coin.street import Street
from tests.programs.coin.test_unused import today

NONE_YET = HalfYear(0, 0, 0)


def say(street: Street, terms: Terms) -> None:
    street.centre.centre.registrar.say([terms])
    street.talk(*street.units)


# ---- cash for coin


@pytest.mark.parametrize("regime", Regime)
def test_cash_for_coin_is_off_until_the_town_switches_it_on(regime: Regime) -> None:
    said = why_not(Terms(law=Law(regime)), Cause.MOVED, 1, Stand(10, 10), NONE_YET)
    assert "--cash-out" in said


@pytest.mark.parametrize("regime", Regime)
def test_who_only_asks_gets_cash_only_where_the_law_lets_him(regime: Regime) -> None:
    law = Law(regime)
    assert bool(law.why_no_cash(Cause.ASKED, 1, NONE_YET)) != DUTIES[regime].may_give_cash
    for cause in (Cause.MOVED, Cause.DIED):
        assert law.why_no_cash(cause, 50_000, NONE_YET) == ""


def test_small_sums_are_let_out_up_to_either_limit_and_the_paragraph_is_named() -> None:
    law, half = Law(Regime.THIRD_PARTY), HalfYear(issued=10_000, unused=100_000, given=3_000)
    assert half.allowed == 5_000
    assert law.why_no_cash(Cause.ASKED, 2_000, half) == ""
    refused = law.why_no_cash(Cause.ASKED, 2_001, half)
    assert "2000 yen are left" in refused
    assert "20条5項" in refused
    assert HalfYear(issued=30_000, unused=0, given=0).allowed == 6_000


def test_cash_goes_out_of_what_was_paid_for_and_is_free_and_no_further(street: Street) -> None:
    centre = street.centre.centre
    say(street, Terms(cash_out=True))
    street.hold("desk01", Wish(CHARGE, 3000))
    street.talk("desk01")
    give(centre, [Given(street.name, 500, Source.GRANT, "grant", "gift", 0)])
    with pytest.raises(NoCashError, match="3000 yen were paid for"):
        cash_out(centre, street.name, 3001, Cause.ASKED, "wants it")
    asked = cash_out(centre, street.name, 3000, Cause.ASKED, "wants it")
    assert (asked.done, asked.asked_yen) == (None, 2500), "it lies at the desk, which is asked for it"
    assert street.hold("desk01", Wish(PAY, 3000)) == "COI-020", "and may spend it until it has heard"
    street.talk("desk01")
    with pytest.raises(NoCashError, match="0 yen were paid for"):
        cash_out(centre, street.name, 1, Cause.ASKED, "wants it")


def test_cash_that_was_handed_out_is_nobodys_coin_any_more(street: Street) -> None:
    centre = street.centre.centre
    say(street, Terms(cash_out=True, law=Law(Regime.THIRD_PARTY)))
    street.hold("desk01", Wish(CHARGE, 3000))
    street.talk("desk01")
    with pytest.raises(NoCashError, match="前払府令42条"):
        cash_out(centre, street.name, 1000, Cause.ASKED, "wants it")
    assert cash_out(centre, street.name, 1000, Cause.MOVED, "moved").done is None
    street.talk("desk01")
    street.talk("desk01")
    done = cash_out(centre, street.name, 1000, Cause.MOVED, "moved").done
    assert done is not None
    assert (done.yen, done.cause) == (1000, Cause.MOVED)
    books = street.books()
    assert books["cash/office"] == 1000
    assert sum(yen for name, yen in books.items() if name.startswith(money(street.name))) == 2000
    assert centre.reconciler.figures()["coin"]["charged"] == 3000, "what desks took in is what they took in"


# ---- how long money is good


def test_under_six_months_what_a_desk_charges_runs_out_in_time_also_without_a_network(street: Street) -> None:
    for good_days, last in ((0, None), (30, 30), (400, None)):
        terms = Terms(cash_good_days=good_days, law=Law(Regime.SIX_MONTHS))
        expires = terms.expires(today(street))
        assert expires == (today(street) + last if last else terms.law.last_day(today(street)))
    assert Terms().expires(today(street)) == 0
    day = day_of(date(2026, 11, 29))
    assert Law(Regime.SIX_MONTHS).last_day(day) == day_of(date(2027, 5, 28))


def test_under_six_months_nothing_is_given_that_is_good_for_longer(street: Street) -> None:
    centre = street.centre.centre
    say(street, Terms(law=Law(Regime.SIX_MONTHS)))
    last = Law(Regime.SIX_MONTHS).last_day(today(street))
    for expires in (0, last + 1):
        with pytest.raises(NotGivenError, match="4条2号"):
            give(centre, [Given(street.name, 500, Source.GRANT, "grant", "gift", 0, expires)], to_anybody=True)
    assert len(give(centre, [Given(street.name, 500, Source.GRANT, "g", "gift", 0, last)], to_anybody=True).given) == 1


def test_six_months_cannot_be_said_while_money_without_an_end_is_on_cards(street: Street) -> None:
    centre = street.centre.centre
    street.hold("desk01", Wish(CHARGE, 3000))
    street.talk("desk01")
    assert "3000 yen" in why_not_under(centre, Law(Regime.SIX_MONTHS))
    assert why_not_under(centre, Law(Regime.THIRD_PARTY)) == ""
    street.hold("desk01", Wish(PAY, 3000))
    street.talk("desk01")
    assert why_not_under(centre, Law(Regime.SIX_MONTHS)) == ""


# ---- so much in a month


def test_a_desk_refuses_what_goes_over_the_month_by_what_it_has_charged_itself(street: Street) -> None:
    say(street, Terms(month_yen=5000))
    assert street.hold("desk01", Wish(CHARGE, 3000)) == "COI-031"
    charge = street.last
    assert street.hold("desk01", Wish(CHARGE, 3000)) == "COI-035"
    assert street.hold("desk01", Wish("void", about=charge)) == "COI-047"
    assert street.hold("desk01", Wish(CHARGE, 5000)) == "COI-031", "what was taken back counts no more"
    assert street.hold("desk01", Wish(CHARGE, 1000)) == "COI-035"
    street.clock.advance(32 * 86_400)
    assert street.hold("desk01", Wish(CHARGE, 5000)) == "COI-031", "another month"


def test_the_office_sees_over_all_desks_what_no_desk_can_know(street: Street) -> None:
    month = month_of(today(street))
    street.hold("desk01", Wish(CHARGE, 3000))
    street.hold("desk01", Wish("void", about=street.last))
    street.hold("desk01", Wish(CHARGE, 2000))
    street.talk("desk01")
    with street.centre.centre.reconciler.counted() as connection:
        found = charged_in(connection, month)
        assert [(one.card, one.yen, one.desks) for one in found] == [(street.name, 2000, ("desk01",))]
        assert charged_in(connection, month - 1) == []
