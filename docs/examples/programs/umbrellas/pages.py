"""What the umbrellas show on the console: which stand has how many out."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from central import store
from central.console.brought import Page
from central.console.moment import Moment
from central.console.roles import TOWN_HALL
from central.places import name_of
from programs.umbrellas import office


def read(engine: sa.Engine, _moment: Moment) -> Mapping[str, Any]:
    with store.reading(engine) as connection:
        stands = [(name_of(connection, place), out, lent) for place, out, lent in office.stands(connection)]
    return {"stands": stands, "out": sum(out for _, out, _ in stands)}


PAGES: Final = (Page("umbrellas", "貸し傘", "Umbrellas", TOWN_HALL, read),)
