"""The daemon's side of neighbours: who keeps this unit's twin, whose twins this unit keeps, and its word for both.

All that is known of a neighbour is what the town has said of it. The processes with the network have no key of the
unit; this vouches for theirs, once for each.
"""

from typing import Final

import msgspec

from appliance.copying import Lodging
from appliance.directory import Directory
from appliance.twinned import SILENT_S, Lag, Twinned
from drivers.clock import Clock
from drivers.keystore import Keystore
from sync.letters import Keeping, Role, Writing, vouch

NONE: Final = "none"
SILENT: Final = "silent"


class Keeps(msgspec.Struct, frozen=True):
    """How it stands with the twins that this unit keeps for others.

    Attributes:
        state: `none` (it keeps none), `ok`, `silent` (its process says nothing), or why it takes nothing more.
        bytes: how long what is kept of each unit is.
    """

    state: str
    bytes: dict[str, int] = msgspec.field(default_factory=dict)


class Vicinity:
    """Knows this unit's neighbours. Everything runs in the daemon's own thread."""

    def __init__(
        self, unit: str, epoch: int, directory: Directory, keystore: Keystore, clock: Clock, twinned: Twinned
    ) -> None:
        """`twinned`: of the twin at the neighbour, used by nobody else."""
        self._unit = unit
        self._epoch = epoch
        self._directory = directory
        self._keystore = keystore
        self._clock = clock
        self.twin = twinned
        self._lodging = Lodging()
        self._heard: float | None = None

    def writing(self) -> Writing | None:
        """Return where this unit's twin is to be kept, or None if the office has not said so."""
        said = self._directory.neighbour()
        return Writing(self._unit, self._epoch, said) if said and said.keeper else None

    def keeping(self, lodging: Lodging) -> Keeping:
        """Hear how the keeper's process stands; return whose twins this unit is to keep."""
        self._lodging, self._heard = lodging, self._clock.mono()
        return Keeping(self._unit, self._epoch, self._directory.guests())

    def vouch(self, role: Role, key: str) -> bytes:
        """Vouch for a process of this unit: whoever has this key speaks for it in this role."""
        return vouch(self._unit, self._epoch, role, key, self._keystore)

    def lag(self) -> Lag:
        """Say how far behind the twin at the neighbour is."""
        writing = self.writing()
        if writing is None or writing.neighbour.keeper is None:
            return Lag(NONE)
        at = f"{writing.neighbour.keeper.unit} {writing.neighbour.address}"
        return msgspec.structs.replace(self.twin.look(), at=at)

    def keeps(self) -> Keeps:
        """Say how it stands with what this unit keeps for others."""
        if not self._directory.guests():
            return Keeps(NONE)
        if self._heard is None or self._clock.mono() - self._heard > SILENT_S:
            return Keeps(SILENT)
        return Keeps(self._lodging.trouble or "ok", self._lodging.bytes)
