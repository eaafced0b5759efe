"""Who stands behind a counter: signed in by a PIN or a card, slowed down after wrong ones, and said in every entry."""

import functools
from collections.abc import Iterator
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from programs.coin.entries import Charge, Pay, Void
from programs.coin.rules import CHARGE, PAY, VOID
from programs.coin.terms import Terms
from programs.coin.till.acts import CLOSE, OPEN_DRAWER
from programs.coin.till.facts import Closing
from sync.pins import KeptPin, is_easy, is_pin, keep, matches
from sync.program import Act, ActError, Operator, Wish
from sync.staff import FREE_TRIES, Person, Role, SignedIn, SignedOut, StaffSet, WrongPin, wait_s
from tests.programs.coin.street import Street
from tests.programs.coin.test_till import written

SALT: Final = bytes(16)
CLERK, BOSS, OTHER = "2580", "8642", "1357"
DAY_S: Final = 86_400.0
CHANGE: Final = (0, 1, 0, 0, 0, 0, 0, 0, 0, 0)


@functools.cache  # slow on purpose
def kept(pin: str) -> KeptPin:
    return keep(pin, SALT)


def staff(street: Street) -> tuple[Person, ...]:
    """Return a clerk, another one, and a supervisor who also signs in with the resident's neighbour's card."""
    return (
        Person(3, "はる", Role.CLERK, kept(CLERK)),
        Person(4, "", Role.CLERK, kept(OTHER)),
        Person(1, "みき", Role.SUPERVISOR, kept(BOSS), street.other),
    )


def say(street: Street, *, needed: bool = True) -> None:
    for place, unit in (("hall", "desk01"), ("fish", "shop01")):
        people = staff(street)
        street.centre.centre.staffing.change(
            place,
            lambda said: StaffSet(said.of, people, needed),  # noqa: B023 - called at once
        )
        street.talk(unit)


@pytest.fixture
def street() -> Iterator[Street]:
    """A street in which the fishmonger's has 5,000 yen of the resident's to give out, and people have to sign in."""
    street = Street()
    street.give("shop01", 5_000)
    say(street)
    yield street
    for unit in street.units.values():
        unit.stop()


def sign_in(street: Street, number: int, pin: str, unit: str = "shop01") -> str:
    return street.units[unit].running.staff.sign_in(number, pin).message


def here(street: Street, unit: str = "shop01") -> Operator:
    return street.units[unit].running.tap.moment().operator


def test_nothing_is_done_before_somebody_has_signed_in(street: Street) -> None:
    before = len(written(street, "shop01", Pay, Closing))
    assert street.hold("shop01", Wish(PAY, 300)) == "TAP-050"
    assert street.units["shop01"].running.staff.do(Act(CLOSE, is_sure=True)).message == "TAP-050"
    assert len(written(street, "shop01", Pay, Closing)) == before
    assert sign_in(street, 3, CLERK) == "TAP-053"
    assert street.hold("shop01", Wish(PAY, 300)) == "COI-020"
    assert written(street, "shop01", Pay)[-1].operator == 3
    assert street.units["shop01"].running.staff.do(Act(CLOSE)).message == "COI-050"
    assert written(street, "shop01", Closing)[-1].operator == 3
    street.units["shop01"].running.staff.sign_out()
    assert written(street, "shop01", SignedOut)[-1].number == 3
    assert street.hold("shop01", Wish(PAY, 200)) == "TAP-050"


def test_where_nobody_was_named_nobody_is_asked(street: Street) -> None:
    unit = street.units["shop02"].running
    with pytest.raises(ActError):
        unit.staff.sign_in(3, CLERK)
    with pytest.raises(ActError):
        unit.staff.sign_out()
    assert unit.staff.do(Act(CLOSE, is_sure=True)).message == "COI-050"
    assert written(street, "shop02", Closing)[-1].operator == 0


def test_where_it_is_not_needed_it_may_still_be_said(street: Street) -> None:
    say(street, needed=False)
    assert street.hold("shop01", Wish(PAY, 300)) == "COI-020"
    assert written(street, "shop01", Pay)[-1].operator == 0
    sign_in(street, 3, CLERK)
    assert street.hold("shop01", Wish(PAY, 400)) == "COI-020"
    assert written(street, "shop01", Pay)[-1].operator == 3


def test_a_card_signs_in_and_still_pays(street: Street) -> None:
    shop = street.units["shop01"]
    street.clock.advance(10)
    shop.running.tap.set(Wish(PAY, 300))
    assert shop.tap(street.other_card, None) is not None
    assert here(street).number == 0, "a card that is held to a sale is a customer's"
    shop.running.tap.set(Wish())
    shown = shop.tap(street.other_card)
    assert shown is not None
    assert shown.message == "TAP-053"
    assert here(street) == Operator(1, is_supervisor=True, is_needed=True)
    assert written(street, "shop01", SignedIn)[-1] == SignedIn(
        1, written(street, "shop01", Pay, SignedIn)[-1].day, 1, street.other
    )
    street.clock.advance(10)
    again = shop.tap(street.other_card)
    assert again is not None
    assert again.message == "COI-001", "who is signed in already asks what can be spent"


@pytest.mark.parametrize("proof", ["none", "token"])
def test_a_picture_of_a_card_signs_nobody_in(street: Street, proof: str) -> None:
    operators = street.units["shop01"].running.tap.operators
    assert operators.by_card(street.other, "card", 20_780) is not None
    assert operators.by_card(street.other, proof, 20_780) is None


def test_wrong_pins_are_counted_and_cost_time_also_after_a_start(street: Street) -> None:
    for _ in range(FREE_TRIES + 1):
        assert sign_in(street, 3, "9999") == "TAP-051"
    assert len(written(street, "shop01", WrongPin)) == FREE_TRIES + 1
    assert sign_in(street, 3, CLERK) == "TAP-052", "not even the right one, for a while"
    assert sign_in(street, 4, OTHER) == "TAP-053", "nobody else has to wait"
    shop = street.units["shop01"]
    street.clock.advance(1_000)
    shop.stop()
    shop.start()
    assert sign_in(street, 3, CLERK) == "TAP-052", "nobody gets round it by pulling the plug"
    street.clock.advance(wait_s(FREE_TRIES + 1) + 1)
    assert sign_in(street, 3, CLERK) == "TAP-053"
    assert sign_in(street, 3, "9999") == "TAP-051"
    assert sign_in(street, 3, CLERK) == "TAP-053", "the right one wipes the count"


def test_another_ones_right_pin_wipes_no_count(street: Street) -> None:
    for _ in range(FREE_TRIES + 1):
        sign_in(street, 1, "9999")
        sign_in(street, 3, CLERK)
    assert sign_in(street, 1, BOSS) == "TAP-052"


def test_nobody_is_named_who_is_unknown_and_nothing_is_written(street: Street) -> None:
    for _ in range(2 * FREE_TRIES + 1):
        assert sign_in(street, 77, "9999") == "TAP-051"
    assert written(street, "shop01", WrongPin) == []


def test_the_wait_grows_and_ends_somewhere() -> None:
    waits = [wait_s(wrong) for wrong in range(20)]
    assert waits[: FREE_TRIES + 1] == [0.0] * (FREE_TRIES + 1)
    assert waits == sorted(waits)
    assert (waits[FREE_TRIES + 1], waits[-1]) == (5.0, 300.0)


def test_a_shift_ends_with_the_day_and_outlives_a_power_cut(street: Street) -> None:
    sign_in(street, 3, CLERK)
    shop = street.units["shop01"]
    shop.crash()
    shop.start()
    assert here(street).number == 3
    street.clock.advance(DAY_S)
    assert here(street).number == 0


def test_who_was_taken_off_the_list_is_out_at_the_next_contact(street: Street) -> None:
    sign_in(street, 3, CLERK)
    street.centre.centre.staffing.change("fish", lambda said: StaffSet(said.of, said.people[1:], said.needed))
    assert here(street).number == 3, "not heard yet"
    street.talk("shop01")
    assert here(street).number == 0
    assert sign_in(street, 3, CLERK) == "TAP-051"


def sell(street: Street, yen: int) -> str:
    assert street.hold("shop01", Wish(PAY, yen)) == "COI-020"
    return street.last


def test_anothers_sale_takes_a_supervisor_where_the_town_says_so(street: Street) -> None:
    sign_in(street, 3, CLERK)
    first, second, third = sell(street, 300), sell(street, 400), sell(street, 500)
    sign_in(street, 4, OTHER)
    assert street.hold("shop01", Wish(VOID, about=first)) == "COI-043", "the town has not said so"
    street.centre.centre.registrar.say([Terms(supervised=True)])
    street.talk("shop01")
    assert street.hold("shop01", Wish(VOID, about=second)) == "COI-070"
    assert street.units["shop01"].running.staff.do(Act(CLOSE)).message == "COI-050", "a day is closed by anybody"
    assert street.units["shop01"].running.staff.do(Act(CLOSE, is_sure=True)).message == "COI-071", (
        "but not an empty one"
    )
    sign_in(street, 3, CLERK)
    assert street.hold("shop01", Wish(VOID, about=second)) == "COI-043", "their own"
    sign_in(street, 1, BOSS)
    assert street.hold("shop01", Wish(VOID, about=third)) == "COI-043"
    assert [void.operator for void in written(street, "shop01", Void)] == [4, 3, 1]


def test_a_drawer_takes_a_supervisor_where_the_town_says_so(street: Street) -> None:
    street.centre.centre.registrar.say([Terms(supervised=True)])
    street.talk("desk01")
    sign_in(street, 3, CLERK, "desk01")
    desk = street.units["desk01"].running
    assert desk.staff.do(Act(OPEN_DRAWER, CHANGE)).message == "COI-071"
    assert street.hold("desk01", Wish(CHARGE, 1_000)) == "COI-031"
    assert written(street, "desk01", Charge)[-1].operator == 3
    sign_in(street, 1, BOSS, "desk01")
    assert desk.staff.do(Act(CLOSE, is_sure=True)).message == "COI-053", "it goes on to its own reasons"


def test_a_pin_is_kept_salted() -> None:
    kept = keep("2580", SALT)
    assert kept == KeptPin("00" * 16, keep("2580", SALT).hash)
    assert kept.hash != keep("2580", bytes([1]) * 16).hash
    assert matches("2580", kept)
    assert [text for text in ("2581", "258", "0002580", "２５８０", "") if matches(text, kept)] == []
    assert [text for text in ("2580", "00000000", "123", "123456789", "12a4", "１２３４") if is_pin(text)] == [
        "2580",
        "00000000",
    ]
    assert [text for text in ("1111", "1234", "4321", "1212", "2580") if is_easy(text)] == ["1111", "1234", "4321"]


def test_a_pin_is_kept_as_published() -> None:
    """The last test vector of RFC 7914, chapter 12, has the costs that we use: N=16384, r=8, p=1."""
    derived = Scrypt(salt=b"SodiumChloride", length=64, n=16384, r=8, p=1).derive(b"pleaseletmein")
    assert derived.hex().startswith("7023bdcb3afd7348461c06cd81fd38eb")
    ours = Scrypt(salt=SALT, length=32, n=16384, r=8, p=1).derive(CLERK.encode())
    assert keep(CLERK, SALT).hash == ours.hex()


def test_no_pin_is_written_anywhere(street: Street) -> None:
    sign_in(street, 3, CLERK)
    sign_in(street, 3, "97531")
    rows: list[Any] = street.units["shop01"].running.opened.journal.select("SELECT body FROM entry")
    assert not any(CLERK in body or "97531" in body for (body,) in rows if "staff." in body)
