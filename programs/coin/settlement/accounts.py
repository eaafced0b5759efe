"""The accounts between which the office pays shops."""

from typing import Final

SHOP: Final = "shop/"
"""What the account of a shop begins with; its place follows."""

BANK: Final = "issuer/bank"
"""The account of the town's money in the bank: below zero by as much as there is."""
