"""The umbrellas at the centre: how many are out, of which stand."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from central.office import Office, Unmoved
from central.upsert import Upsert
from programs.umbrellas.entries import Back, Lent
from programs.umbrellas.rules import Umbrellas
from sync.entries import Entry

metadata = MetaData()

umbrella = Table(
    "umbrellas_umbrella",
    metadata,
    Column("card", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("lent", BigInteger, nullable=False),
    Column("back", BigInteger, nullable=False),
)

_LENT: Final = sa.func.coalesce(sa.func.sum(umbrella.c.lent), 0)
_BACK: Final = sa.func.coalesce(sa.func.sum(umbrella.c.back), 0)
_ADD: Final = Upsert(umbrella, lambda new: {"lent": umbrella.c.lent + new.lent, "back": umbrella.c.back + new.back})


class Lending(Unmoved):
    """The umbrellas, for the office."""

    name: str = "umbrellas"
    version: int = 1
    metadata: MetaData = metadata

    def record(self, connection: sa.Connection, entries: Sequence[Entry]) -> None:
        lent = Counter((fact.card, fact.place) for one in entries if isinstance(fact := one.fact, Lent))
        back = Counter((fact.card, fact.place) for one in entries if isinstance(fact := one.fact, Back))
        keys = sorted(lent.keys() | back.keys())
        rows = [{"card": key[0], "place": key[1], "lent": lent[key], "back": back[key]} for key in keys]
        _ADD(connection, rows)

    def state(self, connection: sa.Connection, key: str) -> Any:
        card, _, place = key.partition("/")
        asked = sa.select(umbrella.c.lent, umbrella.c.back).where(umbrella.c.card == card, umbrella.c.place == place)
        row = connection.execute(asked).one_or_none()
        return Umbrellas(int(row.lent), int(row.back)) if row else Umbrellas()

    def figures(self, connection: sa.Connection) -> Mapping[str, int]:
        lent, back = connection.execute(sa.select(_LENT, _BACK)).one()
        return {"out": int(lent) - int(back), "lent": int(lent)}


def stands(connection: sa.Connection) -> list[tuple[str, int, int]]:
    """Return each place with how many of its umbrellas are out, and how many were lent so far."""
    asked = sa.select(umbrella.c.place, _LENT, _BACK).group_by(umbrella.c.place).order_by(umbrella.c.place)
    return [(place, int(lent) - int(back), int(lent)) for place, lent, back in connection.execute(asked)]


OFFICE: Final[Office] = Lending()
