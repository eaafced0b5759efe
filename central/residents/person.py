"""What stands in a resident's file, and what may stand there: name, reading, address, birthday, and how to be reached.

Arithmetic only. A name is kept to the very letter, with its variation selectors; a reading in one spelling, so that it
can be searched for. Nothing of it shows in `repr`, so that no log can hold it.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import msgspec

from central.worded import WordedError

ADULT_YEARS: Final = 18  # 民法 (Civil Code), Art. 4
_TEXT_MAX: Final = 200
_KANA = re.compile(r"[ァ-ヺー・ ]{1,100}")
_PHONE = re.compile(r"\+?[0-9-]{9,16}")
_MAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,190}")
_SEXES: Final = ("", "0", "1", "2", "9")
_NUMBER = re.compile(r"(?<![0-9+])[0-9]{12}(?![0-9])")
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])[\s‐‑‒–—―−ー-]+(?=[0-9])")
_TO_KATAKANA: Final = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}


class PersonError(WordedError, ValueError):
    """This cannot stand in a file. `ja`, `en`: why, and what to do."""


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """One resident.

    Attributes:
        name: as the card or the form has it.
        kana: how it is read, in katakana.
        birth: by the Western calendar.
        sex: "1" male, "2" female, "9" not applicable, "0" not known (ISO/IEC 5218); "" was not asked.
        phone, mail: how to reach them; "" where they did not say.
    """

    name: str
    kana: str
    address: str
    birth: date
    sex: str = ""
    phone: str = ""
    mail: str = ""

    def __repr__(self) -> str:
        return "Person(…)"

    def age_on(self, day: date) -> int:
        """Return the age in years; the birthday itself counts."""
        return day.year - self.birth.year - ((day.month, day.day) < (self.birth.month, self.birth.day))

    def is_child_on(self, day: date) -> bool:
        return self.age_on(day) < ADULT_YEARS


ITEMS: Final[Mapping[str, tuple[str, str]]] = {
    "name": ("氏名", "name"),
    "kana": ("フリガナ", "reading of the name"),
    "address": ("住所", "address"),
    "birth": ("生年月日", "date of birth"),
    "sex": ("性別", "sex"),
    "phone": ("電話番号", "telephone"),
    "mail": ("メールアドレス", "e-mail"),
}
"""What stands in a file, in the words of a form; each field of `Person` is here."""


def spelled(kana: str) -> str:
    """Return the one spelling of a reading: full-width katakana, parts divided by one space."""
    return " ".join(unicodedata.normalize("NFKC", kana).translate(_TO_KATAKANA).split())


def checked(person: Person, today: date) -> Person:
    """Return a person as the file has it.

    Raises:
        PersonError: something cannot stand there.
    """
    person = msgspec.structs.replace(person, kana=spelled(person.kana))
    for field, (ja, en) in ITEMS.items():
        value = getattr(person, field)
        if isinstance(value, str):
            _check_text(value, ja, en)
    if not person.name.strip() or not person.address.strip():
        raise PersonError("氏名と住所を入れてください。", "Give the name and the address.")
    if not _KANA.fullmatch(person.kana):
        raise PersonError("フリガナは カタカナか ひらがなで。", "Give the reading in katakana or hiragana.")
    if not date(1850, 1, 1) <= person.birth <= today:
        raise PersonError("生年月日が正しくありません。", "The date of birth cannot be.")
    if person.sex not in _SEXES:
        raise PersonError("性別は 1、2、9、0 のどれかです。", "Sex is one of 1, 2, 9, 0.")
    if person.phone and not _PHONE.fullmatch(person.phone):
        raise PersonError("電話番号は 数字とハイフンで入れてください。", "Give the telephone in digits and hyphens.")
    if person.mail and not _MAIL.fullmatch(person.mail):
        raise PersonError("メールアドレスの形が違います。", "This is no e-mail address.")
    return person


def has_personal_number(text: str) -> bool:
    """Whether there are twelve digits in it, in whatever width and with whatever gaps."""
    return _NUMBER.search(_BETWEEN_DIGITS.sub("", unicodedata.normalize("NFKC", text))) is not None


def _check_text(value: str, ja: str, en: str) -> None:
    if len(value) > _TEXT_MAX or any(unicodedata.category(letter) == "Cc" for letter in value):
        raise PersonError(f"{ja}が長すぎるか、使えない文字があります。", f"{en}: too long, or letters that cannot be.")
    if has_personal_number(value):
        raise PersonError(
            f"{ja}に12けたの数字があります。個人番号(マイナンバー)は 入れないでください。",
            f"{en}: there are twelve digits. Never give the personal number (My Number).",
        )


def changed(before: Person, wanted: Mapping[str, Any], today: date) -> Person:
    """Return a person with some fields changed.

    Raises:
        PersonError: something cannot stand there.
    """
    return checked(msgspec.structs.replace(before, **wanted), today)
