"""How an answer looks on a terminal, whoever prints it."""

from collections.abc import Mapping
from typing import Any


def printable(value: object) -> str:
    """Return text as a terminal may show it: no sign in it can move the cursor, or write over another line."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in str(value))


def lines(document: Mapping[str, Any]) -> list[str]:
    """Return a line for each part of an answer but the name of its form."""
    return [f"{name}: {printable(value)}" for name, value in document.items() if name != "schema"]
