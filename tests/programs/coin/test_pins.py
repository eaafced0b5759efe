"""A resident's PIN for large payments: chosen at a desk with the card, told to every unit, tried without a network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from central.store import reading
from programs.coin.entries import Pay
from programs.coin.office import pin_of
from programs.coin.pins import PINS, PinChosen, PinSet, PinWrong
from programs.coin.rules import CHARGE, PAY, SET_PIN
from programs.coin.terms import Terms
from sync.entries import Entry
from sync.pins import keep, matches
from sync.program import Wish, WishError
from sync.staff import StaffSet
from tests.central.test_commands import NAMES, USAGE, machi
from tests.programs.coin.street import Street
from tests.programs.coin.test_operators import BOSS, CLERK, sign_in, staff
from tests.programs.coin.test_till import written

PIN: Final = "2580"
LIMIT: Final = 3_000
CARD: Final = "0a" * 16
BOOT: Final = "9f3c0a1b22d4e5f6"


@pytest.fixture
def street() -> Iterator[Street]:
    """A street in which more than 3,000 yen take a PIN; the fishmonger's has 20,000 of the resident's."""
    street = Street()
    street.centre.centre.registrar.say([Terms(pin_over_yen=LIMIT)])
    street.talk("shop02")
    street.give("shop01", 20_000)
    yield street
    for unit in street.units.values():
        unit.stop()


def enter(street: Street, pin: str = "", unit: str = "shop01", *, is_signed: bool = False) -> str:
    shown = street.units[unit].running.tap.enter(pin, is_signed=is_signed)
    street.last = shown.entry
    return shown.message


def choose(street: Street, pin: str = PIN) -> None:
    """Choose a PIN at the desk, and let everybody hear of it."""
    assert street.hold("desk01", Wish(SET_PIN)) == "COI-084"
    assert enter(street, pin, "desk01") == "COI-085"
    street.talk("desk01")
    assert street.centre.centre.teller.turn() == 1
    street.talk("desk01", "shop01", "shop02")
    street.clock.advance(10)


def test_a_small_payment_takes_no_pin(street: Street) -> None:
    choose(street)
    assert street.hold("shop01", Wish(PAY, LIMIT)) == "COI-020"
    assert written(street, "shop01", Pay)[-1].sure == ""
    with pytest.raises(WishError):
        enter(street, PIN)


def test_a_large_one_is_paid_with_the_pin_and_without_a_second_touch(street: Street) -> None:
    choose(street)
    before = street.rights("shop01")
    assert street.hold("shop01", Wish(PAY, LIMIT + 1)) == "COI-081"
    assert street.rights("shop01") == before, "nothing was taken yet"
    assert enter(street, PIN) == "COI-020"
    assert street.rights("shop01") == before - LIMIT - 1
    assert written(street, "shop01", Pay)[-1].sure == "pin"
    with pytest.raises(WishError):
        enter(street, PIN)
    assert len(written(street, "shop01", Pay)) == 1


def test_three_wrong_ones_stop_large_payments_until_a_new_one_is_chosen(street: Street) -> None:
    choose(street)
    assert street.hold("shop01", Wish(PAY, 5_000)) == "COI-081"
    assert [enter(street, wrong) for wrong in ("0000", "2581")] == ["COI-082", "COI-082"]
    shop = street.units["shop01"]
    shop.crash()
    shop.start()
    street.clock.advance(10)
    assert street.hold("shop01", Wish(PAY, 5_000)) == "COI-081"
    assert enter(street, "9999") == "COI-083", "no start gives the tries back"
    assert len(written(street, "shop01", PinWrong)) == 3
    with pytest.raises(WishError):
        enter(street, PIN)
    street.clock.advance(10)
    assert street.hold("shop01", Wish(PAY, 5_000)) == "COI-083", "not even the right one, and no signature"
    assert written(street, "shop01", Pay) == []
    street.clock.advance(10)
    assert street.hold("shop01", Wish(PAY, LIMIT)) == "COI-020", "small ones go on"
    choose(street, "8642")
    assert street.hold("shop01", Wish(PAY, 5_000)) == "COI-081"
    assert enter(street, "8642") == "COI-020"


def test_the_right_one_gives_the_tries_back(street: Street) -> None:
    choose(street)
    for _ in range(2):
        street.hold("shop01", Wish(PAY, 4_000, is_sure=True))
        assert enter(street, "0001") == "COI-082"
        assert enter(street, "0002") == "COI-082"
        assert enter(street, PIN) == "COI-020"
        street.clock.advance(10)


def test_the_same_pin_of_another_card_does_not_pay(street: Street) -> None:
    """What is kept takes the card's own identifier: nobody can look a PIN up who has the disk and not the card."""
    choose(street)
    kept = written(street, "desk01", PinChosen)[-1].kept
    assert not matches(PIN, kept)
    rows: list[Any] = street.units["shop01"].running.opened.journal.select("SELECT body FROM stream")
    assert any(kept.hash in body for (body,) in rows)
    assert not any(
        PIN in body.replace(kept.hash, "").replace(kept.salt, "") for (body,) in rows if '"coin.pin"' in body
    )


def test_who_has_no_pin_signs(street: Street) -> None:
    assert street.hold("shop01", Wish(PAY, 5_000)) == "COI-080"
    assert written(street, "shop01", Pay) == []
    assert enter(street, PIN) == "COI-080", "there is none to try"
    assert enter(street, is_signed=True) == "COI-020"
    assert written(street, "shop01", Pay)[-1].sure == "signature"


def test_who_cannot_remember_signs_before_a_supervisor_where_people_sign_in(street: Street) -> None:
    choose(street)
    assert street.hold("shop01", Wish(PAY, 5_000)) == "COI-081"
    assert enter(street, is_signed=True) == "COI-020", "nobody signs in here"
    people = staff(street)
    street.centre.centre.staffing.change("fish", lambda said: StaffSet(said.of, people, needed=True))
    street.talk("shop01")
    sign_in(street, 3, CLERK)
    street.clock.advance(100)
    assert street.hold("shop01", Wish(PAY, 5_000)) == "COI-081"
    assert enter(street, is_signed=True) == "COI-071"
    sign_in(street, 1, BOSS)
    assert street.hold("shop01", Wish(PAY, 5_000)) == "COI-081"
    assert enter(street, is_signed=True) == "COI-020"
    assert [pay.sure for pay in written(street, "shop01", Pay)] == ["signature", "signature"]


def test_what_was_asked_is_forgotten_with_the_amount(street: Street) -> None:
    choose(street)
    tap = street.units["shop01"].running.tap
    street.hold("shop01", Wish(PAY, 5_000))
    tap.set(Wish())
    with pytest.raises(WishError):
        enter(street, PIN)
    street.hold("shop01", Wish(PAY, 5_000))
    tap.set(Wish(PAY, 6_000))
    with pytest.raises(WishError):
        enter(street, PIN)  # another amount takes another touch
    street.hold("shop01", Wish(PAY, 5_000))
    street.clock.advance(61)
    with pytest.raises(WishError):
        enter(street, PIN)
    street.hold("shop01", Wish(PAY, 5_000))
    assert street.units["shop01"].tap(street.other_card) is not None
    with pytest.raises(WishError):
        enter(street, PIN)
    assert written(street, "shop01", Pay) == []


@pytest.mark.parametrize("pin", ["1111", "1234", "4321", "123", "123456789", "12a4", "１２３４"])
def test_a_pin_that_is_tried_first_is_not_taken(street: Street, pin: str) -> None:
    assert street.hold("desk01", Wish(SET_PIN)) == "COI-084"
    assert enter(street, pin, "desk01") == "COI-087"
    assert written(street, "desk01", PinChosen) == []
    assert enter(street, PIN, "desk01") == "COI-085", "and the next one is, without another touch"


def test_a_shop_sets_nobodys_pin(street: Street) -> None:
    choose(street)
    with pytest.raises(WishError):
        street.units["shop01"].running.tap.set(Wish(SET_PIN))
    chosen = written(street, "desk01", PinChosen)[-1]
    street.units["shop01"].running.opened.journal.append([chosen])
    street.units["shop01"].running.opened.journal.append([PinSet(street.other)])
    street.talk("shop01")
    assert street.centre.centre.teller.turn() == 0


def test_it_is_said_once_and_comes_back_with_the_books(street: Street) -> None:
    choose(street)
    centre = street.centre.centre
    centre.reconciler.wipe()
    assert centre.teller.turn() == 0
    street.centre.restart()
    centre = street.centre.centre
    assert centre.teller.turn() == 0, "nor by the next process"
    street.hold("desk01", Wish(CHARGE, 1_000))
    street.talk("desk01")
    assert centre.teller.turn() == 0
    street.books()


def test_of_two_desks_the_later_choice_counts_whichever_is_heard_first() -> None:
    """A desk without a network is heard days later, and must not bring an old PIN back."""
    old, new = keep("2580", bytes(16)), keep("8642", bytes(16))
    said = [PinSet(CARD, new, 2_000), PinSet(CARD, old, 1_000)]
    pin = PINS.empty
    for seq, fact in enumerate(said, 1):
        pin = PINS.fold(pin, Entry("town", BOOT, seq, 5_000 + seq, fact))
    assert pin.kept == new
    taken_away = PINS.fold(pin, Entry("town", BOOT, 3, 6_000, PinSet(CARD)))
    assert taken_away.kept is None
    ahead = PINS.fold(pin, Entry("town", BOOT, 3, 6_000, PinSet(CARD, old, 99_000)))
    assert PINS.fold(ahead, Entry("town", BOOT, 4, 7_000, PinSet(CARD, new, 6_500))).kept == new, (
        "a clock in the future"
    )


def test_the_office_knows_whether_there_is_one_and_takes_it_away(street: Street, tmp_path: Path) -> None:
    choose(street)
    centre = street.centre.centre
    centre.reconciler.catch_up()
    with reading(centre.engine) as connection:
        assert pin_of(connection, street.name).kept is not None
        assert pin_of(connection, street.other).kept is None
    machi("init", tmp_path / "town", *NAMES)
    machi("coin", "pin", tmp_path / "town", street.name, ends=4)
    shown = machi("coin", "pin", tmp_path / "town", street.name, "--forget", "--json")
    assert msgspec.json.decode(shown)["pin"] is False
    machi("coin", "pin", tmp_path / "town", "nobody", "--forget", ends=USAGE)
    street.centre.centre.registrar.say([PinSet(street.name)])
    street.talk("shop01")
    assert street.hold("shop01", Wish(PAY, 5_000)) == "COI-080"


def test_a_unit_that_was_not_in_touch_yet_asks_for_a_signature(street: Street) -> None:
    assert street.hold("desk01", Wish(SET_PIN)) == "COI-084"
    assert enter(street, PIN, "desk01") == "COI-085"
    assert street.hold("shop01", Wish(PAY, 5_000)) == "COI-080"
    assert written(street, "shop01", Pay) == []


def test_no_pin_stands_in_any_entry(street: Street) -> None:
    choose(street, "97531864")
    street.hold("shop01", Wish(PAY, 5_000))
    enter(street, "86420975")
    enter(street, "97531864")
    for unit in ("desk01", "shop01"):
        rows: list[Any] = street.units[unit].running.opened.journal.select("SELECT body FROM entry")
        assert not any(pin in body for (body,) in rows for pin in ("97531864", "86420975"))
