"""Which positions can be believed: those that the unit can have reached since the last one."""

import math
from typing import Final

from drivers.gps import Fix

_EARTH_M: Final = 6_371_000.0
_SLACK_M: Final = 30.0  # how far a receiver that stands still may wander under a good sky
_HDOP_USUAL: Final = 2.0
_AGREE: Final = 5  # so many in a row that agree with one another are right, and what was believed before is not


class Plausible:
    """Remembers the last position that was believed.

    A receiver jumps when it hears a satellite by way of a wall. It also starts with a wrong first fix now and then;
    then everything after it looks like a jump, until it has said the same for long enough.
    """

    def __init__(self, speed_max_mps: float) -> None:
        self._speed_max_mps = speed_max_mps
        self._believed: Fix | None = None
        self._doubted: Fix | None = None
        self._agreeing = 0

    def believes(self, fix: Fix) -> bool:
        if self._believed is None or self._reachable(self._believed, fix):
            return self._take(fix)
        self._agreeing = self._agreeing + 1 if self._doubted and self._reachable(self._doubted, fix) else 1
        self._doubted = fix
        return self._take(fix) if self._agreeing >= _AGREE else False

    def _take(self, fix: Fix) -> bool:
        self._believed, self._doubted, self._agreeing = fix, None, 0
        return True

    def _reachable(self, before: Fix, after: Fix) -> bool:
        slack = sum(_SLACK_M * max(1.0, (fix.hdop or _HDOP_USUAL) / _HDOP_USUAL) for fix in (before, after))
        return distance_m(before, after) <= slack + self._speed_max_mps * max(0.0, after.mono - before.mono)


def distance_m(one: Fix, other: Fix) -> float:
    """Return the way between two positions over the ground, in metres (haversine, on a sphere: within 0.6 %)."""
    lat_1, lat_2 = math.radians(one.lat_deg), math.radians(other.lat_deg)
    half_lat = (lat_2 - lat_1) / 2
    half_lon = math.radians(other.lon_deg - one.lon_deg) / 2
    square = math.sin(half_lat) ** 2 + math.cos(lat_1) * math.cos(lat_2) * math.sin(half_lon) ** 2
    return 2 * _EARTH_M * math.asin(min(1.0, math.sqrt(square)))
