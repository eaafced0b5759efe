"""A light that remembers what it showed; a screen or a test looks at it."""

from collections import deque

import msgspec

from drivers.light import Pattern

_REMEMBERED = 64


class Driver:
    """Capabilities: every pattern; fault: `broken` (dark, as with a torn cable)."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()
        self.shown: deque[tuple[Pattern, ...]] = deque(maxlen=_REMEMBERED)
        self.broken = False
        self.is_dim = False

    def show(self, patterns: tuple[Pattern, ...]) -> None:
        if not self.broken:
            self.shown.append(patterns)

    def dim(self, *, on: bool) -> None:
        self.is_dim = on
