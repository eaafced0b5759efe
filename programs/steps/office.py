"""The steps at the centre: what counts of each person and day, and what may be shown of all together."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from central.kept import Kept
from central.office import Office, Unmoved
from programs.steps.rules import PROGRAM, Day, day_key
from sync.entries import Entry

FEW: Final = 5  # of fewer people nothing is shown: they could be found out
ROUNDED_TO: Final = 100  # so that one more person in a mean does not tell what that one walked

metadata = MetaData()
table = Table(
    "steps_day",
    metadata,
    Column("key", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("card", Text, nullable=False),
    Column("day", Integer, nullable=False),
    Column("walked", BigInteger, nullable=False),
    sa.Index("steps_day_by_day", "day"),
    sa.Index("steps_day_by_card", "card", "day"),
)


def _also(key: str, state: Day) -> Mapping[str, object]:
    card, _, day = key.partition("/")
    return {"card": card, "day": int(day), "walked": state.walked}


_KEPT: Final = Kept(table, PROGRAM, _also)


class Shown(msgspec.Struct, frozen=True):
    """What may be shown of one day; `people` and `mean` are None if they were too few."""

    day: int
    people: int | None
    mean: int | None


class Walking(Unmoved):
    """The steps, for the office."""

    name: str = "steps"
    version: int = 1
    metadata: MetaData = metadata

    def record(self, connection: sa.Connection, entries: Sequence[Entry]) -> None:
        _KEPT.note(connection, entries)

    def state(self, connection: sa.Connection, key: str) -> Any:
        return _KEPT.state(connection, key)

    def figures(self, connection: sa.Connection) -> Mapping[str, int]:
        asked = sa.select(sa.func.count()).where(table.c.walked > 0)
        return {"days": int(connection.execute(asked).scalar_one())}


def of_card(connection: sa.Connection, card: str, first: int, last: int) -> dict[int, Day]:
    """Return what was heard of a card's days, both ends included."""
    keys = [day_key(card, day) for day in range(first, last + 1)]
    return {int(key.partition("/")[2]): state for key, state in _KEPT.states(connection, keys).items()}


def of_source(connection: sa.Connection, source: str, first: int, last: int) -> list[tuple[str, int]]:
    """Return of which cards' days, both ends included, something counts that one source said."""
    asked = sa.select(table.c.key).where(table.c.day.between(first, last))
    keys = connection.execute(asked.where(table.c.state.contains(f'"{source}"', autoescape=True))).scalars()
    found = _KEPT.states(connection, sorted(keys))
    return [
        (card, int(day))
        for (card, _, day), state in ((key.partition("/"), found[key]) for key in found)
        if state.of(source)
    ]


def by_day(connection: sa.Connection, first: int, last: int) -> list[Shown]:
    """Return the days on which anybody walked, the newest first, without what would give somebody away."""
    people, total = sa.func.count(), sa.func.sum(table.c.walked)
    asked = sa.select(table.c.day, people, total).where(table.c.walked > 0, table.c.day.between(first, last))
    rows = connection.execute(asked.group_by(table.c.day).order_by(table.c.day.desc()))
    return [shown(int(day), int(count), int(steps)) for day, count, steps in rows]


def shown(day: int, people: int, steps: int) -> Shown:
    """Return what may be shown of so many people and their steps."""
    if people < FEW:
        return Shown(day, None, None)
    return Shown(day, people, round(steps / people / ROUNDED_TO) * ROUNDED_TO)


OFFICE: Final[Office] = Walking()
