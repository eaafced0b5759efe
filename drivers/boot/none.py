"""No second slot: a device that somebody set up by hand, with Debian on an ordinary disk."""

import msgspec

from drivers.boot import BootError, Boots, CannotTryError, Slot
from drivers.check import Check, State

_WHY = "this device has no second slot"


class Driver:
    """Capabilities: none; whatever is asked is refused."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()

    @property
    def tries(self) -> bool:
        return False

    def look(self) -> Boots:
        raise BootError(_WHY)

    def set(self, primary: Slot, tried: Slot) -> None:  # noqa: ARG002 - the port's
        raise BootError(_WHY)

    def point(self, slot: Slot) -> None:  # noqa: ARG002 - the port's
        raise BootError(_WHY)

    def arm(self) -> None:
        raise CannotTryError(_WHY)

    def disarm(self) -> None:
        """Do nothing: nothing was armed."""

    @classmethod
    def probe(cls, _options: Options) -> Check:
        return Check(State.OK, "付いていません", "not fitted")
