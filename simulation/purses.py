"""Whether the money is right, by what people saw: cash in, goods out, and a list that a child could keep.

A resident knows what he has put in and what he has paid. However it went with the network, all of it together never
comes to more than that; and what he has left stands in the books, free or at some unit, to the yen.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from appliance.rights import Rights
from central import ledger, store
from programs.coin.entries import Charge, Insured, InsuredVoid, Pay, TakenBack, Undo, money
from programs.coin.insured import books as insured
from programs.coin.insured.facts import FUND
from programs.coin.lots import books as lots
from programs.coin.postings import FUND as GUARANTEE
from programs.coin.postings import debt, shop
from programs.coin.rules import CHARGE, PAY, REFUND, VOID
from programs.coin.till import books as till
from simulation import counted
from simulation.answers import Matched
from simulation.books import Booked, Books
from simulation.money import BY_FUND, FUND_YEN, money_of
from simulation.people import People, Touch

if TYPE_CHECKING:
    from simulation.town import SimTown

_MONEY: Final = re.compile(r"coin/[0-9a-f]{32}")
"""A card's money, wherever it is: free, at a unit, or in suspense because its unit was lost."""

COPIED: Final = frozenset(
    {
        *("its disk lies", "its disk rots", "its disk was put back"),
        *("it has a double", "it is a double", "its key was stolen"),
        "it was let in after the backup",
    }
)
"""After these a unit may spend once more what it was granted, or what it took in is lost; others have to notice."""


def wrong(town: "SimTown", written: Books, judged: Matched) -> Iterator[tuple[str, str]]:
    """Yield every yen that is not where it should be: what is wrong, and in words."""
    yield from _booked(town, written)
    yield from _in_lots(town)
    yield from _from_pages(town.people, written)
    if not any(COPIED.intersection(box.mishaps) for box in town.people.boxes):
        yield from _overspent(town.people, judged)
        yield from _at_units(town)
        yield from _shops_paid(town, written)
        yield from _given_back(written)
        yield from _fund(town, written)
        yield from (("overspent", f"{name} lacks {yen} yen") for name, yen in _short(town))
        yield from _closings(town)
        yield from counted.wrong(town, written)


def _overspent(people: People, judged: Matched) -> Iterator[tuple[str, str]]:
    """Nobody ever paid more than had been put in by then, whatever the network did."""
    has: dict[int, int] = defaultdict(int)
    paid: dict[str, int] = {}
    for at, touch in enumerate(people.touches):
        entry, yen = _happened(touch, judged.recovered.get(at))
        if not entry or entry in paid:
            continue  # nothing happened, or it was only told again
        if touch.wish.what == VOID:
            yen = -paid.get(touch.wish.about, 0)
        paid[entry] = yen
        has[touch.card] -= yen
        if has[touch.card] < 0:
            yield "overspent", f"card {touch.card} at {touch.unit}: {-has[touch.card]} yen more than was put in"


def _happened(touch: Touch, recovered: Booked | None) -> tuple[str, int]:
    """Return the entry that a touch made, and what it took from the card (less than nothing for a charge)."""
    if recovered is not None:
        entry = recovered.entry
    elif touch.noted and touch.said:
        entry = touch.said.entry
    else:
        return "", 0
    if isinstance(recovered.fact if recovered else None, Insured) or (touch.said and touch.said.message in BY_FUND):
        return entry, 0  # the fund paid: what it takes from the card later was never more than the card had
    takes = {PAY: touch.wish.amount, CHARGE: -touch.wish.amount, REFUND: -touch.wish.amount}
    return entry, takes.get(touch.wish.what, 0)


def _short(town: "SimTown") -> list[tuple[str, int]]:
    """Return what units' entries took and nobody had, by account."""
    asked = sa.select(ledger.account.c.name, ledger.account.c.balance).where(ledger.account.c.balance != 0)
    with store.reading(town.centre.centre.engine) as connection:
        rows = connection.execute(asked.order_by(ledger.account.c.name)).all()
    lacking = [(name, -balance) for name, balance in rows if name.startswith(ledger.SHORT)]
    return [(name, yen) for name, yen in lacking if not _is_told_apart(town, name)]


def _is_told_apart(town: "SimTown", name: str) -> bool:
    """Whether an account may lack something: a card that is owed what was recovered and then made void.

    And the fund, where the centre forgot what it had recovered and what it granted from that is known to units.
    """
    is_fund = name.startswith(ledger.short(FUND))
    return name.startswith(ledger.short(debt(""))) or (is_fund and bool(town.people.restored))


def _booked(town: "SimTown", written: Books) -> Iterator[tuple[str, str]]:
    """What the entries add up to stands in the ledger, and all accounts together in nothing."""
    put_in, promised = _put_in(written)
    for what, yen in counted.put_right(written).items():
        put_in[what] += yen
    with store.reading(town.centre.centre.engine) as connection:
        if total := ledger.total(connection):
            yield "wrong total", f"all accounts together hold {total} yen"
        rows = connection.execute(sa.select(ledger.account.c.name, ledger.account.c.balance)).all()
        for card, yen in promised.items():
            put_in[money(card)] -= yen - ledger.true_sum(connection, debt(card))  # so much the fund got back
    there: dict[str, int] = defaultdict(int)
    for name, balance in rows:
        if found := _MONEY.search(name):
            there[found[0]] += balance
    for what in sorted(put_in.keys() | there.keys()):
        if put_in[what] != there[what]:
            yield "wrong total", f"{what} should hold {put_in[what]} yen and holds {there[what]}"


def _put_in(written: Books) -> tuple[dict[str, int], dict[str, int]]:
    """Return what was put into each card's money and not paid out of it, and what the fund paid for each card."""
    put_in: dict[str, int] = defaultdict(int)
    promised: dict[str, int] = defaultdict(int)
    for booked in written.touches.values():
        match booked.fact:
            case Insured(card=card, yen=yen):
                promised[card] += yen
            case InsuredVoid(card=card, yen=yen):
                promised[card] -= yen
            case Charge(card=card, yen=yen) | TakenBack(card=card, yen=yen):
                put_in[money(card)] += yen
            case Pay(card=card, yen=yen) | Undo(card=card, yen=yen):
                put_in[money(card)] -= yen
            case _:
                pass
    for paid in written.online:
        put_in[money(paid.card)] -= paid.yen
    return put_in, promised


def _shops_paid(town: "SimTown", written: Books) -> Iterator[tuple[str, str]]:
    """Whoever paid for the goods, the shop has to get it."""
    sold: dict[str, int] = defaultdict(int)
    for booked in written.touches.values():
        if isinstance(fact := booked.fact, Pay | TakenBack):
            sold[fact.place] += fact.yen if isinstance(fact, Pay) else -fact.yen
    for paid in written.online:
        sold[paid.place] += paid.yen
    with store.reading(town.centre.centre.engine) as connection:
        for place, yen in sold.items():
            if yen != (there := ledger.true_sum(connection, shop(place))):
                yield "wrong total", f"{place} sold for {yen} yen and has to get {there}"


def _given_back(written: Books) -> Iterator[tuple[str, str]]:
    """Of no payment more comes back than it was."""
    back: dict[str, int] = defaultdict(int)
    for booked in written.touches.values():
        if isinstance(fact := booked.fact, TakenBack):
            back[f"{booked.unit}/{fact.of}"] += fact.yen
    for entry, yen in back.items():
        paid = written.touches.get(entry)
        if paid and isinstance(paid.fact, Pay) and yen > paid.fact.yen:
            yield "overspent", f"{yen} yen of {entry} were given back, and it was {paid.fact.yen}"


def _fund(town: "SimTown", written: Books) -> Iterator[tuple[str, str]]:
    """What units may promise, and what cards owe, is all that was put into the fund; a backup may lack some of it."""
    if not town.setting.insured or town.people.restored:
        return
    with store.reading(town.centre.centre.engine) as connection:
        found = insured.standing(connection)
        given_back = -ledger.balance(connection, GUARANTEE) - FUND_YEN
    if found.worth != FUND_YEN + given_back or found.short:
        yield "wrong total", f"the fund should be worth {FUND_YEN + given_back} yen: {found}"
    voids = sum(one.fact.yen for one in written.touches.values() if isinstance(one.fact, InsuredVoid))
    if not 0 <= given_back <= voids:
        yield "wrong total", f"{given_back} yen were given back to cards, and payments of {voids} yen were made void"
    if min(found.free, *found.at_units.values(), 0) < 0:
        yield "overspent", f"more was promised than the fund has: {found}"


def _from_pages(people: People, written: Books) -> Iterator[tuple[str, str]]:
    """Nothing is paid twice under one number; and what somebody was told is paid, is, if no backup was put back."""
    count = Counter(paid.number for paid in written.online)
    yield from (("paid twice", f"no. {number}: {times} times") for number, times in count.items() if times > 1)
    told = {} if people.restored else people.paid
    there = {paid.number: paid.yen for paid in written.online}
    for number, yen in told.items():
        if there.get(number) != yen:
            yield "lost", f"{yen} yen were paid from a page as no. {number}; in the books: {there.get(number)}"


def _closings(town: "SimTown") -> Iterator[tuple[str, str]]:
    """Every closing of a till is what its entries add up to, and none is missing."""
    with store.reading(town.centre.centre.engine) as connection:
        for one in till.closings(connection):
            yield from (("wrong closing", f"{one.unit}/{one.life} no. {one.number}: {why}") for why in one.wrong)


def _in_lots(town: "SimTown") -> Iterator[tuple[str, str]]:
    """Every yen of a card is in one lot; only where more was paid than there was, none is left in any."""
    with store.reading(town.centre.centre.engine) as connection:
        for card in range(town.setting.cards):
            purse, there = lots.purse(connection, what := money_of(town, card)), lots.worth(connection, what)
            left = sum(lot.left for lot in purse.lots)
            if (left, purse.owed) != (max(0, there), max(0, -there)):
                yield "wrong total", f"the lots of {what} hold {left} yen and lack {purse.owed}; in the books: {there}"


def _at_units(town: "SimTown") -> Iterator[tuple[str, str]]:
    """A unit and the centre agree on what may be spent there, once everything has been sent."""
    if town.people.restored:
        return
    with store.reading(town.centre.centre.engine) as connection:
        for box in town.boxes:
            if not box.is_on or box.is_retired or box.unit.running.hatch.backlog().unsent:
                continue
            unit = box.unit.running
            rights = Rights(unit.opened.shelf, unit.name, unit.epoch)
            for card in range(town.setting.cards):
                what = money_of(town, card)
                here, there = rights.amount(what), ledger.balance(connection, ledger.held(what, unit.name, unit.epoch))
                if here != there:
                    yield "not in step", f"{unit.name} may spend {here} yen of card {card}, by the books {there}"
            here, there = rights.amount(FUND), ledger.balance(connection, ledger.held(FUND, unit.name, unit.epoch))
            if here != there:
                yield "not in step", f"{unit.name} may promise {here} yen of the fund, by the books {there}"
