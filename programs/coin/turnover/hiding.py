"""Says what may be shown of a month of payments: nothing from which a number about 1 to 4 people could be told.

`central.hiding` has the rules. Yen and payments of a shop are shown or hidden together. Payments are said exactly, and
people only in fives, rounded down: of two shops, exact numbers of each and of both would tell how many paid at only
one of them. Arithmetic only.
"""

from collections.abc import Mapping

import msgspec

from central.hiding import Cell, K, cells, shared
from central.weekly import ALL_TIMES, At
from programs.coin.turnover.counting import IN_TIME, LATE, WAYS, Counted, Desk

Pair = tuple[str, str]
"""Where coin was charged, and where was paid."""


class ShopShown(msgspec.Struct, frozen=True):
    """One shop; `people_at_least`: how many paid there, rounded down to fives."""

    payments: int
    yen: int
    people_at_least: int


class DeskShown(msgspec.Struct, frozen=True):
    """One place at which coin was charged, and by how many people at least."""

    yen: int
    people_at_least: int


class Shown(msgspec.Struct, frozen=True):
    """What may be shown of a month; None, or not there: hidden.

    Attributes:
        people, new, returning: at least, rounded down to fives; 0: up to four, or nobody.
        yen: that shops have to get by it.
        back: what was given back.
        late: payments that arrived when the month was over.
        at: payments by weekday and hour. ways: by how they were made.
        shops, desks: by place, as far as they are shown; `all_shops`, `all_desks`: how many there are.
        together: people who charged at one place and paid at another, at least.
    """

    payments: int | None = None
    people: int | None = None
    yen: int | None = None
    new: int | None = None
    returning: int | None = None
    back: int | None = None
    late: int | None = None
    at: Mapping[At, int] = {}
    ways: Mapping[str, int] = {}
    shops: Mapping[str, ShopShown] = {}
    all_shops: int = 0
    desks: Mapping[str, DeskShown] = {}
    all_desks: int = 0
    together: Mapping[Pair, int] = {}

    @property
    def is_hidden(self) -> bool:
        return self.payments is None

    @property
    def hidden_shops(self) -> int:
        return self.all_shops - len(self.shops)


def shown(counted: Counted, k: int = K) -> Shown:
    """Return what may be shown of a month."""
    desks = _desks(counted.desks, k)
    of_desks = {"desks": desks, "all_desks": len(counted.desks)}
    everybody = frozenset[str]().union(*(shop.cards for shop in counted.shops.values()))
    if 0 < len(everybody) < k or 0 < counted.payments.people < k:
        return Shown(all_shops=len(counted.shops), **of_desks)  # type: ignore[arg-type]
    shops = _shops(counted, k)
    return Shown(
        payments=counted.payments.number,
        people=_in_fives(counted.payments.people, k),
        yen=counted.yen,
        new=_in_fives(counted.new, k),
        returning=_in_fives(counted.returning, k),
        back=counted.back.number if not 0 < counted.back.people < k else None,
        late=cells(counted.arrived, (IN_TIME, LATE), k).get(LATE),
        at=cells(counted.at, ALL_TIMES, k),
        ways=cells(counted.ways, WAYS.values(), k),
        shops=shops,
        all_shops=len(counted.shops),
        together=_together(counted, desks, shops, k),
        **of_desks,  # type: ignore[arg-type]
    )


def _shops(counted: Counted, k: int) -> dict[str, ShopShown]:
    """Return the shops that are shown. One with nobody in it has got something by the office's word: it is shown."""
    table = {place: Cell(shop.payments, len(shop.cards)) for place, shop in counted.shops.items()}
    return {
        place: ShopShown(payments, counted.shops[place].yen, _in_fives(len(counted.shops[place].cards), k))
        for place, payments in cells(table, table, k).items()
    }


def _desks(desks: Mapping[str, Desk], k: int) -> dict[str, DeskShown]:
    table = {place: Cell(desk.yen, len(desk.of_cards)) for place, desk in desks.items()}
    found = cells(table, table, k)
    return {place: DeskShown(yen, _in_fives(len(desks[place].of_cards), k)) for place, yen in found.items()}


def _together(
    counted: Counted, desks: Mapping[str, DeskShown], shops: Mapping[str, ShopShown], k: int
) -> dict[Pair, int]:
    """Return who charged here and paid there, of two different places that are both shown."""
    found = {}
    for desk, place in ((desk, place) for desk in desks for place in shops if desk != place):
        charged, paid = counted.desks[desk].of_cards.keys(), counted.shops[place].cards
        number = shared(len(charged), len(paid), len(charged & paid), k)
        if number is not None:
            found[desk, place] = number
    return found


def _in_fives(people: int, k: int) -> int:
    return people // k * k
