"""A name as people write it becomes a name as banks write it, or is refused with the letters that stand in the way."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from programs.coin.zengin import kana, letters
from programs.coin.zengin.errors import Why, ZenginError


@pytest.mark.parametrize(
    ("text", "banks_write"),
    [
        ("ハナコ", "ﾊﾅｺ"),
        ("はなこ", "ﾊﾅｺ"),
        ("ﾊﾅｺ", "ﾊﾅｺ"),
        ("はなコ", "ﾊﾅｺ"),
        ("ガギグゲゴパピプペポヴ", "ｶﾞｷﾞｸﾞｹﾞｺﾞﾊﾟﾋﾟﾌﾟﾍﾟﾎﾟｳﾞ"),
        ("カ\u3099ハ\u309a", "ｶﾞﾊﾟ"),  # as some systems send a voiced letter: in two
        ("か゛は゜", "ｶﾞﾊﾟ"),
        ("ッャュョァィゥェォヮ", "ﾂﾔﾕﾖｱｲｳｴｵﾜ"),
        ("ｯｬｭｮｧｨｩｪｫ", "ﾂﾔﾕﾖｱｲｳｴｵ"),
        ("しょうがっこう", "ｼﾖｳｶﾞﾂｺｳ"),
        ("ヲヰヱをゐゑｦ", "ｵｲｴｵｲｴｵ"),
        ("コーヒー", "ｺ-ﾋ-"),
        ("ｺｰﾋｰ", "ｺ-ﾋ-"),
        ("A‐B‑C–D—E―F−G－H", "A-B-C-D-E-F-G-H"),
        ("abc ａｂｃ ＡＢＣ", "ABC ABC ABC"),
        ("１２３123", "123123"),
        ("（ア）．－", "(ｱ).-"),
        ("　トウダイ　タロウ ", "ﾄｳﾀﾞｲ ﾀﾛｳ"),
        ("", ""),
    ],
)
def test_a_name_as_banks_write_it(text: str, banks_write: str) -> None:
    assert kana.name(text) == banks_write


@pytest.mark.parametrize(
    ("text", "banks_write"),
    [
        ("株式会社マルヤ", "ｶ)ﾏﾙﾔ"),
        ("株式会社　マルヤ", "ｶ)ﾏﾙﾔ"),
        ("マルヤ株式会社", "ﾏﾙﾔ(ｶ"),
        ("マルヤ 株式会社 ", "ﾏﾙﾔ(ｶ"),
        ("マルヤ株式会社トウダイ", "ﾏﾙﾔ(ｶ)ﾄｳﾀﾞｲ"),
        ("マルヤ 株式会社 トウダイ営業所", "ﾏﾙﾔ(ｶ)ﾄｳﾀﾞｲ(ｴｲ"),
        ("（株）マルヤ", "ｶ)ﾏﾙﾔ"),
        ("マルヤ㈱", "ﾏﾙﾔ(ｶ"),
        ("㍿マルヤ", "ｶ)ﾏﾙﾔ"),
        ("株式会社", "ｶ)"),
        ("有限会社ハマ", "ﾕ)ﾊﾏ"),
        ("合同会社ハマ出張所", "ﾄﾞ)ﾊﾏ(ｼﾕﾂ"),
        ("医療法人社団ユウアイ", "ｲ)ﾕｳｱｲ"),  # not ｲ) and 社団
        ("公益社団法人ハマ", "ｼﾔ)ﾊﾏ"),
        ("社会福祉法人ハマ", "ﾌｸ)ﾊﾏ"),
        ("カ)マルヤ", "ｶ)ﾏﾙﾔ"),  # written short already
        ("カブシキガイシャマルヤ", "ｶﾌﾞｼｷｶﾞｲｼﾔﾏﾙﾔ"),  # spelled out: some accounts are registered so
    ],
)
def test_a_companys_form_is_written_short(text: str, banks_write: str) -> None:
    assert kana.name(text) == banks_write


def test_every_form_is_written_short_wherever_it_stands() -> None:
    for short, forms in kana.SHORT_FORMS.items():
        half = kana.name(short)
        for form in forms:
            assert kana.name(f"{form}ハマ") == f"{half})ﾊﾏ"
            assert kana.name(f"ハマ{form}ミナト") == f"ﾊﾏ({half})ﾐﾅﾄ"
            assert kana.name(f"ハマ{form}") == f"ﾊﾏ({half}"


@pytest.mark.parametrize(
    ("text", "named", "hint"),
    [
        ("鈴木商店", "鈴 木 商 店", "needs its kana"),
        ("佐々木", "佐 々 木", "needs its kana"),
        ("ヤマダ・ハナコ", "・", "a full stop for it and some a space"),
        ("ｱ･ｲ", "･", "a full stop for it and some a space"),
        ("カスミヶセキ", "ヶ", "as it is read"),
        ("Café", "é", "as it stands in the bank book"),
        ("ア＆イ", "&", "as it stands in the bank book"),
        ("ア/イ", "/", "as it stands in the bank book"),
        ("ア,イ", ",", "as it stands in the bank book"),
        ("ヽヷ", "ヽ ヷ", "as it stands in the bank book"),
        ("ハナ\nコ", "U+000A", "as it stands in the bank book"),
        ("🍞", "🍞", "as it stands in the bank book"),
    ],
)
def test_what_cannot_be_written_is_named(text: str, named: str, hint: str) -> None:
    with pytest.raises(ZenginError) as refused:
        kana.name(text)
    assert refused.value.why is Why.LETTERS
    assert f"do not take {named} in " in refused.value.detail
    assert hint in refused.value.detail


@pytest.mark.parametrize("text", ["゛ハナ", "アﾞ", "カﾟ", "ワ゛", "ハﾞﾞ", "ンﾞ", "ハ ﾞ"])
def test_a_voicing_mark_belongs_to_a_letter(text: str) -> None:
    with pytest.raises(ZenginError) as refused:
        kana.name(text)
    assert refused.value.why is Why.MARK


@pytest.mark.parametrize(
    ("write", "taken", "refused"),
    [
        (
            kana.office,
            ["トウダイ", "ミナトシンキン", "７７", "ジエイ-エイ", " ホンテン "],
            ["トウダイ ホンテン", "(ア)", "ア.イ"],
        ),
        (kana.edi, ["2026/11「コイン」", "(ア).-"], ["¥100", "ヶ", "ア,イ"]),
    ],
)
def test_other_fields_take_other_letters(write: Callable[[str], str], taken: list[str], refused: list[str]) -> None:
    for text in taken:
        write(text)
    for text in refused:
        with pytest.raises(ZenginError, match="banks do not take"):
            write(text)


def test_an_office_and_a_text_keep_their_words() -> None:
    assert kana.office("トーダイ") == "ﾄ-ﾀﾞｲ"
    assert kana.edi("2026/11「コイン」") == "2026/11｢ｺｲﾝ｣"


PEOPLE_TYPE = [
    *map(chr, range(ord("ァ"), ord("ヴ") + 1)),
    *map(chr, range(ord("ぁ"), ord("ゔ") + 1)),
    *"ーｰ-aZ９ 　()（）.",
]
FORMS = list(itertools.chain.from_iterable(kana.SHORT_FORMS.values()))


def test_every_kana_can_be_written_and_hiragana_like_katakana() -> None:
    for katakana in map(chr, range(ord("ァ"), ord("ヴ") + 1)):
        hiragana = chr(ord(katakana) - 0x60)
        assert kana.name(katakana) == kana.name(hiragana)
        assert 1 <= len(kana.name(katakana)) <= 2


@given(st.lists(st.sampled_from(PEOPLE_TYPE + FORMS)).map("".join))
def test_what_was_written_once_stays_as_it_is(text: str) -> None:
    once = kana.name(text)
    letters.check(once, letters.NAME, "name")
    assert once == once.strip(" ")
    assert kana.name(once) == once


@settings(max_examples=50)
@given(st.text())
def test_any_text_is_written_or_refused(text: str) -> None:
    try:
        once = kana.name(text)
    except ZenginError:
        return
    assert len(letters.encode(once)) == len(once)
