"""A fictional town's year, from a seed: people who touch at places in their seasons, and shops that are paid in coin.

Its proportions are those that are public of a real one: 2,473 members of 9,945 people, 28 units to touch, 30 to pay at,
55 shops, 417,000 touches a year. All else is invented, and so is everybody in it.
"""

from typing import Final

import msgspec

FIRST_DAY: Final = 20_423  # 2025-12-01
DAYS: Final = 365
JOINED_BEFORE: Final = 0.66  # of the members; the others come in the course of the year


class Size(msgspec.Struct, frozen=True):
    """How large a town is; `waiting`: so many entries of one unit have not arrived at the end."""

    members: int = 2_473
    touches: int = 417_000
    payments: int = 12_000
    payment_units: int = 30
    shops: int = 55
    days: int = DAYS
    waiting: int = 61
    seed: int = 1
