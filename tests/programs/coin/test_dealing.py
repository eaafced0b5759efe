"""The centre deals by itself: a card's money goes where the card pays; what is out of reach is not counted on."""

import pytest
import sqlalchemy as sa

from central import ledger, store
from central.granting import ASKED_MS, IN_REACH_MS, NotFreeError
from central.store import reading
from programs.coin.rules import CHARGE, PAY
from sync.program import Wish
from tests.programs.coin.street import Street

DAY_S = 86_400


def deal(street: Street) -> int:
    """Let the running centre do what it does when the door is quiet; return how many things it has said."""
    before = said(street)
    while street.centre.centre.reconciler.step() or street.centre.centre.dealer.turn():
        pass
    return said(street) - before


def said(street: Street, stream: str = "to-%") -> int:
    """Return how much the centre has said to units, or to one."""
    table = store.branch
    asked = sa.select(sa.func.sum(table.c.seq)).where(table.c.writer.like(stream))
    with reading(street.centre.centre.engine) as connection:
        return int(connection.execute(asked).scalar_one())


def go_on(street: Street, *units: str, rounds: int = 3) -> None:
    """Let units be in reach for a minute, with the centre dealing in between."""
    for _ in range(rounds):
        street.clock.advance(20)
        street.talk(*units)
        deal(street)


def settled(street: Street) -> Street:
    """Let somebody be known to pay at the fish shop."""
    street.hold("desk01", Wish(CHARGE, 9000))
    go_on(street, "desk01", "shop01", "shop02")
    street.connect("shop01")
    for _ in range(3):
        assert pay_in_a_moment(street, "shop01", 1000) == "COI-020"
        street.clock.advance(DAY_S)
        go_on(street, "desk01", "shop01", "shop02")
    return street


def pay_in_a_moment(street: Street, unit: str, yen: int) -> str:
    """Pay, and if it is refused, once more in a moment: the town was asked, and may have asked others."""
    message = street.hold(unit, Wish(PAY, yen))
    if message == "COI-020":
        return message
    go_on(street, "desk01", unit)
    return street.hold(unit, Wish(PAY, yen))


def test_what_is_charged_at_a_desk_can_be_spent_offline_where_the_card_pays_after_the_next_contact(
    street: Street,
) -> None:
    settled(street)
    before = street.rights("shop01")
    street.hold("desk01", Wish(CHARGE, 20_000))
    assert street.rights("desk01") >= 20_000, "at once, where it was charged"
    go_on(street, "desk01", "shop01", "shop02")
    assert street.rights("shop01") > max(before, 2000)
    street.units["shop01"].ask = lambda _: None  # nobody answers
    assert street.hold("shop01", Wish(PAY, 2000)) == "COI-020"
    assert street.rights("desk01") < 2000, "hardly anybody pays at the desk"


def test_a_unit_out_of_reach_is_granted_nothing_and_not_counted_on(street: Street) -> None:
    settled(street)
    street.clock.advance(IN_REACH_MS / 1000 + 60)
    held = street.balance(ledger.held(street.what, "shop01", 1))
    assert held > 0
    street.hold("desk01", Wish(CHARGE, 5000))
    go_on(street, "desk01", "shop02")
    assert street.balance(ledger.held(street.what, "shop01", 1)) == held == street.rights("shop01")
    there = street.balance(ledger.free(street.what)) + sum(street.rights(name) for name in ("desk01", "shop02"))
    assert there + held == 9000 + 5000 - 3000


def test_every_yen_is_in_one_place_whatever_is_dealt(street: Street) -> None:
    settled(street)
    for yen in (4000, 1000, 7000):
        street.hold("desk01", Wish(CHARGE, yen))
        go_on(street, "desk01", "shop01", "shop02")
        held = {name: street.rights(name) for name in street.units}
        assert {name: street.balance(ledger.held(street.what, name, 1)) for name in held} == held
    assert street.balance(ledger.free(street.what)) + sum(held.values()) == 9000 + 12_000 - 3000
    with reading(street.centre.centre.engine) as connection:
        names = connection.execute(sa.select(ledger.account.c.name).where(ledger.account.c.balance != 0)).scalars()
        assert [name for name in names if name.startswith(ledger.SHORT)] == []


def test_nothing_is_said_when_nothing_has_changed(street: Street) -> None:
    settled(street)
    assert deal(street) == 0
    for _ in range(3):
        street.clock.advance(DAY_S)
        street.talk("desk01", "shop01", "shop02")
        assert deal(street) <= 1, "a night's round; habits fade a little"


def test_what_was_asked_back_is_not_asked_back_again(street: Street) -> None:
    settled(street)
    street.hold("desk01", Wish(CHARGE, 9000))
    street.talk("desk01")
    assert deal(street) > 0
    asked = said(street, "to-desk01")
    street.hold("shop01", Wish(PAY, 1000))
    street.talk("shop01")
    deal(street)
    assert said(street, "to-desk01") == asked, "the desk has not heard it yet"


def test_one_deal_grants_no_more_than_is_free(street: Street) -> None:
    settled(street)
    free = street.balance(ledger.free(street.what))
    with street.centre.centre.granter.deal() as deal:
        deal.grant(street.what, "shop01", free)
        with pytest.raises(NotFreeError):
            deal.grant(street.what, "shop02", 1)
    street.talk("shop01")
    assert street.balance(ledger.free(street.what)) == 0


def test_before_a_storm_more_is_dealt_out_and_it_outlives_a_restart(street: Street) -> None:
    settled(street)
    free = street.balance(ledger.free(street.what))
    assert free > 0
    street.centre.centre.dealer.set_storm(on=True)
    street.centre.restart()
    assert street.centre.centre.dealer.is_storm()
    go_on(street, "desk01", "shop01", "shop02")
    assert street.balance(ledger.free(street.what)) < free / 2
    street.centre.centre.dealer.set_storm(on=False)
    go_on(street, "desk01", "shop01", "shop02")
    assert street.balance(ledger.free(street.what)) > free / 2


def test_a_limit_takes_back_what_is_too_much_and_no_more_and_can_be_lifted(street: Street) -> None:
    settled(street)
    dealer = street.centre.centre.dealer
    before = street.rights("shop01")
    assert before > 2000
    dealer.set_limit(2000)
    street.centre.restart()
    dealer = street.centre.centre.dealer
    assert dealer.limit() == 2000
    street.talk("desk01", "shop01", "shop02")
    deal(street)
    words = said(street, "to-shop01")
    street.clock.advance(20)
    street.hold("shop02", Wish(PAY, 1))
    street.talk("shop02")
    deal(street)
    assert said(street, "to-shop01") == words, "it is on its way back"
    go_on(street, "desk01", "shop01", "shop02")
    assert 1000 <= street.rights("shop01") <= 2000
    assert dealer.held()["coin"]["shop01"] == street.rights("shop01")
    dealer.set_limit(None)
    go_on(street, "desk01", "shop01", "shop02")
    assert street.rights("shop01") > 2000


def test_who_lacks_something_that_others_have_is_served_in_a_moment(street: Street) -> None:
    settled(street)
    street.connect("shop02")
    there = 9000 - 3000
    assert street.hold("shop02", Wish(PAY, there)) == "COI-011", "so much is not free"
    go_on(street, "desk01", "shop01", rounds=1)
    assert street.hold("shop02", Wish(PAY, there)) == "COI-020"
    street.talk("shop02")
    assert street.balance("shop/bakery") == there


def test_who_asked_and_went_away_is_not_waited_for(street: Street) -> None:
    settled(street)
    street.connect("shop02")
    assert street.hold("shop02", Wish(PAY, 6000)) == "COI-011"
    street.clock.advance(ASKED_MS / 1000 + 1)
    go_on(street, "desk01", "shop01", "shop02")
    assert street.rights("shop02") < 3000
    assert street.rights("shop01") > 1000


def test_where_somebody_was_refused_out_of_reach_money_will_be(street: Street) -> None:
    settled(street)
    assert street.rights("shop02") < 1000
    for _ in range(4):
        street.clock.advance(DAY_S)
        go_on(street, "desk01", "shop01")
        assert street.hold("shop02", Wish(PAY, 1000)) in ("COI-010", "COI-011")
    go_on(street, "desk01", "shop01", "shop02")
    assert street.rights("shop02") >= 1000
    assert street.hold("shop02", Wish(PAY, 1000)) == "COI-020"


def test_who_was_refused_where_the_town_could_be_asked_leaves_no_trace(street: Street) -> None:
    settled(street)
    street.connect("shop02")
    before = street.units["shop02"].running.opened.journal.tip
    assert street.hold("shop02", Wish(PAY, 100_000)) in ("COI-010", "COI-011")
    assert street.units["shop02"].running.opened.journal.tip == before
