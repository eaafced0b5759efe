"""A shop gives some of a payment back, on a later day and offline: never more than it was, and nowhere twice."""

from collections.abc import Iterator

import pytest

from central.ledger import held, points
from central.store import reading
from drivers.printer import Amount, Slip, Words
from programs.coin.entries import Pay, ShopRefund
from programs.coin.refunding import RefundError
from programs.coin.refunding import refund as office_refund
from programs.coin.resident import PURSE
from programs.coin.rules import PAY, REFUND, VOID
from programs.coin.settlement.statement import _PART_OF as PART_OF
from programs.coin.settlement.statement import REFUNDS
from programs.coin.terms import Terms
from programs.coin.till import books
from programs.coin.till.acts import CLOSE
from sync.program import Act, Wish
from sync.staff import StaffSet
from tests.programs.coin.street import Street
from tests.programs.coin.test_operators import BOSS, CLERK, DAY_S, sign_in, staff
from tests.programs.coin.test_till import sheet, written

DAYS = 7


@pytest.fixture
def street() -> Iterator[Street]:
    """A street in which the fishmonger's has 10,000 yen of the resident's, a supervisor, and a week to give back."""
    street = Street()
    street.centre.centre.registrar.say([Terms(refund_days=DAYS)])
    people = staff(street)
    street.centre.centre.staffing.change("fish", lambda said: StaffSet(said.of, people, needed=False))
    street.give("shop01", 10_000)
    yield street
    for unit in street.units.values():
        unit.stop()


def sell(street: Street, yen: int) -> str:
    assert street.hold("shop01", Wish(PAY, yen)) == "COI-020"
    return street.last


def days_later(street: Street, days: int, pin: str = BOSS) -> None:
    """Let days pass, and somebody begin work; by default the supervisor."""
    street.clock.advance(days * DAY_S)
    sign_in(street, 1 if pin == BOSS else 3, pin)


def give_back(street: Street, of: str, yen: int) -> str:
    return street.hold("shop01", Wish(REFUND, yen, about=of))


def test_it_is_given_back_in_parts_without_a_network_and_no_more_than_it_was(street: Street) -> None:
    sale = sell(street, 1_280)
    sell(street, 2_000)
    days_later(street, 1)
    before = street.rights("shop01")
    assert give_back(street, sale, 500) == "COI-072"
    assert street.rights("shop01") == before + 500, "and can be spent here at once"
    assert give_back(street, sale, 781) == "COI-073"
    assert give_back(street, sale, 780) == "COI-072"
    assert give_back(street, sale, 1) == "COI-073"
    first, second = written(street, "shop01", ShopRefund)
    assert (first.of, first.yen, first.points, first.operator) == (sale.removeprefix("shop01/"), 500, 46, 1)
    assert first.points + second.points == written(street, "shop01", Pay)[0].points, "all points, with the last yen"
    street.talk("shop01")
    assert street.balance("shop/fish") == 2_000
    assert street.balance(points(street.name)) == 200
    assert street.balance(held(street.what, "shop01", 1)) == before + 1_280


def test_the_residents_page_calls_it_a_refund(street: Street) -> None:
    sale = sell(street, 1_280)
    days_later(street, 1)
    assert give_back(street, sale, 300) == "COI-072"
    street.talk("shop01")
    street.centre.centre.reconciler.catch_up()
    with reading(street.centre.centre.engine) as connection:
        (back, *_) = PURSE.sheet(connection, street.name, street.clock.wall_ms()).lines
    assert (back.what, back.yen) == ("refund", 300)


def test_its_receipt_names_the_payment_and_not_the_card(street: Street) -> None:
    sale = sell(street, 1_280)
    sign_in(street, 1, BOSS)
    slips: list[Slip] = []
    street.units["shop01"].running.receipts.print = lambda slip, _again: slips.append(slip)
    assert give_back(street, sale, 300) == "COI-072"
    (slip,) = slips
    assert [(line.what, line.yen) for line in slip.lines if isinstance(line, Amount)] == [("返金 Refunded", -300)]
    assert f"返金した支払い Of {sale}" in [line.text for line in slip.lines if isinstance(line, Words)]
    assert street.name not in str(slip)


def test_a_card_tells_of_its_payments_that_no_list_holds_any_more(street: Street) -> None:
    first, second, third = sell(street, 1_280), sell(street, 2_000), sell(street, 700)
    days_later(street, 1)
    street.hold("shop01", Wish(PAY, 100))
    give_back(street, second, 500)
    assert street.hold("shop01", Wish(REFUND)) == "COI-077"
    said = street.units["shop01"].shown[-1].values
    rows = [row.split(" ") for row in str(said["rows"]).split("\n")]
    assert said["count"] == 4
    entries = [one.removeprefix("shop01/") for one in (third, second, first)]
    assert [(entry, yen, left) for entry, _, yen, left in rows[1:]] == [
        (entries[0], "700", "700"),
        (entries[1], "2000", "1500"),
        (entries[2], "1280", "1280"),
    ]
    street.clock.advance(10)
    days_later(street, DAYS + 1)
    assert street.hold("shop01", Wish(REFUND)) == "COI-040"
    sign_in(street, 3, CLERK)
    street.clock.advance(10)
    assert street.hold("shop01", Wish(REFUND)) == "COI-071"


def test_a_supervisor_does_it_and_nobody_else(street: Street) -> None:
    sale = sell(street, 1_280)
    assert give_back(street, sale, 100) == "COI-071", "nobody is signed in"
    sign_in(street, 3, CLERK)
    assert give_back(street, sale, 100) == "COI-071"
    sign_in(street, 1, BOSS)
    assert give_back(street, sale, 100) == "COI-072", "on the same day, too"


def test_only_the_card_that_paid_gets_it_back(street: Street) -> None:
    sale = sell(street, 1_280)
    days_later(street, 1)
    shop = street.units["shop01"]
    shop.running.tap.set(Wish(REFUND, 100, about=sale))
    shown = shop.tap(street.other_card)
    assert shown is not None
    assert shown.message == "COI-045"
    assert written(street, "shop01", ShopRefund) == []


def test_no_more_than_the_unit_has_taken_since_its_last_closing(street: Street) -> None:
    sale = sell(street, 1_280)
    assert street.units["shop01"].running.staff.do(Act(CLOSE)).message == "COI-050"
    days_later(street, 1)
    assert give_back(street, sale, 100) == "COI-074", "what was closed is the town's to pay out"
    other = sell(street, 600)
    assert give_back(street, sale, 601) == "COI-074"
    assert give_back(street, sale, 400) == "COI-072"
    assert give_back(street, sale, 201) == "COI-074", "less what was given back already"
    street.hold("shop01", Wish(VOID, about=other))
    assert give_back(street, sale, 1) == "COI-074"
    assert sheet(street, "shop01").sums.net == -400


@pytest.mark.parametrize("yen", [0, -1, 1_281])
def test_a_senseless_amount_is_refused(street: Street, yen: int) -> None:
    sale = sell(street, 1_280)
    sell(street, 2_000)
    days_later(street, 1)
    assert give_back(street, sale, yen) == "COI-073"


def test_what_is_void_is_not_given_back_and_what_was_given_back_is_not_made_void(street: Street) -> None:
    first, second = sell(street, 1_280), sell(street, 2_000)
    sign_in(street, 1, BOSS)
    assert street.hold("shop01", Wish(VOID, about=first)) == "COI-043"
    void = street.last
    assert give_back(street, first, 100) == "COI-041"
    assert street.hold("shop01", Wish(VOID, about=void)) == "COI-040", "a void of a void"
    assert give_back(street, void, 100) == "COI-040"
    assert give_back(street, second, 300) == "COI-072"
    refund = street.last
    assert street.hold("shop01", Wish(VOID, about=second)) == "COI-075"
    assert street.hold("shop01", Wish(VOID, about=refund)) == "COI-040"
    assert give_back(street, refund, 100) == "COI-040"


def test_the_payment_says_how_long_and_then_it_is_the_offices(street: Street) -> None:
    """Also where the town changes its mind in between: nothing is given back in two places."""
    sale = sell(street, 1_280)
    sell(street, 2_000)
    street.talk("shop01")
    street.centre.centre.registrar.say([Terms(refund_days=0)])
    days_later(street, DAYS)
    assert give_back(street, sale, 100) == "COI-072", "the shop had not heard"
    street.talk("shop01")
    with pytest.raises(RefundError, match="of a later day than"):
        office_refund(street.centre.centre, sale, 100, "?")
    assert give_back(street, sale, 100) == "COI-072", "and the payment still says so"
    days_later(street, 1)
    assert give_back(street, sale, 100) == "COI-040"
    street.hold("shop01", Wish(PAY, 50))
    street.talk("shop01")
    with pytest.raises(RefundError, match="1080 of them"):
        office_refund(street.centre.centre, sale, 1_081, "?")
    office_refund(street.centre.centre, sale, 1_080, "the rest")
    with pytest.raises(RefundError, match="0 of them"):
        office_refund(street.centre.centre, sale, 1, "?")
    assert street.balance("shop/fish") == 2_050
    street.books()


def test_a_payment_of_before_is_the_offices_whatever_the_town_says_later(street: Street) -> None:
    street.centre.centre.registrar.say([Terms()])
    street.talk("shop01")
    sale = sell(street, 1_280)
    street.centre.centre.registrar.say([Terms(refund_days=30)])
    street.talk("shop01")
    days_later(street, 1)
    sell(street, 2_000)
    street.talk("shop01")
    office_refund(street.centre.centre, sale, 1_280, "all of it")
    assert give_back(street, sale, 100) == "COI-040"


def test_a_clock_that_was_set_back_gives_nothing_back(street: Street) -> None:
    sale = sell(street, 1_280)
    days_later(street, DAYS + 1)
    sell(street, 2_000)
    assert give_back(street, sale, 100) == "COI-040"
    street.clock.jump(-5 * DAY_S)
    sign_in(street, 1, BOSS)
    assert give_back(street, sale, 100) == "COI-040"


def test_the_day_and_its_closing_tell_of_it(street: Street) -> None:
    sale = sell(street, 1_280)
    days_later(street, 1)
    sell(street, 2_000)
    give_back(street, sale, 300)
    now = sheet(street, "shop01")
    assert (now.sums.refunds, now.sums.refunded, now.sums.net) == (1, 300, 2_980)
    line, *_, paid = now.lines
    assert (line.what, line.yen, line.of, paid.entry, paid.back) == ("refund", 300, paid.entry, paid.entry, 300)
    assert street.units["shop01"].running.staff.do(Act(CLOSE)).message == "COI-050"
    street.talk("shop01")
    street.centre.centre.reconciler.catch_up()
    with reading(street.centre.centre.engine) as connection:
        (closing,) = books.closings(connection)
    assert closing.wrong == ()
    assert (closing.sums.refunds, closing.sums.refunded) == (1, 300)
    assert PART_OF["coin.shop-refund"] == REFUNDS
    street.books()


def test_a_power_cut_after_the_refund_gives_it_back_once(street: Street) -> None:
    sale = sell(street, 1_280)
    days_later(street, 1)
    assert give_back(street, sale, 300) == "COI-072"
    street.units["shop01"].crash()
    street.units["shop01"].start()
    street.clock.advance(10)
    assert give_back(street, sale, 300) == "COI-076", "the second touch tells of the first"
    assert [fact.yen for fact in written(street, "shop01", ShopRefund)] == [300]
