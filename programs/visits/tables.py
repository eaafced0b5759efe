"""The tables of this program at the centre, derived from everybody's entries."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from central.published import Shelf, shelf_table
from central.upsert import Upsert
from programs.visits.entries import Published

metadata = MetaData()

visit = Table(
    "visits_visit",
    metadata,
    Column("card", Text, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("touches", BigInteger, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    sa.Index("visits_by_spot", "place", "service", "day"),
)

first = Table(
    "visits_first",
    metadata,
    Column("place", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("card", Text, primary_key=True),
    Column("day", Integer, nullable=False),
    sqlite_with_rowid=False,
)

published: Final = Shelf(shelf_table("visits_published", metadata), Published, "visits")

aged = Table(
    "visits_aged",
    metadata,
    Column("month", Integer, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("said", Text, nullable=False),  # the entry's fact; nothing in it is hidden
)

ADD_VISITS: Final = Upsert(
    visit,
    lambda new: {
        "touches": visit.c.touches + new.touches,
        "first_at": sa.case((new.first_at < visit.c.first_at, new.first_at), else_=visit.c.first_at),
    },
)
ADD_FIRSTS: Final = Upsert(first, lambda new: {"day": sa.case((new.day < first.c.day, new.day), else_=first.c.day)})
KEEP_AGED: Final = Upsert(aged, lambda new: {"said": new.said})
