"""What is said of somebody's steps on a day: how many one source counted, or that it does not count after all."""

from typing import Annotated, Final, Self

import msgspec

from sync.entries import Card, Text
from sync.touches import Measure, Measuring

PLAUSIBLE_MAX: Final = 60_000  # at 70 cm a step a marathon; more in a day is a slip of the finger
COUNTED_MAX: Final = 20_000  # what is walked beyond it is good for the person, and counts no more here
LAST_DAY: Final = 100_000

Day = Annotated[int, msgspec.Meta(ge=0, le=LAST_DAY)]
Steps = Annotated[int, msgspec.Meta(ge=1, le=PLAUSIBLE_MAX)]
SOURCE_PATTERN: Final = r"^(pedometer|health-connect|healthkit|list|tool/[a-z][a-z0-9-]{0,31})$"
Source = Annotated[str, msgspec.Meta(pattern=SOURCE_PATTERN)]

PEDOMETER: Final = "pedometer"
HEALTH_CONNECT: Final = "health-connect"
HEALTHKIT: Final = "healthkit"
LIST: Final = "list"
SOURCES: Final = (PEDOMETER, HEALTH_CONNECT, HEALTHKIT, LIST)  # and, each for itself, the tools that send


def tool(name: str) -> str:
    """Return the source that a tool of the office's is: what it says of a day replaces its own word, and no other's."""
    return f"tool/{name}"


class Walked(Measuring, frozen=True, tag="steps.walked"):
    """A source counted so many steps on a day, as of now.

    Attributes:
        day: days since 1970-01-01 by the town's calendar: on which they were walked, and not when it was said.
        proof: what the card proved when it was said; "none" if it was said by the office.
    """

    card: Card
    day: Day
    steps: Steps
    source: Source
    proof: str

    @property
    def measure(self) -> Measure:
        return Measure(self.card, self.day, self.source, min(self.steps, COUNTED_MAX))

    @classmethod
    def sample(cls) -> Self:
        return cls("0a" * 16, 20_780, 7_100, PEDOMETER, "card")


class Struck(Measuring, frozen=True, tag="steps.struck"):
    """What a source said of a day does not count, says the office."""

    card: Card
    day: Day
    source: Source
    because: Text

    @property
    def measure(self) -> Measure:
        return Measure(self.card, self.day, self.source, 0)

    @classmethod
    def sample(cls) -> Self:
        return cls("0a" * 16, 20_780, PEDOMETER, "typed a zero too much")


KINDS: Final = (Walked, Struck)
"""Every kind of fact that this program writes."""
