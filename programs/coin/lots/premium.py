"""A premium on what was charged: the town puts so many percent on top, up to a cap for each card.

It is given once the day of a charge is over: until then a charge may still be taken back at its desk. A charge that
arrives late gets its premium with the next run.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from central.calendar import day_at
from central.centre import Centre
from programs.coin.lots import books, notes
from programs.coin.lots.facts import Given, Source
from programs.coin.lots.giving import Outcome, give, is_stopped

_HUNDRED: Final = 100


class Campaign(msgspec.Struct, frozen=True):
    """What the town puts on top of charges.

    Attributes:
        name: keeps it apart from others; what was given in its name counts towards its cap.
        first, last: the days of charges that count.
        percent: of what was charged, fractions of a yen left out.
        cap: no more than this to one card.
        expires: the last day on which the premium is good; 0: for ever.
    """

    name: str
    first: int
    last: int
    percent: int
    cap: int
    fund: str
    expires: int = 0

    def ref(self, charge: str) -> str:
        return f"premium:{self.name}/{charge}"


class Charged(msgspec.Struct, frozen=True):
    """What a charge put on a card, without what was given back of it. `id`: its entry (unit/boot/seq)."""

    id: str
    card: str
    yen: int


class NotDueError(Exception):
    """It is too early for a premium, or too late; the message says which."""


def put_on_top(centre: Centre, campaign: Campaign) -> tuple[Outcome, list[str]]:
    """Give what is due for every charge that has arrived; return also the cards that get nothing, as they are stopped.

    Raises:
        NotDueError: the last day is not over, or the premium has run out already.
        NotGivenError: something cannot be given, and nothing is.
    """
    with centre.reconciler.counted() as connection:
        day = day_at(connection, centre.town.clock.wall_ms())
        if campaign.last >= day:
            raise NotDueError("the last day is not over yet; its charges may still be taken back")
        if 0 < campaign.expires < day:
            raise NotDueError("this premium has run out already; name a later day")
        gifts = due(campaign, _charged(connection, campaign), books.given_under(connection, campaign.ref("")))
        stopped = sorted({gift.card for gift in gifts if is_stopped(connection, gift.card)})
    return give(centre, [gift for gift in gifts if gift.card not in stopped], to_anybody=True), stopped


def due(campaign: Campaign, charged: Sequence[Charged], before: Mapping[str, Given]) -> list[Given]:
    """Return what is still to be given, in the order of the charges.

    Args:
        before: what was given in the name of this campaign, by reference.
    """
    so_far = Counter[str]()
    for one in before.values():
        so_far[one.card] += one.yen
    found: list[Given] = []
    for charge in charged:
        ref = campaign.ref(charge.id)
        yen = min(charge.yen * campaign.percent // _HUNDRED, campaign.cap - so_far[charge.card])
        if ref in before or yen < 1:
            continue
        so_far[charge.card] += yen
        found.append(Given(charge.card, yen, Source.PREMIUM, campaign.fund, campaign.name, 0, campaign.expires, ref))
    return found


def _charged(connection: sa.Connection, campaign: Campaign) -> list[Charged]:
    """Return the charges of a campaign's days that count, in an order that does not depend on when they arrived."""
    table = notes.detail
    in_cash = (
        sa.select(table).where(table.c.source == "cash").order_by(table.c.day, table.c.unit, table.c.boot, table.c.seq)
    )
    gone = Counter[str]()
    for row in connection.execute(in_cash.where(table.c.yen < 0, table.c.of != "")):
        gone[row.of] -= row.yen
    came = connection.execute(in_cash.where(table.c.yen > 0, table.c.day.between(campaign.first, campaign.last)))
    named = ((f"{row.unit}/{row.boot}/{row.seq}", row) for row in came)
    found = (Charged(name, row.what.partition("/")[2], row.yen - gone[name]) for name, row in named)
    return [charged for charged in found if charged.yen > 0]
