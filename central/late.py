"""Indexes that only readers need: made at the end, when everything is added up.

To keep an index sorted row by row, while a year is added up, takes three times as long as to sort it once.
"""

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa


class Late:
    """Some indexes of derived tables. Without them everything is right, and slow to look at."""

    def __init__(self, indexes: Iterable[sa.Index]) -> None:
        self._indexes: Final = sorted(indexes, key=lambda index: str(index.name))
        self._are_there = False  # as far as this process has seen; after a commit that failed they are not

    def drop(self, connection: sa.Connection) -> None:
        """Do without them until everything is added up anew."""
        self._are_there = False
        for index in self._indexes:
            index.drop(connection, checkfirst=True)

    def make(self, connection: sa.Connection) -> None:
        """Make those that are missing."""
        if self._are_there:
            return
        inspector = sa.inspect(connection)
        there = {found["name"] for one in self._indexes for found in inspector.get_indexes(_table(one))}
        missing = [index for index in self._indexes if index.name not in there]
        for index in missing:
            index.create(connection)
        self._are_there = not missing


def _table(index: sa.Index) -> str:
    return str(index.table.name) if index.table is not None else ""
