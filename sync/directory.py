"""What the centre has said about the town, its places, its units, their staff and its cards: the latest word counts.

Both ends fold it: a unit to decide without a network, the centre to show names instead of ids. Of two statements about
one thing the later one counts, whichever arrives first; of two orders to one unit in one life the stricter one, because
no unit is ever ordered back. Arithmetic only.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from sync.entries import Entry, Fact
from sync.facts import (
    CardSet,
    CardState,
    CounterKey,
    FaceKey,
    Order,
    PhoneSet,
    PlaceNamed,
    Town,
    TwinKey,
    UnitSet,
    UnitState,
)
from sync.neighbours import KeepSet, NeighbourSet, Party
from sync.program import Fold
from sync.residents import CardPrefers, Language, Preferences
from sync.staff import Person, StaffSet
from sync.updates import Hours, Offered, OfferState

Statement = (
    Town
    | PlaceNamed
    | UnitSet
    | CardSet
    | FaceKey
    | CounterKey
    | PhoneSet
    | Order
    | StaffSet
    | TwinKey
    | NeighbourSet
    | KeepSet
    | Offered
    | CardPrefers
)


class Said(msgspec.Struct, frozen=True):
    """The latest statement about one thing. `when`: (time by the centre, boot, seq), which orders statements."""

    when: tuple[int, str, int] | None = None
    fact: Statement | None = None


TOWN_KEY = "town"
TWIN_KEY = "twin"


def card_key(card: str) -> str:
    return f"card/{card}"


def face_key(index: str) -> str:
    return f"face/{index}"


def counter_key(index: str) -> str:
    return f"counter/{index}"


def phone_key(phone: str) -> str:
    return f"phone/{phone}"


def prefers_key(card: str) -> str:
    return f"prefers/{card}"


def place_key(place: str) -> str:
    return f"place/{place}"


def unit_key(unit: str) -> str:
    return f"unit/{unit}"


def order_key(unit: str, epoch: int) -> str:
    return f"order/{unit}/{epoch}"


def staff_key(unit: str) -> str:
    return f"staff/{unit}"


def offer_key(unit: str) -> str:
    return f"offer/{unit}"


def neighbour_key(unit: str) -> str:
    return f"neighbour/{unit}"


def keep_key(keeper: str, of: str = "") -> str:
    """Return the key of one whose twin a unit keeps, or what the keys of all of them begin with."""
    return f"keep/{keeper}/{of}"


def _key(entry: Entry) -> str:
    key = _KEYS.get(type(entry.fact))
    return key(entry.fact) if key else TOWN_KEY


_KEYS: Final[Mapping[type[Fact], Callable[[Any], str]]] = {
    CardSet: lambda fact: card_key(fact.card),
    FaceKey: lambda fact: face_key(fact.index),
    CounterKey: lambda fact: counter_key(fact.index),
    PhoneSet: lambda fact: phone_key(fact.phone),
    PlaceNamed: lambda fact: place_key(fact.place),
    UnitSet: lambda fact: unit_key(fact.name),
    Order: lambda fact: order_key(fact.name, fact.epoch),
    StaffSet: lambda fact: staff_key(fact.of),
    TwinKey: lambda _: TWIN_KEY,
    NeighbourSet: lambda fact: neighbour_key(fact.of),
    KeepSet: lambda fact: keep_key(fact.keeper, fact.of.unit),
    Offered: lambda fact: offer_key(fact.to),
    CardPrefers: lambda fact: prefers_key(fact.card),
}


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
    kinds=(Town, *_KEYS),
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
        CounterKey("cd" * 16, "ab" * 16, "QUJD", "REVG", 7),
        PhoneSet("ef" * 16, "ab" * 16, "0a" * 32),
        Order("lib01", 1, UnitState.SUSPENDED, "clone"),
        StaffSet("lib01", (Person(3, "はる"),), needed=True),
        TwinKey("x25519", "QUJD"),
        NeighbourSet("lib01", Party("shop01", 1, "QUJD"), "192.0.2.7:4710"),
        KeepSet("shop01", Party("lib01", 2, "QUJD"), 256, 1),
        Offered("lib01", 1, OfferState.OPEN, "0.2.0", "machitap-pi-4-tap", "ab" * 32, 7, Hours(120, 270)),
        Offered("lib01", 1, OfferState.HELD, "0.2.0", "machitap-pi-4-tap", "ab" * 32, 7, Hours(120, 270)),
        CardPrefers("ab" * 16, Preferences(voice=True, lang=Language.EASY)),
    ),
    version=7,
)
