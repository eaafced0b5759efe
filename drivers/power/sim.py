"""A switch in memory: counts how often it was used, and tells whoever plays the device."""

from collections.abc import Callable

import msgspec

from drivers.check import Check, State


class Driver:
    """Capabilities: every cycle at once, in the thread of whoever asks; fault: `is_stuck`."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()
        self.cycles = 0
        self.is_stuck = False
        self.on_cycle: Callable[[], None] = lambda: None

    def cycle(self) -> None:
        self.cycles += 1
        if not self.is_stuck:
            self.on_cycle()

    @classmethod
    def probe(cls, _options: Options) -> Check:
        return Check(State.WARN, "模擬の電源です。本番では使えません", "a simulated switch, which serves nobody")
