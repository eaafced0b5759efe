"""No button fitted."""

import msgspec

from drivers.button import Listener


class Driver:
    """Capabilities: none."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()

    def start(self, listener: Listener) -> None:
        pass

    def stop(self) -> None:
        pass
