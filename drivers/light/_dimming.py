"""How bright a lamp is: by day, and dimmer at night, when it is the brightest thing in the room."""

from typing import Annotated, Final

import msgspec

from drivers.clock import Clock, Confidence

Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]

_HOUR_MS: Final = 3_600_000
_MINUTE_MS: Final = 60_000


class Dimming(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options of every real lamp.

    Attributes:
        brightness: in percent of what the lamp can do.
        night_brightness: the same at night.
        night: the hours between which it is night, by the clock on the wall; twice the same: never.
        utc_offset_minutes: of that clock; 540 is Japan.
    """

    brightness: Percent = 60
    night_brightness: Percent = 25
    night: tuple[Hour, Hour] = (19, 6)
    utc_offset_minutes: int = 540

    def now(self, clock: Clock) -> float:
        """Return the brightness at this moment, 0 to 1; a clock that nobody believes says day."""
        if clock.confidence() is Confidence.UNKNOWN:
            return self.brightness / 100
        hour = (clock.wall_ms() + self.utc_offset_minutes * _MINUTE_MS) // _HOUR_MS % 24
        return (self.night_brightness if self.is_night(hour) else self.brightness) / 100

    def is_night(self, hour: int) -> bool:
        begins, ends = self.night
        return begins <= hour < ends if begins <= ends else hour >= begins or hour < ends
