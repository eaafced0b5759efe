"""What the office tells all units: the town, its places, its cards; each statement an entry in the town's journal."""

from collections.abc import Sequence

import sqlalchemy as sa

from central.streams import Streams
from sync.cards import COUNTER, INDEX, pseudonym
from sync.entries import Fact
from sync.facts import CardSet, CardState, CounterKey, FaceKey, PlaceNamed, Town
from sync.messages import TOWN_STREAM


class Registrar:
    """Writes statements into the town's journal."""

    def __init__(self, engine: sa.Engine, streams: Streams, card_key: bytes) -> None:
        self._engine = engine
        self._streams = streams
        self._card_key = card_key

    def town(self, town: Town) -> None:
        self.say([town])

    def place(self, place: PlaceNamed) -> None:
        self.say([place])

    def card(self, profile: str, identifier: str, index: str = "", face: str = "") -> str:
        """Register a card by what it says it is; return its name in this town. What it said is not kept.

        Args:
            index, face: of a card that proves itself by its face application: where its key is looked up, and the key
                (SPKI, base64).
        """
        name = self.name(profile, identifier)
        self.say([CardSet(name, CardState.ACTIVE), *self.faces(index, face)])
        return name

    def name(self, profile: str, identifier: str) -> str:
        """Return the name of a card in this town."""
        return pseudonym(self._card_key, profile, identifier)

    def faces(self, index: str, face: str) -> list[Fact]:
        """Return what units have to be told of a card that proves itself by its face application; else nothing."""
        return [FaceKey(pseudonym(self._card_key, INDEX, index), face)] if index and face else []

    def counter_card(self, identifier: str, index: str, key: str, handle: str, value: int) -> str:
        """Register a card with a counter of its own; return its name in this town.

        Args:
            identifier: SHA-256 of its public key. `index`: by which a unit looks it up.
            key, handle: the public key (SPKI), and by what the card finds its own; base64.
            value: where its counter stands.
        """
        name = pseudonym(self._card_key, COUNTER, identifier)
        learned = CounterKey(pseudonym(self._card_key, INDEX, index), name, key, handle, value)
        self.say([CardSet(name, CardState.ACTIVE), learned])
        return name

    def set_card(self, card: str, state: CardState) -> None:
        self.say([CardSet(card, state)])

    def say(self, facts: Sequence[Fact]) -> None:
        with self._engine.begin() as connection:
            self._streams.append(connection, TOWN_STREAM, facts)
