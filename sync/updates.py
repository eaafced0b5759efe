"""Systems that the centre offers its units: which bundle, to whom, when it may go in, and what became of it.

An offer is the centre's word in the journal for one unit alone, and the last word about it counts: it may be held, or
taken back. What became of it is the unit's own entry. Of one offer a unit gets further and never back, so whatever is
heard of it in whichever order, the furthest is how it stands. Arithmetic only.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from sync.entries import Count, Fact, HashHex, Text, UnitName
from sync.symptoms import of_update

DAY_MINUTES: Final = 24 * 60
_MINUTE_MS: Final = 60_000

Minute = Annotated[int, msgspec.Meta(ge=0, lt=DAY_MINUTES)]
Version = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Compatible = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Word = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{0,32}$")]


class Hours(msgspec.Struct, frozen=True):
    """The hours in which a system may go in: minutes after midnight by the town's clock, perhaps over midnight.

    `begins` and `ends` alike: at any time.
    """

    begins: Minute
    ends: Minute

    def hold(self, wall_ms: int, utc_offset_minutes: int) -> bool:
        """Tell whether it is one of them, by a clock that may be wrong."""
        minute = (wall_ms // _MINUTE_MS + utc_offset_minutes) % DAY_MINUTES
        return (
            self.begins == self.ends or (minute - self.begins) % DAY_MINUTES < (self.ends - self.begins) % DAY_MINUTES
        )


# ---- what the centre says


class OfferState(StrEnum):
    OPEN = "open"
    HELD = "held"  # it may be fetched, and does not go in
    WITHDRAWN = "withdrawn"


class Offered(Fact, frozen=True, tag="update.offered"):
    """A unit is offered a system; of several words the last one counts.

    Attributes:
        to: the unit; `unit` is who wrote the entry.
        number: grows from offer to offer; the same system offered once more has another one.
        compatible: for which boards and kinds of unit it is.
        digest, size: SHA-256 of the bundle, and how many bytes it has.
        hours: when it may go in.
    """

    to: UnitName
    number: Count
    state: OfferState
    version: Version
    compatible: Compatible
    digest: HashHex
    size: Count
    hours: Hours


class BundleAdded(Fact, frozen=True, tag="update.bundle"):
    """The office has a bundle to offer; no unit reads this, nor the three below."""

    version: Version
    compatible: Compatible
    digest: HashHex
    size: Count


class RingSet(Fact, frozen=True, tag="update.ring"):
    """Which units get a new system together. Rings are opened in the order of their numbers; the last word counts.

    `everybody`: all units of the town, whoever is named.
    """

    number: Count
    name: Text
    units: tuple[UnitName, ...] = ()
    everybody: bool = False


class RingOpened(Fact, frozen=True, tag="update.opened"):
    """An officer opened a ring for a version. `number`: of the offers that were made then."""

    version: Version
    ring: Count
    number: Count


class RollOutSet(Fact, frozen=True, tag="update.roll-out"):
    """How the roll-out of a version goes on. `back`: the units for which it is held; nobody, if an officer said so."""

    version: Version
    state: OfferState
    back: tuple[UnitName, ...] = ()


# ---- what a unit says


class Stage(StrEnum):
    """How far an offer came at a unit."""

    FETCHED = "fetched"  # it lies there, whole
    TRYING = "trying"  # it is in the other slot, and is tried, or will be at the next start
    KEPT = "kept"
    REFUSED = "refused"  # it does not go in there, and `why` will not pass
    BACK = "back"  # it was tried, and the system before it runs again


_FAR: Final[Mapping[str, int]] = {stage: at for at, stage in enumerate(Stage)}


class Became(Fact, frozen=True, tag="update.became"):
    """What became of an offer at this unit, once for each stage.

    `why`: what was in the way ("compatible", "floor"), or did not work ("reader"); a name for programs.
    """

    number: Count
    version: Version
    stage: Stage
    why: Word = ""


_REFUSED: Final[Mapping[str, tuple[str, str]]] = {
    "slots": ("入れ替え用の場所がない端末です", "this device has no second slot"),
    "trial": (
        "この基板のカーネルは、新しいシステムを一度だけ試すことができません",
        "this board's kernel cannot start a new system for one trial",
    ),
    "signature": ("端末が信じる署名がありません", "nobody whom the unit believes has signed it"),
    "compatible": ("別の基板か、別の種類の端末のためのものです", "it is for another board or kind of unit"),
    "floor": ("古すぎます。端末はそこまで戻りません", "it is too old: the unit does not go back so far"),
    "older": ("動いているものより古いものです", "it is older than what runs"),
    "version": ("版が比べられません", "its version cannot be compared"),
    "bytes": ("町が知らせたものと中身が違います", "it is not what the town has offered"),
    "slot": ("書き込めませんでした", "it could not be written"),
}


def words(why: str) -> tuple[str, str]:
    """Return a reason in Japanese and English; a later version's is called by its name."""
    return _REFUSED.get(why) or of_update(why) or (why, why)


def is_further(stage: str, than: str) -> bool:
    """Tell whether one stage of an offer lies behind another one."""
    return _FAR[stage] > _FAR[than]


CENTRE: Final[tuple[type[Fact], ...]] = (Offered, BundleAdded, RingSet, RingOpened, RollOutSet)
KINDS: Final[tuple[type[Fact], ...]] = (Became,)
