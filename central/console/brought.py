"""The port for what a program brings to the console: found by being there, shown like the console's own.

A program's `pages.py` has `PAGES`, and its folder `templates/` one template for each, named as the page is. What a page
is asked stands in its address, so that it can be kept, sent and printed. What people do there are its acts: forms.
What the town's own systems send to it are the `CALLS` of its `calls.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Concatenate, Final, Generic, TypeVar

import msgspec
import sqlalchemy as sa
from jinja2 import BaseLoader, FileSystemLoader, PrefixLoader

from central.centre import Centre
from central.console.moment import Moment
from central.console.roles import NO_PERSON, OPEN, OWN, SCOPE_NAMES, SCOPED, Roles, Scopes, Table, UndeclaredError
from central.worded import WordedError
from sync import installed
from sync.accounts import Role, Scope, writing

Sent = TypeVar("Sent", bound=msgspec.Struct)

PLACE: Final = "place"
"""The filter that says of which place; an account of a shop is held to its own."""


@dataclass(frozen=True)
class Said:
    """What the page that comes next says of what was done.

    Attributes:
        then: what that page is asked, by the names of its filters.
    """

    ja: str
    en: str
    then: Mapping[str, str] = field(default_factory=dict)


class NotDoneError(WordedError):
    """Nothing was done; the page says why, and has what was typed."""


@dataclass(frozen=True)
class Act:
    """Something that people do on a page, by sending a form to `/<page>/<name>`.

    Attributes:
        roles: for whom it is; everybody else does not see the form either, if the template asks `may`.
        do: does it, or raises a WordedError; is given the centre, the account's name of who does it, and what was sent.
            Nothing else writes meanwhile.
    """

    name: str
    roles: Roles
    do: Callable[[Centre, str, Mapping[str, str]], Said]


@dataclass(frozen=True)
class About:
    """What a page has to say of single entries: their pages link to it, and it is asked as `?entry=unit/boot/seq`."""

    ja: str
    en: str
    kinds: frozenset[str]


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
        files: what can be taken along, by the files' names, at `/<name>/files/<file>`; or None.
        acts: what people do there.
        about: for which entries it is linked from the entry's own page; or None.
        open_data: by which of its filters tools may ask for the table, which anybody may see; None: not for tools.
    """

    name: str
    ja: str
    en: str
    roles: Roles
    read: Callable[Concatenate[sa.Engine, Moment, ...], Mapping[str, Any] | None]
    filters: tuple[str, ...] = ()
    table: Callable[Concatenate[sa.Engine, Moment, ...], bytes | None] | None = None
    files: Callable[Concatenate[sa.Engine, Moment, ...], Mapping[str, bytes]] | None = None
    acts: tuple[Act, ...] = ()
    about: About | None = None
    open_data: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Make sure that a page for shops can be asked for one place alone: a shop is shown its own, and does nothing.

        Raises:
            UndeclaredError: it cannot.
        """
        if Role.SHOP in self.roles and PLACE not in self.filters:
            raise UndeclaredError(f"/{self.name} is for shops, and cannot be asked for one place alone")
        if any(Role.SHOP in act.roles for act in self.acts):
            raise UndeclaredError(f"/{self.name} has an act for shops; what they send is not held to their place")

    @property
    def public(self) -> str:
        """Return the address of its table for tools; "" if there is none."""
        return f"/api/open-data/{self.name}" if self.table and self.open_data is not None else ""

    @property
    def addresses(self) -> Table:
        """Return its addresses, each with the roles that it is for."""
        tables = {f"/{self.name}.csv": self.roles} if self.table else {}
        tables |= {f"/{self.name}/files/{{name}}": self.roles} if self.files else {}
        tables |= {self.public: self.roles} if self.public else {}
        return {f"/{self.name}": self.roles, **tables, **{f"/{self.name}/{act.name}": act.roles for act in self.acts}}


@dataclass(frozen=True)
class Call(Generic[Sent]):
    """Something that the town's own systems send, as JSON to `POST /api/<name>`; to no person is it open.

    A tool may send it whose account has the scope `<program>:write`, which opens nothing else.

    Attributes:
        ja, en: what is sent, in a few words.
        about: what becomes of it, for whoever writes a client.
        takes, answers: the bodies. They stand in the document under these names, with their limits and first lines.
        count: how many things a body has, of those that a tool may send so many of in a day (`calls.DAY_MAX`).
        do: does it; is given the centre, the tool's name, and what was sent. Nothing else writes meanwhile. The same
            sent once more changes nothing: whoever heard no answer sends it again.
    """

    name: str
    ja: str
    en: str
    about: str
    takes: type[Sent]
    answers: type[msgspec.Struct]
    count: Callable[[Sent], int]
    do: Callable[[Centre, str, Sent], msgspec.Struct]

    @property
    def address(self) -> str:
        return f"/api/{self.name}"


def pages() -> list[tuple[str, Page]]:
    """Return the pages of all programs, each with its template."""
    found = ((program, page) for program, part in installed.parts("pages").items() for page in part.PAGES)
    return [(f"{program}/{page.name}.html", page) for program, page in found]


def calls() -> list[tuple[str, Call[Any]]]:
    """Return the calls of all programs, each with the scope that it takes."""
    return [(writing(program), call) for program, part in installed.parts("calls").items() for call in part.CALLS]


def admitting(shown: Iterable[tuple[str, Page]], sent: Iterable[tuple[str, Call[Any]]]) -> tuple[Table, Scopes]:
    """Return every address with the roles that it is for, the console's own too, and those for tools with their scope.

    Raises:
        UndeclaredError: two are the same, so that what is said of one would open the other.
    """
    table, scopes = dict(OWN), dict(SCOPED)
    for addresses, scoped in [
        *((page.addresses, {page.public: str(Scope.OPEN_DATA)} if page.public else {}) for _, page in shown),
        *(({call.address: NO_PERSON}, {call.address: scope}) for scope, call in sent),
    ]:
        if twice := sorted((table.keys() | set(OPEN)) & addresses.keys()):
            raise UndeclaredError(f"two programs, or one and the console itself, have the same address: {twice}")
        table |= addresses
        scopes |= scoped
    return table, scopes


def scope_names() -> Mapping[str, tuple[str, str]]:
    """Return what each scope opens, in Japanese and English."""
    sent: dict[str, list[Call[Any]]] = {}
    for scope, call in calls():
        sent.setdefault(scope, []).append(call)
    names = {
        scope: ("、".join(one.ja for one in some) + "を送る", "send " + ", ".join(one.en for one in some))
        for scope, some in sent.items()
    }
    return {**SCOPE_NAMES, **names}


def asides(kind: str) -> list[tuple[str, About]]:
    """Return the pages that have something to say of an entry of a kind, by their addresses."""
    found = ((f"/{page.name}", page.about) for _, page in pages())
    return [(address, about) for address, about in found if about and kind in about.kinds]


def templates() -> BaseLoader:
    """Return where the programs' templates are, by program."""
    folders = {name: str(files(f"programs.{name}") / "templates") for name in installed.with_part("pages")}
    return PrefixLoader({name: FileSystemLoader(folder) for name, folder in folders.items()})
