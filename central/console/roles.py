"""Who may see what: each address of the console with the roles it is for. What does not stand here is for nobody.

What tools may read or send has a scope besides, address by address; roles say nothing of tools.

The same table decides what is answered and which links a page shows. A page that a program brings names its roles
itself (`brought.Page`); what tools send to it is for no person. The console does not start with an address that
stands nowhere.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from sync import installed
from sync.accounts import Role, Scope, writing

Roles = frozenset[Role]
Table = Mapping[str, Roles]
Scopes = Mapping[str, str]

EVERYBODY: Final = frozenset(Role)
NO_PERSON: Final[Roles] = frozenset()
TOWN_HALL: Final = EVERYBODY - {Role.SHOP}
WHAT_PEOPLE_DO: Final = TOWN_HALL - {Role.TECHNICIAN}  # where a card was, and when
MACHINES: Final = frozenset({Role.OFFICER, Role.TECHNICIAN, Role.AUDITOR})
MONEY: Final = frozenset({Role.OFFICER, Role.TREASURER, Role.AUDITOR})
WATCH: Final = frozenset({Role.OFFICER, Role.AUDITOR})
PEOPLE: Final = frozenset({Role.CLERK, Role.OFFICER})  # who residents are

OFFICES_OWN: Final = "(the office's own journals)"
"""No address: entries that the centre wrote, which hold what is kept of PINs and passwords, however well sealed."""

OPEN: Final = ("/sign-in", "/sign-in/passkey")  # and what lies under /static/
OWN: Final[Table] = {
    "/me": EVERYBODY,
    "/me/passkey": EVERYBODY,
    "/me/passkey/ask": EVERYBODY,
    "/me/passkey/remove": EVERYBODY,
    "/session": EVERYBODY,
    "/lock": EVERYBODY,
    "/unlock": EVERYBODY,
    "/unlock/passkey": EVERYBODY,
    "/sign-out": EVERYBODY,
    "/": TOWN_HALL,
    "/fleet": TOWN_HALL,
    "/units/{name}": TOWN_HALL,
    "/incidents": TOWN_HALL,
    "/entries/{unit}/{boot}/{seq}": WHAT_PEOPLE_DO,
    "/entries/{unit}/{boot}/{seq}/segment": WHAT_PEOPLE_DO,
    "/entries/{unit}/{boot}/{seq}/trail": WHAT_PEOPLE_DO,
    "/journal": WHAT_PEOPLE_DO,
    "/journal.csv": WHAT_PEOPLE_DO,
    OFFICES_OWN: WATCH,
    "/visitors": WATCH,
    "/audit": WATCH,
    "/audit.csv": WATCH,
    "/audit/register.pdf": WATCH,
    "/residents": PEOPLE,
    "/residents/new": PEOPLE,
    "/residents/doubles": PEOPLE,
    "/residents/{holder}": PEOPLE,
    "/residents/{holder}/sheet": PEOPLE,
    "/residents/{holder}/{act}": PEOPLE,
    "/docs": MACHINES,
    "/openapi/{name}.json": MACHINES,
    "/live": WHAT_PEOPLE_DO,
    "/metrics": MACHINES,
    "/api/units": TOWN_HALL,
    "/api/units/{name}": TOWN_HALL,
    "/api/incidents": TOWN_HALL,
    "/api/figures": TOWN_HALL,
    "/api/entries": WHAT_PEOPLE_DO,
    "/api/entries/{unit}/{boot}/{seq}": WHAT_PEOPLE_DO,
}

API: Final = ("/api/", "/live", "/metrics")  # how addresses for tools begin
FOR_ANY_TOOL: Final = ("/openapi/{name}.json",)  # what it may ask, and nothing of the books
SCOPED: Final[Scopes] = {
    "/api/units": Scope.UNITS,
    "/api/units/{name}": Scope.UNITS,
    "/api/incidents": Scope.INCIDENTS,
    "/api/figures": Scope.FIGURES,
    "/api/entries": Scope.ENTRIES,
    "/api/entries/{unit}/{boot}/{seq}": Scope.ENTRIES,
    "/live": Scope.ENTRIES,
    "/metrics": Scope.METRICS,
}

SCOPE_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    Scope.UNITS: ("端末のようす", "how units stand"),
    Scope.ENTRIES: ("タッチと記録。どの番号のカードがどこにいたか", "touches and entries: which card was where"),
    Scope.INCIDENTS: ("確かめること", "what a person has to look at"),
    Scope.FIGURES: ("合計の数", "totals of every program"),
    Scope.METRICS: ("端末と町の機械の数値(Prometheus)", "figures of units and of the centre, for Prometheus"),
    Scope.OPEN_DATA: ("公開できる表", "tables as they may be published"),
}

NAMES: Final[Mapping[Role, tuple[str, str]]] = {
    Role.CLERK: ("窓口", "Clerk"),
    Role.OFFICER: ("担当者", "Officer"),
    Role.TREASURER: ("会計", "Treasurer"),
    Role.TECHNICIAN: ("技術", "Technician"),
    Role.AUDITOR: ("監査", "Auditor"),
    Role.SHOP: ("お店", "Shop"),
}


def every_scope() -> tuple[str, ...]:
    """Return whatever a tool can be given: what it reads, and the programs to which it sends."""
    return (*map(str, Scope), *(writing(name) for name in installed.with_part("calls")))


class UndeclaredError(Exception):
    """An address is for nobody, or a line of the table is about none; the message names it."""


def check(table: Table, scoped: Scopes, addresses: Iterable[str]) -> None:
    """Make sure that every address says for whom it is, and every one for tools which scope it takes.

    Raises:
        UndeclaredError: one does not, or one that does is not there.
    """
    there, said = {*addresses, OFFICES_OWN}, {*table, *OPEN}
    for_tools = {one for one in there if one.startswith(API)}
    if strange := sorted(for_tools ^ set(scoped)):
        raise UndeclaredError(f"an address for tools has no scope, or one with a scope is not for them: {strange}")
    if strange := sorted(there ^ said):
        raise UndeclaredError(f"central/console/roles.py and the console's addresses differ in: {', '.join(strange)}")
