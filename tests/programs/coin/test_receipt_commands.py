"""`machi central coin receipt …`: a receipt held against the books, and against published keys alone."""

import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import msgspec
import pytest

from central.centre import Centre, open_centre
from central.world import SystemClock, SystemEntropy
from drivers.keystore.sim import Driver as Keystore
from machi import main
from programs.coin.codes.receipt import Receipt, read, write
from programs.coin.entries import Charge, Pay, Void
from sync import chain
from sync.entries import EntryId, Fact
from sync.facts import Enrolled, Key
from sync.messages import text
from sync.rights import Grant
from sync.segment import from_text, split
from tests.central.pen import Pen

CARD = "0a" * 16
DAY = 20_780


def machi(*words: object, ends: int = 0) -> dict[str, Any]:
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    with redirect_stdout(out), pytest.raises(SystemExit) as ended:
        main(["central", *map(str, words), "--json"])
    printed = out.buffer.getvalue()
    assert ended.value.code == ends, printed
    document: dict[str, Any] = msgspec.json.decode(printed) if printed else {}
    return document


class Shop:
    """A centre in a folder, a shop's unit, and the receipts that it gives."""

    def __init__(self, folder: Path) -> None:
        machi("init", folder, "--id", "todai", "--name", "灯台町", "--name-en", "Todai")
        self.folder = folder
        self.centre: Centre = open_centre(folder, SystemClock(), SystemEntropy())
        self.pen = Pen.enrolled(self.centre, "shop01")
        self.pen.send(self.pen.begin())

    def pays(self, *facts: Fact, arrives: bool = True) -> str:
        """Write facts in a commit of the unit's; return the code on the receipt of the last."""
        segment = self.pen.write(*facts)
        if arrives:
            self.pen.send(segment)
        seal = chain.seal(self.pen.keystore, self.pen.head)
        return write(Receipt(EntryId("shop01", self.pen.boot, self.pen.seq), self.pen.head, seal))

    def check(self, code: str, ends: int = 0) -> dict[str, Any]:
        return machi("coin", "receipt", "check", self.folder, code, ends=ends)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path / "town")
    yield shop
    shop.centre.engine.dispose()


def test_a_receipt_in_the_books_says_what_was_paid(shop: Shop) -> None:
    code = shop.pays(Charge(1, CARD, 3000, "hall", DAY, "card"), Pay(1, CARD, 1280, "fish", DAY, "card"))
    found = shop.check(code)
    assert (found["worth"], found["kind"], found["place"], found["yen"]) == ("booked", "coin.pay", "fish", 1280)
    assert (found["receipt"], found["life"], found["taken_back"]) == (str(read(code).entry), 1, False)
    assert found["at"] == "2026-11-23T09:00+09:00"
    assert CARD not in str(found)
    shop.pays(Void(1, CARD, 1280, "fish", DAY, f"{shop.pen.boot}/{shop.pen.seq}"))
    assert shop.check(code)["taken_back"] is True


def test_a_receipt_whose_entry_is_still_on_its_way_is_said_to_be_signed(shop: Shop) -> None:
    code = shop.pays(Charge(1, CARD, 3000, "hall", DAY, "card"), arrives=False)
    found = shop.check(code)
    assert found["worth"] == "signed"
    assert "yen" not in found


@pytest.mark.threat(
    "forged or altered receipt",
    control="Its code holds the entry's hash and the unit's signature; the office holds both against the books, "
    "anybody else against keys that the town has signed.",
    residual="A copy of a receipt is as good as the receipt, and what is printed beside the code can be altered: "
    "believe the books. Whoever has stolen a unit's key can sign receipts of entries that the books do not have.",
)
def test_whatever_is_altered_on_a_receipt_is_refused_with_its_reason(shop: Shop) -> None:
    one = shop.pays(Charge(1, CARD, 3000, "hall", DAY, "card"))
    other = shop.pays(Pay(1, CARD, 1280, "fish", DAY, "card"))
    first, second = read(one), read(other)
    altered = {
        write(msgspec.structs.replace(first, entry=second.entry)): "entry",
        write(msgspec.structs.replace(first, hash=second.hash)): "seal",
        write(msgspec.structs.replace(first, seal=second.seal)): "seal",
        write(msgspec.structs.replace(first, entry=EntryId("shop09", first.entry.boot, 2))): "seal",
        one[:-1]: "layout",
        one.lower(): "form",
        "https://example.com/": "form",
    }
    for code, why in altered.items():
        found = shop.check(code, ends=2)
        assert (found["worth"], found["why"]) == ("nothing", why), code
        assert found["because"]


def test_anybody_checks_a_receipt_with_published_keys_and_the_towns_own(shop: Shop, tmp_path: Path) -> None:
    code = shop.pays(Charge(1, CARD, 3000, "hall", DAY, "card"))
    keys = tmp_path / "keys.txt"
    published = machi("coin", "receipt", "keys", shop.folder, keys)
    town_key = published["town_key"]
    assert town_key == text(shop.centre.town.signer.public)
    found = machi("coin", "receipt", "prove", keys, code, "--town-key", town_key)
    assert (found["worth"], found["life"]) == ("signed", 1)
    forged = write(msgspec.structs.replace(read(code), hash=bytes(32)))
    assert machi("coin", "receipt", "prove", keys, forged, "--town-key", town_key, ends=2)["why"] == "seal"
    stranger = text(Pen(shop.centre).keystore.public)
    assert machi("coin", "receipt", "prove", keys, code, "--town-key", stranger, ends=2)["why"] == "seal"
    keys.write_bytes(b"no keys")
    assert machi("coin", "receipt", "prove", keys, code, "--town-key", town_key, ends=2)["why"] == "form"


def test_what_is_published_names_nobody(shop: Shop, tmp_path: Path) -> None:
    shop.centre.registrar.card("pass", "0b" * 16)
    Pen.enrolled(shop.centre, "shop01", "another key")
    keys = tmp_path / "keys.txt"
    grant = Grant("shop01", 2, f"coin/{CARD}", 1600)
    with shop.centre.engine.begin() as connection:
        let_in = Enrolled("shop01", 3, Key("ed25519", text(Keystore().public)))
        shop.centre.streams.append_for(connection, "shop01", [let_in, grant])
    assert machi("coin", "receipt", "keys", shop.folder, keys)["statements"] == 2
    register = shop.centre.town.register
    kinds = {entry.kind for one in split(keys.read_bytes()) for entry in from_text(one).entries(register)}
    assert kinds == {"boot", "order", "enrolled"}


def test_a_receipt_of_an_earlier_life_still_holds(shop: Shop) -> None:
    code = shop.pays(Charge(1, CARD, 3000, "hall", DAY, "card"))
    Pen.enrolled(shop.centre, "shop01", "another key")
    assert shop.check(code)["life"] == 1
