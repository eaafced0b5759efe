"""Says for how long what is on cards has been there, and when it runs out, in broad bands; arithmetic only.

A yen is as old as its lot: what was charged or given together (`programs.coin.lots.fold`).
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from central.hiding import Cell, K, cells
from programs.coin.lots.fold import Lot

BANDS: Final = (30, 90, 180, 365)
"""Days up to which a band goes; the last one has no end."""

FOR_EVER: Final = -1
"""The band of what never runs out."""

SINCE: Final = (*range(len(BANDS) + 1),)
UNTIL: Final = (*SINCE, FOR_EVER)
"""All bands there are; what has run out already is in the first."""


class Band(msgspec.Struct, frozen=True):
    """Yen of one band; `people_at_least`: whose they are, rounded down to fives."""

    yen: int
    people_at_least: int


class Ages(msgspec.Struct, frozen=True):
    """What is on cards; bands by their number, 0 for the first. One that is not in it is hidden.

    Attributes:
        yen: of all lots together, which is what the ledger has on cards, and `short` besides.
        short: what was paid although nobody had it, and is still to come, or to be looked into.
        since, until: by how long it has been there, and by how long it still is good (`FOR_EVER`).
    """

    yen: int | None
    short: int
    since: Mapping[int, Band]
    until: Mapping[int, Band]


def ages(lots: Iterable[tuple[str, Lot]], short: int, today: int, k: int = K) -> Ages:
    """Count what is left of lots.

    Args:
        lots: each with the card that it is on.
        today: days since 1970-01-01.
    """
    left = [(card, lot) for card, lot in lots if lot.left]
    people = len({card for card, _ in left})
    if 0 < people < k:
        return Ages(None, short, {}, {})
    since = _bands(((card, lot.left, _band(today - lot.day)) for card, lot in left), SINCE, k)
    until = _bands(((card, lot.left, _until(lot, today)) for card, lot in left), UNTIL, k)
    return Ages(sum(lot.left for _, lot in left), short, since, until)


def _band(days: int) -> int:
    return sum(days > most for most in BANDS)


def _until(lot: Lot, today: int) -> int:
    return _band(lot.expires - today) if lot.expires else FOR_EVER


def _bands(found: Iterable[tuple[str, int, int]], every: Iterable[int], k: int) -> dict[int, Band]:
    yen: dict[int, int] = {}
    cards: dict[int, set[str]] = {}
    for card, amount, band in found:
        yen[band] = yen.get(band, 0) + amount
        cards.setdefault(band, set()).add(card)
    table = {band: Cell(yen[band], len(cards[band])) for band in yen}
    return {band: Band(number, len(cards.get(band, ())) // k * k) for band, number in cells(table, every, k).items()}
