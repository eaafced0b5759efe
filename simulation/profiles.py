"""How much goes wrong in a town: named profiles of faults, from none to all at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from simulation.deeds import What
from simulation.road import Weather

EVERY: Final = "every"
"""Not a profile: each seed takes the next one."""

_DAILY: Final[Mapping[What, float]] = MappingProxyType(
    {What.TOUCH: 17, What.TORN: 0.5, What.ROUND: 6, What.TIDY: 2, What.RESTART: 0.1, What.ADD_UP: 1}
)
"""With those who touch twice, 20 touches: what a unit of a real town of ten thousand has a day."""


MONEY: Final[Mapping[What, float]] = MappingProxyType(
    {What.CHARGE: 6, What.PAY: 12, What.VOID: 1, What.REFUND: 3, What.DEAL: 40}
)
"""Where coin is taken. The centre deals at random here: whatever it does must be safe, not clever."""

COUNTERS: Final[Mapping[What, float]] = MappingProxyType({What.ROUND: 24, What.CHARGE: 12})
"""Where cards count: their money is spent nowhere before the desk has told of it, and the shop has heard."""

BAD_ROAD: Final = Weather(0.05, 0.05, 0.05)


@dataclass(frozen=True)
class Profile:
    """Rates are per unit and day; of what strikes the whole town, per day."""

    about: str
    faults: Mapping[What, float] = field(default_factory=dict)
    weather: Weather = field(default_factory=Weather)

    @property
    def rates(self) -> dict[What, float]:
        return {**_DAILY, **self.faults}


_POWER: Final = {What.CUT: 3.0, What.BAD_BOOTS: 0.5}
_ROAD: Final = {What.CLOSE: 1.0, What.STORM: 0.1, What.CROWD: 0.01}
_OFFICE: Final = {What.STOP_CARD: 0.3, What.FREE_CARD: 0.2}

_HARSH: Final = {What.JUMP: 1.0, What.STICK: 0.2, What.STRANGER: 1.0, What.CENTRE_CUT: 1.0}
_CLOCKS: Final = {What.JUMP: 2.0, What.SEVENTY: 0.5, What.STOP_CLOCK: 0.5, What.DRIFT: 0.5, What.CENTRE_JUMP: 1.0}
_DISKS: Final = {What.LIE: 0.3, What.EIO: 0.2, What.FULL: 0.4, What.ROT: 0.15}
_BACKUPS: Final = {What.BACKUP: 0.6, What.ROLLBACK: 0.4, What.REPLACE: 0.15}
_THIEVES: Final = {What.BACKUP: 0.4, What.CLONE: 0.2, What.STEAL: 0.15, What.KEY_THEFT: 0.1, What.MISCHIEF: 1.0}
_CENTRE: Final = {What.CENTRE_CUT: 6.0, What.CENTRE_BACKUP: 2.0, What.CENTRE_RESTORE: 0.7, What.REPLACE: 0.1}


def _scaled(share: float, *parts: Mapping[What, float]) -> dict[What, float]:
    """Return the rates of several parts, each `share` of what it is."""
    return {what: rate * share for part in parts for what, rate in part.items()}


PROFILES: Final[Mapping[str, Profile]] = {
    "quiet": Profile("nothing goes wrong"),
    "ordinary": Profile(
        "an ordinary month: a cut now and then, a road that is closed at times",
        {What.CUT: 0.3, What.CLOSE: 0.3, What.STRANGER: 0.5, **_OFFICE},
        Weather(0.005, 0.005, 0.005),
    ),
    "power": Profile("power cuts at every step, also while a unit starts", {What.CUT: 8.0, What.BAD_BOOTS: 2.0}),
    "road": Profile(
        "messages lost, repeated, late and out of order; partitions; sticks carried by hand",
        {**_ROAD, What.CLOSE: 3.0, What.STICK: 0.5, What.CUT: 0.5},
        Weather(0.15, 0.15, 0.15),
    ),
    "harsh": Profile("everything that honest parts can do", {**_POWER, **_ROAD, **_OFFICE, **_HARSH}, BAD_ROAD),
    "clocks": Profile(
        "clocks that jump, stop, drift, start in 1970",
        {**_CLOCKS, What.CUT: 0.5, What.STOP_CARD: 2.0, What.FREE_CARD: 2.0},
        BAD_ROAD,
    ),
    "disks": Profile("cards that lie, fail to sync, fill up and rot", {**_DISKS, **_POWER}, BAD_ROAD),
    "backups": Profile("units put back in time, dead cards, replaced units", {**_BACKUPS, **_POWER}, BAD_ROAD),
    "thieves": Profile(
        "doubles, stolen units and keys, hostile units and cards",
        {**_THIEVES, What.STRANGER: 3.0, What.CUT: 0.5},
        BAD_ROAD,
    ),
    "centre": Profile(
        "a centre that dies at any statement, and is restored from a backup",
        {**_CENTRE, What.STOP_CARD: 2.0, What.FREE_CARD: 0.5},
        BAD_ROAD,
    ),
    "everything": Profile(
        "all of it",
        _scaled(0.4, _POWER, _ROAD, _OFFICE, _HARSH, _CLOCKS, _DISKS, _BACKUPS, _THIEVES, _CENTRE),
        BAD_ROAD,
    ),
}
