"""No light fitted."""

import msgspec

from drivers.light import Pattern


class Driver:
    """Capabilities: none."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()

    def show(self, patterns: tuple[Pattern, ...]) -> None:
        pass

    def dim(self, *, on: bool) -> None:
        pass
