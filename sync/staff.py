"""Who works behind a counter: named by the office, signed in at the unit, and said with what is done there.

The office says who may sign in at one unit, in the journal for that unit alone, so that a disk gives away nobody else's
PIN. Who is signed in is a fold over the unit's own entries: it needs no network, and a power cut signs nobody out.
Arithmetic only.
"""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from sync.entries import Count, Entry, Fact, UnitName
from sync.pins import KeptPin
from sync.program import Fold, Operator

SHIFT_READER: Final = "staff"
PEOPLE_MAX: Final = 40  # an entry has room for so many
FREE_TRIES: Final = 2  # wrong PINs in a row that cost no time
_FIRST_WAIT_S: Final = 5.0
_WAIT_MAX_S: Final = 300.0
_WAIT_MAX_AFTER: Final = 10  # wrong ones in a row; from here on it is no longer

Number = Annotated[int, msgspec.Meta(ge=1, le=9_999)]


class Role(StrEnum):
    CLERK = "clerk"
    SUPERVISOR = "supervisor"


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody who may sign in.

    Attributes:
        number: what is typed (係員番号), and all that entries say of them.
        name: what the screen calls them; a first name or none will do, for it lies on the unit's disk in the clear.
        pin: what is kept of their PIN, or None if they have none.
        card: the card by which they sign in, as this town names it; or "".
    """

    number: Number
    name: Annotated[str, msgspec.Meta(max_length=16)] = ""
    role: Role = Role.CLERK
    pin: KeptPin | None = None
    card: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{32})?$")] = ""


class StaffSet(Fact, frozen=True, tag="staff.set"):
    """The office says who may sign in at a unit; what it says last counts.

    Attributes:
        of: the unit; `unit` is who wrote the entry.
        needed: nothing is done there before somebody has signed in.
    """

    of: UnitName
    people: Annotated[tuple[Person, ...], msgspec.Meta(max_length=PEOPLE_MAX)] = ()
    needed: bool = False

    def person(self, number: int) -> Person | None:
        return next((one for one in self.people if one.number == number), None)

    def with_card(self, card: str) -> Person | None:
        return next((one for one in self.people if one.card == card), None)


class SignedIn(Fact, frozen=True, tag="staff.in"):
    """Somebody signed in at this unit. `card`: the card that was touched, or "" if a PIN was typed."""

    life: Count
    day: int
    number: Number
    card: Annotated[str, msgspec.Meta(max_length=32)] = ""


class SignedOut(Fact, frozen=True, tag="staff.out"):
    """Whoever was signed in here has gone."""

    life: Count
    day: int
    number: Number


class WrongPin(Fact, frozen=True, tag="staff.wrong"):
    """Somebody typed a PIN that is not the one of this number."""

    life: Count
    day: int
    number: Number


CENTRE: Final = (StaffSet,)
KINDS: Final = (SignedIn, SignedOut, WrongPin)


class Shift(msgspec.Struct, frozen=True):
    """One life of one unit: who is signed in since which day, and how often each number's PIN was wrong in a row."""

    number: int = 0
    day: int = 0
    wrong: dict[int, int] = msgspec.field(default_factory=dict)
    ended: int = 0


def shift_key(unit: str, life: int) -> str:
    return f"{unit}/{life}"


def _key(entry: Entry) -> str:
    fact = entry.fact
    return shift_key(entry.unit, fact.life) if isinstance(fact, SignedIn | SignedOut | WrongPin) else ""


def _fold(shift: Shift, entry: Entry) -> Shift:
    match entry.fact:
        case SignedIn(number=number, day=day):
            wrong = {of: times for of, times in shift.wrong.items() if of != number}
            return Shift(number, day, wrong, shift.ended)
        case SignedOut():
            return msgspec.structs.replace(shift, number=0, day=0, ended=shift.ended + 1)
        case WrongPin(number=number):
            wrong = shift.wrong | {number: shift.wrong.get(number, 0) + 1}
            return msgspec.structs.replace(shift, wrong=wrong)
        case _:
            return shift


def wait_s(wrong: int) -> float:
    """Return how long nobody may try again after so many wrong PINs in a row."""
    if wrong <= FREE_TRIES:
        return 0.0
    return min(_WAIT_MAX_S, _FIRST_WAIT_S * 2.0 ** (min(wrong, _WAIT_MAX_AFTER) - FREE_TRIES - 1))


def operator(said: StaffSet | None, shift: Shift, day: int) -> Operator:
    """Return who stands behind the counter: nobody, after midnight, or once the office has taken them off the list."""
    if said is None:
        return Operator()
    person = said.person(shift.number) if shift.number and shift.day == day else None
    if person is None:
        return Operator(is_needed=said.needed)
    return Operator(person.number, person.role is Role.SUPERVISOR, said.needed)


SHIFTS: Final[Fold[Shift]] = Fold(
    name=SHIFT_READER,
    kinds=KINDS,
    state=Shift,
    empty=Shift(),
    key=_key,
    fold=_fold,
    samples=(
        SignedIn(1, 20_780, 3),
        SignedIn(1, 20_780, 4, "0a" * 16),
        SignedOut(1, 20_780, 3),
        WrongPin(1, 20_780, 3),
    ),
)
