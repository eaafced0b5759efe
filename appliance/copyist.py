"""Brings a twin up to the journal: reads how far it goes, asks the daemon for what it lacks, adds that, sealed.

How far it goes is always read from the place itself, never remembered from another one: a stick may be swapped, put
back with what it had last year, or have lost something, and a neighbour may be another box. Whatever it lacks then is
written behind what it has.
"""

import os
from collections.abc import Callable
from typing import BinaryIO, Final, Protocol

from appliance.copying import Owner, Told
from drivers.twin import Trouble, Twin, TwinError
from sync import twin
from sync.messages import raw_bytes
from sync.segment import from_text
from sync.twin import Held

READ_AGAIN_S: Final = 86_400.0  # what was written may rot; a day later it is read once more
NO_KEY: Final = "no key"
_END_BYTES: Final = 32  # of the digest with which a record ends


class Hatch(Protocol):
    """The daemon's side of the wall."""

    def owner(self) -> Owner: ...

    def twin(self, told: Told) -> bytes | None: ...


class Place(Protocol):
    """Where a twin lies: what was added is there, and was seen there, when `append` returns."""

    def look(self) -> None:
        """Look whether something could be written now, without writing.

        Raises:
            TwinError: with the reason.
        """

    def held(self, owner: twin.Owner) -> tuple[Held, int]:
        """Return how far the twin goes, as it lies there now, and how many bytes it has.

        Raises:
            TwinError: with the reason.
        """

    def append(self, owner: twin.Owner, size: int, record: bytes) -> int:
        """Add to a twin that is `size` bytes long; return how long it is then.

        Raises:
            TwinError: it was not added, or it is not known whether it was.
        """


class OnMedium:
    """A place that is a medium of this unit: a stick. Two of them may have as many bytes; no two end alike."""

    def __init__(self, medium: Twin) -> None:
        self._medium = medium
        self._end = b""

    def look(self) -> None:
        self._medium.look()

    def held(self, owner: twin.Owner) -> tuple[Held, int]:
        with self._medium.reading(owner.file) as file:
            held = twin.held(twin.records(file), owner)
            size = file.seek(0, os.SEEK_END)
            self._end = _end(file, size)
            return held, size

    def append(self, owner: twin.Owner, size: int, record: bytes) -> int:
        with self._medium.reading(owner.file) as file:
            if _end(file, size) != self._end:
                raise TwinError(Trouble.CHANGED, f"{owner.file} ends otherwise than it did")
        longer = self._medium.append(owner.file, size, record)
        self._end = record[-_END_BYTES:]
        return longer


def _end(file: BinaryIO, size: int) -> bytes:
    file.seek(max(0, size - _END_BYTES))
    return file.read(min(size, _END_BYTES))


class Writer:
    """Writes one twin."""

    def __init__(self, hatch: Hatch, place: Place, mono: Callable[[], float]) -> None:
        self._hatch = hatch
        self._place = place
        self._mono = mono
        self._owner: twin.Owner | None = None
        self._held: Held | None = None  # None: to be read from the place first
        self._size = 0
        self._read_at = 0.0

    def go(self, stop: Callable[[], bool] = lambda: False) -> str:
        """Write all that the twin lacks, and tell the daemon how it stands; return what hinders it, or "".

        Args:
            stop: asked between two records; a round may end early at any of them.

        Raises:
            HatchError: the daemon does not answer.
        """
        said = self._hatch.owner()
        if not said.key:
            self._hatch.twin(Told(trouble=NO_KEY))
            return "the town has not said yet for whom to seal"
        owner = twin.Owner(said.unit, said.epoch, raw_bytes(said.key))
        try:
            self._write(owner, stop)
        except TwinError as error:
            broken, self._held = self._held.broken if self._held else 0, None
            self._hatch.twin(Told(trouble=error.trouble, broken=broken))
            return str(error)
        return ""

    def _write(self, owner: twin.Owner, stop: Callable[[], bool]) -> None:
        self._place.look()
        if self._held is None or self._owner != owner or self._mono() - self._read_at > READ_AGAIN_S:
            self._read(owner)
        held = self._held
        while held and (text := self._hatch.twin(Told(held.upto, broken=held.broken))) is not None and not stop():
            segment = from_text(text)
            record = twin.seal(owner, segment, held.upto.get(segment.boot, 0))
            self._size = self._place.append(owner, self._size, record)
            held.upto[segment.boot] = segment.last

    def _read(self, owner: twin.Owner) -> None:
        self._held = None
        self._held, self._size = self._place.held(owner)
        self._owner, self._read_at = owner, self._mono()
