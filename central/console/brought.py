"""The port for pages that a program brings to the console: found by being there, shown like the console's own.

A program's `pages.py` has `PAGES`, and its folder `templates/` one template for each, named as the page is. They only
read, as everything here. What a page is asked stands in its address, so that it can be kept, sent and printed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Concatenate

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
        read: what its template shows, from the books, the present moment and the filters; None: there is no such page.
        filters: what may be asked in the address (`?month=…`), by name; "" where it is not.
        table: the same as a table for spreadsheets, at `/<name>.csv`; or None.
    """

    name: str
    ja: str
    en: str
    roles: Roles
    read: Callable[Concatenate[sa.Engine, Moment, ...], Mapping[str, Any] | None]
    filters: tuple[str, ...] = ()
    table: Callable[Concatenate[sa.Engine, Moment, ...], bytes | None] | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        return (f"/{self.name}", *((f"/{self.name}.csv",) if self.table else ()))


def pages() -> list[tuple[str, Page]]:
    """Return the pages of all programs, each with its template."""
    found = ((program, page) for program, part in installed.parts("pages").items() for page in part.PAGES)
    return [(f"{program}/{page.name}.html", page) for program, page in found]


def templates() -> BaseLoader:
    """Return where the programs' templates are, by program."""
    folders = {name: str(files(f"programs.{name}") / "templates") for name in installed.with_part("pages")}
    return PrefixLoader({name: FileSystemLoader(folder) for name, folder in folders.items()})
