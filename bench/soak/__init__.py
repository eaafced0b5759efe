"""A town at ten times its peak for an hour: does its centre lose, slow down or swell?

Real processes and real parts: the centre as `machi central serve`, 58 units with journals on the disk, virtual cards
that prove themselves, and the uplink's own code over HTTPS with client certificates.
"""

from typing import Final

import msgspec

PEAK_TAPS_A_SECOND: Final = 1.0  # of a town: 58 units, 100 taps a day, a fifth in the busy hour, thrice its average


class Plan(msgspec.Struct, frozen=True):
    """What a soak does. `seed` says who touches where and when."""

    minutes: float = 60.0
    times_peak: float = 10.0
    units: int = 58
    cards: int = 24
    seed: str = "soak"
    interval_s: float = 15.0  # as a unit's uplink comes by when nobody touches
    timeout_s: float = 10.0  # as a unit's uplink waits for an answer

    @property
    def taps_a_second(self) -> float:
        return PEAK_TAPS_A_SECOND * self.times_peak
