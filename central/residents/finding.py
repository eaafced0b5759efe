"""Looks for people among opened files: by the reading of the name or its letters, and files that may be one person's.

Arithmetic only. Files are opened in memory for it and nothing is kept: an index would say in the clear what is sealed.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from central.residents.person import Person, spelled

_LARGE: Final = str.maketrans("ァィゥェォッャュョヮヵヶヲヂヅ", "アイウエオツヤユヨワカケオジズ")
_LEFT_OUT: Final = str.maketrans("", "", " ・ー")
_KANA: Final = re.compile(r"[ァ-ヺー・ ]*")
_SELECTORS: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")

# Letters that people write for one another in names: the one that is typed stands behind the one that may be on a card.
# Not all there are; whoever is not found by letters is found by the reading.
_VARIANTS: Final = (
    "髙高 﨑崎 𠮷吉 德徳 栁柳 濵浜 濱浜 瀨瀬 邊辺 邉辺 齋斎 齊斎 斉斎 澤沢 廣広 櫻桜 嶋島 嶌島 國国 眞真"
    " 惠恵 將将 圓円 龍竜 榮栄 豐豊 𣘺橋 槗橋 冨富 會会 學学 實実 寶宝 壽寿 淺浅 條条 黑黒 橫横 靑青 淸清"
    " 增増 聰聡 緖緒 祿禄 彥彦 關関 萬万 與与 舘館 桒桑 鷗鴎 藪薮 渕淵 渊淵 曽曾 峯峰 埜野 嵜崎 杦杉 籔薮"
    " 檜桧 瀧滝 縣県 澁渋 佛仏 辨弁 絲糸 穗穂 﨔欅 曻昇 晧皓 羣群"
)
_ONE_LETTER: Final = str.maketrans({pair[0]: pair[1] for pair in _VARIANTS.split()})


def heard(kana: str) -> str:
    """Return how a reading sounds to somebody who did not see it: small letters, long vowels and gaps do not count."""
    return spelled(kana).translate(_LARGE).translate(_LEFT_OUT)


def drawn(name: str) -> str:
    """Return the letters of a name as anybody would type them: no variants, no gaps."""
    plain = unicodedata.normalize("NFKC", _SELECTORS.sub("", name)).translate(_ONE_LETTER)
    return "".join(plain.split())


def find(files: Mapping[str, Person], words: str, birth: date | None = None) -> list[str]:
    """Return the holders whose name fits, in the order of readings.

    Args:
        words: in kana, how the reading or a part of it begins, or several parts; in other letters, some of those of
            the name; "" for everybody who was born on `birth`.
    """
    found = [
        (person.kana, holder)
        for holder, person in files.items()
        if (birth is None or person.birth == birth) and _fits(person, words)
    ]
    return [holder for _, holder in sorted(found)]


def _fits(person: Person, words: str) -> bool:
    if _KANA.fullmatch(spelled(words)):
        return _sounds(person.kana, [heard(word) for word in spelled(words).split()])
    return drawn(words) in drawn(person.name)


def _sounds(kana: str, wanted: Sequence[str]) -> bool:
    """Whether a reading begins so as a whole, or parts of it do, in this order."""
    parts = iter([heard(part) for part in kana.split()])
    return heard(kana).startswith("".join(wanted)) or all(any(part.startswith(one) for part in parts) for one in wanted)


def twins(files: Mapping[str, Person], person: Person) -> list[str]:
    """Return the holders who sound like this person and have the same birthday."""
    return [one for one, other in files.items() if _same(other) == _same(person)]


def doubles(files: Mapping[str, Person]) -> list[list[str]]:
    """Return groups of files that may be about one person each: the same reading, the same birthday."""
    groups: dict[tuple[str, date], list[str]] = {}
    for holder, person in sorted(files.items()):
        groups.setdefault(_same(person), []).append(holder)
    return _with_several(groups.values())


def _same(person: Person) -> tuple[str, date]:
    return heard(person.kana), person.birth


def _with_several(groups: Iterable[list[str]]) -> list[list[str]]:
    return [group for group in groups if len(group) > 1]
