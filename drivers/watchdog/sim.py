"""A watchdog in memory: it says whether it would have restarted the unit by now."""

from typing import Final

import msgspec

from drivers.check import Check, State
from drivers.clock import Clock
from drivers.clock.sim import Driver as SimClock
from drivers.watchdog import KICKS_IN_A_PERIOD, WatchdogError

_PERIOD_S: Final = 15.0


class Driver:
    """Capabilities: counts, by the clock that it is given; faults: `missing`, `nowayout` (no orderly end)."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        period_s: float = _PERIOD_S

    def __init__(self, options: Options | None = None, clock: Clock | None = None) -> None:
        self._options = options or self.Options()
        self._clock = clock or SimClock()
        self._due: float | None = None
        self._has_bitten = False
        self.missing = False
        self.nowayout = False
        self.kicks = 0

    def start(self) -> float | None:
        if self.missing:
            raise WatchdogError("the simulated watchdog is missing")
        self._restart_timer()
        return self._options.period_s / KICKS_IN_A_PERIOD

    def kick(self) -> None:
        if self._due is not None and not self.has_bitten():
            self.kicks += 1
            self._restart_timer()

    def stop(self) -> None:
        if not self.nowayout and not self.has_bitten():
            self._due = None

    def has_bitten(self) -> bool:
        """Tell whether a real one would have restarted the unit; once it has, it has."""
        self._has_bitten = self._has_bitten or (self._due is not None and self._clock.mono() > self._due)
        return self._has_bitten

    @classmethod
    def probe(cls, _options: Options) -> Check:
        return Check(
            State.WARN, "模擬の見張り装置です。本番では使えません", "a simulated watchdog, which serves nobody"
        )

    def _restart_timer(self) -> None:
        self._due = self._clock.mono() + self._options.period_s
