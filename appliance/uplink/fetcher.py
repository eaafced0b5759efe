"""Fetches the system that the town offers: a thread of its own, in small pieces, slowly, and after everything else.

What has come lies in a file and is gone on with, whatever cut it short. Its SHA-256 is the one that the town has
signed, or nobody ever sees the file.
"""

import hashlib
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from appliance import durable
from appliance.config import BUNDLE_END
from appliance.installing import ROOM_LEFT
from appliance.offers import Wanted
from appliance.uplink.courier import HatchError
from sync.client import RefusedError, UnreachableError
from sync.updates import Offered

log = logging.getLogger("uplink")

PIECE_BYTES: Final = 32 * 1024  # a quarter of a second of a slow road: nobody at the unit waits longer
SYNC_BYTES: Final = 512 * 1024  # no more than this ever waits for the disk before a touch does
_AWAY_S: Final = 60.0  # after the road was cut, or the centre said no
_WRONG_S: Final = 1800.0  # after other bytes came than the town has signed
_BUSY_S: Final = 0.2
_KIB: Final = 1024
_PART: Final = ".part"


class Hatch(Protocol):
    def update(self) -> Wanted: ...

    def update_fetched(self, number: int) -> None: ...


class Centre(Protocol):
    def piece(self, digest: str, first: int, count: int) -> bytes: ...


class Fetcher:
    """Carries a bundle down.

    Args:
        centre: returns the connection, which may change with the unit's certificate.
        folder: where bundles are laid; root's service looks for them there.
        kib_s: so much in a second at most; 0: nothing is fetched.
        is_busy: something else is on the road, and goes first.
        look_s: how often it is looked whether there is an offer, and what became of it.
        free_bytes: returns how much room there is.
    """

    def __init__(
        self,
        hatch: Hatch,
        centre: Callable[[], Centre],
        folder: Path,
        kib_s: float,
        stop: threading.Event,
        is_busy: Callable[[], bool],
        look_s: float,
        free_bytes: Callable[[Path], int] | None = None,
    ) -> None:
        self._hatch = hatch
        self._centre = centre
        self._folder = folder
        self._kib_s = kib_s
        self._stop = stop
        self._is_busy = is_busy
        self._free_bytes = free_bytes or room_of
        self._look_s = look_s
        self._told = 0  # the last offer that was said to lie here
        self._thread = threading.Thread(target=self.run, name="fetcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def run(self) -> None:
        while not self._stop.is_set():
            self._stop.wait(self.look())

    def look(self) -> float:
        """Do what is to be done about the last offer; return for how long to wait before the next look, in seconds."""
        try:
            wanted = self._hatch.update()
            offer = wanted.offer if wanted.may_fetch and self._kib_s else None
            self._tidy(offer)
            return self._fetch(offer) if offer else self._look_s
        except (UnreachableError, RefusedError) as error:
            log.info("the offered system is not here yet: %s", error)
            return min(_AWAY_S, 3 * self._look_s)
        except HatchError:
            return self._look_s
        except OSError as error:
            log.warning("the offered system cannot be kept: %s", error)
            return _AWAY_S

    def _tidy(self, offer: Offered | None) -> None:
        """Take away what nobody wants any more."""
        if not self._folder.exists():
            return
        for path in self._folder.iterdir():
            if offer is None or path.stem != offer.digest:
                path.unlink()

    def _fetch(self, offer: Offered) -> float:
        whole, part = (self._folder / f"{offer.digest}{end}" for end in (BUNDLE_END, _PART))
        if not whole.exists():
            self._folder.mkdir(mode=0o700, exist_ok=True)
            if not self._fill(part, offer):
                return self._look_s
            if (found := _digest(part)) != offer.digest:
                part.unlink()
                log.warning("what came is not what the town has signed: %s; it is fetched anew", found)
                return _WRONG_S
            part.replace(whole)
            durable.sync(self._folder)
        if self._told != offer.number:
            self._hatch.update_fetched(offer.number)
            self._told = offer.number
            log.info("version %s lies here, whole", offer.version)
        return self._look_s

    def _fill(self, part: Path, offer: Offered) -> bool:
        """Go on with a file until it is as long as it should be; return whether it is."""
        with part.open("ab") as file:
            synced = held = file.tell()
            if held > offer.size:
                file.truncate(0)
                synced = held = 0
            if self._lacks_room(offer, held):
                return False
            try:
                while held < offer.size and not self._stop.is_set():
                    if self._is_busy():
                        self._stop.wait(_BUSY_S)
                        continue
                    count = min(PIECE_BYTES, offer.size - held)
                    came = self._centre().piece(offer.digest, held, count)
                    held += file.write(came)
                    if held - synced >= SYNC_BYTES:
                        durable.end(file)
                        synced = held
                        if not self._is_wanted(offer) or self._lacks_room(offer, held):
                            return False
                    self._stop.wait(count / _KIB / self._kib_s)
            finally:
                durable.end(file)
        return held == offer.size

    def _is_wanted(self, offer: Offered) -> bool:
        """Ask whether it is still to be fetched: it may have been taken back on the way."""
        wanted = self._hatch.update()
        return wanted.may_fetch and wanted.offer is not None and wanted.offer.digest == offer.digest

    def _lacks_room(self, offer: Offered, held: int) -> bool:
        """Tell whether the journal would miss the room: for the rest, and for the copy that root makes of the whole."""
        lacks = 2 * offer.size - held + ROOM_LEFT - self._free_bytes(self._folder)
        if lacks > 0:
            log.warning("%d bytes more room are needed for the offered system", lacks)
        return lacks > 0


def room_of(folder: Path) -> int:
    """Return how much room there is on the disk of a folder."""
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
