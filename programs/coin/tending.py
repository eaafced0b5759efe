"""What the centre does for the fund between deliveries: it recovers, deals out what may be promised, and says for whom.

Safe is the ledger: what units may promise comes out of what the fund has, and a card's debt out of its own money, in
the transaction in which both were added up. This may be as wrong as it likes about who should be backed where.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import sqlalchemy as sa

from central import habits, ledger
from central.dealing import Tender, own_kinds
from central.granting import Deal
from central.reconcile import statements
from programs.coin.agreed import agreed_in
from programs.coin.counters import Counters
from programs.coin.entries import money
from programs.coin.insured.books import backings, is_owed, is_promised, owed_by, recoverable, unbacked
from programs.coin.insured.facts import FUND, FUND_KIND, Backed, Recovered
from programs.coin.insured.fold import BACKED, backed_key
from programs.coin.lots import books
from programs.coin.lots.giving import is_stopped
from programs.coin.terms import Insuring
from sync.directory import unit_key
from sync.facts import UnitSet

PLACES: Final = 5
"""At no more units than this the fund stands in for one card: those at which it paid most often."""

_WORTH_A_WORD: Final = 4  # a quarter of a limit; less is not worth a signed word
_COIN: Final = money("")


class Fund:
    """See `central.dealing.Tender`."""

    kinds: frozenset[str] = frozenset({FUND_KIND})

    def keeps(self, _deal: Deal, _things: Sequence[str]) -> frozenset[str]:
        return frozenset()

    def collect(self, deal: Deal, things: Sequence[str]) -> None:
        for card in _cards(things) if is_owed(deal.connection) else ():
            if owed := recoverable(deal.connection, card):
                _recover(deal, card, owed)

    def tend(self, deal: Deal, things: Sequence[str]) -> None:
        terms = agreed_in(deal.connection).terms.insured
        if not terms.is_on and not is_promised(deal.connection):
            return
        shops = sorted(_shops(deal))
        _deal_out(deal, terms, shops)
        for card in _cards(things):
            _back(deal, terms, card, shops)


def _cards(things: Sequence[str]) -> Iterator[str]:
    return (what.removeprefix(_COIN) for what in things if what.startswith(_COIN))


def _recover(deal: Deal, card: str, owed: int) -> None:
    """Take what a card owes from what is free of its money, and ask units for the rest; give back what was too much."""
    what = money(card)
    if owed < 0:
        deal.use(what, 0, Recovered(card, owed))
        return
    if now := min(owed, deal.free(what)):
        deal.use(what, now, Recovered(card, now))
    holders = deal.holders(what)
    missing = owed - now - holders.coming
    for unit, amount in sorted(holders.units.items(), key=lambda one: (-one[1], one[0])):
        if back := max(0, min(missing, amount)):
            deal.recall(what, unit, back)
            missing -= back


def _shops(deal: Deal) -> Iterator[str]:
    """Return the shops' units in reach."""
    found = statements(deal.connection, [unit_key(unit) for unit in deal.in_reach])
    for unit in deal.in_reach:
        said = found.get(unit_key(unit))
        if said and isinstance(fact := said.fact, UnitSet) and fact.counter == "shop":
            yield unit


def _deal_out(deal: Deal, terms: Insuring, shops: Sequence[str]) -> None:
    """Let each shop in reach promise as much as one outage may cost, as far as the fund has it; ask back the rest."""
    wanted = terms.unit_yen if terms.is_on else 0
    holders, made_up = deal.holders(FUND), unbacked(deal.connection)
    for unit in sorted({*shops, *holders.units}):
        held = holders.units.get(unit, 0)
        more = min((wanted if unit in shops and unit not in made_up else 0) - held, deal.free(FUND))
        if held > wanted:
            deal.recall(FUND, unit, held - wanted)
        elif more >= max(1, wanted // _WORTH_A_WORD) and not deal.unheard:
            deal.grant(FUND, unit, more)


def _back(deal: Deal, terms: Insuring, card: str, shops: Sequence[str]) -> None:
    """Tell shops at which a card has paid for how much the fund stands in: for what it has elsewhere."""
    connection, what = deal.connection, money(card)
    keys = {unit: backed_key(unit, deal.in_reach[unit], card) for unit in shops}
    told = backings(connection, list(keys.values()))
    places = _places(connection, what) if terms.is_on and not is_stopped(connection, card) else frozenset()
    # A unit that promised before it was told anything made that up; it is never told, and so never believed.
    concerned = [unit for unit in shops if (told[keys[unit]].when if keys[unit] in told else unit in places)]
    held = {unit: ledger.held(what, unit, deal.in_reach[unit]) for unit in concerned}
    here = ledger.balances(connection, list(held.values()))
    worth, owes = (books.worth(connection, what), owed_by(connection, card)) if concerned else (0, 0)
    for unit in concerned:
        backing = told.get(keys[unit], BACKED.empty)
        elsewhere = worth - here[held[unit]] - deal.granted(what, unit)
        wanted = max(0, min(terms.card_yen, elsewhere) - owes) if unit in places else 0
        if wanted < backing.left or wanted - backing.left >= max(1, terms.card_yen // _WORTH_A_WORD):
            deal.tell(unit, Backed(unit, deal.in_reach[unit], card, wanted, backing.used))


def _places(connection: sa.Connection, what: str) -> frozenset[str]:
    """Return where a card has paid most often."""
    uses = sorted(habits.uses(connection, what).items(), key=lambda use: (-use[1].paid, use[0]))
    return frozenset([unit for unit, use in uses if use.paid][:PLACES])


class Tenders:
    """What the coin does in a turn: the fund recovers what it lent before the rest goes under cards' counters."""

    def __init__(self, *tenders: Tender) -> None:
        self._tenders = tenders
        self.kinds = own_kinds(tenders)

    def keeps(self, deal: Deal, things: Sequence[str]) -> frozenset[str]:
        return frozenset[str]().union(*(tender.keeps(deal, things) for tender in self._tenders))

    def collect(self, deal: Deal, things: Sequence[str]) -> None:
        for tender in self._tenders:
            tender.collect(deal, things)

    def tend(self, deal: Deal, things: Sequence[str]) -> None:
        for tender in self._tenders:
            tender.tend(deal, things)


TENDER: Final = Tenders(Fund(), Counters())
