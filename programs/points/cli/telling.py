"""How an answer with rules in it is printed: a line for each part, and below it one for each rule."""

from collections.abc import Mapping
from typing import Any

import click

from central.cli.common import say
from sync.terminal import printable


def tell(document: dict[str, Any], *, as_json: bool) -> None:
    """Print an answer: one JSON document, or lines for people."""
    if as_json:
        say(document, as_json=True)
        return
    for name, value in document.items():
        if name != "schema":
            _print(name, value, "")


def _print(name: str, value: Any, indent: str) -> None:
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        click.echo(f"{indent}{name}:")
        for one in value:
            first, *rest = one.items()
            _print(f"- {first[0]}", first[1], f"{indent}  ")
            for inner, what in rest:
                _print(inner, what, f"{indent}    ")
    else:
        click.echo(f"{indent}{name}: {printable(value)}")
