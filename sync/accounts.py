"""Who may use the office's console, as which roles, and who came: said in the office's own journal, for no unit.

The latest word about an account counts. What is kept of a password or a secret is of no use without the town's keys.
Arithmetic only.
"""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from sync.entries import UNIT_PATTERN, AtMs, Entry, Fact, HashHex, Text, UnitName
from sync.program import Fold

ROLES_MAX: Final = 6
SCOPES_MAX: Final = 16


class Role(StrEnum):
    """What somebody does at the town hall, or for it."""

    CLERK = "clerk"
    OFFICER = "officer"
    TREASURER = "treasurer"
    TECHNICIAN = "technician"
    AUDITOR = "auditor"
    SHOP = "shop"


class Scope(StrEnum):
    """What a tool of the office's may read. What it may send is a scope of the program that takes it: `writing`."""

    UNITS = "units"
    ENTRIES = "entries"
    INCIDENTS = "incidents"
    FIGURES = "figures"
    OPEN_DATA = "open-data"
    METRICS = "metrics"


ScopeName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}(:write)?$")]


def writing(program: str) -> str:
    """Return the scope of a tool that may send something to a program, and may read nothing by it."""
    return f"{program}:write"


class AccountSet(Fact, frozen=True, tag="account"):
    """Somebody, or a tool, may use the console; what is said last counts.

    Attributes:
        name: what is typed, and what entries call them.
        shown: what pages call them.
        roles: what a person is here; none: the account is closed. A tool has none.
        password: Argon2id of the password, which was sealed with a key of the town's before; or "".
        secret: what the six digits are made of, sealed with a key of the town's (base64); or "".
        token: of a tool: HMAC of its token under a key of the town's; or "".
        by: who said so: the user of the centre's machine.
        scopes: what a tool may read, or send; none: the account is closed. A person has none.
        place: of a shop's account: whose numbers it sees, and no other's; or "".
    """

    name: UnitName
    shown: Annotated[str, msgspec.Meta(max_length=32)] = ""
    roles: Annotated[tuple[Role, ...], msgspec.Meta(max_length=ROLES_MAX)] = ()
    password: Text = ""
    secret: Text = ""
    token: HashHex | None = None
    by: Annotated[str, msgspec.Meta(max_length=64)] = ""
    scopes: Annotated[tuple[ScopeName, ...], msgspec.Meta(max_length=SCOPES_MAX)] = ()
    place: Annotated[str, msgspec.Meta(pattern=rf"^$|{UNIT_PATTERN}")] = ""

    @property
    def is_tool(self) -> bool:
        return self.token is not None

    @property
    def is_open(self) -> bool:
        """Whether anybody, or any tool, comes in by it."""
        return bool(self.scopes if self.is_tool else self.roles)


class Left(StrEnum):
    """Why a session ended."""

    SAID = "said"  # they signed out
    WRONG = "wrong"  # too many wrong passwords at the lock
    OTHER = "other"  # somebody else signed in in their place


class Refused(StrEnum):
    """Why somebody was turned away."""

    WRONG = "wrong"  # password, digits or passkey
    COPY = "copy"  # a passkey that counts not on from where it was: there are two of it
    OFTEN = "often"  # too many tries; noted once for as long as it lasts
    ROLE = "role"  # signed in, and not for this page


class CameIn(Fact, frozen=True, tag="account.in"):
    """Somebody signed in at the console, or went on before a locked screen. By a passkey: then that is said beside it.

    Attributes:
        number: of the session, which no other has.
        since: when it was begun with password and digits or by a passkey, Unix milliseconds.
        instead: the number that it had before the screen was locked.
    """

    name: UnitName
    number: HashHex
    since: AtMs
    instead: HashHex | None = None


class WentOut(Fact, frozen=True, tag="account.out"):
    """A session ended because somebody did something; one that runs out says nothing."""

    name: UnitName
    number: HashHex
    why: Left


class TurnedAway(Fact, frozen=True, tag="account.refused"):
    """Somebody was turned away.

    Attributes:
        name: the account; "" if there is none of that name: what was typed there may have been a password.
        what: for which page.
    """

    why: Refused
    name: Annotated[str, msgspec.Meta(max_length=32)] = ""
    what: Annotated[str, msgspec.Meta(max_length=100)] = ""


CENTRE: Final = (AccountSet, CameIn, WentOut, TurnedAway)


class Account(msgspec.Struct, frozen=True):
    """The latest word about one account. `when`: (time by the centre, boot, seq), which orders what was said."""

    when: tuple[int, str, int] | None = None
    said: AccountSet | None = None


def _key(entry: Entry) -> str:
    return entry.fact.name if isinstance(entry.fact, AccountSet) else ""


def _fold(account: Account, entry: Entry) -> Account:
    when = (entry.at, entry.boot, entry.seq)
    if not isinstance(entry.fact, AccountSet) or (account.when is not None and when < account.when):
        return account
    return Account(when, entry.fact)


ACCOUNTS: Final = Fold(
    name="accounts",
    kinds=(AccountSet,),
    state=Account,
    empty=Account(),
    key=_key,
    fold=_fold,
    samples=(AccountSet("hanako", "花子", (Role.CLERK,), "kept", "sealed", by="root"),),
)
