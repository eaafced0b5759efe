"""No twin."""

from contextlib import AbstractContextManager
from typing import BinaryIO

import msgspec

from drivers.check import Check, State
from drivers.twin import Trouble, TwinError


class Driver:
    """Capabilities: none."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()

    def look(self) -> None:
        raise TwinError(Trouble.GONE, "no twin is fitted")

    def reading(self, name: str) -> AbstractContextManager[BinaryIO]:
        raise TwinError(Trouble.GONE, f"no twin is fitted, and so no {name}")

    def append(self, name: str, size: int, record: bytes) -> int:  # noqa: ARG002 - the port's
        raise TwinError(Trouble.GONE, f"no twin is fitted, and so no {name}")

    def sizes(self) -> dict[str, int]:
        raise TwinError(Trouble.GONE, "no twin is fitted")

    def drop(self, name: str) -> None:
        raise TwinError(Trouble.GONE, f"no twin is fitted, and so no {name}")

    @classmethod
    def probe(cls, _options: Options) -> Check:
        return Check(State.OK, "付いていません", "not fitted")
