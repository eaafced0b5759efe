"""Age bands: how old people were when the year began, in a few steps that are the same for every table of the town.

The age is that of the first of April, for everybody and for a whole year, so that no band changes on a birthday. Where
the steps are, statistics and law have put them: below 15 and from 65 on as the three age groups of the Statistics
Bureau (年齢3区分), 40 where long-term care insurance begins (介護保険法 Art. 9 ii), 75 where the medical care of the
late elderly does (高齢者の医療の確保に関する法律 Art. 50 i). Arithmetic only.
"""

from datetime import date
from typing import Final

import msgspec

from central.residents.person import Person

_APRIL: Final = 3  # from January, as `sync.months` counts


class Band(msgspec.Struct, frozen=True):
    """One of the steps. `since`: the youngest age in it; -1 for a band of those whose age nobody knows."""

    name: str
    since: int
    ja: str
    en: str


KNOWN: Final = (
    Band("under15", 0, "15歳未満", "under 15"),
    Band("15to39", 15, "15〜39歳", "15 to 39"),
    Band("40to64", 40, "40〜64歳", "40 to 64"),
    Band("65to74", 65, "65〜74歳", "65 to 74"),
    Band("75up", 75, "75歳以上", "75 and over"),
)
UNKNOWN: Final = Band("unknown", -1, "わからない", "not known")
"""Nobody's card, or somebody's who has not agreed, or has left: which of these, no table says."""

BANDS: Final = (*KNOWN, UNKNOWN)


def year_began(month: int) -> date:
    """Return the first of April before a month, or of it; months as `sync.months` counts them."""
    return date((month - _APRIL) // 12, _APRIL + 1, 1)


def band_of(person: Person, on: date) -> str:
    """Return the name of a person's band; whoever was born after that day is in the youngest."""
    age = max(0, person.age_on(on))
    return max((band for band in KNOWN if band.since <= age), key=lambda band: band.since).name
