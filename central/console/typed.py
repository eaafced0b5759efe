"""What people type into forms: digits and letters wide or narrow, numbers with commas. Arithmetic only."""

import unicodedata

from central.worded import WordedError


class TypedError(WordedError, ValueError):
    """This is no such thing. `ja`, `en`: how it is written, to stand behind the name of its field."""


def plain(text: str) -> str:
    """Return what was typed in narrow digits and letters, and nothing around it."""
    return unicodedata.normalize("NFKC", text).strip()


def number(text: str, least: int, most: int) -> int:
    """Read a whole number, both ends included.

    Raises:
        TypedError: it is none.
    """
    digits = plain(text).replace(",", "")
    is_short = len(digits) <= len(str(most))
    if not (digits.isascii() and digits.isdigit() and is_short and least <= int(digits) <= most):
        raise TypedError(f"{least:,}〜{most:,} の数を書いてください。", f"write a number from {least:,} to {most:,}.")
    return int(digits)
