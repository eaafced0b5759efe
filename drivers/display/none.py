"""No small display fitted."""

import msgspec

from drivers.display import Picture


class Driver:
    """Capabilities: none."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()

    def show(self, rest: Picture, result: Picture | None = None, seconds: float = 0) -> None:
        pass
