"""A whole country's taps on one box: the backlog of a day of many towns, drained into their real centres.

Every unit was cut off for a day and comes back at once, with a connection of its own and the real courier. A town is
one database and one centre, so towns come in waves: a few centres serve side by side, and what is timed is the
draining.
"""

from typing import Final

import msgspec

COUNTRY_TOWNS: Final = 1_741  # municipalities of Japan, with Tokyo's 23 wards


class Size(msgspec.Struct, frozen=True):
    """How much is drained: `towns` of the country, `beside` of them at a time, each with so many units and taps.

    Attributes:
        processes: full of units.
        at_a_time: connections of one process; more would only wait for its one Python.
    """

    towns: int = 24
    beside: int = 8
    units: int = 58
    taps: int = 100
    processes: int = 4
    at_a_time: int = 8

    @property
    def entries(self) -> int:
        """How many entries that is: every unit's taps, and the start of its daemon."""
        return self.towns * self.units * (self.taps + 1)
