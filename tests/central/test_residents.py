"""What may stand in a resident's file, how people are found in them, and how files are sealed: arithmetic."""

from datetime import date

import msgspec
import pytest

from central.residents.days import day, read_day
from central.residents.finding import doubles, find, heard
from central.residents.person import ITEMS, Person, PersonError, checked, spelled
from central.residents.sealing import KEY_BYTES, Keyring, SealingError, used_key
from drivers.entropy.sim import Driver as Entropy

TODAY = date(2026, 11, 30)
HANAKO = Person("髙橋\u3000花子", "たかはし はなこ", "灯台町大字上町1-2", date(1954, 3, 2), "2", "076-555-0101")
A, B, C = "0a" * 16, "0b" * 16, "0c" * 16


def hanako(**other: object) -> Person:
    return checked(msgspec.structs.replace(HANAKO, **other), TODAY)


def test_a_name_is_kept_to_the_letter_and_its_reading_in_one_spelling() -> None:
    name = "葛\U000e0100城\u3000𠮷"
    assert hanako(name=name).name == name
    for typed in ("たかはし　はなこ", "ﾀｶﾊｼ ﾊﾅｺ", "タカハシ  ハナコ "):
        assert hanako(kana=typed).kana == "タカハシ ハナコ"


def test_every_part_of_a_person_has_words() -> None:
    assert tuple(ITEMS) == Person.__struct_fields__


@pytest.mark.parametrize(
    "number", ["123456789018", "1234-5678-9018", "１２３４　５６７８　９０１８", "メモ 1234 5678 9018 です"]
)
@pytest.mark.parametrize("field", ["name", "address", "mail", "phone"])
def test_twelve_digits_get_in_nowhere(field: str, number: str) -> None:
    with pytest.raises(PersonError) as refused:
        hanako(**{field: number})
    assert "個人番号" in refused.value.ja
    assert number not in str(refused.value), "a message lands in a terminal and in logs"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kana": "高橋"},
        {"kana": ""},
        {"name": "  "},
        {"address": ""},
        {"birth": date(2026, 12, 1)},
        {"sex": "3"},
        {"phone": "at home"},
        {"mail": "hanako"},
        {"name": "a\nb"},
        {"address": "x" * 201},
    ],
)
def test_what_cannot_be_is_refused_in_both_languages(wrong: dict[str, object]) -> None:
    with pytest.raises(PersonError) as refused:
        hanako(**wrong)
    assert refused.value.ja
    assert refused.value.en


@pytest.mark.parametrize("phone", ["+819012345678", "090-1234-5678", "0765551234"])
def test_telephones_are_no_personal_numbers(phone: str) -> None:
    assert hanako(phone=phone).phone == phone


def test_a_birthday_ends_childhood() -> None:
    child = msgspec.structs.replace(HANAKO, birth=date(2008, 12, 1))
    assert child.is_child_on(TODAY)
    assert not child.is_child_on(date(2026, 12, 1))


def test_nothing_of_a_person_shows_in_a_log() -> None:
    assert "花子" not in f"{hanako()!r} {[hanako()]}"


# ---- finding

FILES = {
    A: hanako(),
    B: hanako(kana="さとう じろう", birth=date(1980, 1, 1)),
    C: hanako(kana="ハセガワ ヨーコ", birth=date(1954, 3, 2)),
}


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("たかはし", [A]),
        ("タカ", [A]),
        ("はな", [A]),
        ("じろう", [B]),
        ("ようこ", []),
        ("よこ", [C]),
        ("はし", []),
        ("ｻﾄｳ", [B]),
    ],
)
def test_people_are_found_by_how_a_name_begins(typed: str, found: list[str]) -> None:
    assert find(FILES, typed) == found


@pytest.mark.parametrize(
    ("typed", "name", "fits"),
    [
        ("高橋", "髙橋 花子", True),
        ("髙橋花", "高橋\u3000花子", True),
        ("吉田", "𠮷田 葛子", True),
        ("葛\U000e0101", "葛\U000e0100城", True),
        ("渡辺", "渡邉 一", True),
        ("高橋", "橋高 一", False),
    ],
)
def test_a_rarer_form_of_a_letter_is_the_same_letter(typed: str, name: str, fits: bool) -> None:
    assert (find({A: hanako(name=name)}, typed) == [A]) == fits


@pytest.mark.parametrize(
    ("typed", "found"), [("たか はな", [A]), ("はな たか", []), ("たかはしはな", [A]), ("さ じ", [B])]
)
def test_several_parts_of_a_name_are_looked_for_in_their_order(typed: str, found: list[str]) -> None:
    assert find(FILES, typed) == found


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("昭和29年3月2日", date(1954, 3, 2)),
        ("Ｓ２９．３．２", date(1954, 3, 2)),
        ("19540302", date(1954, 3, 2)),
        ("1954/3/2", date(1954, 3, 2)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("昭和64年1月8日", None),
        ("R8.2.29", None),
        ("元年5月1日 ごろ", None),
        ("きのう", None),
    ],
)
def test_a_day_is_read_in_either_calendar(typed: str, read: date | None) -> None:
    assert read_day(typed) == read
    if read:
        assert read_day(day(read).split(" ")[0]) == read


def test_and_by_their_birthday_in_the_order_of_readings() -> None:
    assert find(FILES, "", date(1954, 3, 2)) == [A, C]
    assert find(FILES, "はせ", date(1954, 3, 2)) == [C]


def test_files_that_may_be_of_one_person_are_told() -> None:
    again = FILES | {"0d" * 16: hanako(kana="タカハシハナコ", name="高橋花子")}
    assert doubles(again) == [[A, "0d" * 16]]
    assert doubles(FILES) == []
    assert heard("キョーコ") == heard("きよこ")
    assert spelled("ｷｮｰｺ") == "キョーコ"


# ---- sealing


def keyring(*seeds: str) -> Keyring:
    return Keyring({n: Entropy(Entropy.Options(seed)).bytes(KEY_BYTES) for n, seed in enumerate(seeds, 1)})


def test_a_file_opens_in_its_own_place_alone() -> None:
    ring, dice = keyring("one"), Entropy()
    sealed = ring.seal(A, 1, hanako(), dice)
    assert ring.unseal(A, 1, sealed) == hanako()
    for holder, version, other in ((B, 1, sealed), (A, 2, sealed), (A, 1, sealed[:-1]), (A, 1, b"")):
        with pytest.raises(SealingError):
            ring.unseal(holder, version, other)
    for at in range(0, len(sealed), 37):
        with pytest.raises(SealingError):
            ring.unseal(A, 1, sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :])


def test_an_older_key_opens_and_the_newest_seals() -> None:
    dice = Entropy()
    before = keyring("one").seal(A, 1, hanako(), dice)
    both = keyring("one", "two")
    assert both.unseal(A, 1, before) == hanako()
    assert used_key(both.seal(A, 2, hanako(), dice)) != used_key(before)
    with pytest.raises(SealingError, match=used_key(before)):
        keyring("two").unseal(A, 1, before)
    with pytest.raises(SealingError, match="machi central init"):
        keyring().seal(A, 1, hanako(), dice)


def test_how_long_a_name_is_does_not_show() -> None:
    lengths = {len(keyring("one").seal(A, 1, hanako(address="町" * n), Entropy())) for n in range(1, 60)}
    assert len(lengths) == 1
