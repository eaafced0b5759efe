"""The facts of this program: by which rules the town gives points, and what was booked. The centre writes them."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from sync.entries import AtMs, Card, Count, Fact, Ref, Text

LAST_DAY: Final = 100_000
STREAK_MAX: Final = 31
MINUTES: Final = 1_440

RuleId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Day = Annotated[int, msgspec.Meta(ge=0, le=LAST_DAY)]
Points = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
Limit = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
Refs = Annotated[tuple[Ref, ...], msgspec.Meta(max_length=60)]
Weekday = Annotated[int, msgspec.Meta(ge=0, le=6)]
Minute = Annotated[int, msgspec.Meta(ge=0, le=MINUTES)]
ProposalId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{12}$")]


class Once(StrEnum):
    """How often one person gets a rule's points."""

    DAY = "day"  # once a day, wherever
    PLACE = "place"  # once a day at each place
    TOUCH = "touch"  # for every touch


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which touches give how many points. What is left empty sets no condition.

    Attributes:
        id: its name for ever: a rule that goes on in the next plan keeps it, and with it what was counted.
        places, services, weekdays: any of these; Monday is 0.
        from_minute, to_minute: since midnight; the last one is not in it.
        first_day, last_day: from then on, and so long.
        days: only on these; and `event`: how people call what is on then.
        once: how often one person gets them.
        first_visit: only for a card's first touch ever at a place.
        streak: only on the day that makes so many days in a row; then not before the row was broken. 0: on any.
        person_month: no more than this for one person in a month; 0: as many as come.
        budget: when so many were given in all, the office's books stop the rule; 0: never.
    """

    id: RuleId
    points: Points
    places: Refs = ()
    services: Refs = ()
    weekdays: Annotated[tuple[Weekday, ...], msgspec.Meta(max_length=7)] = ()
    from_minute: Minute = 0
    to_minute: Minute = MINUTES
    first_day: Day = 0
    last_day: Day = LAST_DAY
    days: Annotated[tuple[Day, ...], msgspec.Meta(max_length=60)] = ()
    event: Text = ""
    once: Once = Once.DAY
    first_visit: bool = False
    streak: Annotated[int, msgspec.Meta(ge=0, le=STREAK_MAX)] = 0
    person_month: Limit = 0
    budget: Limit = 0


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """All rules that count from a day on.

    Attributes:
        starts: from its midnight, by the town's calendar, until a plan that starts later.
        rules: a touch gets the points of every one that fits.
        good_months: points are good to the end of so many months after the one in which they were earned; 0: for ever.
    """

    starts: Day
    rules: Annotated[tuple[Rule, ...], msgspec.Meta(max_length=40)]
    good_months: Annotated[int, msgspec.Meta(ge=0, le=120)] = 0


class Proposed(Fact, frozen=True, tag="points.propose"):
    """An officer has proposed a plan; no unit reads this."""

    plan: Plan
    by: Name


class Activated(Fact, frozen=True, tag="points.rules"):
    """A plan counts, because a second officer (`by`) said so."""

    plan: Plan
    proposal: ProposalId
    proposed_by: Name
    by: Name
    utc_offset_minutes: int = 540


class Stopped(Fact, frozen=True, tag="points.stop"):
    """A rule gives nothing for touches from this moment on: its budget is used up."""

    rule: RuleId
    from_ms: AtMs


class Booked(Fact, frozen=True, tag="points.book"):
    """What a card has earned in a month is so much more than was booked; below zero: less. No unit reads this."""

    card: Card
    month: int
    points: Annotated[int, msgspec.Meta(ge=-(10**12), le=10**12)]


class Expired(Fact, frozen=True, tag="points.expire"):
    """Points that a card earned by the end of `upto` were not used in time. No unit reads this."""

    card: Card
    upto: int
    points: Count


KINDS: Final = (Proposed, Activated, Stopped, Booked, Expired)
"""Every kind of fact that this program writes."""
