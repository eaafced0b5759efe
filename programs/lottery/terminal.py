"""What the draw brings to a unit: no counter yet. Tickets are given out at a desk, or come as a list."""

from typing import Final

from appliance.counter import Counter

COUNTERS: Final[dict[str, Counter]] = {}
