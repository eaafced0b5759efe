"""Units that are put away for good: the town's leave to wipe themselves, and their word that they have.

A unit wipes nothing without this leave, so no technician can make a journal disappear that the town does not hold.
"""

from typing import Final

import msgspec

from central import ledger
from central.branches import Branches
from central.enrol import close_life, public_key
from central.intake import held
from central.peers import CALLER
from central.reconcile import Reconciler
from central.streams import Streams
from central.town import Town
from sync.facts import UnitState
from sync.messages import MessageError, Release, Wiped, open_signed, raw_bytes, sign, unsigned

_BY: Final = 100  # so much of a name goes into an entry


class Ended(msgspec.Struct, frozen=True):
    """What came of a unit's last word.

    Attributes:
        is_present: that life was the unit's present one, and is closed now; otherwise it had been closed before.
        is_held: everything up to the tip that it names is here.
    """

    word: Wiped
    is_present: bool
    is_held: bool


class PartingError(Exception):
    """It may not go yet, or it does not say what it should; the message says what to do."""


class Parting:
    """The desk at which units are given back."""

    def __init__(self, town: Town, town_id: str, streams: Streams, reconciler: Reconciler) -> None:
        self._town = town
        self._town_id = town_id
        self._streams = streams
        self._reconciler = reconciler

    def release(self, unit: str) -> bytes:
        """Return the town's leave for a unit to wipe itself: it holds for what is held of it now, and no more.

        Raises:
            PartingError: it is not at work here, or money may still be spent there.
        """
        with self._reconciler.counted() as connection:
            row = CALLER.row(connection, unit=unit)
            key = public_key(connection, unit, row["epoch"]) if row else None
            if row is None or key is None or row["state"] == UnitState.CLOSED:
                raise PartingError(f"{unit} is {row['state'] if row and key else 'not enrolled'}: it needs no leave")
            if holds := sum(ledger.held_by(connection, unit, row["epoch"]).values()):
                raise PartingError(
                    f"{unit} may still give out {holds}; have it give that back first: "
                    f"machi central unit drain FOLDER {unit}"
                )
            holdings = held(connection, row, self._town.clock.wall_ms())
        return sign(Release(self._town_id, key, holdings), self._town.signer)

    def take(self, raw: bytes, unit: str) -> Ended:
        """Take the last word of a unit, and end its life.

        Raises:
            PartingError: it is another unit's or town's, or was not signed with the key of that life.
        """
        try:
            said = unsigned(raw, Wiped)
        except MessageError as error:
            raise PartingError(f"this is not the last word of a unit: {error}") from error
        if said.unit != unit:
            raise PartingError(f"this is the last word of {said.unit}, and not of {unit}")
        with self._reconciler.counted() as connection:
            key = public_key(connection, said.unit, said.epoch)
            if said.town != self._town_id or key is None:
                raise PartingError(f"there was no life {said.epoch} of {said.unit} in this town")
            try:
                word = open_signed(raw, Wiped, raw_bytes(key), self._town.check)
            except MessageError as error:
                raise PartingError(f"{said.unit} did not sign this with the key of its life {said.epoch}") from error
            (row,) = CALLER.rows(connection, unit=word.unit)
            is_present = row["epoch"] == word.epoch and row["state"] != UnitState.CLOSED
            if is_present:
                reason = f"wiped by {word.by[:_BY]}, {word.entries} entries up to {word.tip or 'none'}"
                close_life(connection, self._streams, word.unit, word.epoch, reason)
            boot, _, seq = word.tip.partition("/")
            end = Branches(connection, word.unit, word.epoch).reach(boot)
        return Ended(word, is_present, not word.tip or (end is not None and str(end.seq) == seq))
