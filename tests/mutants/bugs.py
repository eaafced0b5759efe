"""The planted bugs: small slips of a tired developer, each with what it would do to people.

They stand in `planted/`, one file for each part of a touch's way. `old` is text as it stands in the house, in whole
lines, there exactly once; `new` is what the slip makes of it.
"""

import ast
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

ROOT: Final = Path(__file__).parents[2]
PLANTED: Final = Path(__file__).parent / "planted"


class Bug(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One bug.

    Attributes:
        name: what is wrong, in a few words.
        people: what goes wrong for people, in a sentence.
        expected: who should find it: the simulated town, or a test, where a town cannot see it by nature.
        tests: what is run when the town finds nothing.
    """

    name: str
    people: str
    file: str
    old: str
    new: str
    expected: Literal["town", "tests"]
    tests: tuple[str, ...]


class MisplantedError(ValueError):
    """This bug cannot be planted any more: the house has changed since it was thought of."""


def read_bugs() -> list[Bug]:
    """Return every bug, part by part."""
    bugs: list[Bug] = []
    for path in sorted(PLANTED.glob("*.toml")):
        bugs += msgspec.convert(tomllib.loads(path.read_text()), Mapping[str, list[Bug]])["bug"]
    return bugs


def changed(bug: Bug, text: str) -> str:
    """Return the text of the bug's file with the bug in it.

    Raises:
        MisplantedError: the old text is not there exactly once, or the new one is not Python or makes no difference.
    """
    found = f"\n{text}".count(f"\n{bug.old}")
    if found != 1:
        raise MisplantedError(f'"{bug.name}": its old text stands {found} times in {bug.file}; name other lines')
    broken = f"\n{text}".replace(f"\n{bug.old}", f"\n{bug.new}")[1:]
    try:
        is_changed = ast.dump(ast.parse(broken)) != ast.dump(ast.parse(text))
    except SyntaxError as error:
        raise MisplantedError(f'"{bug.name}": {bug.file} would not be Python any more: {error}') from error
    if not is_changed:
        raise MisplantedError(f'"{bug.name}" makes no difference to {bug.file}')
    return broken
