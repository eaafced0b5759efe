"""The words of a unit, by message id: loaded once, the same on every screen, beside every light and sound."""

import tomllib
from collections.abc import Mapping
from importlib.resources.abc import Traversable

import msgspec


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One message. `easy` is やさしい日本語; `short` is for screens of six characters a line."""

    ja: str
    en: str
    easy: str
    short: str

    def fill(self, values: Mapping[str, int | str]) -> "Words":
        """Put numbers and names into their places: 1,280, and "—" for what is not known yet."""
        known = _Known({name: _figure(value) if isinstance(value, int) else value for name, value in values.items()})
        return Words(*(text.format_map(known) for text in msgspec.structs.astuple(self)))

    def and_then(self, more: "Words") -> "Words":
        """Say one more thing behind this; where there is no room for two, that alone."""
        return Words(f"{self.ja} {more.ja}", f"{self.en} {more.en}", f"{self.easy} {more.easy}", more.short)


def _figure(value: int) -> str:
    return f"{value:,}".replace("-", "\N{MINUS SIGN}")


class _Known(dict[str, str]):
    def __missing__(self, _key: str) -> str:
        return "—"


Catalogue = Mapping[str, Words]


def load(*folders: Traversable) -> Catalogue:
    """Read `words.toml` of each folder into one catalogue.

    Raises:
        ValueError: two folders use the same id.
    """
    catalogue: dict[str, Words] = {}
    for folder in folders:
        with (folder / "words.toml").open("rb") as file:
            words = msgspec.convert(tomllib.load(file), dict[str, Words])
        if twice := catalogue.keys() & words.keys():
            raise ValueError(f"{folder}: message ids used twice: {', '.join(sorted(twice))}")
        catalogue |= words
    return catalogue
