"""The coin in a simulated town: what counters are set to, and how the centre deals out what is free.

The centre deals as it would by itself, and at random too. Whatever it does has to be safe; that it does it cleverly is
shown elsewhere.
"""

import itertools
import random
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import msgspec
import sqlalchemy as sa

from central import ledger
from central.granting import NotFreeError
from central.reconcile import entry
from central.store import reading
from programs.coin.counter import books
from programs.coin.counter.facts import Heard, Told
from programs.coin.entries import CounterPay, money
from programs.coin.procedures import insuring
from programs.coin.rules import CHARGE, PAY, REFUND, VOID
from programs.coin.terms import ByCounter, Insuring, Terms
from simulation import pages
from simulation.deeds import FACILITY, Deed, What
from sync.cards import pseudonym
from sync.entries import Fact, kind_of
from sync.program import Wish
from sync.staff import Person, Role, StaffSet
from sync.steps import Stepped

if TYPE_CHECKING:
    from simulation.box import Box
    from simulation.people import Touch
    from simulation.town import SimTown

TERMS: Final = Terms(close_minute=15 * 60, refund_days=3)
"""Tills are closed in the afternoon of every simulated day, with sales before and after it."""

BOSS: Final = 10_007
"""The number, among cards, of the one who is a supervisor at every shop; nobody else's touches are told apart."""

INSURING: Final = Insuring(is_on=True, card_yen=2_500, unit_yen=6_000)
BY_COUNTER: Final = ByCounter(is_on=True, step_yen=1_000)

FUND_YEN: Final = 9_000
"""So little that it is often exhausted."""

GIVEN_BACK: Final = "COI-072"
BY_FUND: Final = frozenset({"COI-024", "COI-025"})
_PAID: Final = frozenset({"COI-020", "COI-024"})
_STEPS_MAX: Final = 5
_YEN: Final = (100, 3000, 10)
_LATELY: Final = 12  # receipts
_TOO_MUCH_YEN: Final = 100
_TO_A_SHOP: Final = 0.6
_BY_ITSELF: Final = 0.4
_FROM_A_PAGE: Final = 0.3


def begin(town: "SimTown") -> None:
    """Let the office say its terms, fund what may be promised, and learn the cards that count."""
    centre, setting, terms = town.centre.centre, town.setting, TERMS
    if setting.insured:
        terms = msgspec.structs.replace(terms, insured=INSURING)
    if setting.counters:
        terms = msgspec.structs.replace(terms, counter=BY_COUNTER)
    centre.registrar.say([terms])
    if setting.insured:
        insuring.put(centre, FUND_YEN, "simulated")
    counting = [number for number in range(setting.cards) if town.mint.counts(number)]
    if counting:
        centre.registrar.say([town.mint.counter_key(number, town.centre.card_key) for number in counting])


def by_counter(town: "SimTown") -> Counter[str]:
    """Return how often cards were paid with by their counters, and what else was said of them."""
    names: dict[type[Fact], str] = {
        CounterPay: "paid by the counter",
        Stepped: "steps that paid nothing",
        Told: "told of counters",
        Heard: "heard of counters",
    }
    kinds = {kind_of(kind): name for kind, name in names.items()}
    asked = sa.select(entry.c.kind, sa.func.count()).where(entry.c.kind.in_(kinds)).group_by(entry.c.kind)
    with reading(town.centre.centre.engine) as connection:
        found = Counter({kinds[kind]: int(count) for kind, count in connection.execute(asked)})
        back = sa.select(books.told.c.fact).where(books.told.c.fact.like('%"put":-%'))
        found["freed from the counter"] = len(connection.execute(back).all())
    return found


def name_boss(town: "SimTown", place: str) -> None:
    """Let the office say who may give money back at a place."""
    boss = Person(1, role=Role.SUPERVISOR, card=town.name_of(BOSS))
    town.office(lambda: town.centre.centre.staffing.change(place, lambda said: StaffSet(said.of, (boss,))))


def wish(town: "SimTown", box: "Box", deed: Deed, dice: random.Random) -> Wish:
    """Return what somebody sets a counter to."""
    match deed.what:
        case What.CHARGE:
            return Wish(CHARGE, TERMS.step_yen * dice.randint(1, _STEPS_MAX))
        case What.PAY:
            return Wish(PAY, dice.randrange(*_YEN), is_sure=dice.random() < 0.5)  # noqa: PLR2004
        case _:
            receipts = (entry for entry, touch in _receipts(town, box) if touch.card == deed.card)
            return Wish(VOID, about=next(receipts, ""))


def refund(town: "SimTown", box: "Box", dice: random.Random) -> tuple[int, Wish]:
    """Let the supervisor come, and somebody who has bought here lately; return whose card it is, and the wish."""
    box.show(town.boss)
    lately = list(itertools.islice(_receipts(town, box), _LATELY))
    if not lately:
        return 0, Wish(REFUND, 1)
    entry, paid = dice.choice(lately)
    return paid.card, Wish(REFUND, dice.randint(1, paid.wish.amount + _TOO_MUCH_YEN), about=entry)


def _receipts(town: "SimTown", box: "Box") -> Iterator[tuple[str, "Touch"]]:
    """Yield the receipts of this shop's sales, the last one first."""
    here = (touch for touch in reversed(town.people.touches) if touch.unit == box.name)
    return ((touch.said.entry, touch) for touch in here if touch.said and touch.said.message in _PAID)


def deal(town: "SimTown", card: int, dice: random.Random) -> str:
    """Let the centre deal by itself, grant some of a card's money, ask a unit for some, or pay a shop from a page."""
    if dice.random() < _FROM_A_PAGE:
        return pages.pay(town, card, dice)
    if dice.random() < _BY_ITSELF:
        return f"dealt {town.office(town.centre.centre.dealer.turn)} things"
    what = money_of(town, card)
    granter = town.centre.centre.granter
    shares = town.office(lambda: granter.shares(what))
    try:
        if shares and dice.random() > _TO_A_SHOP:
            share = dice.choice(shares)
            town.office(lambda: granter.recall(what, share.unit, dice.randint(1, share.amount)))
            return f"recalled from {share.unit}"
        free = town.office(lambda: _free(town, what))
        if not free:
            return "nothing is free"
        slot = dice.choice([slot for slot in range(len(town.slots)) if town.setting.counter(slot) != FACILITY])
        unit, amount = town.slots[slot].name, dice.randint(1, free)
        town.office(lambda: granter.grant(what, unit, amount))
    except NotFreeError as error:
        return str(error)
    return f"{amount} granted to {unit}"


def money_of(town: "SimTown", card: int) -> str:
    """Return what the rights to a resident's money are called."""
    return money(pseudonym(town.centre.card_key, *town.mint.identity(card)))


def _free(town: "SimTown", what: str) -> int:
    with reading(town.centre.centre.engine) as connection:
        return ledger.balance(connection, ledger.free(what))
