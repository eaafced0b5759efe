"""How something stands, in a word: what the macro `chip` of the templates shows."""

import msgspec


class Chip(msgspec.Struct, frozen=True):
    """A word with a sign. `name`: its colour, as the style sheet calls it; `symbol`: for whoever sees none."""

    name: str
    symbol: str
    ja: str
    en: str
