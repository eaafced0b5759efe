"""No printer fitted."""

import msgspec

from drivers.check import Check, State
from drivers.printer import Look, Printed, Reach, Slip, Trouble


class Driver:
    """Capabilities: none."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()

    def print(self, slip: Slip, *, again: bool = False) -> Printed:  # noqa: ARG002 - nothing comes out
        return Printed(Reach.NOTHING, 0, 0, again, Trouble.GONE)

    def look(self) -> Look:
        return Look(Trouble.GONE)

    @classmethod
    def probe(cls, _options: Options) -> Check:
        return Check(State.OK, "プリンターはありません", "no printer fitted")
