"""What flows into a card's money and out of it, in an order that does not depend on when the centre heard of it.

The order is that of the clocks of those who wrote: it says which lot a payment came from, never whether it counts.
A clock that was set back cannot turn round what one run of a unit has written. Arithmetic only.
"""

from collections.abc import Iterable
from itertools import groupby

import msgspec

Key = tuple[int | str, ...]


class Flow(msgspec.Struct, frozen=True):
    """One movement into a purse, or out of it.

    Attributes:
        what: whose purse: "coin/<card>", as rights call it.
        unit, boot, seq, line: the entry that says so, and which of its movements.
        at: Unix milliseconds by the clock of whoever wrote it.
        day: the same in days of the town's calendar.
        yen: what came in; below zero, what went out.
        other: the account on the other side.
        source: where it came from, in a word: "cash", "premium", "grant", …
        expires: the last day on which it is good; 0: for ever.
        of: the entry that it takes back, or the lot that it is about; or "".
    """

    what: str
    unit: str
    boot: str
    seq: int
    line: int
    at: int
    day: int
    yen: int
    other: str
    source: str
    expires: int = 0
    of: str = ""

    @property
    def entry(self) -> str:
        return f"{self.unit}/{self.boot}/{self.seq}"


def in_order(flows: Iterable[Flow]) -> list[Flow]:
    """Return flows in their order: by clock, but as each run of a unit wrote them, and nothing before what it is of."""
    keys: dict[tuple[str, int], Key] = {}
    first: dict[str, Key] = {}
    written = sorted(flows, key=lambda flow: (flow.unit, flow.boot, flow.seq, flow.line))
    for _, run in groupby(written, key=lambda flow: (flow.unit, flow.boot)):
        latest = None
        for flow in run:
            latest = flow.at if latest is None else max(latest, flow.at)
            key = (latest, flow.unit, flow.boot, flow.seq, flow.line)
            keys[flow.entry, flow.line] = key
            first.setdefault(flow.entry, key)
    return sorted(written, key=lambda flow: _behind(first.get(flow.of, ()), keys[flow.entry, flow.line]))


def _behind(before: Key, key: Key) -> Key:
    """Return a key of its own that comes after another: its own, or the other's with something after it."""
    return key if key > before else (*before, *key)
