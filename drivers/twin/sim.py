"""A stick in memory, which can be pulled out, swapped, filled up, and made to rot."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import msgspec

from drivers.check import Check, State
from drivers.twin import Trouble, TwinError


class Driver:
    """Capabilities: as a stick; faults: `trouble` (says no for this reason), `tears` (keeps so many bytes of a record).

    `files`: what lies on it; put other ones there to swap it.
    """

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        size: int = 1 << 30

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()
        self.files: dict[str, bytes] = {}
        self.trouble: Trouble | None = None
        self.tears: int | None = None
        self.writes = 0

    def look(self) -> None:
        if self.trouble:
            raise TwinError(self.trouble, f"the simulated stick is {self.trouble}")

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        if self.trouble is Trouble.GONE:
            self.look()
        yield io.BytesIO(self.files.get(name, b""))

    def append(self, name: str, size: int, record: bytes) -> int:
        self.look()
        before = self.files.get(name, b"")
        if len(before) != size:
            raise TwinError(Trouble.CHANGED, f"{name} has {len(before)} bytes instead of {size}")
        if sum(map(len, self.files.values())) + len(record) > self._options.size:
            raise TwinError(Trouble.FULL, "the simulated stick is full")
        self.writes += 1
        if self.tears is not None:
            self.files[name] = before + record[: self.tears]
            self.tears, self.trouble = None, Trouble.GONE
            self.look()
        self.files[name] = before + record
        return size + len(record)

    def sizes(self) -> dict[str, int]:
        self.look()
        return {name: len(content) for name, content in self.files.items()}

    def drop(self, name: str) -> None:
        self.look()
        self.files.pop(name, None)

    @classmethod
    def probe(cls, _options: Options) -> Check:
        return Check(State.WARN, "模擬のUSBメモリです。本番では使えません", "a simulated stick, which keeps nothing")
