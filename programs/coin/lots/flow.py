"""What flows into a card's money and out of it, in an order that does not depend on when the centre heard of it.

The order is that of the clocks of those who wrote: it says which lot a payment came from, never whether it counts.
A clock that was set back cannot turn round what one run of a unit has written. Arithmetic only.
"""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from typing import Final

import msgspec

from sync.program import JAPAN_MINUTES, town_day

Key = tuple[int | str, ...]

_PURSE: Final = re.compile(r"(?:short/)?(coin/[0-9a-z]+|gift/[0-9a-z-]+/[0-9a-z]+)/(?:free|counter|at/.+)")
_SHORT: Final = "short/"


class Detail(msgspec.Struct, frozen=True):
    """What a fact says about money beyond the amount.

    Attributes:
        day: days since 1970-01-01 by the town's calendar.
        source: where the money came from, in a word: "cash", "premium", "grant", …
        expires: the last day on which it is good; 0: for ever.
        of: the entry that it takes back, or the lot that it is about; or "".
    """

    day: int
    source: str
    expires: int = 0
    of: str = ""


class Posted(msgspec.Struct, frozen=True):
    """One line of the ledger; `at`: when its entry was written, by the clock of whoever wrote it."""

    unit: str
    boot: str
    seq: int
    line: int
    at: int
    source: str
    target: str
    amount: int

    @property
    def entry(self) -> str:
        return f"{self.unit}/{self.boot}/{self.seq}"


class Flow(msgspec.Struct, frozen=True):
    """What one entry moved between a purse and an account that is not in it.

    Attributes:
        what: whose purse: "coin/<card>", as rights call it.
        entry: the id of the entry that says so.
        unit, boot, seq, line: the same, and which of its movements.
        at: Unix milliseconds by the clock of whoever wrote it.
        yen: what came in; below zero, what went out.
        other: the account on the other side.
    """

    what: str
    entry: str
    unit: str
    boot: str
    seq: int
    line: int
    at: int
    yen: int
    other: str
    detail: Detail


def purse_of(account: str) -> str:
    """Return whose money an account of the ledger holds or lacks, as rights call it; "" if it is nobody's."""
    found = _PURSE.fullmatch(account)
    return found[1] if found else ""


def flows(posted: Iterable[tuple[Posted, Detail | None]]) -> list[Flow]:
    """Return what flows by lines of the ledger; what the ledger cut into lines, as something was short, is one flow."""
    found: dict[tuple[str, str, str], Flow] = {}
    count = Counter[str]()
    for line, detail in sorted(posted, key=lambda one: one[0].line):
        source, target = purse_of(line.source), purse_of(line.target)
        sides = ((source, line.target, -line.amount), (target, line.source, line.amount))
        for what, account, yen in sides if source != target else ():
            other = account.removeprefix(_SHORT)
            key = (line.entry, what, other)
            if what and key in found:
                found[key] = msgspec.structs.replace(found[key], yen=found[key].yen + yen)
            elif what:
                count[line.entry] += 1
                known = detail or Detail(town_day(line.at, JAPAN_MINUTES), other.partition("/")[0])
                found[key] = Flow(
                    what, line.entry, line.unit, line.boot, line.seq, count[line.entry], line.at, yen, other, known
                )
    return [flow for flow in found.values() if flow.yen]


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
    return sorted(written, key=lambda flow: _behind(first.get(flow.detail.of, ()), keys[flow.entry, flow.line]))


def _behind(before: Key, key: Key) -> Key:
    """Return a key of its own that comes after another: its own, or the other's with something after it."""
    return key if key > before else (*before, *key)
