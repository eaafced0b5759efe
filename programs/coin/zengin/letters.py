"""Which characters a bank file may hold, and their bytes: JIS X 0201, which are the single bytes of Shift_JIS.

Half-width kana without small letters, without ｦ and without ｰ (a long vowel is a hyphen); a voicing mark is a
character of its own. Capital letters and digits. A text of EDI may by the standard also have ｦ and a yen sign; not all
banks take them, so they are not written.
"""

import re
from typing import Final

from programs.coin.zengin.errors import Why, ZenginError

Letters = frozenset[str]

KANA: Final = "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝ"
DAKUTEN, HANDAKUTEN = "ﾞ", "ﾟ"
DAKUTEN_AFTER: Final = "ｳｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾊﾋﾌﾍﾎ"
HANDAKUTEN_AFTER: Final = "ﾊﾋﾌﾍﾎ"
_LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

OFFICE: Final[Letters] = frozenset(KANA + DAKUTEN + HANDAKUTEN + _LATIN + "-")
"""What the name of a bank or a branch may be made of."""

NAME: Final[Letters] = OFFICE | frozenset(" ().")
"""What the name of a person, a shop or a town may be made of."""

EDI: Final[Letters] = NAME | frozenset("/｢｣")
"""What a text for the payee (EDI情報) may be made of."""

_STRAY_MARK = re.compile(f"(?<![{DAKUTEN_AFTER}]){DAKUTEN}|(?<![{HANDAKUTEN_AFTER}]){HANDAKUTEN}")
_KANJI = re.compile("[\u3005-\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_CODE = "shift_jis"
_SINGLE_BYTES = frozenset((*range(0x20, 0x7F), *range(0xA1, 0xE0)))


def check(text: str, letters: Letters, field: str) -> None:
    """Check that a text is made of these letters, and that each voicing mark belongs to the kana before it.

    Raises:
        ZenginError: LETTERS, with every character that cannot be written, or MARK.
    """
    strange = [letter for letter in dict.fromkeys(text) if letter not in letters]
    if strange:
        shown = " ".join(map(_shown, strange))
        raise ZenginError(Why.LETTERS, f"banks do not take {shown} in {text!r}. {_hint(strange)}", field=field)
    if _STRAY_MARK.search(text):
        detail = f"{text!r} has a voicing mark that belongs to no letter: it was cut or mistyped. Write it anew."
        raise ZenginError(Why.MARK, detail, field=field)


def encode(text: str) -> bytes:
    """Return the bytes of a text that was checked, one for each character."""
    return text.encode(_CODE)


def decode(data: bytes, first: int, field: str) -> str:
    """Return the text of a field, not yet checked.

    Args:
        first: where its first byte stands in the record, counted from 1.

    Raises:
        ZenginError: BYTE: one of them is no character, or half of one.
    """
    for place, byte in enumerate(data, first):
        if byte not in _SINGLE_BYTES:
            raise ZenginError(
                Why.BYTE,
                f"byte {place} (0x{byte:02X}) is no half-width character. The file was damaged, or saved in another "
                "code than Shift_JIS; make it anew and send it as it is made.",
                field=field,
            )
    return data.decode(_CODE)


def _shown(letter: str) -> str:
    if letter == " ":
        return "a space"
    return letter if letter.isprintable() else f"U+{ord(letter):04X}"


def _hint(strange: list[str]) -> str:
    """Return what to do about characters that cannot be written; the first of them that we know decides."""
    for letter in strange:
        if _KANJI.match(letter):
            return "A name in kanji needs its kana: write it as it is read."
        if letter in "・･":
            return "Some accounts have a full stop for it and some a space: write what stands in the bank book."
        if letter in "ヵヶゕゖ":
            return "Write it as it is read."
    return "Write it as it stands in the bank book: large kana, A to Z and digits, a hyphen for a long vowel."
