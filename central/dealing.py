"""Deals rights out, a few cards at a time: those of which something new was heard, and once a night all of them.

What a unit should hold, `placement` says; what it is told, and what no one may ever be told, is `granting`'s business.
So this may be as wrong about habits, roads and clocks as it likes: some money is then in the wrong place, and no yen
is in two.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import msgspec
import sqlalchemy as sa

from central import habits, placement, settings, store
from central.calendar import day_at
from central.granting import BLOCK, Deal, Granter
from central.habits import Road, Use
from central.placement import MEAN, Habit, Site, Terms, changes
from central.reconcile import statements
from central.town import Clock
from sync import installed
from sync.directory import unit_key
from sync.facts import UnitSet
from sync.program import MINUTE_MS
from sync.rights import AMOUNT_MAX

AT_ONCE: Final = 20  # things; a delivery waits for no more than these
NIGHT_MS: Final = 3 * 60 * MINUTE_MS  # after midnight
USUAL: Final = BLOCK * 3 / 4  # a payment in the middle, of a card of which little is known
USUAL_COUNTS: Final = 5
NEWCOMER: Final = 0.1  # a unit that nobody has used yet counts for so much of its like
STORM: Final = Road(outages=1 / 3, away=1.0)  # before one, every unit is as good as away, and for three days
_PLACE: Final = "dealing"
_STORM: Final = "storm"
_LIMIT: Final = "limit of a unit"


class Place(msgspec.Struct, frozen=True):
    """How far the dealer has come.

    Attributes:
        n, what: the last news that it has looked at.
        day: of its last round through all things.
        round: the last thing that this round has looked at, or None if it is over.
        storm: whether that round was made for a storm.
        limit: what one unit could hold when it was made.
    """

    n: int = 0
    what: str = ""
    day: int = 0
    round: str | None = None
    storm: bool = False
    limit: int | None = None


class Tender(Protocol):
    """What a program does in the same transactions: it finds `TENDER` in the program's `tending.py`."""

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of things that it deals itself, and nobody else."""

    def keeps(self, deal: Deal, things: Sequence[str]) -> frozenset[str]:
        """Return those of the things that it deals itself, though others of their kind are dealt as ever."""

    def collect(self, deal: Deal, things: Sequence[str]) -> None:
        """Use what is free, before it is dealt."""

    def tend(self, deal: Deal, things: Sequence[str]) -> None:
        """Say what follows, once the things were dealt."""


def tenders() -> tuple[Tender, ...]:
    """Return those of all installed programs."""
    return tuple(module.TENDER for module in installed.parts("tending").values())


def own_kinds(tenders: Sequence[Tender]) -> frozenset[str]:
    """Return the kinds of things that programs deal themselves."""
    return frozenset[str]().union(*(tender.kinds for tender in tenders))


Policy = Callable[[Habit, Sequence[Site], Terms], Mapping[str, int]]


class Dealer:
    """Lets units hold what they should.

    `policy` says what that is; there are others than ours for comparison (simulation/rights).
    """

    def __init__(
        self,
        engine: sa.Engine,
        granter: Granter,
        clock: Clock,
        terms: Terms | None = None,
        policy: Policy = placement.place,
        tenders: Sequence[Tender] = (),
    ) -> None:
        self._engine = engine
        self._granter = granter
        self._clock = clock
        self._terms = terms or Terms()
        self._policy = policy
        self._tenders = tuple(tenders)
        self._own = own_kinds(tenders)

    def turn(self, most: int = AT_ONCE) -> int:
        """Look at a few things, in one transaction, and deal them anew where that is worth a word; return how many.

        While a centre that was restored has not heard everybody, nothing is dealt, and nothing is passed over.
        """
        with self._granter.deal() as deal:
            if deal.unheard:
                return 0
            now_ms, storm, limit = self._clock.wall_ms(), _is_storm(deal.connection), _limit(deal.connection)
            before = _place(deal.connection)
            begun = _begin(deal.connection, before, now_ms, storm=storm, limit=limit)
            things, after = _next(deal.connection, begun, most)
            kept: set[str] = set()
            for tender in self._tenders if things else ():
                tender.collect(deal, things)
                kept |= tender.keeps(deal, things)
            terms = self._terms if limit is None else msgspec.structs.replace(self._terms, limit=limit)
            table = _Table(deal, now_ms, terms, self._policy, storm=storm)
            for what in things:
                if habits.kind_of(what) in self._own:
                    continue
                if asked := self._granter.asked(what):
                    self._granter.serve(deal, what, asked)
                elif what not in kept:
                    table.deal(what)
            for tender in self._tenders if things else ():
                tender.tend(deal, things)
            if after != before:
                settings.put(deal.connection, _PLACE, msgspec.json.encode(after).decode())
            return len(things)

    def set_storm(self, *, on: bool) -> None:
        """Deal out everything that cards have, because soon nobody may be able to ask; or go back to usual."""
        with self._engine.begin() as connection:
            settings.put(connection, _STORM, "on" if on else "off")

    def is_storm(self) -> bool:
        with store.reading(self._engine) as connection:
            return _is_storm(connection)

    def set_limit(self, yen: int | None) -> None:
        """Let no unit hold more than so much, of all cards together; None: as much as serves."""
        with self._engine.begin() as connection:
            settings.put(connection, _LIMIT, "" if yen is None else str(yen))

    def limit(self) -> int | None:
        with store.reading(self._engine) as connection:
            return _limit(connection)

    def held(self) -> dict[str, dict[str, int]]:
        """Return for each kind of thing how much each unit may give out, as far as was heard and added up."""
        with store.reading(self._engine) as connection:
            return habits.holdings(connection)


class _Table:
    """What one turn knows of the town, and deals by."""

    def __init__(self, deal: Deal, now_ms: int, terms: Terms, policy: Policy, *, storm: bool) -> None:
        self._deal = deal
        self._policy = policy
        self._now_ms = now_ms
        self._storm = storm
        self._terms = msgspec.structs.replace(terms, share=1.0) if storm else terms
        self._sites: dict[str, Sequence[Site]] = {}
        self._dealt: dict[str, int] = {}  # what each unit has been told to hold more than before

    def deal(self, what: str) -> None:
        """Ask back what is too much, where a unit can be reached, and grant what is free."""
        holders = self._deal.holders(what)
        amount = holders.free + sum(holders.units.values()) + holders.coming
        uses = habits.uses(self._deal.connection, what)
        habit = Habit(
            amount=amount,
            visits={unit: use.times for unit, use in uses.items()},
            days=habits.days_known(self._deal.connection, what, self._now_ms),
            usual=usual(uses),
        )
        kind = habits.kind_of(what)
        if kind not in self._sites:
            self._sites[kind] = self._look_around(kind)
        wanted = self._policy(habit, self._with_room(kind, holders.units), self._terms)
        asked, granted = changes(wanted, holders.units, holders.free, least_of(habit))
        for unit, back in asked.items():
            self._deal.recall(what, unit, back)
            self._dealt[unit] = self._dealt.get(unit, 0) - back
        for unit, more in granted.items():
            self._deal.grant(what, unit, more)
            self._dealt[unit] = self._dealt.get(unit, 0) + more

    def _with_room(self, kind: str, held: Mapping[str, int]) -> list[Site]:
        """Return the sites with the room that each has for one thing of a kind; none, where too much is held."""
        if self._terms.limit is None:
            return list(self._sites[kind])
        return [
            msgspec.structs.replace(
                site, room=max(0, site.room - self._dealt.get(site.name, 0) + held.get(site.name, 0))
            )
            for site in self._sites[kind]
        ]

    def _look_around(self, kind: str) -> Sequence[Site]:
        """Return the units in reach at which things of this kind are used."""
        stocks = habits.stocks(self._deal.connection, kind)
        counters = self._counters(sorted({*self._deal.in_reach, *stocks}))
        weight = weights({unit: stocks[unit][0] if unit in stocks else 0 for unit in counters}, counters)
        total = sum(weight.values())
        roads = habits.roads(self._deal.connection)
        room = self._room(kind, {unit: holds for unit, (_, holds) in stocks.items()})
        sites = []
        for unit in sorted(self._deal.taking):
            if weight[unit] > 0:
                road = STORM if self._storm else roads.get(unit, habits.USUAL)
                sites.append(Site(unit, weight[unit] / total, road.outages, road.away, room.get(unit, AMOUNT_MAX)))
        return sites

    def _room(self, kind: str, held: Mapping[str, int]) -> Mapping[str, int]:
        """Return how much more each unit may hold; below zero: it holds too much, also without what was asked back."""
        if self._terms.limit is None:
            return {}
        coming = habits.coming(self._deal.connection, kind)
        return {unit: self._terms.limit - held.get(unit, 0) + coming.get(unit, 0) for unit in self._deal.taking}

    def _counters(self, units: Sequence[str]) -> Mapping[str, str]:
        found = statements(self._deal.connection, [unit_key(unit) for unit in units])
        facts = {unit: said.fact for unit in units if (said := found.get(unit_key(unit)))}
        return {unit: fact.counter if isinstance(fact := facts.get(unit), UnitSet) else "" for unit in units}


def _begin(connection: sa.Connection, place: Place, now_ms: int, *, storm: bool, limit: int | None) -> Place:
    """Begin a round through everything if it is night, or if the office has said something else than before."""
    day = day_at(connection, now_ms - NIGHT_MS)
    if (day, storm, limit) == (place.day, place.storm, place.limit):
        return place
    return msgspec.structs.replace(place, day=day, storm=storm, limit=limit, round="")


def weights(times: Mapping[str, int], counters: Mapping[str, str]) -> dict[str, float]:
    """Return how often units are used; of a new one is expected a little of what the others of its kind have."""
    units: dict[str, int] = {}
    sums: dict[str, int] = {}
    for unit, counter in counters.items():
        units[counter] = units.get(counter, 0) + 1
        sums[counter] = sums.get(counter, 0) + times[unit]
    return {unit: times[unit] + NEWCOMER * sums[counter] / units[counter] for unit, counter in counters.items()}


def least_of(habit: Habit) -> int:
    """Return the least difference that is worth a word to a unit: every word is signed, and stays for ever."""
    return max(1, int(habit.usual / 2))


def usual(uses: Mapping[str, Use]) -> float:
    """Return a card's payment in the middle; of one of which little is known, everybody's."""
    paid = sum(use.paid for use in uses.values())
    amount = sum(use.amount for use in uses.values()) / MEAN
    return (amount + USUAL_COUNTS * USUAL) / (paid + USUAL_COUNTS)


def _next(connection: sa.Connection, place: Place, most: int) -> tuple[Sequence[str], Place]:
    """Return the things to look at next, and where that leads: news first, then what is left of a round."""
    if news := habits.news(connection, place.n, place.what, most):
        n, what = news[-1]
        return [what for _, what in news], msgspec.structs.replace(place, n=n, what=what)
    if place.round is None:
        return [], place
    found = habits.things_after(connection, place.round, most)
    return found, msgspec.structs.replace(place, round=found[-1] if found else None)


def _place(connection: sa.Connection) -> Place:
    found = settings.get(connection, _PLACE)
    return msgspec.json.decode(found, type=Place) if found else Place()


def _is_storm(connection: sa.Connection) -> bool:
    return settings.get(connection, _STORM) == "on"


def _limit(connection: sa.Connection) -> int | None:
    found = settings.get(connection, _LIMIT)
    return int(found) if found else None
