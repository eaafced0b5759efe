"""A unit is put away: it gives everything back, gets nothing more, and nobody's money stays behind in a cupboard."""

from pathlib import Path

import pytest

from central import drained, ledger
from central.centre import open_centre
from central.granting import Draining, NotFreeError
from central.parting import PartingError
from central.world import SystemClock, SystemEntropy
from programs.coin.entries import Charge
from programs.coin.rules import CHARGE, PAY
from sync.entries import Entry
from sync.facts import PlaceNamed
from sync.messages import OFFICE_STREAM
from sync.program import Wish
from sync.rights import Drained, Returned
from tests.central.pen import Pen
from tests.central.test_commands import NAMES, REFUSED, document, machi
from tests.programs.coin.street import Street
from tests.programs.coin.test_dealing import go_on, pay_in_a_moment, said, settled


def drain(street: Street, unit: str = "shop01", *, on: bool = True) -> Draining:
    return street.centre.centre.granter.drain(unit, on=on)


def test_everything_comes_back_at_the_next_contact_and_can_be_spent_elsewhere(street: Street) -> None:
    street.give("shop01", 3000)
    assert drain(street).holds == {street.what: 3000}
    assert street.rights("shop01") == 3000, "a unit out of reach keeps what it has until it hears"
    street.talk("shop01")
    assert street.rights("shop01") == 0
    assert street.balance(ledger.free(street.what)) == 3000
    assert drain(street).holds == {}
    street.talk("shop02")
    street.connect("shop02")
    assert street.hold("shop02", Wish(PAY, 1500)) == "COI-020"


def test_what_is_paid_before_the_unit_hears_counts(street: Street) -> None:
    street.give("shop01", 3000)
    drain(street)
    assert street.hold("shop01", Wish(PAY, 1000)) == "COI-020"
    street.talk("shop01")
    assert street.balance("shop/fish") == 1000
    assert street.balance(ledger.free(street.what)) == 2000


def test_to_say_it_twice_asks_for_nothing_twice(street: Street) -> None:
    street.give("shop01", 3000)
    drain(street)
    before = said(street, "to-shop01")
    assert drain(street).holds == {street.what: 3000}
    assert said(street, "to-shop01") == before
    street.talk("shop01")
    assert street.balance(ledger.free(street.what)) == 3000


def test_it_is_granted_nothing_more_neither_asked_nor_unasked(street: Street) -> None:
    settled(street)
    drain(street)
    go_on(street, "shop01", "shop02", "desk01")
    assert street.rights("shop01") == 0
    assert pay_in_a_moment(street, "shop01", 1000) != "COI-020"
    go_on(street, "shop01", "shop02", "desk01")
    assert street.rights("shop01") == 0
    with pytest.raises(NotFreeError, match="drained"):
        street.centre.centre.granter.grant(street.what, "shop01", 100)


def test_what_is_charged_there_afterwards_is_asked_back_too(street: Street) -> None:
    drain(street, "desk01")
    street.talk("desk01")
    assert street.hold("desk01", Wish(CHARGE, 3000)) == "COI-031"
    street.talk("desk01")
    assert drain(street, "desk01").holds == {street.what: 3000}
    street.talk("desk01")
    assert street.balance(ledger.free(street.what)) == 3000


def test_it_is_as_any_other_unit_once_it_is_back(street: Street) -> None:
    settled(street)
    drain(street)
    go_on(street, "shop01")
    drain(street, on=False)
    go_on(street, "shop01")
    assert pay_in_a_moment(street, "shop01", 1000) == "COI-020"


def test_a_unit_that_would_not_answer_is_not_drained(street: Street) -> None:
    with pytest.raises(NotFreeError, match="not known"):
        drain(street, "shop99")


def test_only_the_office_can_say_so_and_what_it_says_last_counts(street: Street) -> None:
    def lives(writer: str, *facts: Drained) -> frozenset[tuple[str, int]]:
        entries = [Entry(writer, "9f3c0a1b22d4e5f6", seq, 0, fact) for seq, fact in enumerate(facts, 1)]
        with street.centre.centre.engine.begin() as connection:
            drained.note(connection, entries)
            return drained.lives(connection)

    assert lives("shop02", Drained("shop01", 1)) == frozenset()
    assert lives(OFFICE_STREAM, Drained("shop01", 1), Drained("shop02", 3)) == {("shop01", 1), ("shop02", 3)}
    assert lives(OFFICE_STREAM, Drained("shop02", 3, on=False)) == {("shop01", 1)}


def test_the_office_drains_a_unit_by_a_command(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    machi("init", folder, *NAMES)
    centre = open_centre(folder, SystemClock(), SystemEntropy())
    centre.registrar.place(PlaceNamed("hall", "役場", "やくば", "Town hall"))
    pen = Pen.enrolled(centre, "desk01")
    pen.send(pen.begin(Charge(1, "0a" * 16, 3000, "hall", 20_780, "card")))
    told = document("unit", "drain", folder, "desk01")
    assert {name: told[name] for name in ("unit", "life", "drained", "holds", "things")} == {
        "unit": "desk01",
        "life": 1,
        "drained": True,
        "holds": 3000,
        "things": 1,
    }
    pen.send(pen.write(Returned(1, "coin/" + "0a" * 16, 3000)))
    assert document("unit", "drain", folder, "desk01", "--stop")["holds"] == 0
    assert "lost" in machi("unit", "drain", folder, "nobody", ends=REFUSED)
    centre.engine.dispose()


def test_a_unit_may_not_be_wiped_while_money_can_be_spent_there(street: Street) -> None:
    street.give("shop01", 3000)
    parting = street.centre.centre.parting
    with pytest.raises(PartingError, match="shop01 may still give out 3000; have it give that back first"):
        parting.release("shop01")
    drain(street)
    street.talk("shop01")
    assert parting.release("shop01")
