"""What the centre has said about the town, its places, its units, their staff and its cards: the latest word counts.

Both ends fold it: a unit to decide without a network, the centre to show names instead of ids. Of two statements about
one thing the later one counts, whichever arrives first; of two orders to one unit in one life the stricter one, because
no unit is ever ordered back. Arithmetic only.
"""

import msgspec

from sync.entries import Entry
from sync.facts import CardSet, CardState, FaceKey, Order, PlaceNamed, Town, UnitSet, UnitState
from sync.program import Fold
from sync.staff import Person, StaffSet

Statement = Town | PlaceNamed | UnitSet | CardSet | FaceKey | Order | StaffSet


class Said(msgspec.Struct, frozen=True):
    """The latest statement about one thing. `when`: (time by the centre, boot, seq), which orders statements."""

    when: tuple[int, str, int] | None = None
    fact: Statement | None = None


TOWN_KEY = "town"


def card_key(card: str) -> str:
    return f"card/{card}"


def face_key(index: str) -> str:
    return f"face/{index}"


def place_key(place: str) -> str:
    return f"place/{place}"


def unit_key(unit: str) -> str:
    return f"unit/{unit}"


def order_key(unit: str, epoch: int) -> str:
    return f"order/{unit}/{epoch}"


def staff_key(unit: str) -> str:
    return f"staff/{unit}"


def _key(entry: Entry) -> str:
    key = TOWN_KEY
    match entry.fact:
        case CardSet(card=card):
            key = card_key(card)
        case FaceKey(index=index):
            key = face_key(index)
        case PlaceNamed(place=place):
            key = place_key(place)
        case UnitSet(name=name):
            key = unit_key(name)
        case Order(name=name, epoch=epoch):
            key = order_key(name, epoch)
        case StaffSet(of=unit):
            key = staff_key(unit)
    return key


def _fold(said: Said, entry: Entry) -> Said:
    when = (entry.at, entry.boot, entry.seq)
    fact = entry.fact
    if not isinstance(fact, Statement):
        return said
    is_later = said.when is None or (_strictness(fact), when) >= (_strictness(said.fact), said.when)
    return Said(when, fact) if is_later else said


def _strictness(fact: Statement | None) -> int:
    return fact.state.strictness if isinstance(fact, Order) else 0


DIRECTORY: Fold[Said] = Fold(
    name="directory",
    kinds=(Town, PlaceNamed, UnitSet, CardSet, FaceKey, Order, StaffSet),
    state=Said,
    empty=Said(),
    key=_key,
    fold=_fold,
    samples=(
        Town("灯台町", "Todai", "00-0000", 540, {"test-1": "QUJD"}),
        PlaceNamed("library", "図書館", "としょかん", "Library"),
        UnitSet("lib01", "library", "facility"),
        CardSet("ab" * 16, CardState.ACTIVE),
        CardSet("ab" * 16, CardState.STOPPED),
        FaceKey("cd" * 16, "QUJD"),
        Order("lib01", 1, UnitState.SUSPENDED, "clone"),
        StaffSet("lib01", (Person(3, "はる"),), needed=True),
    ),
    version=3,
)
