"""The shop's codes: the sticker that the office draws, and the bill on the counter's screen."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs.coin.bills import bill, sticker
from programs.coin.codes.mpm import read
from programs.coin.rules import CHARGE, PAY
from programs.coin.terms import Terms
from sync.facts import PlaceNamed, Town
from sync.program import Wish
from tests.programs.coin.street import Street
from tests.programs.coin.test_receipt_commands import machi

NETWORK = "jp.example.todai"
TOWN = Town("灯台町", "Todai", "00-1234", 540)
FISH = PlaceNamed("fish", "魚屋まるい", "さかなや", "Marui Fish Shop")


def test_a_sticker_says_whom_to_pay_and_not_how_much() -> None:
    said = read(sticker(NETWORK, TOWN, FISH, "5422"), NETWORK)
    assert (said.place, said.yen, said.bill) == ("fish", None, "")
    assert (said.name, said.city, said.name_ja, said.city_ja) == ("Marui Fish Shop", "Todai", "魚屋まるい", "灯台町")
    assert said.category == "5422"


def test_a_bill_says_how_much_and_which_one_it_is() -> None:
    said = read(bill(NETWORK, TOWN, FISH, 1280, "9f3c0a1b-90000", "shop01"), NETWORK)
    assert (said.place, said.yen, said.bill, said.terminal) == ("fish", 1280, "9f3c0a1b-90000", "shop01")


names = st.text(max_size=60)


@given(names, names, names, names)
def test_whatever_a_place_is_called_its_code_can_be_read(ja: str, en: str, town_ja: str, town_en: str) -> None:
    town, place = Town(town_ja, town_en, "", 540), PlaceNamed("p" * 32, ja, "", en)
    assert read(sticker(NETWORK, town, place), NETWORK).place == "p" * 32
    assert read(bill(NETWORK, town, place, 1, "1", "u" * 32), NETWORK).yen == 1


def test_a_counter_shows_a_bill_only_once_the_town_has_a_domain(street: Street) -> None:
    running = street.units["shop01"].running

    def shown() -> str:
        return running.receipts.bill(running.tap.wish, running.tap.wish_name)

    running.tap.set(Wish(PAY, 1280))
    assert shown() == ""
    street.centre.centre.registrar.say([Terms(network=NETWORK)])
    street.talk("shop01", "desk01")
    said = read(shown(), NETWORK)
    assert (said.place, said.yen, said.terminal) == ("fish", 1280, "shop01")
    street.clock.advance(1)
    running.tap.set(Wish(PAY, 1280))
    assert read(shown(), NETWORK).bill != said.bill, "the same amount once more is another bill"
    running.tap.set(Wish())
    assert shown() == ""
    desk = street.units["desk01"].running
    desk.tap.set(Wish(CHARGE, 3000))
    assert desk.receipts.bill(desk.tap.wish, desk.tap.wish_name) == "", "nobody charges by a bill"


@pytest.mark.parametrize("yen", [0, -5])
def test_an_amount_that_no_code_can_say_is_shown_as_none(street: Street, yen: int) -> None:
    street.centre.centre.registrar.say([Terms(network=NETWORK)])
    street.talk("shop01")
    running = street.units["shop01"].running
    running.tap.set(Wish(PAY, yen))
    assert running.receipts.bill(running.tap.wish, running.tap.wish_name) == ""


def test_the_office_draws_a_sticker(tmp_path: Path) -> None:
    folder, drawn = tmp_path / "town", tmp_path / "fish.svg"
    machi("init", folder, "--id", "todai", "--name", "灯台町", "--name-en", "Todai")
    machi("place", folder, "fish", "--name", "魚屋まるい", "--kana", "さかなや", "--name-en", "Marui")
    machi("coin", "code", folder, "fish", "--output", drawn, ends=3)  # under which domain?
    machi("coin", "terms", folder, "--network", "no domain", ends=3)
    assert machi("coin", "terms", folder, "--network", NETWORK)["network"] == NETWORK
    machi("coin", "code", folder, "baker", "--output", drawn, ends=4)
    machi("coin", "code", folder, "fish", "--output", drawn, "--category", "food", ends=3)
    said = machi("coin", "code", folder, "fish", "--output", drawn, "--category", "5422")
    assert read(said["code"], NETWORK).name_ja == "魚屋まるい"
    picture = drawn.read_text()
    assert picture.startswith("<?xml")
    assert "<title>魚屋まるい</title>" in picture
