"""The town of a season: real units, a real desk and the real centre, on a road that is either good or closed.

A unit in reach calls the centre four times a minute. Playing that would take days and change nothing, so a unit calls
when it has something to hear or to tell, and the centre is told that everybody in reach has called a moment ago.
"""

import itertools
import random
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from appliance.rights import Rights
from central import habits, ledger, store
from central.dealing import Dealer, Policy, tenders
from central.placement import Terms
from central.reconcile import entry
from drivers.card.sim.others import VirtualCard
from drivers.clock.sim import Driver as Clock
from programs.coin import terms as coin
from programs.coin.counter import books as counted
from programs.coin.counter.facts import Heard, Told
from programs.coin.entries import Pay, money
from programs.coin.insured import books as insured
from programs.coin.procedures import insuring
from programs.coin.rules import CHARGE, PAY
from simulation.cards import Mint
from simulation.centre import SimCentre, name_place
from simulation.rights.unsafe import STEP_YEN
from simulation.road import Road, Weather
from simulation.signatures import MARKS
from simulation.unit import SimUnit
from sync.cards import pseudonym
from sync.program import DAY_MS, JAPAN_MINUTES, MINUTE_MS, Result, Wish, town_day
from sync.rights import Grant, Recall

DESK: Final = "desk"
_CALLS_S: Final = 20
_AT_ONCE: Final = 200
_ROUNDS_MAX: Final = 20


def name_of(unit: int) -> str:
    return f"unit{unit:02d}"


class Town:
    """Units, a desk, cards, and a centre that deals by some policy.

    `fund_yen`: what stands in out of reach. `counters`: all cards have a counter of their own, and are paid with by it.
    """

    def __init__(
        self,
        seed: int,
        units: int,
        cards: int,
        policy: Policy,
        terms: Terms,
        *,
        fund_yen: int = 0,
        counters: bool = False,
    ) -> None:
        self._seed = f"rights {seed}"
        self._clock = Clock()
        self._clock.advance((DAY_MS - (self._clock.wall_ms() + JAPAN_MINUTES * MINUTE_MS) % DAY_MS) / 1000)
        self._start_ms = self._clock.wall_ms()  # a midnight
        self._centre = SimCentre(self._clock, self._seed, signatures=MARKS)
        centre = self._centre.centre
        self._dealer = Dealer(centre.engine, centre.granter, self._clock, terms, policy, tenders())
        if fund_yen:
            centre.registrar.say([coin.Terms(insured=coin.Insuring(is_on=True))])
            insuring.put(centre, fund_yen, "simulated")
        self._mint = Mint(self._seed, counters=counters)
        numbers = _cards(self._mint, cards, "u2f" if counters else "pass")
        if counters:
            keys = [self._mint.counter_key(number, self._centre.card_key) for number in numbers]
            centre.registrar.say([coin.Terms(counter=coin.ByCounter(is_on=True, step_yen=STEP_YEN)), *keys])
        self._cards: list[VirtualCard] = [self._mint.resident(number) for number in numbers]
        self.names = [pseudonym(self._centre.card_key, *self._mint.identity(number)) for number in numbers]
        self._units = {name: self._let_in(name) for name in (DESK, *map(name_of, range(units)))}
        self._roads = {name: self._road(unit) for name, unit in self._units.items()}
        self._away: set[str] = set()

    # ---- time and roads

    def move_to(self, at_ms: int) -> None:
        """Let time pass; everybody in reach has called a moment ago."""
        wait_s = (self._start_ms + at_ms - self._clock.wall_ms()) / 1000
        if wait_s > 0:
            self._clock.advance(wait_s)
        self._note_calls()

    def cut_off(self, unit: int) -> None:
        """Let a unit be out of reach; it had called a moment before."""
        name = name_of(unit)
        self._call(name, rounds=2)
        self._away.add(name)
        self._units[name].ask = lambda _: None

    def bring_back(self, unit: int) -> None:
        """Let a unit be in reach again, and tell what happened meanwhile."""
        name = name_of(unit)
        self._away.discard(name)
        self._units[name].ask = self._roads[name].ask
        self._note_calls()
        self._call(name)
        self.settle()

    # ---- what people do

    def charge(self, card: int, yen: int) -> None:
        """Let somebody bring cash to the desk."""
        said = self._units[DESK].tap(self._cards[card], Wish(CHARGE, yen))
        if said is None or said.result is not Result.OK_PAY:
            raise ValueError(f"{yen} yen could not be charged: {said}")
        self._call(DESK)
        self.settle()

    def pay(self, card: int, unit: int, yen: int) -> bool:
        """Let somebody pay; return whether the unit said yes."""
        name = name_of(unit)
        if name not in self._away:
            self._call(name)
        said = self._units[name].tap(self._cards[card], Wish(PAY, yen, is_sure=True))
        is_paid = said is not None and said.result is Result.OK_PAY
        if name not in self._away:
            self._call(name)
            self.settle()
        return is_paid

    def wait_a_moment(self) -> None:
        """Let somebody wait who was refused, until everybody in reach has called once or twice."""
        self._clock.advance(_CALLS_S)
        self._note_calls()
        self.settle()

    def pay_regardless(self, card: int, unit: int, yen: int) -> None:
        """Let a unit write a payment beyond its rights, as other systems would; the ledger shows what is short."""
        name = name_of(unit)
        now = self._clock.wall_ms()
        fact = Pay(1, self.names[card], yen, name, town_day(now, JAPAN_MINUTES), "none")
        self._units[name].running.opened.journal.append([fact])
        if name not in self._away:
            self._call(name)
            self.settle()

    # ---- the centre

    def settle(self) -> None:
        """Let the centre add up and deal, and units in reach answer, until nobody has anything to say."""
        for _ in range(_ROUNDS_MAX):
            while self._centre.centre.reconciler.step(_AT_ONCE) or self._dealer.turn(_AT_ONCE):
                pass
            asked = (self._asked_back() | self._asked_to_say()) - self._away
            if not asked:
                return
            for name in sorted(asked):
                self._call(name, rounds=2)

    def held(self) -> dict[str, int]:
        """Return what each unit may give out, of all cards together."""
        with store.reading(self._centre.centre.engine) as connection:
            return {unit: holds for unit, (_, holds) in habits.stocks(connection, "coin").items()}

    def held_by(self, unit: int) -> int:
        return self.held().get(name_of(unit), 0)

    def rights(self, card: int, unit: int) -> int:
        """Return what a unit may give out of a card's money, by its own journal."""
        running = self._units[name_of(unit)].running
        return Rights(running.opened.shelf, running.name, running.epoch).amount(money(self.names[card]))

    def make_good(self, card: int, unit: int) -> None:
        """Let the books take what a unit gave out without a right from what the card has elsewhere, if it has."""
        what = money(self.names[card])
        free, lacking = ledger.free(what), ledger.short(ledger.held(what, name_of(unit), 1))
        with store.reading(self._centre.centre.engine) as connection:
            found = ledger.balances(connection, [free, lacking])
        if (yen := min(found[free], -found[lacking])) > 0:
            self._centre.centre.granter.grant(what, name_of(unit), yen)

    def short(self) -> int:
        """Return what units gave out and nobody had, by the books."""
        with store.reading(self._centre.centre.engine) as connection:
            return ledger.shortfall(connection)

    def owed(self) -> int:
        """Return what cards owe the fund, by the books."""
        with store.reading(self._centre.centre.engine) as connection:
            return sum(insured.standing(connection).owed.values())

    def words(self) -> int:
        """Return how many grants and recalls were said, and how much about counters."""
        kinds = [fact.__struct_config__.tag for fact in (Grant, Recall, Told, Heard)]
        asked = sa.select(sa.func.count()).select_from(entry).where(entry.c.kind.in_(kinds))
        with store.reading(self._centre.centre.engine) as connection:
            return int(connection.execute(asked).scalar_one())

    def end(self) -> None:
        """Bring everybody back, and see that the books are whole; the town is over."""
        for name in sorted(self._away):
            self.bring_back(int(name.removeprefix("unit")))
        for name in self._units:
            self._call(name)
        self.settle()
        with store.reading(self._centre.centre.engine) as connection:
            if ledger.total(connection):
                raise ValueError("the accounts of this town do not add up to nothing")
        for unit in self._units.values():
            unit.drop()

    def _let_in(self, name: str) -> SimUnit:
        name_place(self._centre.centre, name)
        counter = DESK if name == DESK else "shop"
        trust = self._mint.trust()
        return SimUnit(
            self._centre.centre, name, name, self._clock, trust, self._seed, signatures=MARKS, counter=counter
        )

    def _road(self, unit: SimUnit) -> Road:
        dice = random.Random(self._seed)  # noqa: S311 - a good road throws none
        road = Road(self._centre, unit.peer, Weather(), dice, self._centre.ask)
        unit.ask = road.ask
        return road

    def _call(self, name: str, rounds: int = 1) -> None:
        """Let a unit call the centre; what it gives back on hearing something, it brings with the next call."""
        for _ in range(rounds):
            self._units[name].sync(self._roads[name])

    def _asked_to_say(self) -> set[str]:
        """Return the units that have still to say that they have heard what was told of a card's counter."""
        with store.reading(self._centre.centre.engine) as connection:
            return {unit for unit, _ in counted.to_answer(connection)}

    def _note_calls(self) -> None:
        called = sa.update(store.unit).where(store.unit.c.name.not_in(self._away))
        with self._centre.centre.engine.begin() as connection:
            connection.execute(called.values(contact_ms=self._clock.wall_ms()))

    def _asked_back(self) -> set[str]:
        with store.reading(self._centre.centre.engine) as connection:
            return set(connection.execute(sa.select(habits.asked_back.c.unit).distinct()).scalars())


def _cards(mint: Mint, count: int, profile: str) -> Sequence[int]:
    """Return the numbers of residents with cards of a profile: a fund stands in only for one that proves itself."""
    numbers = (number for number in itertools.count() if mint.identity(number)[0] == profile)
    return list(itertools.islice(numbers, count))
