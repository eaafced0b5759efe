"""Keeps the twins of neighbours: adds what they bring behind what is there, and says, signed, what is there then.

It does what the office has said, and believes a letter only if it is by the unit whose twin it is about. Nothing that
was added is changed; a twin is deleted only when the office says that its life is at the centre. However much a
neighbour brings, it stays within its share, and so much of the disk stays free as this unit needs for itself.
"""

import io
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from appliance.copying import Lodging
from drivers.twin import Trouble, Twin, TwinError
from sync import letters, twin
from sync.letters import Ask, Hand, Keeping, Kept, LetterError
from sync.neighbours import KeepSet
from sync.twin import Held, Record

MIB: Final = 1024 * 1024
READ_AGAIN_S: Final = 3600.0  # a question may have it read once more, but not over and over


class StrangerError(Exception):
    """This letter is by nobody whose twin is kept here; the message says why."""


@dataclass
class _File:
    """What is known of a twin since it was read, or added to.

    Attributes:
        held: for each key of the town, how far it goes.
    """

    size: int = 0
    head: str = letters.NOTHING
    held: dict[str, Held] = field(default_factory=dict)
    broken: int = 0
    read_at: float = 0.0

    def add(self, record: Record) -> None:
        self.head = letters.next_head(self.head, record.digest)
        self.held.setdefault(record.head.key, Held()).add(record.head)


class Cellar:
    """All twins that one unit keeps. One thing is done at a time, whichever thread asks for it."""

    def __init__(self, medium: Twin, mono: Callable[[], float], vouch: Callable[[str], bytes]) -> None:
        """`vouch`: has the daemon vouch for a key."""
        self._medium = medium
        self._mono = mono
        self._vouch = vouch
        self._hand: Hand | None = None
        self._keeping: Keeping | None = None
        self._files: dict[str, _File] = {}
        self._troubles: dict[str, str] = {}  # of each unit, why its last record was not taken
        self._turn = threading.Lock()

    def heed(self, keeping: Keeping) -> None:
        """Go by what the office has said; delete what it says that need not be kept any more.

        Raises:
            HatchError: the daemon did not vouch for this process.
            TwinError: what is to be deleted cannot be.
        """
        if self._keeping is None or (keeping.unit, keeping.epoch) != (self._keeping.unit, self._keeping.epoch):
            self._hand = Hand(self._vouch)
        with self._turn:
            self._keeping = keeping
            for guest in keeping.guests:
                self._forget(guest)

    def lodging(self) -> Lodging:
        """Say how much is kept of whom, and why nothing more can be taken."""
        with self._turn:
            return self._lodging()

    def hear(self, unit: str, letter: bytes) -> Ask:
        """Read a letter, and believe that it is by this unit.

        Raises:
            StrangerError: it is not, or no twin of it is kept here.
        """
        guest = next((guest for guest in self._guests if guest.of.unit == unit), None)
        if guest is None or self._keeping is None:
            raise StrangerError(f"nothing of {unit} is kept here, as far as the office has said")
        try:
            ask = letters.read(letter, Ask, guest.of)
        except LetterError as error:
            raise StrangerError(str(error)) from error
        here = (guest.of.unit, guest.of.epoch, self._keeping.unit, self._keeping.epoch)
        if (ask.of, ask.epoch, ask.keeper, ask.keeper_epoch) != here:
            raise StrangerError(f"a letter to {ask.keeper} in life {ask.keeper_epoch}, about {ask.of}")
        return ask

    def answer(self, ask: Ask, record: bytes) -> bytes:
        """Add what is brought, if there is something; return a letter that says what is there now.

        Raises:
            StrangerError: the office has changed its mind since the letter was read.
        """
        with self._turn:
            return self._answer(ask, record)

    @property
    def _guests(self) -> tuple[KeepSet, ...]:
        return self._keeping.guests if self._keeping else ()

    def _lodging(self) -> Lodging:
        try:
            sizes = self._medium.sizes()
            self._medium.look()
        except TwinError as error:
            return Lodging(error.trouble)
        used = {unit: sum(sizes[name] for name in names) for unit, names in _by_unit(sizes).items()}
        troubles = (self._troubles.get(guest.of.unit, "") for guest in self._guests if guest.mib)
        return Lodging(next(filter(None, troubles), ""), used)

    def _answer(self, ask: Ask, record: bytes) -> bytes:
        hand, name, trouble = self._hand, twin.file_name(ask.of, ask.epoch), ""
        if hand is None:
            raise StrangerError("the daemon has not vouched for this process yet")
        file = _File()
        try:
            file = self._file(name)
            if ask.record is not None:
                self._add(name, file, ask, record)
                self._troubles.pop(ask.of, None)
        except TwinError as error:
            trouble = error.trouble
            if trouble != Trouble.CHANGED:
                self._troubles[ask.of] = trouble
        held = file.held.get(ask.town_key, Held())
        kept = Kept(
            *(ask.keeper, ask.keeper_epoch, ask.of, ask.epoch, ask.nonce),
            size=file.size,
            head=file.head,
            upto=dict(held.upto),
            broken=file.broken,
            trouble=trouble,
        )
        return hand.write(kept)

    def _file(self, name: str) -> _File:
        known = self._files.get(name)
        if known is None or self._mono() - known.read_at > READ_AGAIN_S:
            known = self._files[name] = self._read(name)
        return known

    def _read(self, name: str) -> _File:
        found = _File(read_at=self._mono())
        with self._medium.reading(name) as content:
            for record in twin.records(content):
                if record is None:
                    found.broken += 1
                else:
                    found.add(record)
            found.size = content.seek(0, os.SEEK_END)
        return found

    def _add(self, name: str, file: _File, ask: Ask, record: bytes) -> None:
        """Add a record, if it belongs right here.

        Raises:
            TwinError: with the reason. If it is not known what is on the disk then, the next question has it read anew;
                a letter that is played again has not.
        """
        if (ask.size, ask.head) != (file.size, file.head):
            raise TwinError(Trouble.CHANGED, f"{name} has {file.size} bytes by now")
        brought = list(twin.records(io.BytesIO(record)))
        (one,) = brought if len(brought) == 1 else (None,)
        if one is None or one.digest != ask.record or (one.head.unit, one.head.epoch) != (ask.of, ask.epoch):
            raise TwinError(Trouble.CHANGED, "not the record that the letter is about")
        share = sum(guest.mib * MIB for guest in self._guests if guest.of.unit == ask.of)
        sizes = self._medium.sizes()
        if sum(sizes[mine] for mine in _by_unit(sizes).get(ask.of, ())) + len(record) > share:
            raise TwinError(Trouble.FULL, f"{ask.of} has no more room here than {share} bytes")
        try:
            file.size = self._medium.append(name, file.size, record)
        except TwinError:
            self._files.pop(name, None)
            raise
        file.add(one)

    def _forget(self, guest: KeepSet) -> None:
        for life in range(1, min(guest.forget, guest.of.epoch) + 1):
            name = twin.file_name(guest.of.unit, life)
            if name in self._medium.sizes():
                self._medium.drop(name)
                self._files.pop(name, None)


def _by_unit(sizes: dict[str, int]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in sizes:
        if life := twin.life_of(name):
            found.setdefault(life[0], []).append(name)
    return found
