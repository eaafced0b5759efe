"""What the steps show on the console: how many people walked on a day, and how far on average; never who."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from central import store
from central.console.brought import Page
from central.console.moment import Moment
from central.console.roles import TOWN_HALL
from programs.steps.entries import COUNTED_MAX
from programs.steps.office import FEW, by_day
from sync.days import written
from sync.program import town_day

DAYS_SHOWN: Final = 31


def read(engine: sa.Engine, moment: Moment) -> Mapping[str, Any]:
    """Return what the page shows: whole days only, because a day that goes on would tell who came last."""
    today = town_day(moment.now_ms, moment.offset_minutes)
    with store.reading(engine) as connection:
        found = by_day(connection, today - DAYS_SHOWN, today - 1)
    days = [(written(one.day), one.people, one.mean) for one in found]
    return {"days": days, "few": FEW, "most": COUNTED_MAX, "shown": DAYS_SHOWN}


PAGES: Final = (Page("steps", "歩数", "Steps", TOWN_HALL, read),)
