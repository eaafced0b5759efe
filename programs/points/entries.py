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
Yen = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Steps = Annotated[int, msgspec.Meta(ge=0, le=20_000)]
Refs = Annotated[tuple[Ref, ...], msgspec.Meta(max_length=60)]
Weekday = Annotated[int, msgspec.Meta(ge=0, le=6)]
Minute = Annotated[int, msgspec.Meta(ge=0, le=MINUTES)]
ProposalId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{12}$")]
EntryName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,31}/[0-9a-f]{16}/[1-9][0-9]{0,15}$")]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Of(StrEnum):
    """What a rule looks at: each kind is gone through by itself, so none of them changes what another gives."""

    TOUCH = "touch"  # of a card, at a place
    PAYMENT = "payment"  # with a card, at a place
    DAY = "day"  # of a person, with all steps of it


class Once(StrEnum):
    """How often one person gets a rule's points."""

    DAY = "day"  # once a day, wherever
    PLACE = "place"  # once a day at each place
    TOUCH = "touch"  # for every touch


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """What gives how many points: touches, or payments if it says yen, or days if it says steps.

    What is left empty sets no condition.

    Attributes:
        id: its name for ever: a rule that goes on in the next plan keeps it, and with it what was counted.
        points: for each time; with `per_yen`, for each whole so many yen of what is left of a payment.
        places, services, weekdays: any of these; Monday is 0.
        from_minute, to_minute: since midnight; the last one is not in it.
        first_day, last_day: from then on, and so long.
        days: only on these; and `event`: how people call what is on then.
        once: how often one person gets them.
        first_visit: only for a card's first touch ever at a place.
        streak: only on the day that makes so many days in a row; then not before the row was broken. 0: on any.
        person_month: no more than this for one person in a month; 0: as many as come.
        from_yen: only payments of at least so much; 0: see `per_yen`.
        per_yen: points for each whole so many yen, and up to the most for one person; 0: for each payment.
        steps: days on which somebody has walked at least so far; 0: it is not about steps.
        person_day: no more than this for one person on a day; 0: as many as come.
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
    from_yen: Yen = 0
    per_yen: Yen = 0
    steps: Steps = 0
    person_day: Limit = 0

    @property
    def of(self) -> Of:
        """What it looks at."""
        if self.steps:
            return Of.DAY
        return Of.PAYMENT if self.from_yen or self.per_yen else Of.TOUCH

    @property
    def least(self) -> int:
        """So many yen or steps have to be there, or it gives nothing."""
        return self.steps or max(self.from_yen, self.per_yen)


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


class ActivatedAmounts(Activated, frozen=True, tag="points.amount-rules"):
    """The same of a plan with rules for payments or steps, or with a most for a day.

    Units of before these were known cannot spell such a plan, and would refuse all that comes with it. A kind that they
    do not know they pass over: they go on by the plan before, and say too little.
    """


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


class VoidAsked(Fact, frozen=True, tag="points.void-ask"):
    """An officer has asked that an entry should give no points; no unit reads this.

    Attributes:
        of: the touch or the payment.
    """

    of: EntryName
    card: Card
    because: Reason
    by: Name


class VoidRefused(Fact, frozen=True, tag="points.void-refuse"):
    """A second officer has said no; it may be asked for again. No unit reads this."""

    of: EntryName
    by: Name


class Voided(Fact, frozen=True, tag="points.void"):
    """An entry gives no points, as if it had not been: a second officer (`by`) said so. Nothing undoes it."""

    of: EntryName
    card: Card
    asked_by: Name
    by: Name


KINDS: Final = (Proposed, Activated, ActivatedAmounts, Stopped, Booked, Expired, VoidAsked, VoidRefused, Voided)
"""Every kind of fact that this program writes."""
