"""Prizes are rights that the office deals out itself: nobody else deals them, and no unit gets one because it asks."""

from collections.abc import Sequence
from typing import Final

from central.dealing import Tender
from central.granting import Deal
from programs.lottery.entries import PRIZE_KIND


class _Prizes:
    """See `central.dealing.Tender`."""

    kinds: frozenset[str] = frozenset({PRIZE_KIND})

    def keeps(self, _deal: Deal, _things: Sequence[str]) -> frozenset[str]:
        return frozenset()

    def collect(self, deal: Deal, things: Sequence[str]) -> None:
        pass

    def tend(self, deal: Deal, things: Sequence[str]) -> None:
        pass


TENDER: Final[Tender] = _Prizes()
