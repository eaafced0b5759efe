"""The kernel's random numbers."""

import os

import msgspec


class Driver:
    """Capabilities: unguessable bytes."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()

    def bytes(self, count: int) -> bytes:
        return os.urandom(count)
