"""Whom a unit believes: what a technician laid into its trust folder, and what the town says in its directory."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appliance.directory import Directory
from appliance.journal import Execute, Journal
from drivers.card import CounterKey, Presented, Trust, TrustError
from drivers.card.errors import (
    CardError,
    ClockDoubtError,
    ExpiredCardError,
    ForgedCardError,
    NotReadableError,
    OtherCardError,
    RevokedCardError,
    StaleCodeError,
    UnknownCardError,
    UnknownIssuerError,
)
from sync.cards import INDEX, pseudonym
from sync.facts import Town
from sync.messages import raw_bytes
from sync.program import Result

_CARD_SAYS: Final[Mapping[type[CardError], tuple[Result, str]]] = {
    NotReadableError: (Result.RETRY, "TAP-010"),
    OtherCardError: (Result.HELP, "TAP-034"),
    UnknownCardError: (Result.HELP, "TAP-030"),
    StaleCodeError: (Result.RETRY, "TAP-036"),
    RevokedCardError: (Result.REFUSED, "TAP-031"),
    ExpiredCardError: (Result.REFUSED, "TAP-032"),
    ForgedCardError: (Result.REFUSED, "TAP-033"),
    ClockDoubtError: (Result.HELP, "TAP-035"),
    UnknownIssuerError: (Result.HELP, "TAP-035"),
}


class Believer:
    """Keeps the trust in step with the directory."""

    def __init__(self, base: Trust, directory: Directory, card_key: bytes, journal: Journal) -> None:
        self._directory = directory
        self._journal = journal
        self._card_key = card_key
        self._seen: dict[str, int] = {}  # of tags and phones, the highest counter since this start
        self._base = replace(
            base,
            face_key=lambda index: self._face_key(index) or base.face_key(index),
            counter_key=lambda index: self._counter_key(index) or base.counter_key(index),
            last_counter=lambda identifier: self._last_counter(identifier, base.last_counter(identifier)),
        )
        self._for: Town | None = None
        self._trust = self._base
        self.refused = ""  # why the town's own issuers are not believed

    def trust(self) -> Trust:
        """Return the trust as the directory stands now, without what this unit may not believe."""
        town = self._directory.town()
        if town != self._for:
            self._for = town
            try:
                issuers = {
                    reference: Ed25519PublicKey.from_public_bytes(raw_bytes(key))
                    for reference, key in (town.pass_issuers if town else {}).items()
                }
                self._trust = replace(self._base, pass_issuers={**self._base.pass_issuers, **issuers})
                self.refused = ""
            except (TrustError, ValueError) as error:  # a test key in production, or no key at all
                self._trust = self._base
                self.refused = str(error)
        return self._trust

    def note(self, presented: Presented) -> None:
        """Remember a counter once its touch is answered, so that the same showing is not good here again."""
        if presented.counter is not None:
            self._seen[presented.identifier] = presented.counter

    def kept(self, presented: Presented) -> Callable[[Execute], None]:
        """Return what remembers a counter in the commit of its touch: what was paid with is not good after a start.

        On the disk stands a name that only this town can make of the phone's or the tag's own.
        """

        def keep(execute: Execute) -> None:
            if presented.counter is not None:
                execute("REPLACE INTO note VALUES (?, ?)", (self._note(presented.identifier), str(presented.counter)))

        return keep

    def _last_counter(self, identifier: str, otherwise: int | None) -> int | None:
        kept = self._journal.note(self._note(identifier))
        known = (self._seen.get(identifier), int(kept) if kept.isdecimal() else None, otherwise)
        return max((counter for counter in known if counter is not None), default=None)

    def _note(self, identifier: str) -> str:
        return f"shown {pseudonym(self._card_key, 'shown', identifier)}"

    def _face_key(self, index: str) -> bytes | None:
        key = self._directory.face_key(pseudonym(self._card_key, INDEX, index))
        return base64.b64decode(key) if key else None

    def _counter_key(self, index: str) -> CounterKey | None:
        said = self._directory.counter_key(pseudonym(self._card_key, INDEX, index))
        return CounterKey(base64.b64decode(said.key), base64.b64decode(said.handle)) if said else None


def what_to_say(error: CardError) -> tuple[Result, str]:
    """Return how it sounds that a card is not believed, and the id of the words."""
    return next(said for kind, said in _CARD_SAYS.items() if isinstance(error, kind))
