"""Points have no counter of their own: a unit says what a touch is worth beside another program's result (`rules`)."""

from typing import Final

from appliance.counter import Counter

COUNTERS: Final[dict[str, Counter]] = {}
