"""Cuts a failing plan down to the few deeds that matter."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Part = TypeVar("Part")


def shrink(whole: Sequence[Part], breaks: Callable[[Sequence[Part]], bool], tries: int = 150) -> tuple[Part, ...]:
    """Return fewer parts that still break: leave out halves, then quarters, and so on down to single ones.

    Source: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002 (ddmin, complements only).

    Args:
        breaks: whether some of the parts, in their order, still break.
        tries: how often that is asked at the most.
    """
    left = list(whole)
    size = -(-len(left) // 2)
    while len(left) > 1:
        for start in range(0, len(left), size):
            if tries <= 0:
                return tuple(left)
            fewer = left[:start] + left[start + size :]
            tries -= 1
            if breaks(fewer):
                left = fewer
                break
        else:
            if size == 1:
                break
            size = -(-size // 2)
        size = min(size, -(-len(left) // 2))
    return tuple(left)
