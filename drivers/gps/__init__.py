"""The port of a receiver of positions (GPS, QZSS and their kin): where this unit is, how well that is known, and when.

A driver reports by calling a listener, from its own thread; the listener returns at once. A position that cannot be
(it would have taken 300 km/h to get there) is reported as `Jumped`, not as a fix: use it for nothing.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

import msgspec


class Quality(StrEnum):
    """How a position was found (NMEA 0183, GGA field 6)."""

    PLAIN = "plain"
    BETTER = "better"  # differential, precise, RTK: corrected by somebody
    GUESSED = "guessed"  # dead reckoning, set by hand, simulated: not seen in the sky


class Fix(msgspec.Struct, frozen=True):
    """One position.

    Attributes:
        lat_deg, lon_deg: WGS 84, degrees; north and east are positive.
        hdop: how much worse the sky makes it (1: ideal; over 5: poor), or None if the receiver does not say.
        satellites: how many were used, or None.
        utc_ms: when, by the receiver's clock, in Unix milliseconds; None before it knows the date.
        speed_mps: over ground, or None.
        mono: when it arrived, by this unit's even clock, in seconds.
    """

    lat_deg: float
    lon_deg: float
    quality: Quality
    hdop: float | None
    satellites: int | None
    utc_ms: int | None
    speed_mps: float | None
    mono: float


class Why(StrEnum):
    """Why bytes came and no sentence."""

    NOISE = "noise"  # nothing that looks like a sentence: another speed than the receiver's
    DAMAGED = "damaged"  # a checksum was wrong, or a sentence was torn


class Fixed(msgspec.Struct, frozen=True):
    fix: Fix


class NoFix(msgspec.Struct, frozen=True):
    """The receiver works and does not know where it is: a tunnel, a valley, the first minute. Reported once."""


class Jumped(msgspec.Struct, frozen=True):
    """A position that nobody can have reached by now."""

    fix: Fix


class Unreadable(msgspec.Struct, frozen=True):
    why: Why


class GpsCame(msgspec.Struct, frozen=True):
    pass


class GpsLeft(msgspec.Struct, frozen=True):
    """The receiver is not there, or says nothing; the driver goes on. Reported at the start too, if so."""

    why: str


Event = Fixed | NoFix | Jumped | Unreadable | GpsCame | GpsLeft
Listener = Callable[[Event], None]


class Gps(Protocol):
    def start(self, listener: Listener) -> None:
        """Begin to report. Returns at once."""

    def stop(self) -> None:
        """Report nothing more, let go of the device, end every thread."""
