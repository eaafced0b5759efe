"""The directory: what the centre last said of cards, places, units and the town, ready for a tap without a network."""

from typing import TypeVar

from appliance.shelf import Shelf
from sync.directory import (
    DIRECTORY,
    TOWN_KEY,
    TWIN_KEY,
    card_key,
    counter_key,
    face_key,
    keep_key,
    neighbour_key,
    offer_key,
    order_key,
    phone_key,
    place_key,
    staff_key,
    unit_key,
)
from sync.facts import CardSet, CounterKey, FaceKey, Order, PhoneSet, PlaceNamed, Town, TwinKey, UnitSet
from sync.neighbours import KeepSet, NeighbourSet
from sync.staff import StaffSet
from sync.twin import ALG
from sync.updates import Offered

Known = TypeVar(
    "Known",
    Town,
    PlaceNamed,
    UnitSet,
    CardSet,
    FaceKey,
    CounterKey,
    PhoneSet,
    Order,
    StaffSet,
    TwinKey,
    NeighbourSet,
    Offered,
)


class Directory:
    """Looks things up in the shelf."""

    def __init__(self, shelf: Shelf, unit: str, epoch: int) -> None:
        self._shelf = shelf
        self._unit = unit
        self._epoch = epoch

    def town(self) -> Town | None:
        return self._said(TOWN_KEY, Town)

    def card(self, card: str) -> CardSet | None:
        return self._said(card_key(card), CardSet)

    def whose(self, name: str) -> str:
        """Return the card as which a phone counts that was let in for it; every other thing counts as itself."""
        said = self._said(phone_key(name), PhoneSet)
        return said.card if said else name

    def face_key(self, index: str) -> str | None:
        """Return the enrolled key of a card's face application (SPKI, base64), or None."""
        enrolled = self._said(face_key(index), FaceKey)
        return enrolled.key if enrolled else None

    def counter_key(self, index: str) -> CounterKey | None:
        """Return the key of a card with a counter of its own, or None."""
        return self._said(counter_key(index), CounterKey)

    def place(self, place: str) -> PlaceNamed | None:
        return self._said(place_key(place), PlaceNamed)

    def here(self) -> UnitSet | None:
        """Return where this unit stands and which counter it serves, or None before the centre has said so."""
        return self._said(unit_key(self._unit), UnitSet)

    def staff(self) -> StaffSet | None:
        """Return who may sign in here, or None if the office has never said so."""
        return self._said(staff_key(self._unit), StaffSet)

    def twin_key(self) -> str:
        """Return the key for which twins are sealed (base64), or "" before the centre has named one for us."""
        said = self._said(TWIN_KEY, TwinKey)
        return said.key if said and said.alg == ALG else ""

    def offer(self) -> Offered | None:
        """Return the system that this unit was offered last, perhaps held or taken back since."""
        return self._said(offer_key(self._unit), Offered)

    def neighbour(self) -> NeighbourSet | None:
        """Return where the office wants our twin to be kept, or None if it has never said so."""
        return self._said(neighbour_key(self._unit), NeighbourSet)

    def guests(self) -> tuple[KeepSet, ...]:
        """Return whose twins the office wants us to keep."""
        found = (said.fact for _, said in self._shelf.states(DIRECTORY, keep_key(self._unit)))
        return tuple(fact for fact in found if isinstance(fact, KeepSet))

    def order(self) -> Order | None:
        """Return the centre's latest order to this unit in its present life."""
        return self._said(order_key(self._unit, self._epoch), Order)

    def _said(self, key: str, kind: type[Known]) -> Known | None:
        fact = self._shelf.state(DIRECTORY, key).fact
        return fact if isinstance(fact, kind) else None
