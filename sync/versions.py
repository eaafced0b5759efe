"""Which of two versions of an image is the older one. Arithmetic only.

A version is numbers with dots, as people say it, and behind a plus sign what was built: the moment of the commit as a
number of any length, and its name, which orders nothing: `0.1.0+202611291442.8e20d7f`. Numbers are compared as numbers
(0.10 is newer than 0.9), and missing ones are zero. Whatever is of another form is compared with nothing.
"""

import re
from typing import Final

_FORM: Final = re.compile(r"(\d{1,6}(?:\.\d{1,6}){0,3})(?:\+(\d{1,14})(?:\.[0-9a-z]{1,40})?)?", re.ASCII)
_PARTS: Final = 4

Version = tuple[tuple[int, ...], int]


class VersionError(ValueError):
    """This is no version."""


def read(version: str) -> Version:
    """Return a version as something that can be compared: the numbers, and when it was built (0: not said).

    Raises:
        VersionError: it is of another form.
    """
    found = _FORM.fullmatch(version)
    if not found:
        raise VersionError(f'"{version}" is no version, such as 0.1.0+202611291442.8e20d7f')
    numbers = [int(part) for part in found[1].split(".")]
    return tuple(numbers + [0] * (_PARTS - len(numbers))), int(found[2] or 0)


def is_older(one: str, other: str) -> bool:
    """Return whether a version is older than another one.

    Raises:
        VersionError: one of them is no version.
    """
    return read(one) < read(other)


def newest(versions: tuple[str, ...]) -> str:
    """Return the newest of some; "" of none. What is empty is older than any.

    Raises:
        VersionError: one of them is no version.
    """
    return max((version for version in versions if version), key=read, default="")
