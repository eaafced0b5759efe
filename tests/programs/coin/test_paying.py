"""Paying from the resident's page: once for each number, out of what is free, and the shop's own machine says so."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest

from central.ledger import free
from central.resident.purse import NotPaidError
from central.store import reading
from drivers.card import paper
from programs.coin.online.facts import PaidOnline
from programs.coin.refunding import RefundError, refund
from programs.coin.resident import PURSE
from programs.coin.rules import CHARGE, PAY
from programs.coin.settlement import statement, tables
from programs.coin.terms import Terms
from sync.facts import CardState, UnitSet
from sync.program import Wish
from tests.programs.coin.holder import NETWORK, Holder
from tests.programs.coin.street import Street
from tests.programs.coin.test_dealing import go_on, settled


@pytest.fixture
def resident(street: Street) -> Holder:
    one = Holder(street)
    one.have_free(3000)
    return one


def test_a_bill_is_paid_and_the_counter_that_shows_it_says_so(resident: Holder) -> None:
    street = resident.street
    paid = resident.pay(1280, resident.bill(1280))
    assert (paid.shop.place, paid.yen, paid.points, paid.is_heard) == ("fish", 1280, 120, False)
    assert resident.told() == "", "it has not heard of it yet"
    street.talk("shop01")
    assert resident.told() == "COI-026"
    assert not street.units["shop01"].running.tap.wish.what, "nobody else pays what is paid"
    assert resident.told() == "", "it is said once"
    assert (street.balance("shop/fish"), street.balance(free(street.what))) == (1280, 1720)
    assert street.balance(f"points/{street.name}") == 120
    street.books()


def test_the_page_knows_when_the_shop_has_heard(resident: Holder) -> None:
    order = resident.order(500, place="fish")
    assert not PURSE.pay(resident.centre, order).is_heard
    resident.street.talk("shop01")
    assert PURSE.pay(resident.centre, order).is_heard


def test_a_sticker_and_a_chosen_shop_are_paid_and_said_at_an_idle_counter(resident: Holder) -> None:
    street = resident.street
    resident.pay(300, resident.sticker())
    resident.pay(200, place="fish")
    street.units["shop01"].running.tap.set(Wish(PAY, 999))
    street.talk("shop01")
    assert resident.told() == "", "another customer stands there"
    street.units["shop01"].running.tap.set(Wish())
    assert resident.told() == "COI-027"
    assert resident.told() == "", "each can be read"
    street.clock.advance(4)
    assert resident.told() == "COI-027"
    assert street.balance("shop/fish") == 500


def test_the_same_number_pays_once_and_carries_no_other_order(resident: Holder) -> None:
    code = resident.bill(700)
    first = resident.pay(700, code, number="ab" * 16)
    again = resident.pay(700, code, number="ab" * 16)
    assert again.entry == first.entry
    assert resident.refused(701, code, number="ab" * 16) == "number"
    assert resident.refused(700, place="bakery", number="ab" * 16) == "number"
    assert resident.refused(700, resident.sticker(), number="ab" * 16) == "number"
    assert resident.street.balance("shop/fish") == 700


def test_a_bill_is_paid_once_by_whomever(resident: Holder) -> None:
    code = resident.bill(700)
    resident.pay(700, code)
    assert resident.refused(700, code) == "bill-paid"
    assert resident.street.balance("shop/fish") == 700


def test_a_bill_is_good_for_a_while(resident: Holder) -> None:
    code = resident.bill(700)
    resident.street.clock.advance(90 + 599)
    resident.street.talk("desk01", "shop01")
    resident.pay(700, code)
    late = resident.bill(800)
    resident.street.clock.advance(90 + 601)
    assert resident.refused(800, late) == "expired"


@pytest.mark.parametrize("yen", [0, -1, 1_000_001, 10**15])
def test_amounts_that_cannot_be_are_refused(resident: Holder, yen: int) -> None:
    assert resident.refused(yen, place="fish") == "amount"


def test_a_bill_is_paid_as_it_is(resident: Holder) -> None:
    assert resident.refused(1, resident.bill(700)) == "amount"


REFUSED: dict[str, tuple[Callable[[Holder], dict[str, str]], str]] = {
    "another town's": (lambda resident: {"code": resident.sticker(network="jp.example.other")}, "foreign"),
    "torn": (lambda resident: {"code": resident.sticker()[:-3]}, "code"),
    "noise": (lambda _: {"code": "https://example.com/"}, "code"),
    "a place without a till": (lambda resident: {"code": resident.sticker("library")}, "no-shop"),
    "nobody": (lambda _: {"place": "nowhere"}, "no-shop"),
    "nothing": (lambda _: {}, "no-shop"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_codes_that_name_no_shop_of_ours_are_refused(resident: Holder, case: str) -> None:
    about, why = REFUSED[case]
    assert resident.refused(500, **about(resident)) == why


def test_a_place_whose_machine_takes_no_payments_is_not_paid(resident: Holder) -> None:
    resident.centre.registrar.say([UnitSet("shop02", "library", "facility")])
    assert resident.refused(500, place="library") == "no-shop"
    assert resident.refused(500, place="bakery") == "no-shop", "there is none left"


def test_more_than_there_is_is_refused_with_what_there_is(resident: Holder) -> None:
    with pytest.raises(NotPaidError) as refusal:
        resident.pay(5001, place="fish")
    assert (refusal.value.why, refusal.value.values) == ("short", {"usable": 5000})
    resident.street.clock.advance(300)
    resident.street.talk("shop01")
    with pytest.raises(NotPaidError) as refusal:
        resident.pay(3001, place="fish")
    assert refusal.value.values == {"usable": 3000}, "what lies at a desk that is out of reach cannot be fetched"


def test_money_that_lies_at_machines_is_fetched_and_kept_for_whoever_waits(street: Street) -> None:
    everybody = ("desk01", "shop01", "shop02")
    resident = Holder(settled(street))
    go_on(street, *everybody)
    order = resident.order(8000, place="bakery")
    assert PURSE.pay(resident.centre, order).entry == ""
    go_on(street, *everybody, rounds=2)
    assert street.balance(free(street.what)) >= 8000, "it is not dealt out again meanwhile"
    assert PURSE.pay(resident.centre, order).entry
    assert street.balance("shop/bakery") == 8000
    assert resident.centre.granter.asked(street.what) is None, "and then it is dealt out as ever"
    street.hold("desk01", Wish(CHARGE, 9000))
    go_on(street, *everybody)
    assert street.rights("shop01") > 2000
    street.books()


@pytest.mark.parametrize("what", ["card", "phone"])
def test_who_is_stopped_pays_nothing(resident: Holder, what: str) -> None:
    name = {"card": resident.street.name, "phone": resident.let_in.phone}[what]
    resident.centre.registrar.set_card(name, CardState.STOPPED)
    assert resident.refused(500, place="fish") == "stopped"


def test_a_phone_pays_with_no_other_card(resident: Holder) -> None:
    strange = msgspec.structs.replace(resident.order(500, place="fish"), card=resident.street.other)
    with pytest.raises(NotPaidError, match="stopped"):
        PURSE.pay(resident.centre, strange)


def test_the_town_may_set_how_much_is_paid_at_once_by_phone(resident: Holder) -> None:
    resident.centre.registrar.say([Terms(network=NETWORK, token_yen=1000)])
    assert resident.refused(1001, place="fish") == "limit"
    assert resident.pay(1000, place="fish").entry


def test_a_unit_cannot_say_so_itself(resident: Holder) -> None:
    street = resident.street
    forged = PaidOnline("ab" * 16, street.name, resident.let_in.phone, 900, "fish", "shop01", 20_780)
    street.units["shop01"].running.opened.journal.append([forged])
    street.talk("shop01")
    assert (street.balance("shop/fish"), street.balance(free(street.what))) == (0, 3000)
    assert resident.pay(100, place="fish", number="ab" * 16).entry, "and its number is nobody's"


def test_the_office_gives_such_a_payment_back(resident: Holder) -> None:
    street, paid = resident.street, resident.pay(1280, place="fish")
    refund(resident.centre, paid.entry, 500, "a bad fish")
    assert (street.balance("shop/fish"), street.balance(f"points/{street.name}")) == (780, 74)
    refund(resident.centre, paid.entry, 780, "the rest of it")
    with pytest.raises(RefundError):
        refund(resident.centre, paid.entry, 1, "once more")
    assert (street.balance("shop/fish"), street.balance(free(street.what))) == (0, 3000)
    assert street.balance(f"points/{street.name}") == 0
    street.books()


def test_the_shop_finds_it_on_its_statement(resident: Holder) -> None:
    resident.pay(1280, place="fish")
    resident.street.books()
    with reading(resident.centre.engine) as connection:
        found = statement.statement(connection, tables.office_books(connection), "fish", 0, 540)
    assert found.parts["payments"] == statement.Part(1, 1280)


def test_a_centre_put_back_from_a_backup_gets_it_again_from_the_shop(resident: Holder) -> None:
    street = resident.street
    street.centre.back_up()
    order = resident.order(1280, place="fish")
    PURSE.pay(resident.centre, order)
    street.talk("shop01")
    street.centre.restore()
    resident.centre = street.centre.centre
    with pytest.raises(NotPaidError, match="later"):
        PURSE.pay(resident.centre, order)
    street.talk("desk01", "shop01", "shop02")
    assert PURSE.pay(resident.centre, order).entry
    assert street.balance("shop/fish") == 1280, "once"


def test_a_phone_at_a_counter_is_the_card_that_it_was_let_in_for(resident: Holder) -> None:
    street = resident.street
    resident.centre.granter.grant(street.what, "shop01", 2000)
    street.talk("shop01")
    tap = street.units["shop01"].running.tap
    tap.set(Wish(PAY, 1500))
    shown = tap.show(resident.shown_code())
    assert shown is not None
    assert shown.message == "COI-020"
    street.talk("shop01")
    assert (street.balance("shop/fish"), street.balance(f"{street.what}/at/shop01/1")) == (1500, 500)
    resident.centre.registrar.set_card(resident.let_in.phone, CardState.STOPPED)
    street.talk("shop01")
    street.clock.advance(10)
    tap.set(Wish(PAY, 100))
    shown = tap.show(resident.shown_code())
    assert shown is not None
    assert shown.message == "TAP-031", "the phone is stopped, and the card is not"
    assert street.hold("shop01", Wish(PAY, 100)) == "COI-020"


def test_what_the_town_signs_about_a_phone_is_good_today(resident: Holder) -> None:
    now_ms = resident.street.clock.wall_ms()
    today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    said = paper.parse(resident.paper())
    assert said.begins < today < said.ends


def test_the_sheet_shows_what_there_is_where_it_is_and_what_happened(resident: Holder) -> None:
    street = resident.street
    resident.pay(1280, place="fish")
    street.books()
    with reading(resident.centre.engine) as connection:
        sheet = PURSE.sheet(connection, street.name, street.clock.wall_ms())
    assert (sheet.usable, sheet.points, sheet.away) == (3720, 120, ())
    assert [(line.what, line.name, line.yen, line.is_coming) for line in sheet.lines] == [
        ("pay", "fish", -1280, True),
        ("charge", "", 5000, False),
    ]
    street.clock.advance(300)
    street.talk("shop01")
    with reading(resident.centre.engine) as connection:
        sheet = PURSE.sheet(connection, street.name, street.clock.wall_ms())
    assert [(one.name, one.yen) for one in sheet.away] == [("hall", 2000)]
    assert not sheet.lines[0].is_coming
