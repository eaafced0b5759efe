"""A unit is lost with money on it: who is made good and when, what is found later, and that nobody gets it twice."""

import pytest

from central import ledger
from central.heirs import Heir
from central.ledger import Move
from central.losses import NotLostError
from central.refusal import RefusedError
from programs.coin.office import OFFICE
from programs.coin.postings import FUND, in_suspense
from programs.coin.procedures import losses
from programs.coin.procedures.losses import NotDueError
from programs.coin.remedies import CardMoved, Cleared, Compensated, MadeWhole, Repaid
from programs.coin.rules import CHARGE, PAY, VOID
from programs.coin.terms import AfterLoss, Terms
from sync.entries import Entry, Fact
from sync.facts import CardState, UnitState
from sync.messages import OFFICE_STREAM
from sync.program import DAY_MS, Wish
from sync.rights import Lost
from tests.programs.coin.street import Street

WEEK_S = 7 * DAY_MS / 1000


def lose(street: Street, unit: str = "shop01", *, stolen: bool = False) -> None:
    street.centre.centre.losses.give_up(unit, stolen=stolen, reason="the disk is dead")


def free(street: Street) -> int:
    return street.balance(ledger.free(street.what))


def suspended(street: Street, unit: str = "shop01") -> int:
    return street.balance(in_suspense(unit, 1, street.name))


def test_what_a_lost_unit_held_is_in_suspense_and_comes_back_after_the_wait(street: Street) -> None:
    street.give("shop01", 1600)
    centre = street.centre.centre
    assert centre.losses.stake("shop01").total == 1600
    lose(street)
    stake = centre.losses.stake("shop01")
    assert (stake.state, stake.total) == (UnitState.CLOSED, 0)
    assert (suspended(street), free(street)) == (1600, 0)
    with pytest.raises(NotDueError, match="7 more days"):
        losses.make_whole(centre, "shop01")
    street.clock.advance(WEEK_S)
    (fact,) = losses.make_whole(centre, "shop01")
    assert fact == MadeWhole("shop01", 1, street.name, 1600)
    assert (free(street), street.balance(FUND)) == (1600, -1600)
    with pytest.raises(NotDueError, match="nobody is due"):
        losses.make_whole(centre, "shop01")
    losses.clear(centre, "shop01", found=False)
    assert (free(street), suspended(street), street.balance(FUND)) == (1600, 0, 0)
    centre.granter.grant(street.what, "shop02", 1600)
    street.talk("shop02")
    assert street.hold("shop02", Wish(PAY, 1600)) == "COI-020", "it is money as any other"
    street.talk("shop02")
    street.books()


def test_the_office_may_wait_longer_or_not_at_all(street: Street) -> None:
    street.give("shop01", 1600)
    lose(street)
    street.centre.centre.registrar.say([Terms(after_loss=AfterLoss(wait_days=30))])
    street.clock.advance(WEEK_S)
    with pytest.raises(NotDueError, match="23 more days"):
        losses.make_whole(street.centre.centre, "shop01")
    street.centre.centre.registrar.say([Terms(after_loss=AfterLoss(wait_days=0))])
    assert losses.make_whole(street.centre.centre, "shop01")


@pytest.mark.fault(
    "journal of a lost unit turns up",
    people="Nothing.",
    lost="nothing twice: sales are paid to the shop out of suspense, and the fund gets back what it paid too early",
    found="Somebody brings it. Of a unit that was stolen nothing is taken that it had not sent before.",
)
@pytest.mark.parametrize("found", ["before it was lost", "in time", "too late", "after all was done"])
def test_what_was_spent_there_is_not_taken_from_the_card_again(street: Street, found: str) -> None:
    """However late a sale is heard of, the shop is paid once; the card keeps what it was given, the fund bears that."""
    centre = street.centre.centre
    street.give("shop01", 1600)
    street.hold("shop01", Wish(PAY, 1280))
    sale = street.last
    street.hold("shop01", Wish(PAY, 300))
    street.hold("shop01", Wish(VOID, about=sale))
    if found == "before it was lost":
        street.talk("shop01")
    lose(street)
    if found == "in time":
        street.bring("shop01")
        assert suspended(street) == 1300, "taken from suspense"
    street.clock.advance(WEEK_S)
    losses.make_whole(centre, "shop01")
    if found == "after all was done":
        losses.clear(centre, "shop01", found=False)
    if found != "before it was lost":
        street.bring("shop01")
    losses.clear(centre, "shop01", found=True)
    is_late = found in ("too late", "after all was done")
    assert street.books() == {
        "cash/desk01": -2000,
        ledger.free(street.what): 1600 if is_late else 1300,
        ledger.held(street.what, "desk01", 1): 400,
        "shop/fish": 300,
        "points/" + street.name: 30,
        "issuer/points": -30,
    } | ({FUND: -300} if is_late else {})
    with pytest.raises(NotDueError):
        losses.clear(centre, "shop01", found=True)


def test_a_journal_that_is_found_at_once_makes_the_fund_pay_nothing(street: Street) -> None:
    street.give("shop01", 1600)
    street.hold("shop01", Wish(PAY, 1000))
    lose(street)
    street.bring("shop01")
    with pytest.raises(NotDueError, match="may still turn up"):
        losses.clear(street.centre.centre, "shop01", found=False)
    losses.clear(street.centre.centre, "shop01", found=True)
    assert (free(street), street.balance(FUND), street.balance("shop/fish")) == (600, 0, 1000)


@pytest.mark.parametrize("is_whole", [True, False])
def test_what_it_had_given_back_and_nobody_heard_is_not_given_twice(street: Street, is_whole: bool) -> None:
    """A recall was answered in a journal that was lost a moment later."""
    centre = street.centre.centre
    street.give("shop01", 1600)
    centre.granter.recall(street.what, "shop01", 1600)
    street.hear("shop01")
    assert street.rights("shop01") == 0
    lose(street)
    street.clock.advance(WEEK_S)
    if is_whole:
        losses.make_whole(centre, "shop01")
    street.bring("shop01")
    losses.clear(centre, "shop01", found=True)
    assert (free(street), street.balance(FUND), suspended(street)) == (1600, 0, 0)


@pytest.mark.parametrize("is_cleared", [False, True])
def test_cash_that_a_lost_desk_took_in_is_the_cards_when_it_is_found(street: Street, is_cleared: bool) -> None:
    centre = street.centre.centre
    street.hold("desk01", Wish(CHARGE, 3000))
    street.talk("desk01")
    street.hold("desk01", Wish(CHARGE, 2000))
    street.hold("desk01", Wish(PAY, 700))
    lose(street, "desk01")
    street.clock.advance(WEEK_S)
    losses.make_whole(centre, "desk01")
    assert free(street) == 3000, "of the rest nobody can know"
    if is_cleared:
        losses.clear(centre, "desk01", found=False)
    street.bring("desk01")
    losses.make_whole(centre, "desk01")
    losses.clear(centre, "desk01", found=True)
    assert (free(street), street.balance(FUND), street.balance("shop/hall")) == (4300, 0, 700)
    assert street.balance("cash/desk01") == -5000


def test_cash_with_a_receipt_is_given_once_also_if_the_charge_is_found(street: Street) -> None:
    centre = street.centre.centre
    street.hold("desk01", Wish(CHARGE, 2000))
    lose(street, "desk01")
    with pytest.raises(NotDueError, match="registered"):
        losses.believe_receipt(centre, "desk01", None, street.name, 2000, "receipt 12")
    centre.registrar.set_card(street.name, CardState.ACTIVE)
    losses.believe_receipt(centre, "desk01", None, street.name, 2000, "receipt 12")
    assert (free(street), street.balance(FUND)) == (2000, -2000)
    street.bring("desk01")
    losses.clear(centre, "desk01", found=True)
    assert (free(street), street.balance(FUND), street.balance("cash/desk01")) == (2000, 0, -2000)


def test_a_shop_that_was_compensated_is_not_paid_again_when_its_sales_are_found(street: Street) -> None:
    centre = street.centre.centre
    street.give("shop01", 1600)
    street.hold("shop01", Wish(PAY, 1000))
    lose(street)
    with pytest.raises(NotDueError, match="no more than 1600"):
        losses.compensate(centre, "shop01", None, "fish", 1601, "receipts")
    with pytest.raises(NotDueError, match="no place"):
        losses.compensate(centre, "shop01", None, "nowhere", 900, "receipts")
    losses.compensate(centre, "shop01", None, "fish", 900, "receipts of the day")
    assert (street.balance("shop/fish"), street.balance(FUND)) == (900, -900)
    street.bring("shop01")
    assert street.balance("shop/fish") == 1900
    moved = losses.clear(centre, "shop01", found=True)
    assert moved[-1] == Repaid("shop01", 1, "fish", 900)
    assert (street.balance("shop/fish"), street.balance(FUND), free(street)) == (1000, 0, 600)
    with pytest.raises(NotDueError):
        losses.clear(centre, "shop01", found=True)
    street.books()


@pytest.mark.fault(
    "unit lost with money on it",
    people="The unit is dark. What lay there is missing from what they can spend, for a week at the most.",
    lost="For cardholders nothing. The fund bears what was spent there and not sent, at most what the unit could give "
    "out, which is said before anybody confirms it; and cash that it took in and had not sent, for which there is a "
    "receipt.",
    found="The unit is silent, and the office gives it up; what it could give out is in suspense, card by card.",
)
def test_the_fund_never_loses_more_than_was_at_stake(street: Street) -> None:
    """The worst case: everything was spent there, the shop was compensated, and the journal never turned up."""
    centre = street.centre.centre
    street.give("shop01", 1600)
    street.hold("shop01", Wish(PAY, 1600))
    at_stake = centre.losses.stake("shop01").total
    lose(street)
    losses.compensate(centre, "shop01", None, "fish", 1600, "receipts of the day")
    street.clock.advance(WEEK_S)
    losses.make_whole(centre, "shop01")
    losses.clear(centre, "shop01", found=False)
    assert street.balance(FUND) == -1600 == -at_stake


def test_what_two_copies_spent_twice_is_paid_to_the_shop_and_borne_by_the_fund(street: Street) -> None:
    """Each of two machines spends what was granted to one; the second part of it nobody had."""
    centre = street.centre.centre
    street.give("shop01", 1600)
    street.copy("shop01", "double")
    for machine, yen in (("shop01", 900), ("double", 1000), ("shop01", 700)):
        assert street.hold(machine, Wish(PAY, yen)) == "COI-020"
        street.units[machine].sync(street.road(machine))
    stake = centre.losses.stake("shop01")
    assert stake.state == UnitState.SUSPENDED
    assert stake.incidents
    lose(street)
    for machine in ("shop01", "double"):
        street.bring(machine)
    assert suspended(street) == -1000
    assert street.balance("shop/fish") == 2600, "both sales are real"
    losses.clear(centre, "shop01", found=True)
    assert (suspended(street), street.balance(FUND), free(street)) == (0, -1000, 0)
    assert not [name for name in street.books() if name.startswith(ledger.SHORT)]


@pytest.mark.fault("journal of a lost unit turns up")
def test_nothing_is_taken_of_a_life_that_was_stolen(street: Street) -> None:
    centre = street.centre.centre
    street.give("shop01", 1600)
    street.hold("shop01", Wish(PAY, 1000))
    lose(street, stolen=True)
    with pytest.raises(RefusedError, match="was stolen"):
        street.bring("shop01")
    assert street.balance("shop/fish") == 0
    street.clock.advance(WEEK_S)
    losses.make_whole(centre, "shop01")
    assert free(street) == 1600
    with pytest.raises(NotLostError, match="before"):
        lose(street)


def test_that_it_was_stolen_may_be_found_out_later(street: Street) -> None:
    street.give("shop01", 1600)
    street.hold("shop01", Wish(PAY, 1000))
    lose(street)
    lose(street, stolen=True)
    with pytest.raises(RefusedError, match="was stolen"):
        street.bring("shop01")
    assert suspended(street) == 1600


def test_a_closed_life_that_nobody_gave_up_is_not_taken(street: Street) -> None:
    street.give("shop01", 1600)
    street.hold("shop01", Wish(PAY, 1000))
    street.centre.centre.enroller.close("shop01", "scrapped")
    with pytest.raises(RefusedError, match="is taken any more"):
        street.bring("shop01")
    with pytest.raises(NotLostError, match="was not given up"):
        losses.look(street.centre.centre, "shop01")
    with pytest.raises(NotLostError, match="no unit"):
        street.centre.centre.losses.stake("shop09")
    with pytest.raises(NotLostError, match="no life 2"):
        street.centre.centre.losses.stake("shop01", 2)


def test_before_a_restored_centre_has_heard_everybody_nothing_is_paid_out(street: Street) -> None:
    street.give("shop01", 1600)
    lose(street)
    street.clock.advance(WEEK_S)
    street.centre.back_up()
    street.centre.restore()
    with pytest.raises(NotDueError, match="desk01, shop02"):
        losses.make_whole(street.centre.centre, "shop01")
    street.talk("desk01", "shop02")
    losses.make_whole(street.centre.centre, "shop01")


def test_only_the_office_can_say_any_of_it(street: Street) -> None:
    said: tuple[Fact, ...] = (
        Lost("shop02", 1),
        MadeWhole("shop01", 1, street.name, 1600),
        Compensated("shop01", 1, "fish", 900, "because"),
        Cleared("shop01", 1, street.name, 100, 100),
        Repaid("shop01", 1, "fish", 900),
        CardMoved(street.name, street.other),
    )
    for fact in said:
        forged, ours = (Entry(unit, "9f3c0a1b22d4e5f6", 1, 0, fact) for unit in ("shop01", OFFICE_STREAM))
        assert done(forged) == ()
        assert done(ours) != ()


def done(entry: Entry) -> tuple[Move | Heir, ...]:
    return (*ledger.of_rights(entry), *ledger.of_losses(entry), *OFFICE.moves(entry), *OFFICE.heirs(entry))
