"""Looks for people among opened files: by the reading of the name, by birthday, and files that may be one person's.

Arithmetic only. Files are opened in memory for it and nothing is kept: an index would say in the clear what is sealed.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from central.residents.person import Person, spelled

_LARGE: Final = str.maketrans("ァィゥェォッャュョヮヵヶヲヂヅ", "アイウエオツヤユヨワカケオジズ")
_LEFT_OUT: Final = str.maketrans("", "", " ・ー")


def heard(kana: str) -> str:
    """Return how a reading sounds to somebody who did not see it: small letters, long vowels and gaps do not count."""
    return spelled(kana).translate(_LARGE).translate(_LEFT_OUT)


def find(files: Mapping[str, Person], kana: str, birth: date | None = None) -> list[str]:
    """Return the holders whose reading begins with, or has a part that begins with, `kana`; in the order of readings.

    Args:
        kana: a part of the reading, or "" for everybody who was born on `birth`.
    """
    wanted = heard(kana)
    found = [
        (person.kana, holder)
        for holder, person in files.items()
        if (birth is None or person.birth == birth) and (not wanted or _fits(person.kana, wanted))
    ]
    return [holder for _, holder in sorted(found)]


def _fits(kana: str, wanted: str) -> bool:
    return heard(kana).startswith(wanted) or any(heard(part).startswith(wanted) for part in kana.split())


def twins(files: Mapping[str, Person], person: Person) -> list[str]:
    """Return the holders who sound like this person and have the same birthday."""
    return [one for one, other in files.items() if _same(other) == _same(person)]


def doubles(files: Mapping[str, Person]) -> list[list[str]]:
    """Return groups of files that may be about one person each: the same reading, the same birthday."""
    groups: dict[tuple[str, date], list[str]] = {}
    for holder, person in sorted(files.items()):
        groups.setdefault(_same(person), []).append(holder)
    return _with_several(groups.values())


def _same(person: Person) -> tuple[str, date]:
    return heard(person.kana), person.birth


def _with_several(groups: Iterable[list[str]]) -> list[list[str]]:
    return [group for group in groups if len(group) > 1]
