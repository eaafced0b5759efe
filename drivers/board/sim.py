"""A board in memory: it reports what it is told to be."""

import msgspec

from drivers.board import Listener, Readings
from drivers.check import Check, State


class Driver:
    """Capabilities: every reading, reported in the thread of whoever says it; no reading is known before."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()
        self._listener: Listener | None = None
        self._is = Readings()

    def start(self, listener: Listener) -> None:
        self._listener = listener

    def stop(self) -> None:
        self._listener = None

    def be(self, **changed: float | bool | None) -> None:
        """Change some readings, by their names in `Readings`, and report."""
        self._is = msgspec.structs.replace(self._is, **changed)
        if self._listener:
            self._listener(self._is)

    @classmethod
    def probe(cls, _options: Options) -> Check:
        return Check(State.WARN, "模擬の基板です。本番では使えません", "a simulated board, which serves nobody")
