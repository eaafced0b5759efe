"""The port for pages that a program brings to the console: found by being there, shown like the console's own.

A program's `pages.py` has `PAGES`, and its folder `templates/` one template for each, named as the page is. They only
read, as everything here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import sqlalchemy as sa
from jinja2 import BaseLoader, FileSystemLoader, PrefixLoader

from central.console.moment import Moment
from central.console.roles import Roles
from sync import installed


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        name: in its address, `/<name>`, and of its template.
        ja, en: what it is called.
        roles: for whom it is (`central.console.roles`).
        read: what its template shows, from the books and the present moment.
    """

    name: str
    ja: str
    en: str
    roles: Roles
    read: Callable[[sa.Engine, Moment], Mapping[str, Any]]


def pages() -> list[tuple[str, Page]]:
    """Return the pages of all programs, each with its template."""
    found = ((program, page) for program, part in installed.parts("pages").items() for page in part.PAGES)
    return [(f"{program}/{page.name}.html", page) for program, page in found]


def templates() -> BaseLoader:
    """Return where the programs' templates are, by program."""
    folders = {name: str(files(f"programs.{name}") / "templates") for name in installed.with_part("pages")}
    return PrefixLoader({name: FileSystemLoader(folder) for name, folder in folders.items()})
