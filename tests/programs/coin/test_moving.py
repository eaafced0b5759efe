"""A card is lost: its money and points are the new card's, all of them, once, and however late they come."""

from collections.abc import Iterator
from datetime import date

import pytest

from central import belongings, handing, lately, ledger, store
from central.belongings import BelongingsError
from central.ledger import points
from central.reading import CardReading
from central.residents.person import Person
from drivers.card.sim.others import VirtualCard
from programs.coin.entries import money
from programs.coin.procedures import losses, moving
from programs.coin.procedures.moving import NotMovableError
from programs.coin.rules import CHARGE, PAY, VOID
from programs.coin.terms import AfterLoss, Terms
from sync.facts import CardState
from sync.program import Wish
from sync.residents import CardEnd, Form, How
from tests.programs.coin.street import Street


@pytest.fixture
def street() -> Iterator[Street]:
    street = Street()
    for card in (street.name, street.other):
        street.centre.centre.registrar.set_card(card, CardState.ACTIVE)
    yield street
    for unit in street.units.values():
        unit.stop()


def move(street: Street) -> moving.Moving:
    return moving.move(street.centre.centre, street.name, street.other)


def of_new(street: Street) -> int:
    return street.balance(ledger.free(money(street.other)))


def hold(street: Street, unit: str, card: VirtualCard, wish: Wish) -> str:
    shown = street.units[unit].tap(card, wish)
    assert shown
    return shown.message


def test_what_is_free_goes_over_at_once_and_the_rest_as_it_comes_back(street: Street) -> None:
    street.give("shop01", 1600)
    centre = street.centre.centre
    before = moving.look(centre, street.name, street.other)
    assert (before.free, before.points, before.has_moved, before.was_stopped) == (0, 0, False, False)
    assert [(one.unit, one.yen, one.state) for one in before.at_units] == [
        ("desk01", 400, "active"),
        ("shop01", 1600, "active"),
    ]
    assert before.at_most == 2000
    centre.granter.recall(street.what, "desk01", 400)
    street.talk("desk01")
    move(street)
    assert of_new(street) == 400
    street.talk("shop01")
    assert (of_new(street), street.rights("shop01")) == (2000, 0)
    centre.granter.grant(money(street.other), "shop02", 2000)
    street.talk("shop02")
    assert hold(street, "shop02", street.card, Wish(PAY, 1)) == "TAP-031", "the old card is stopped"
    assert hold(street, "shop02", street.other_card, Wish(PAY, 2000)) == "COI-020"
    street.talk("shop02")
    assert street.books() == {
        "cash/desk01": -2000,
        "shop/bakery": 2000,
        "points/" + street.other: 200,
        "issuer/points": -200,
    }


@pytest.mark.fault(
    "card lost with money on it",
    people="The old card is refused. With the new one what was free can be spent at once, the rest as it comes back.",
    lost="What somebody spends at units that have not heard that the card is stopped: no more than they may give out, "
    "and that sum is said before anybody confirms it.",
    found="By the holder. No yen can be spent with both cards.",
)
def test_whoever_finds_it_can_spend_no_more_than_was_said(street: Street) -> None:
    """A unit without a network has not heard of the stop: what it may give out is the most that can be lost."""
    street.give("shop01", 1600)
    assert move(street).at_most == 2000
    street.talk("desk01")
    assert of_new(street) == 400
    assert street.hold("shop01", Wish(PAY, 1000)) == "COI-020"
    assert street.hold("shop01", Wish(PAY, 601)) == "COI-011"
    street.talk("shop01")
    assert (of_new(street), street.balance("shop/fish")) == (1000, 1000)
    assert street.balance(points(street.other)) == 100
    assert street.hold("shop01", Wish(PAY, 1)) == "TAP-031"
    assert moving.look(street.centre.centre, street.name, street.other).at_units == ()
    street.books()


@pytest.mark.parametrize("first", ["the charge", "the move"])
def test_what_was_charged_and_not_sent_comes_to_the_new_card_as_well(street: Street, first: str) -> None:
    street.hold("desk01", Wish(CHARGE, 3000))
    street.hold("desk01", Wish(PAY, 700))
    sale = street.last
    street.hold("desk01", Wish(PAY, 200))
    street.hold("desk01", Wish(VOID, about=sale))
    if first == "the charge":
        street.talk("desk01")
    assert move(street).at_most == (2800 if first == "the charge" else 0), "nobody here can know more"
    street.talk("desk01")
    assert of_new(street) == 2800
    assert street.books() == {
        "cash/desk01": -3000,
        ledger.free(money(street.other)): 2800,
        "shop/hall": 200,
        points(street.other): 20,
        "issuer/points": -20,
    }


def test_said_again_it_asks_again_and_moves_nothing_twice(street: Street) -> None:
    street.give("shop01", 1600)
    move(street)
    again = move(street)
    assert (again.has_moved, again.was_stopped, again.at_most) == (True, True, 2000)
    street.talk("desk01", "shop01")
    assert of_new(street) == 2000


def test_money_goes_to_no_card_that_cannot_have_it(street: Street) -> None:
    centre = street.centre.centre
    with pytest.raises(NotMovableError, match="another one"):
        moving.look(centre, street.name, street.name)
    with pytest.raises(NotMovableError, match="register the new card"):
        moving.look(centre, street.name, "0e" * 16)
    with pytest.raises(NotMovableError, match="registered"):
        moving.look(centre, "0e" * 16, street.other)
    move(street)
    with pytest.raises(NotMovableError, match="stopped"):
        moving.move(centre, street.other, street.name)
    centre.registrar.set_card(street.name, CardState.ACTIVE)
    with pytest.raises(NotMovableError, match="moved elsewhere itself"):
        moving.move(centre, street.other, street.name)
    third = "0e" * 16
    centre.registrar.set_card(third, CardState.ACTIVE)
    with pytest.raises(NotMovableError, match="to another card before"):
        moving.move(centre, street.name, third)
    moving.move(centre, street.other, third)
    street.hold("desk01", Wish(CHARGE, 1000))
    street.talk("desk01")
    assert street.balance(ledger.free(money(third))) == 1000, "the new one was lost, too"


def test_what_lies_at_a_unit_that_is_lost_as_well_comes_to_the_new_card(street: Street) -> None:
    street.give("shop01", 1600)
    centre = street.centre.centre
    move(street)
    centre.losses.give_up("shop01", stolen=False, reason="flooded")
    centre.registrar.say([Terms(after_loss=AfterLoss(wait_days=0))])
    losses.make_whole(centre, "shop01")
    assert of_new(street) == 1600
    (left,) = moving.look(centre, street.name, street.other).at_units
    assert (left.unit, left.yen) == ("desk01", 400)


def test_a_unit_in_another_life_gives_nothing_back_by_itself(street: Street) -> None:
    street.give("shop01", 1600)
    street.centre.centre.enroller.close("shop01", "scrapped")
    left = moving.look(street.centre.centre, street.name, street.other).at_units
    assert [(one.unit, one.life, one.yen, one.state) for one in left] == [
        ("desk01", 1, 400, "active"),
        ("shop01", 1, 1600, "closed"),
    ]


def test_at_the_registration_desk_a_lost_card_is_renewed_with_all_that_lies_on_it(street: Street) -> None:
    centre = street.centre.centre
    person = Person("高橋\u3000太郎", "タカハシ タロウ", "灯台町1-2", date(1980, 5, 6))
    taro = centre.registration.add(person, How.TYPED, "sato")
    old, new = (CardReading(*street.mint.identity(number)) for number in (0, 1))
    assert centre.registration.add_card(taro, old, Form.CARD, "sato") == (taro, street.name)
    street.give("shop01", 1600)
    centre.registration.end_card(taro, street.name, CardEnd.LOST, "sato")
    (has,) = belongings.of(centre, street.name)
    assert (has.program, has.is_any, has.units, has.at_most) == ("coin", True, 2, 2000)
    assert "2,000円" in has.ja
    assert ["最大 2,000円" in ja for ja, _ in handing.warnings([has])] == [False, True]
    with store.reading(centre.engine) as connection:
        assert [one.ja for one in lately.done(connection, street.name, 5)] == ["チャージ +2,000円"]
    holder, card, had = handing.renew(centre, taro, street.name, new, "sato")
    assert (holder, card, [one.is_any for one in had]) == (taro, street.other, [True])
    for unit in ("shop01", "desk01"):
        street.talk(unit)
    assert of_new(street) == 2000
    assert not belongings.of(centre, street.name)[0].is_any
    belongings.move(centre, street.name, street.other)
    centre.registrar.set_card(street.other, CardState.STOPPED)
    with pytest.raises(BelongingsError):
        belongings.move(centre, street.name, street.other)
