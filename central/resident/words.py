"""The words for what is not done, in Japanese and English."""

from importlib.resources import files
from typing import Final

import msgspec


class Say(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sentence in both languages."""

    ja: str
    en: str


class Refusal(msgspec.Struct, frozen=True):
    """What the page is told instead of an answer. `why`: a short name that stays, for the page and for tests."""

    why: str
    ja: str
    en: str


WORDS: Final = msgspec.toml.decode((files("central.resident") / "words.toml").read_bytes(), type=dict[str, Say])


def refusal(why: str, **values: int | str) -> Refusal:
    """Return the words for a reason."""
    said = WORDS[why]
    shown = {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}
    return Refusal(why, said.ja.format(**shown), said.en.format(**shown))
