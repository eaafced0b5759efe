"""Writes a name as banks write it: half-width kana, large letters, and the usual short forms of companies.

What is changed is what all banks change alike: width, small letters (ッ to ﾂ, ャ to ﾔ), ヲ to ｵ, a long vowel to a
hyphen, lower case to capitals, and 株式会社 and its kin to their short forms. Nothing is guessed and nothing is cut:
kanji, a middle dot (・) and ヶ can be written in more than one way, so they are refused. A company's form that is
spelled out in kana (カブシキガイシャ) stays as it is, since some accounts are registered so.

Short forms: as banks publish them, such as <https://www.keiyobank.co.jp/alpha_dbank/internet/typing.html>.
"""

import re
import unicodedata
from typing import Final

from programs.coin.zengin import letters
from programs.coin.zengin.letters import DAKUTEN, HANDAKUTEN, KANA, Letters

SHORT_FORMS: Final = {
    "カ": ("株式会社", "(株)", "㈱", "㍿"),
    "ユ": ("有限会社", "(有)", "㈲"),
    "メ": ("合名会社", "(名)", "㈴"),
    "シ": ("合資会社", "(資)", "㈾"),
    "ド": ("合同会社", "(同)"),
    "ソ": ("相互会社",),
    "イ": ("医療法人", "医療法人社団", "医療法人財団", "社会医療法人", "(医)"),
    "ザイ": ("財団法人", "一般財団法人", "公益財団法人", "(財)", "(一財)", "(公財)", "㈶"),
    "シヤ": ("社団法人", "一般社団法人", "公益社団法人", "(社)", "(一社)", "(公社)", "㈳"),
    "シユウ": ("宗教法人", "(宗)"),
    "ガク": ("学校法人", "(学)", "㈻"),
    "フク": ("社会福祉法人", "(福)"),
    "ホゴ": ("更生保護法人",),
    "トクヒ": ("特定非営利活動法人", "(特非)"),
    "ドク": ("独立行政法人",),
    "チドク": ("地方独立行政法人",),
    "チユウ": ("有限責任中間法人", "無限責任中間法人"),
    "ノウ": ("農事組合法人",),
    "カンリ": ("管理組合法人",),
    "ロウム": ("社会保険労務士法人",),
    "ベン": ("弁護士法人",),
    "ギヨ": ("行政書士法人",),
    "シホウ": ("司法書士法人",),
    "ゼイ": ("税理士法人",),
    "ダイ": ("国立大学法人", "公立大学法人"),
    "エイ": ("営業所",),
    "シユツ": ("出張所",),
}
"""The short form of each kind of company and office, without its brackets, and what it stands for."""

_HYPHENS = "ーｰ‐‑‒–—―−"
_LARGE = dict(zip("ァィゥェォッャュョヮヰヱヲ", "アイウエオツヤユヨワイエオ", strict=True))
_WIDE_KANA = range(ord("ァ"), ord("ヴ") + 1)
_HIRAGANA_OFFSET = ord("ァ") - ord("ぁ")
_WIDE_ASCII = range(0xFF01, 0xFF5F)
_WIDE_ASCII_OFFSET = 0xFF01 - ord("!")


def name(text: str) -> str:
    """Return the name of a person, a shop or a town as it stands in a bank file.

    Raises:
        ZenginError: LETTERS or MARK; it cannot be written, and the error says which characters and what to do.
    """
    return _checked(_shortened(text.translate(_HALF)), letters.NAME, "name")


def office(text: str) -> str:
    """Return the name of a bank or a branch as it stands in a bank file; without 銀行 and 支店, as banks have it.

    Raises:
        ZenginError: LETTERS or MARK.
    """
    return _checked(text.translate(_HALF), letters.OFFICE, "bank or branch name")


def edi(text: str) -> str:
    """Return a text for the payee as it stands in a bank file.

    Raises:
        ZenginError: LETTERS or MARK.
    """
    return _checked(text.translate(_HALF), letters.EDI, "EDI text")


def _checked(text: str, allowed: Letters, field: str) -> str:
    trimmed = text.strip(" ")
    letters.check(trimmed, allowed, field)
    return trimmed


def _shortened(text: str) -> str:
    return _FORM.sub(_bracketed, text.strip(" "))


def _bracketed(form: re.Match[str]) -> str:
    """Return the short form of a company's form, with the bracket or brackets of its place in the name."""
    short = _SHORT[form[1]]
    if form.start() == 0:
        return f"{short})"
    return f"({short}" if form.end() == len(form.string) else f"({short})"


def _half_width() -> dict[str, str]:
    """Return what stands for each character; what is not in it stands for itself, and is judged afterwards."""
    half = {unicodedata.normalize("NFKC", kana): kana for kana in KANA}
    half |= {small: half[large] for small, large in _LARGE.items()}
    half |= {"゛": DAKUTEN, "゜": HANDAKUTEN, "\u3099": DAKUTEN, "\u309a": HANDAKUTEN}
    for wide in map(chr, _WIDE_KANA):
        parts = unicodedata.normalize("NFD", wide)  # ガ is カ and a mark
        half[wide] = "".join(half[part] for part in parts)
    half |= {chr(ord(wide) - _HIRAGANA_OFFSET): half[wide] for wide in map(chr, _WIDE_KANA)}
    half |= {small: half[unicodedata.normalize("NFKC", small)] for small in "ｦｧｨｩｪｫｬｭｮｯ"}
    half |= {chr(wide): chr(wide - _WIDE_ASCII_OFFSET).upper() for wide in _WIDE_ASCII}
    half |= {letter: letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"}
    return half | dict.fromkeys(_HYPHENS, "-") | {"「": "｢", "」": "｣", "\u3000": " "}


_HALF = str.maketrans(_half_width())
_SHORT = {form.translate(_HALF): short.translate(_HALF) for short, forms in SHORT_FORMS.items() for form in forms}
_FORM = re.compile(f" *({'|'.join(re.escape(form) for form in sorted(_SHORT, key=len, reverse=True))}) *")
