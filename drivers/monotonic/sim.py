"""A counter in memory that outlives the simulated unit: it is not on the disk that is rolled back."""

import msgspec


class Driver:
    """Capabilities: yes; fault: `worn` (a worn-out part that no longer counts)."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        start: int = 0

    def __init__(self, options: Options | None = None) -> None:
        self._value = (options or self.Options()).start
        self.worn = False

    def read(self) -> int | None:
        return self._value

    def raise_to(self, value: int) -> None:
        if not self.worn:
            self._value = max(self._value, value)
