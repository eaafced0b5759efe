"""`machi central user`: accounts as the office makes them, changes them and closes them."""

from base64 import b32decode
from pathlib import Path

import httpx
import msgspec
import pytest
from click.testing import CliRunner

from central import totp
from central.centre import Centre, open_centre
from central.cli import central
from central.world import SystemClock, SystemEntropy
from sync.passkeys import PasskeyAdded, PasskeyRemoved, number_of
from tests.central.test_commands import NAMES, machi
from tests.central.visiting import PASSWORD, Browser, Person

TYPED = f"{PASSWORD}\n{PASSWORD}\n"
USAGE, NOT_FOUND, REFUSED = 3, 4, 6


@pytest.fixture
def town(tmp_path: Path) -> Path:
    folder = tmp_path / "town"
    machi("init", folder, *NAMES)
    return folder


def user(*words: object, given: str = "", ends: int = 0) -> dict[str, object]:
    done = CliRunner().invoke(central, ["user", *map(str, words), "--json"], input=given)
    assert done.exit_code == ends, done.output
    assert PASSWORD not in done.output
    return dict(msgspec.json.decode(done.stdout)) if not ends else {"said": done.output}


def opened(town: Path) -> Centre:
    return open_centre(town, SystemClock(), SystemEntropy())


def owner(centre: Centre, made: dict[str, object]) -> Person:
    """Return whoever has typed the secret that was printed into an app."""
    secret = b32decode(str(made["secret"]))
    assert made["address"] == totp.address(secret, "machitap todai", str(made["name"]))
    return Person(centre, str(made["name"]), secret)


def test_a_shop_has_a_place_and_nobody_else_does(town: Path) -> None:
    assert "--place fish" in machi("user", "add", town, "uomasa", "--role", "shop", ends=USAGE)
    asked = ("user", "add", town, "uomasa", "--role", "shop", "--place", "fish")
    assert "there is no place fish" in machi(*asked, ends=NOT_FOUND)
    machi("place", town, "fish", "--name", "魚屋", "--kana", "さかなや", "--name-en", "Fish")
    assert user("add", town, "uomasa", "--role", "shop", "--place", "fish", given=TYPED)["place"] == "fish"
    user("change", town, "uomasa", "--place", "bakery", ends=NOT_FOUND)
    assert user("change", town, "uomasa", "--shown", "魚政")["place"] == "fish"
    assert user("change", town, "uomasa", "--role", "shop", "--role", "clerk")["place"] == "fish"
    machi("user", "change", town, "uomasa", "--role", "clerk", "--place", "fish", ends=USAGE)
    assert "place" not in user("change", town, "uomasa", "--role", "clerk")
    machi("user", "change", town, "uomasa", "--role", "shop", ends=USAGE)


def test_whoever_was_added_signs_in_until_the_account_is_closed(town: Path) -> None:
    made = user("add", town, "hanako", "--shown", "髙橋", "--role", "clerk", "--role", "auditor", given=TYPED)
    assert (made["shown"], made["roles"], made["kind"]) == ("髙橋", ["clerk", "auditor"], "person")
    centre = opened(town)
    with Browser(centre) as browser:
        hanako = owner(centre, made)
        assert browser.sign_in(hanako).status_code == httpx.codes.SEE_OTHER
        assert "髙橋" in browser.get("/me").text
        assert browser.get("/visitors").status_code == httpx.codes.OK
        user("change", town, "hanako", "--role", "clerk")
        assert not browser.is_in(), "what was said counts at once, from another process"
        reset = user("reset", town, "hanako", given=TYPED)
        assert reset["roles"] == ["clerk"]
        assert reset["secret"] != made["secret"]
        assert browser.sign_in(hanako).status_code == httpx.codes.UNAUTHORIZED, "the lost phone's digits"
        browser.sign_in(owner(centre, reset))
        assert browser.get("/visitors").status_code == httpx.codes.FORBIDDEN
        user("remove", town, "hanako")
        assert not browser.is_in()
    (account,) = dict(user("list", town)["accounts"]).values()  # type: ignore[call-overload]
    assert account["roles"] == []
    assert account["by"]


def test_a_lost_passkey_is_removed_by_the_officer_and_ends_what_is_open(town: Path) -> None:
    made = user("add", town, "hanako", "--role", "clerk", given=TYPED)
    centre, number = opened(town), number_of("Zm9v")
    centre.doorkeeper.add_passkey(PasskeyAdded("hanako", "Zm9v", "pQEC", "localhost", "青いかぎ"))
    (shown,) = list(user("passkeys", town, "hanako")["passkeys"])  # type: ignore[call-overload]
    assert (shown["number"], shown["shown"], shown["site"]) == (number, "青いかぎ", "localhost")
    with Browser(centre) as browser:
        browser.sign_in(owner(centre, made))
        assert "user passkeys" in str(user("remove-passkey", town, "hanako", "0" * 8, ends=NOT_FOUND)["said"])
        assert "user passkeys" in str(user("remove-passkey", town, "hanako", "", ends=NOT_FOUND)["said"])
        assert browser.is_in()
        assert user("remove-passkey", town, "hanako", number[:8])["removed"] == number
        assert not browser.is_in(), "whoever has it may have come in by it"
        (removed,) = browser.noted(PasskeyRemoved)
        assert isinstance(removed, PasskeyRemoved)
        assert removed.by
    assert user("passkeys", town, "hanako")["passkeys"] == []


def test_what_makes_no_account_says_why(town: Path) -> None:
    assert "--role" in str(user("add", town, "hanako", ends=2)["said"])
    assert "small letters" in str(user("add", town, "花子", "--role", "clerk", ends=2)["said"])
    short = user("add", town, "jiro", "--role", "clerk", given="short\nshort\n", ends=REFUSED)
    assert "12 to 128" in str(short["said"])
    for verb in ("reset", "change", "remove"):
        assert "user list" in str(user(verb, town, "nobody", ends=NOT_FOUND)["said"])
    token = user("tool", town, "board", "--scope", "units")
    assert str(token["token"]).startswith("board.")
    assert "already" in str(user("tool", town, "board", "--scope", "units", ends=REFUSED)["said"])
    assert "--scope" in str(user("tool", town, "another", ends=2)["said"])
    assert "remove it" in str(user("reset", town, "board", given=TYPED, ends=REFUSED)["said"])
    assert "a tool has scopes" in str(user("change", town, "board", "--role", "officer", ends=2)["said"])
    assert user("change", town, "board", "--scope", "figures")["scopes"] == ["figures"]
    assert user("remove", town, "board")["roles"] == []
