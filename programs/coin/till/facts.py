"""What a till writes of its own day: a closing (Z), the float in a drawer, and what was counted in it at the end.

`operator`: the number of whoever was signed in behind the counter, or 0 where nobody has to be.
"""

from typing import Annotated, Final

import msgspec

from sync.entries import BootId, Count, Fact, Ref, Seq, Text

DENOMINATIONS: Final = (10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10, 5, 1)
"""The notes and coins of the yen, as they are counted (「金種」)."""

PIECES_MAX: Final = 9_999
REASONS: Final = ("change", "miscount", "unknown")
"""Why a drawer holds another sum than it should: wrong change, counted wrongly before, nobody knows."""

Pieces = Annotated[int, msgspec.Meta(ge=0, le=PIECES_MAX)]
Counts = Annotated[tuple[Pieces, ...], msgspec.Meta(min_length=len(DENOMINATIONS), max_length=len(DENOMINATIONS))]
Number = Annotated[int, msgspec.Meta(ge=1)]


def worth(counts: tuple[int, ...]) -> int:
    """Return what so many notes and coins are worth (yen)."""
    return sum(count * yen for count, yen in zip(counts, DENOMINATIONS, strict=True))


class Span(msgspec.Struct, frozen=True):
    """Entries of one boot, from the first about money to the last."""

    boot: BootId
    first: Seq
    last: Seq


class Sums(msgspec.Struct, frozen=True):
    """What a till has taken: how often, and how much (yen).

    Attributes:
        undone: charges that were taken back.
        refunds, refunded: what was given back of payments; absent where nothing was, as in entries of before.
    """

    payments: Count = 0
    paid: Count = 0
    voids: Count = 0
    voided: Count = 0
    charges: Count = 0
    charged: Count = 0
    undos: Count = 0
    undone: Count = 0
    refunds: Count | msgspec.UnsetType = msgspec.UNSET
    refunded: Count | msgspec.UnsetType = msgspec.UNSET

    @property
    def net(self) -> int:
        """Return what the shop has to get of it."""
        return self.paid - self.voided - (self.refunded or 0)


class Closing(Fact, frozen=True, tag="coin.close"):
    """A till was closed (Z, 「締め」): its sums begin again at nothing.

    Attributes:
        number: 1, 2, 3 … without a gap, in each life of a unit.
        covers: the entries that it adds up, boot by boot: every entry about money since the closing before.
        is_automatic: nobody did it; the time for it had come.
    """

    life: Count
    place: Ref
    day: int
    number: Number
    covers: tuple[Span, ...]
    sums: Sums
    is_automatic: bool = False
    operator: Count = 0


class DrawerOpened(Fact, frozen=True, tag="coin.drawer-open"):
    """A drawer was opened with so much change in it. `counts`: notes and coins, as in `DENOMINATIONS`."""

    life: Count
    place: Ref
    day: int
    counts: Counts
    operator: Count = 0


class DrawerCounted(Fact, frozen=True, tag="coin.drawer-count"):
    """A drawer was counted and emptied.

    Attributes:
        expected: what should have been in it, by the change at the beginning and the cash since (yen).
        reason: why there was another sum in it, one of `REASONS`; "" if there was not.
    """

    life: Count
    place: Ref
    day: int
    counts: Counts
    expected: int
    reason: Text = ""
    operator: Count = 0

    @property
    def difference(self) -> int:
        """Return by how much more there was than there should have been (yen)."""
        return worth(self.counts) - self.expected


KINDS: Final = (Closing, DrawerOpened, DrawerCounted)
