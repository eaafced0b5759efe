"""INSURED: the shop is always paid, all units together never promise more than the fund has, and off is as before."""

import msgspec
import pytest

from central import ledger
from central.granting import NotFreeError
from drivers.printer import Amount, Size, Slip, Words
from programs.coin.counter.fold import Gate, Known, Seated, Touches
from programs.coin.entries import Insured
from programs.coin.insured.books import Standing, backings, standing
from programs.coin.insured.facts import FUND, Backed, FundSet, Recovered
from programs.coin.insured.fold import Backing, backed_key
from programs.coin.law import Cause
from programs.coin.lots.books import worth
from programs.coin.lots.issues import Issue, Issued
from programs.coin.pins import Pin
from programs.coin.procedures import losses
from programs.coin.procedures.cashing_out import NoCashError, cash_out
from programs.coin.procedures.circulation import months
from programs.coin.procedures.insuring import NoFundError, give_up, put
from programs.coin.procedures.moving import move
from programs.coin.procedures.unused import flows
from programs.coin.purse import Paid, Purse
from programs.coin.rules import CHARGE, PAY, VOID, decide
from programs.coin.settlement.counted import UNCOUNTED
from programs.coin.settlement.statement import PARTS, Part, statement
from programs.coin.settlement.tables import office_books
from programs.coin.tending import TENDER
from programs.coin.terms import Agreed, Insuring, Terms
from programs.coin.till.fold import Till
from sync.facts import CardState
from sync.messages import RightsRequest
from sync.program import Tap, Wish
from sync.rights import Right
from sync.steps import Step, Steps
from tests.central.pen import AT
from tests.programs.coin.street import Street

DAY_S = 86_400
OUT_OF_REACH_S = 300
PUT_IN = 30_000


def tend(street: Street) -> None:
    with street.centre.centre.granter.deal() as deal:
        TENDER.collect(deal, [street.what])
    with street.centre.centre.granter.deal() as deal:
        TENDER.tend(deal, [street.what])


def look(street: Street) -> Standing:
    street.books()
    with street.centre.centre.reconciler.counted() as connection:
        return standing(connection)


def backed(street: Street) -> int:
    """Return for how much the fund stands in at the fish shop, as the centre knows it."""
    key = backed_key("shop01", 1, street.name)
    with street.centre.centre.reconciler.counted() as connection:
        return backings(connection, [key])[key].left


@pytest.fixture
def ready(street: Street) -> Street:
    """A card with 5,000 yen at the desk that paid at the fish shop the day before; the fund is there, and all heard."""
    centre = street.centre.centre
    centre.registrar.set_card(street.name, CardState.ACTIVE)
    centre.registrar.say([Terms(insured=Insuring(is_on=True))])
    street.give("shop01", 1000)
    assert street.hold("shop01", Wish(PAY, 1000)) == "COI-020"
    street.hold("desk01", Wish(CHARGE, 5000))
    put(centre, PUT_IN, "budget")
    street.clock.advance(DAY_S)
    street.talk(*street.units)
    tend(street)
    street.talk(*street.units)
    return street


def alone(street: Street) -> None:
    """Let nobody have heard the centre for a while."""
    street.clock.advance(OUT_OF_REACH_S)


def test_out_of_reach_the_fund_pays_the_shop_and_the_card_pays_the_fund(ready: Street) -> None:
    alone(ready)
    assert ready.hold("shop01", Wish(PAY, 1500)) == "COI-024"
    payment = ready.last
    assert ready.hold("shop01", Wish(PAY, 501)) == "COI-010", "no more than 2,000 yen for one card"
    ready.talk("shop01")
    found = look(ready)
    assert ready.balance("shop/fish") == 2500
    assert (found.at_units["shop01/1"], found.owed) == (8500, {ready.name: 1500})
    assert found.worth == PUT_IN
    for _ in range(3):
        tend(ready)
        ready.talk(*ready.units)
    found = look(ready)
    assert (found.owed, found.worth) == ({}, PUT_IN)
    assert found.at_units == {"shop01/1": 8_500, "shop02/1": 10_000}, "so little less is not worth a signed word"
    with ready.centre.centre.reconciler.counted() as connection:
        assert ledger.true_sum(connection, f"{ready.what}/free") + ready.rights("desk01") == 3500
    assert payment.startswith("shop01/")


def test_in_reach_the_town_is_asked_and_nothing_is_promised(ready: Street) -> None:
    ready.connect("shop01")
    assert ready.hold("shop01", Wish(PAY, 1500)) == "COI-010", "the town has answered that it is not free yet"
    assert look(ready).owed == {}


@pytest.mark.parametrize(
    ("unit", "yen", "why"),
    [
        ("shop02", 500, "it never paid here"),
        ("shop01", 2001, "more than the card's limit"),
    ],
)
def test_each_condition_refuses_by_itself(ready: Street, unit: str, yen: int, why: str) -> None:
    alone(ready)
    assert ready.hold(unit, Wish(PAY, yen)) == "COI-010", why


CARD, TODAY = "0a" * 16, 20_780
NO_COUNTER = (Right(), Known(), Gate(), Seated(), Touches())
BEFORE = Paid("9f3c0a1b22d4e5f6/1", 0, TODAY - 1, 500)
ON = Agreed(Terms(insured=Insuring(is_on=True, card_yen=2_000)))


def decided(
    yen: int = 500,
    *,
    proof: str = "card",
    agreed: Agreed = ON,
    paid: Paid = BEFORE,
    fund: int = 9_000,
    left: int = 9_000,
    about: str = "",
    steps: Steps | None = None,
) -> bool:
    """Tell whether the fund would stand in, everything else being as it has to be."""
    tap = Tap(CARD, proof, "shop01", "fish", AT, TODAY, 1, Wish(PAY, yen, about), steps=steps)
    issued = Issued(Issue("summer", "", ("fish",)))
    states = (Right(), agreed, issued, Till(), Pin(), Right(fund), Backing(left))
    decision = decide(Purse((paid,)), *states, *NO_COUNTER, tap)
    assert decision.lacks
    assert not decision.facts, "where the town can be asked, it is"
    return decision.otherwise is not None


def test_all_conditions_have_to_hold() -> None:
    assert decided()
    assert [proof for proof in ("none", "token", "card", "pin") if decided(proof=proof)] == ["card", "pin"]
    assert not decided(agreed=Agreed(Terms())), "the town has not switched it on"
    for changed in ({"day": TODAY}, {"is_void": True}, {"is_insured": True}):
        assert not decided(paid=msgspec.structs.replace(BEFORE, **changed)), "it has not paid here on an earlier day"
    assert [decided(yen) for yen in (2_000, 2_001)] == [True, False]
    assert [decided(fund=fund) for fund in (500, 499)] == [True, False]
    assert [decided(left=left) for left in (500, 499)] == [True, False]
    assert not decided(about="summer"), "gift certificates are never insured"
    counted = Steps("0c" * 32, 500, (Step(8, 1, "A" * 86 + "=="),))
    assert not decided(steps=counted), "a card that counts needs no fund"


def test_what_lies_here_and_what_is_owed_is_not_backed_as_well(ready: Street) -> None:
    alone(ready)
    assert ready.hold("shop01", Wish(PAY, 1500)) == "COI-024"
    ready.talk("shop01")
    tend(ready)
    assert backed(ready) == 500, "2,000 yen less what the card owes; its money is at a desk out of reach"
    ready.talk(*ready.units)
    for _ in range(2):
        tend(ready)
        ready.talk(*ready.units)
    assert backed(ready) == 2000
    ready.give("shop01", 1000)
    ready.hold("desk01", Wish(PAY, ready.rights("desk01") - 700))
    ready.talk(*ready.units)
    tend(ready)
    assert backed(ready) == 700, "what lies at the shop itself is spent there without a fund"


def test_a_card_is_backed_for_what_it_has_elsewhere_and_no_further(ready: Street) -> None:
    assert ready.hold("desk01", Wish(PAY, 4300)) == "COI-020"
    ready.talk("desk01")
    tend(ready)
    ready.talk("shop01")
    alone(ready)
    assert ready.hold("shop01", Wish(PAY, 701)) == "COI-010"
    assert ready.hold("shop01", Wish(PAY, 700)) == "COI-024"


def test_all_units_together_never_promise_more_than_the_fund_has(ready: Street) -> None:
    centre = ready.centre.centre
    with pytest.raises(NoFundError, match="10000 yen of the fund are free"):
        put(centre, -10_001, "less")
    put(centre, -10_000, "less")
    found = look(ready)
    assert (found.free, sum(found.at_units.values()), found.worth) == (0, 20_000, 20_000)
    with pytest.raises(NotFreeError):
        centre.granter.grant(FUND, "shop01", 1)
    with centre.granter.deal() as deal:
        assert deal.free(FUND) == 0


def test_no_unit_gets_more_of_the_fund_because_it_asks(ready: Street) -> None:
    ready.connect("shop01")
    unit = ready.units["shop01"]
    request = RightsRequest(FUND, 500, unit.running.tap.asking.since())
    assert ready.centre.centre.granter.ask(unit.peer, request) == []
    assert look(ready).at_units["shop01/1"] == 10_000


def test_switched_off_units_give_back_what_they_might_have_promised(ready: Street) -> None:
    ready.centre.centre.registrar.say([Terms()])
    for _ in range(2):
        tend(ready)
        ready.talk(*ready.units)
    found = look(ready)
    assert (found.free, found.at_units) == (PUT_IN, {})
    assert backed(ready) == 0
    alone(ready)
    assert ready.hold("shop01", Wish(PAY, 500)) == "COI-010"


def test_a_void_on_the_day_gives_the_promise_back_also_after_it_was_recovered(ready: Street) -> None:
    alone(ready)
    ready.hold("shop01", Wish(PAY, 1500))
    payment = ready.last
    ready.talk(*ready.units)
    for _ in range(2):
        tend(ready)
        ready.talk(*ready.units)
    assert look(ready).owed == {}
    assert ready.hold("shop01", Wish(VOID, about=payment)) == "COI-043"
    ready.talk("shop01")
    assert look(ready).owed == {ready.name: -1500}
    tend(ready)
    found = look(ready)
    assert (found.owed, ready.balance("shop/fish")) == ({}, 1000)
    assert found.worth == PUT_IN + 1500, "the town gave it back: a unit out of reach may have promised it again"
    assert ready.balance("fund/guarantee") == -PUT_IN - 1500
    with ready.centre.centre.reconciler.counted() as connection:
        assert ledger.true_sum(connection, f"{ready.what}/free") + ready.rights("desk01") == 5000


def test_the_receipt_of_such_a_payment_names_the_fund_and_its_void_has_one_too(ready: Street) -> None:
    slips: list[Slip] = []
    ready.units["shop01"].running.receipts.print = lambda slip, _again: slips.append(slip)
    alone(ready)
    assert ready.hold("shop01", Wish(PAY, 1500)) == "COI-024"
    payment = ready.last
    assert ready.hold("shop01", Wish(VOID, about=payment)) == "COI-043"
    paid, void = slips
    assert Amount("お支払い Paid", 1500, Size.LARGE) in paid.lines
    assert Words("町の基金の立て替え Paid by the town's fund", Size.SMALL) in paid.lines
    assert Amount("支払い取り消し Taken back", -1500, Size.LARGE) in void.lines
    assert Words(f"取り消した支払い Of {payment}", Size.SMALL) in void.lines


def test_to_the_shop_it_is_a_payment_like_any_other(ready: Street) -> None:
    alone(ready)
    for yen in (1500, 300):
        assert ready.hold("shop01", Wish(PAY, yen)) == "COI-024"
    ready.hold("shop01", Wish(VOID, about=ready.last))
    ready.talk("shop01")
    with ready.centre.centre.reconciler.counted() as connection:
        told = statement(connection, office_books(connection), "fish", UNCOUNTED, 540)
    assert told.parts == dict.fromkeys(PARTS, Part()) | {"payments": Part(3, 2800), "voids": Part(1, -300)}


def test_what_a_card_cannot_pay_is_taken_from_its_next_charge_or_borne_by_the_fund(ready: Street) -> None:
    centre = ready.centre.centre
    alone(ready)
    assert ready.hold("shop01", Wish(PAY, 1500)) == "COI-024"
    assert ready.hold("desk01", Wish(PAY, 5000)) == "COI-020", "both out of reach: the same money is spent twice"
    ready.talk(*ready.units)
    tend(ready)
    found = look(ready)
    assert (found.owed, ready.balance("shop/fish"), ready.balance("shop/hall")) == ({ready.name: 1500}, 2500, 5000)
    ready.hold("desk01", Wish(CHARGE, 1000))
    ready.talk("desk01")
    for _ in range(2):
        tend(ready)
        ready.talk(*ready.units)
    assert look(ready).owed == {ready.name: 500}
    assert give_up(centre, ready.name, "moved away").yen == 500
    with pytest.raises(NoFundError, match="owes the fund nothing"):
        give_up(centre, ready.name, "moved away")
    found = look(ready)
    assert (found.owed, found.worth) == ({}, PUT_IN - 500)


def test_a_lost_unit_takes_no_promise_along(ready: Street) -> None:
    centre = ready.centre.centre
    alone(ready)
    ready.hold("shop01", Wish(PAY, 1500))
    centre.losses.give_up("shop01", stolen=False, reason="flooded")
    assert (look(ready).lost, look(ready).worth) == (10_000, PUT_IN)
    ready.bring("shop01")
    found = look(ready)
    assert (found.lost, found.owed, ready.balance("shop/fish")) == (8500, {ready.name: 1500}, 2500)
    losses.clear(centre, "shop01", found=True)
    found = look(ready)
    assert (found.lost, found.free, found.worth) == (0, 18_500, PUT_IN)


def test_the_fund_is_no_money_of_cards_and_what_it_pays_is_shown_as_given(ready: Street) -> None:
    alone(ready)
    ready.hold("shop01", Wish(PAY, 1500))
    ready.talk(*ready.units)
    with ready.centre.centre.reconciler.counted() as connection:
        assert sum(flows(connection, 0, 2**53).values()) == 5000
        (month,) = months(connection)
        assert (month.given, month.paid, month.circulating) == (1500, 2500, 5000 + 2500)
    ready.centre.centre.losses.give_up("shop02", stolen=False, reason="flooded")
    with ready.centre.centre.reconciler.counted() as connection:
        assert sum(flows(connection, 0, 2**53).values()) == 5000
        assert months(connection)[-1].circulating == 7500


def test_only_the_office_moves_the_fund(ready: Street) -> None:
    before = ready.books()
    told = backed(ready)
    forged = (FundSet(9_000, "mine"), Recovered(ready.name, 500), Backed("shop01", 1, ready.name, 99_000))
    ready.units["shop02"].running.opened.journal.append(forged)
    ready.talk("shop02")
    assert ready.books() == before
    assert backed(ready) == told


def test_what_a_unit_made_up_is_not_taken_from_a_card_and_the_unit_gets_no_more(ready: Street) -> None:
    """A shop that was tampered with may sign what it likes; its holder must not pay for it."""
    unit = ready.units["shop02"].running
    unit.opened.journal.append([Insured(1, ready.name, 4000, "bakery", 20_780, "card")])
    ready.talk(*ready.units)
    for _ in range(3):
        tend(ready)
        ready.talk(*ready.units)
    found = look(ready)
    assert (found.unbacked, found.owed) == ({"shop02": 4000}, {ready.name: 4000})
    assert found.at_units == {"shop01/1": 10_000, "shop02/1": 6_000}
    with ready.centre.centre.reconciler.counted() as connection:
        assert worth(connection, ready.what) == 5000


def test_one_card_can_cost_the_fund_its_limit_at_each_shop_and_no_more(ready: Street) -> None:
    """Its holder pays wherever nobody can ask, with the same money; what cannot be collected is the fund's."""
    ready.give("shop02", 1000)
    ready.hold("shop02", Wish(PAY, 1000))
    ready.clock.advance(DAY_S)
    ready.talk(*ready.units)
    tend(ready)
    ready.talk(*ready.units)
    alone(ready)
    spent = 0
    for unit in ("shop01", "shop02"):
        for yen in (1900, 900, 99, 1):
            spent += yen * (ready.hold(unit, Wish(PAY, yen)) in {"COI-024", "COI-025"})
    assert ready.hold("desk01", Wish(PAY, ready.rights("desk01"))) == "COI-020"
    assert spent == 2 * 2000
    ready.talk(*ready.units)
    tend(ready)
    found = look(ready)
    assert (found.owed, found.short, found.worth) == ({ready.name: 4000}, 0, PUT_IN)
    assert ready.balance("shop/fish") + ready.balance("shop/bakery") == 1000 + 1000 + 4000


def test_who_owes_the_fund_gets_no_cash_for_it_and_a_new_card_owes_the_same(ready: Street) -> None:
    centre = ready.centre.centre
    centre.registrar.say([Terms(cash_out=True, insured=Insuring(is_on=True))])
    ready.talk(*ready.units)
    alone(ready)
    ready.hold("shop01", Wish(PAY, 1500))
    ready.talk(*ready.units)
    with pytest.raises(NoCashError, match="3500 yen were paid for"):
        cash_out(centre, ready.name, 3501, Cause.ASKED, "wants it")
    centre.registrar.set_card(ready.other, CardState.ACTIVE)
    move(centre, ready.name, ready.other)
    assert look(ready).owed == {ready.other: 1500}
    ready.talk(*ready.units)
    with centre.granter.deal() as deal:
        TENDER.collect(deal, [f"coin/{ready.other}"])
    assert (look(ready).owed, ready.balance(f"coin/{ready.other}/free")) == ({}, 3500)
