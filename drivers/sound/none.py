"""No loudspeaker fitted."""

import msgspec


class Driver:
    """Capabilities: none."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()

    def play(self, earcon: str, about: str = "", say: str = "") -> None:
        pass
