"""What the town's own systems send: steps by card and day, from a health app or a gateway of pedometers."""

from collections import Counter
from datetime import date
from typing import Annotated, Final

import msgspec

from central.centre import Centre
from central.console.brought import Call
from programs.steps.entries import COUNTED_MAX, PLAUSIBLE_MAX, tool
from programs.steps.importing import LATE_DAYS, Became, note, unasked
from sync.days import day_of

READINGS_MAX: Final = 500
_FIGURE_MAX: Final = 1_000_000_000
_ABOUT: Final = (
    f"Up to {READINGS_MAX} readings at once, in any order. The answer says of each what became of it: `new` (it is in"
    " the books), `known` (this tool said the same before), `struck` (the office struck out what this tool said of that"
    f" day, for good), `late` (more than {LATE_DAYS} days ago), `ahead` (after today), `implausible` (more than"
    f" {PLAUSIBLE_MAX:,}), `nothing` (0 steps; what was said before stays), `twice` (the same card and day stand twice"
    " here; neither is taken), `closed` (nobody has agreed that steps of this card are sent, or it is stopped: ask the"
    " person, who agrees at the town hall). A body that has not this form is refused whole. What a tool says of a day"
    " replaces what the same tool said of it, and nothing that anybody else did; of all sources the largest counts, up"
    f" to {COUNTED_MAX:,}. Sending the same again changes nothing: do so whenever no answer came."
)


class StepsReading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many steps a device has counted of one person on one day, as of now."""

    card: Annotated[
        str,
        msgspec.Meta(pattern="^[0-9a-f]{32}$", description="a card's name in this town, as the desk's reader says it"),
    ]
    date: Annotated[date, msgspec.Meta(description="on which they were walked, by the town's calendar: 2026-12-15")]
    steps: Annotated[int, msgspec.Meta(ge=0, le=_FIGURE_MAX, description="so many on that day until now")]


class StepsSent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a tool sends: readings of many people and days."""

    readings: Annotated[list[StepsReading], msgspec.Meta(min_length=1, max_length=READINGS_MAX)]


class StepsOutcome(msgspec.Struct, frozen=True):
    """What became of one reading."""

    card: str
    date: date
    became: Became


class StepsTaken(msgspec.Struct, frozen=True):
    """What became of each reading, in the order in which they were sent."""

    readings: list[StepsOutcome]


def send(centre: Centre, name: str, sent: StepsSent) -> StepsTaken:
    """Write what a tool says, of people who agree to it, as its own source."""
    often = Counter((one.card, one.date) for one in sent.readings)
    counted: dict[str, dict[int, int]] = {}
    for one in sent.readings:
        if often[one.card, one.date] == 1:
            counted.setdefault(one.card, {})[day_of(one.date)] = one.steps
    became = note(centre, tool(name), counted, unasked)
    return StepsTaken(
        [
            StepsOutcome(one.card, one.date, became.get(one.card, {}).get(day_of(one.date), Became.TWICE))
            for one in sent.readings
        ]
    )


CALLS: Final = (
    Call(
        name="steps",
        ja="歩数",
        en="steps by card and day",
        about=_ABOUT,
        takes=StepsSent,
        answers=StepsTaken,
        count=lambda sent: len(sent.readings),
        do=send,
    ),
)
