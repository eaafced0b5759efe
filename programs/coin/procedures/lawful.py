"""Whether the books as they are would be lawful under another regime, before the town says that it is another one."""

import sqlalchemy as sa

from central.calendar import day_at
from central.centre import Centre
from programs.coin.law import Law
from programs.coin.lots import books, notes


def why_not_under(centre: Centre, law: Law) -> str:
    """Return why a law cannot be said to count, by what is on cards; "" if it can."""
    if not law.last_day(0):
        return ""
    with centre.reconciler.counted() as connection:
        too_long = _good_too_long(connection, law, day_at(connection, centre.town.clock.wall_ms()))
    if not too_long:
        return ""
    return (
        f"期限のない、または長すぎるコインが {too_long}円残っています。 {too_long} yen are on cards that are good for "
        f"longer than {law.duties.months} months from their issue: let them be spent first ({law.duties.paragraph})"
    )


def _good_too_long(connection: sa.Connection, law: Law, today: int) -> int:
    """Return what is on all cards and would be good for too long."""
    what = notes.detail.c.what
    found, seen = 0, set[str]()
    for name in connection.execute(sa.select(what).distinct().order_by(what)).scalars().all():
        for purse, content in books.purses(connection, name).items() if name not in seen else ():
            seen.add(purse)
            live = (lot for lot in content.lots if lot.left and not lot.has_run_out(today))
            found += sum(lot.left for lot in live if law.why_not_good_until(lot.day, lot.expires))
    return found
