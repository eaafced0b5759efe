"""No counter: this unit cannot see by itself that its disk was rolled back; the centre still can."""

import msgspec


class Driver:
    """Capabilities: none."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()

    def read(self) -> int | None:
        return None

    def raise_to(self, value: int) -> None:
        pass
