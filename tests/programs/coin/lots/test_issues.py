"""Gift certificates: a purse of its own, spent at the shops that take part only, in steps, up to the last day."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from central import ledger
from central.ledger import held
from programs.coin.entries import money
from programs.coin.lots import books
from programs.coin.lots.expiring import expire
from programs.coin.lots.facts import Given, Source
from programs.coin.lots.giving import NotGivenError, give
from programs.coin.lots.issues import Issue
from programs.coin.refunding import refund
from programs.coin.rules import CHARGE, PAY, VOID
from sync.program import Wish, town_day
from tests.central.test_commands import NAMES, REFUSED, document, machi
from tests.programs.coin.lots.conftest import Hall
from tests.programs.coin.street import Street

DAY_S = 86_400
SUMMER = "summer-2026"


@pytest.fixture
def street() -> Iterator[Street]:
    """A street where the fishmonger takes part, and the bakery does not; the resident has certificates of ¥3,000."""
    street = Street()
    street.centre.centre.registrar.say([Issue(SUMMER, "夏の商品券", ("fish",), 500, today(street) + 1)])
    give(street.centre.centre, [gift(street)], to_anybody=True)
    for name in ("shop01", "shop02"):
        street.connect(name)
    street.talk("desk01", "shop01", "shop02")
    yield street
    for unit in street.units.values():
        unit.stop()


def today(street: Street) -> int:
    return town_day(street.clock.wall_ms(), 540)


def gift(street: Street, issue: str = SUMMER, expires: int = 0) -> Given:
    return Given(street.name, 3000, Source.GRANT, "grant", "夏", 0, expires, issue=issue)


def left(street: Street, issue: str = SUMMER) -> list[tuple[int, int]]:
    with street.centre.centre.reconciler.counted() as connection:
        what = money(street.name, issue)
        purse = books.purse(connection, what)
        assert purse.yen == books.worth(connection, what)
        assert ledger.total(connection) == 0
    return [(lot.expires - today(street), lot.left) for lot in purse.lots]


def test_certificates_are_spent_at_a_shop_that_takes_part_and_nowhere_else(street: Street) -> None:
    assert street.hold("shop02", Wish(PAY, 500, about=SUMMER)) == "COI-090"
    assert street.hold("shop01", Wish(PAY, 500, about=SUMMER)) == "COI-020"
    street.talk("shop01", "shop02")
    assert left(street) == [(1, 2500)], "good as long as the issue"
    assert street.balance("shop/fish") == 500
    assert street.balance(held(money(street.name, SUMMER), "shop02", 1)) == 0, "the bakery was not even granted any"


def test_coin_and_certificates_on_one_card_are_two_purses(street: Street) -> None:
    assert street.hold("shop01", Wish(PAY, 500)) == "COI-010", "certificates are no coin"
    street.hold("desk01", Wish(CHARGE, 1000))
    assert street.hold("desk01", Wish(PAY, 500, about=SUMMER)) == "COI-090", "and coin is no certificate"
    assert street.hold("desk01", Wish(PAY, 500)) == "COI-020"
    street.talk("desk01")
    assert left(street) == [(1, 3000)]
    assert [yen for _, yen in left(street, "")] == [500]


def test_they_go_in_steps_and_no_further_than_there_are_any(street: Street) -> None:
    assert street.hold("shop01", Wish(PAY, 499, about=SUMMER)) == "COI-092"
    assert street.hold("shop01", Wish(PAY, 3500, about=SUMMER)) == "COI-010"
    assert street.hold("shop01", Wish(PAY, 3000, about=SUMMER)) == "COI-020"
    assert street.hold("shop01", Wish(PAY, 500, about=SUMMER)) == "COI-010"


def test_a_payment_that_is_taken_back_is_certificates_again(street: Street) -> None:
    street.hold("shop01", Wish(PAY, 1500, about=SUMMER))
    assert street.hold("shop01", Wish(VOID, about=street.last)) == "COI-043"
    street.talk("shop01")
    assert left(street) == [(1, 3000)]
    assert left(street, "") == []
    assert street.balance("shop/fish") == 0


def test_a_refund_of_a_later_day_is_certificates_again(street: Street) -> None:
    street.hold("shop01", Wish(PAY, 1500, about=SUMMER))
    paid = street.last
    street.clock.advance(DAY_S)
    street.talk("shop01")
    assert street.hold("shop01", Wish(PAY, 500, about=SUMMER)) == "COI-020"
    street.talk("shop01")
    refund(street.centre.centre, paid, 1000, "返品")
    assert [yen for _, yen in left(street)] == [2000]
    assert left(street, "") == []


def test_a_shop_knows_without_a_network_that_they_have_run_out(street: Street) -> None:
    street.hold("shop01", Wish(PAY, 500, about=SUMMER))
    street.clock.advance(DAY_S)
    assert street.hold("shop01", Wish(PAY, 500, about=SUMMER)) == "COI-020", "it is the last day"
    street.clock.advance(DAY_S)
    assert street.hold("shop01", Wish(PAY, 500, about=SUMMER)) == "COI-091"
    expire(street.centre.centre, today(street))
    street.talk("shop01")
    expire(street.centre.centre, today(street))
    assert [yen for _, yen in left(street)] == [0]
    assert street.balance("issuer/expired") == 2000


def test_what_the_town_says_of_an_issue_last_counts_and_only_what_it_says(street: Street) -> None:
    street.centre.centre.registrar.say([Issue(SUMMER, "夏の商品券", ("fish", "bakery"))])
    street.talk("shop02")
    assert street.hold("shop02", Wish(PAY, 499, about=SUMMER)) == "COI-020"
    assert street.hold("shop02", Wish(PAY, 500, about="winter-2026")) == "COI-090"
    with pytest.raises(NotGivenError, match='no issue "winter-2026"'):
        give(street.centre.centre, [gift(street, "winter-2026")])


def test_a_list_of_certificates_given_again_after_the_issue_was_made_longer_gives_nothing_more(street: Street) -> None:
    named = msgspec.structs.replace(gift(street), ref="id:1")
    assert give(street.centre.centre, [named]).given
    street.centre.centre.registrar.say([Issue(SUMMER, "夏の商品券", ("fish",), 500, today(street) + 30)])
    assert give(street.centre.centre, [named]).given == ()
    assert left(street) == [(1, 3000), (1, 3000)]


def test_a_unit_that_says_what_an_issue_is_says_nothing(hall: Hall) -> None:
    hall.write("shop01", Issue(SUMMER, "夏の商品券", ("fish",)))
    with pytest.raises(NotGivenError, match="there is no issue"):
        give(hall.centre, [Given(hall.card, 500, Source.GRANT, "grant", "夏", 0, issue=SUMMER)])


def test_the_office_sets_an_issue_and_gives_certificates_out(tmp_path: Path) -> None:
    folder, card = tmp_path / "town", "0b" * 16
    machi("init", folder, *NAMES)
    given = (
        "coin",
        "give",
        folder,
        card,
        3000,
        "--source",
        "grant",
        "--reason",
        "夏",
        "--issue",
        SUMMER,
        "--to-anybody",
    )
    assert "there is no issue" in machi(*given, ends=REFUSED)
    said = ("coin", "issue", folder, SUMMER, "--name", "夏の商品券", "--place", "fish", "--expires", "2099-12-31")
    assert document(*said, "--step", 500) == {
        "issue": SUMMER,
        "name": "夏の商品券",
        "places": ["fish"],
        "step_yen": 500,
        "expires": "2099-12-31",
    }
    document(*given)
    listed = f"card,yen,source,reason,issue\n{card},500,grant,夏,{SUMMER}\n".encode()
    document("coin", "give-list", folder, "-", given=listed)
    found = document("coin", "balance", folder, card)
    assert (found["yen"], found["lots"]) == (0, [])
    (gift,) = found["certificates"]
    assert (gift["issue"], gift["yen"], gift["lots"][0]["expires"]) == (SUMMER, 3500, "2099-12-31")
    assert f"certificates {SUMMER}: ¥3500 (free 3500)" in machi("coin", "balance", folder, card)
    assert document("replay", folder)["match"]
