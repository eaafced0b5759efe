"""Says whether a sum may be published without telling what one of those behind it has put in. Arithmetic only.

This is the p% rule of official statistics: the second largest knows his own share, subtracts it, and must not come to
within P percent of the largest's. A sum of one or two is never safe. What is safe stays so when it is added up, so
neither a total nor what is left of it tells more (A. Hundepool and others, Handbook on Statistical Disclosure Control,
chapter 4, "Magnitude tabular data").
"""

from collections.abc import Iterable
from typing import Final

P: Final = 20
"""In percent. Ten to twenty are usual."""

_ALL: Final = 100


def is_safe(shares: Iterable[int], percent: int = P) -> bool:
    """Tell whether the sum of some shares may be published; of nobody's, it may. What somebody lost counts as much."""
    sizes = sorted((abs(share) for share in shares if share), reverse=True)
    return not sizes or _ALL * sum(sizes[2:]) >= percent * sizes[0]
