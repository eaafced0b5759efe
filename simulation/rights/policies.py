"""Ways to place a card's money, for comparison with ours; the same question, and another answer."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from central.placement import Habit, Site, Terms, place, rates

_BLOCKS: Final = ((1600, 0.739), (909, 0.211), (1303, 0.045))  # yen, and what they add to the share of payments served
_FEW: Final = 1e-4
_RELIABLE: Final = 0.05
_BAD_DAYS: Final = 3.0


ours: Final = place


def nothing(_habit: Habit, _sites: Sequence[Site], _terms: Terms) -> Mapping[str, int]:
    """Leave everything with the town: whoever cannot ask, cannot pay."""
    return {}


def equal(habit: Habit, sites: Sequence[Site], terms: Terms) -> Mapping[str, int]:
    """Give every unit the same."""
    each = int(habit.amount * terms.share) // max(1, len(sites))
    return {site.name: each for site in sites if each}


def greedy(habit: Habit, sites: Sequence[Site], terms: Terms) -> Mapping[str, int]:
    """Fill units by the chance that the card is there while they are away: what one writes first."""
    bits = _bits(sites, rates(habit, sites))
    return _fill(
        [(site.outages * density, site.name, size) for density, site, size in bits], habit.amount * terms.share
    )


def strand(habit: Habit, sites: Sequence[Site], terms: Terms) -> Mapping[str, int]:
    """Place by benefit above the price of stranded money, then the rest where it can be had back at any time."""
    found = rates(habit, sites)
    bits = _bits(sites, found)
    elsewhere = sum(found[site.name] * (1 - site.away) for site in sites) / _BAD_DAYS
    pool = [(density, float(size)) for density, size in _densities(elsewhere)]
    price = _price([*((density, size * site.away) for density, site, size in bits), *pool], habit.amount)
    worth = [(site.outages * (density - price), site.name, size) for density, site, size in bits if density > price]
    return _add_for_bad_days(_fill(worth, habit.amount * terms.share), found, sites, habit.amount * terms.share)


def _bits(sites: Sequence[Site], found: Mapping[str, float]) -> list[tuple[float, Site, int]]:
    """Return what might be placed, with the visits that a yen of it would serve in one outage."""
    return [
        (density, site, size)
        for site in sites
        for density, size in _densities(found[site.name] * site.away / site.outages)
    ]


def _densities(expected: float) -> list[tuple[float, int]]:
    return [(chance * share / size, size) for chance in _chances(expected) for size, share in _BLOCKS]


def _chances(expected: float) -> list[float]:
    """Return the chances of a visit, of two and of three, as far as they are worth a thought."""
    if expected <= _FEW:
        return []
    none = math.exp(-expected)
    one = 1 - none
    two = one - none * expected
    three = two - none * expected**2 / 2
    return [chance for chance in (one, two, three) if chance > _FEW]


def _price(costs: Sequence[tuple[float, float]], amount: float) -> float:
    """Return what the last yen would have served; nothing, if some is left."""
    spent = 0.0
    for density, cost in sorted(costs, reverse=True):
        spent += cost
        if spent >= amount:
            return density
    return 0.0


def _fill(worth: Sequence[tuple[float, str, int]], left: float) -> dict[str, int]:
    placed: dict[str, int] = {}
    for _, name, size in sorted(worth, reverse=True):
        if size <= left:
            placed[name] = placed.get(name, 0) + size
            left -= size
    return placed


def _add_for_bad_days(
    placed: Mapping[str, int], found: Mapping[str, float], sites: Sequence[Site], limit: float
) -> Mapping[str, int]:
    left = int(limit) - sum(placed.values())
    whole = dict(placed)
    reliable = [site.name for site in sites if site.away < _RELIABLE]
    chances = ((chance, name) for name in reliable for chance in _chances(found[name] * _BAD_DAYS))
    for chance, name in sorted(chances, reverse=True):
        more = min(_BLOCKS[0][0], left)
        if more < 500 or chance < _FEW * 10:  # noqa: PLR2004 - a bit that serves nobody
            break
        whole[name] = whole.get(name, 0) + more
        left -= more
    return whole
