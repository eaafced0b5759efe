"""What each shop gets, and which entries that counts: arithmetic, from what the books say."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import groupby
from typing import Final

import msgspec

from programs.coin.settlement.facts import Batch, Counted, PayerSet, ShopSet, Transfer
from programs.coin.settlement.tables import Line
from sync.entries import Fact

RUNS_IN_ONE: Final = 150  # of the longest names, they fit in one entry


class Why(StrEnum):
    """Why a shop is not paid this time; what it has to get waits for the next."""

    NO_ACCOUNT = "no-account"  # the office knows no account of it
    MINIMUM = "minimum"  # it is less than the town's minimum
    NOTHING = "nothing"  # it is nothing, or less: more was taken back than paid


class Due(msgspec.Struct, frozen=True):
    """What comes of one shop.

    Attributes:
        owed: what it has to get, by everything that was ever counted.
        pays: what it gets now; 0 if it waits.
        why: why it waits; None if it is paid.
        runs: the entries that are counted for it now.
    """

    place: str
    owed: int
    pays: int
    why: Why | None
    runs: tuple[str, ...]


def due(place: str, owed: int, in_books: int, account: ShopSet | None, minimum: int, runs: tuple[str, ...]) -> Due:
    """Return what comes of a shop.

    Args:
        owed: by everything that was ever counted, this time included.
        in_books: what its account holds at this moment. It may be less, if something of the period was taken back
            after it; then that is enough.
    """
    pays = min(owed, in_books)
    if pays <= 0:
        return Due(place, owed, 0, Why.NOTHING, runs)
    if pays < minimum:
        return Due(place, owed, 0, Why.MINIMUM, runs)
    if account is None:
        return Due(place, owed, 0, Why.NO_ACCOUNT, runs)
    return Due(place, owed, pays, None, runs)


def runs(
    waiting: Sequence[Line], taken: Mapping[str, bool], gaps: Mapping[tuple[str, str], Sequence[int]]
) -> tuple[str, ...]:
    """Return the runs that name exactly those entries of a shop that are taken.

    Args:
        waiting: all entries of the shop that were not counted before, by id.
        taken: which of them are counted now.
        gaps: of each writer's boots, behind which numbers something is not held; what comes there later is not counted.
    """
    found: list[str] = []
    for (writer, boot), lines in groupby(waiting, key=lambda line: (line.writer, line.boot)):
        found += (
            f"{writer}/{boot}/{first}-{last}" for first, last in _spans(lines, taken, gaps.get((writer, boot), ()))
        )
    return tuple(found)


def _spans(lines: Iterator[Line], taken: Mapping[str, bool], gaps: Sequence[int]) -> Iterator[tuple[int, int]]:
    first = last = 0
    for line in lines:
        if first and (not taken[line.id] or any(last <= gap < line.seq for gap in gaps)):
            yield first, last
            first = 0
        if taken[line.id]:
            first, last = first or line.seq, line.seq
    if first:
        yield first, last


def facts(
    number: int,
    upto: int,
    pay_on: int,
    payer: PayerSet,
    dues: Sequence[Due],
    shops: Mapping[str, ShopSet],
    file: str,
    although: str,
) -> list[Fact]:
    """Return what the office says: the batch, then each shop's transfer and what was counted for it."""
    paid = transfers(number, dues, shops)
    yen = sum(transfer.yen for transfer in paid)
    batch = Batch(number, upto, pay_on, payer, len(paid), yen, file, although)
    counted = [
        Counted(number, one.place, one.runs[at : at + RUNS_IN_ONE])
        for one in dues
        for at in range(0, len(one.runs), RUNS_IN_ONE)
    ]
    return [batch, *paid, *counted]


def transfers(number: int, dues: Sequence[Due], shops: Mapping[str, ShopSet]) -> list[Transfer]:
    """Return who is paid, in the order of the places."""
    return [
        Transfer(number, one.place, one.pays, shops[one.place].name, shops[one.place].account)
        for one in sorted(dues, key=lambda one: one.place)
        if one.pays
    ]
