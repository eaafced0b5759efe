"""Plays a season with a policy, and counts: who was refused though he could afford it, and what it cost to be safe."""

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol

from central.dealing import Policy
from central.placement import Terms
from simulation.rights import policies, unsafe
from simulation.rights.figures import Figures
from simulation.rights.season import DAY_MS, HOUR_MS, Season, Setting, Visit
from simulation.rights.sketch import Sketch
from simulation.rights.town import Town
from simulation.rights.unsafe import Asked, Episode, Rule

NIGHT_MS: Final = 3 * HOUR_MS + 60_000
_SHARE: Final = 0.8  # of a top-up is on a card at the beginning
_STEP_YEN: Final = 1000
FUND_YEN: Final = 1_000_000  # so much that no unit goes without


@dataclass(frozen=True)
class Way:
    """How a town decides: where rights are placed, and what is accepted beyond them.

    `always`: the same is asked at units in reach, for the town has not heard yet what was accepted out of it.
    `is_insured`: the town has switched its fund on, and units decide by themselves when it stands in.
    `is_counted`: cards count, and units decide by that themselves; in a sketch `beyond` does.
    """

    place: Policy
    beyond: Rule | None = None
    always: bool = False
    is_insured: bool = False
    is_counted: bool = False


WAYS: Final[dict[str, Way]] = {
    "equal": Way(policies.equal),
    "greedy": Way(policies.greedy),
    "strand": Way(policies.strand),
    "ours": Way(policies.ours),
    "last-known": Way(policies.nothing, unsafe.last_known),
    "store-and-forward": Way(policies.nothing, unsafe.store_and_forward),
    "insured": Way(policies.ours, is_insured=True),
    "counter": Way(policies.nothing, unsafe.counted, always=True, is_counted=True),
}


class Played(Protocol):
    """A town that is played: the real one, or a sketch of it."""

    def move_to(self, at_ms: int) -> None: ...
    def cut_off(self, unit: int) -> None: ...
    def bring_back(self, unit: int) -> None: ...
    def charge(self, card: int, yen: int) -> None: ...
    def pay(self, card: int, unit: int, yen: int) -> bool: ...
    def wait_a_moment(self) -> None: ...
    def pay_regardless(self, card: int, unit: int, yen: int) -> None: ...
    def settle(self) -> None: ...
    def rights(self, card: int, unit: int) -> int: ...
    def make_good(self, card: int, unit: int) -> None: ...
    def held(self) -> dict[str, int]: ...
    def held_by(self, unit: int) -> int: ...
    def short(self) -> int: ...
    def owed(self) -> int: ...
    def words(self) -> int: ...
    def end(self) -> None: ...


def play(
    setting: Setting, way: Way, terms: Terms, *, sketch: bool = False, on_day: Callable[[int], None] = lambda _: None
) -> Figures:
    """Play a season, in the real town or in a sketch of it; `on_day` is called as days begin."""
    town: Played
    if sketch:
        town = Sketch(setting.units, setting.cards, way.place, terms, is_insured=way.is_insured)
    else:
        fund_yen = FUND_YEN if way.is_insured else 0
        size = setting.seed, setting.units, setting.cards
        town = Town(*size, way.place, terms, fund_yen=fund_yen, counters=way.is_counted)
        way = replace(way, beyond=None, always=False) if way.is_counted else way
    return _Player(Season(setting), way, town).play(on_day)


class _Player:
    def __init__(self, season: Season, way: Way, town: Played) -> None:
        setting = season.setting
        self._season = season
        self._way = way
        self._town = town
        self._figures = Figures()
        self._has = [0] * setting.cards  # what people know that they have
        self._steps = [0] * setting.cards  # by the counter in the card
        self._booked = [0] * setting.cards  # the same by the books
        self._booked_steps = [0] * setting.cards
        self._episodes: dict[int, Episode] = {}
        self._held_at: dict[int, tuple[int, int]] = {}
        self._been: set[tuple[int, int]] = set()
        self._waiting: set[int] = set()
        self._numbers = itertools.count()
        self._agenda: list[tuple[int, int, Callable[[int], None]]] = []

    def play(self, on_day: Callable[[int], None]) -> Figures:
        for at, do in self._plan(on_day):
            self._later(at, do)
        while self._agenda:
            at, _, do = heapq.heappop(self._agenda)
            self._town.move_to(at)
            do(at)
        self._town.end()
        self._figures.short_yen = self._town.short()
        self._figures.owed_yen = self._town.owed()
        self._figures.words = self._town.words()
        return self._figures

    def _plan(self, on_day: Callable[[int], None]) -> Iterator[tuple[int, Callable[[int], None]]]:
        for card, yen in enumerate(self._season.top_ups):
            first = max(1, round(yen * _SHARE / _STEP_YEN)) * _STEP_YEN
            yield 0, lambda at, card=card, first=first: self._charge(card, first, at)  # type: ignore[misc]
        for unit, outages in enumerate(self._season.outages):
            for outage in outages:
                yield outage.start_ms, lambda at, unit=unit: self._cut_off(unit, at)  # type: ignore[misc]
                yield outage.end_ms, lambda at, unit=unit: self._bring_back(unit, at)  # type: ignore[misc]
        for visit in self._season.visits:
            yield visit.at_ms, lambda _, visit=visit: self._visit(visit)  # type: ignore[misc]
        for day in range(self._season.setting.days):
            yield day * DAY_MS + NIGHT_MS, lambda at, day=day: self._night(at, day, on_day)  # type: ignore[misc]

    def _later(self, at: int, do: Callable[[int], None]) -> None:
        heapq.heappush(self._agenda, (at, next(self._numbers), do))

    # ---- what happens

    def _night(self, _at: int, day: int, on_day: Callable[[int], None]) -> None:
        on_day(day)
        self._town.settle()
        self._note_exposure()

    def _charge(self, card: int, yen: int, at: int) -> None:
        self._town.charge(card, yen)
        self._has[card] += yen
        self._booked[card] += yen
        self._waiting.discard(card)
        self._come_to_the_desk(card, at)

    def _come_to_the_desk(self, card: int, at: int) -> None:
        """Let somebody whose money is low come with cash within a day."""
        if self._season.is_low(self._has[card]) and card not in self._waiting:
            self._waiting.add(card)
            yen = self._season.top_ups[card]
            self._later(self._season.desk_at(at), lambda at: self._charge(card, yen, at))

    def _cut_off(self, unit: int, at: int) -> None:
        self._town.cut_off(unit)
        self._episodes[unit] = Episode(list(self._booked), list(self._booked_steps))
        self._note_exposure()
        self._held_at[unit] = at, self._town.held_by(unit)

    def _bring_back(self, unit: int, at: int) -> None:
        since, held = self._held_at.pop(unit)
        if at > self._season.measured_from_ms:
            self._figures.stranded_yen_h += max(0, held + self._town.held_by(unit)) / 2 * (at - since) / HOUR_MS
        episode = self._episodes.pop(unit)
        self._town.bring_back(unit)
        for card, yen in episode.spent.items():
            self._booked[card] -= yen
            self._booked_steps[card] += episode.steps[card]
        for card in sorted(episode.lent):
            self._town.make_good(card, unit)

    def _visit(self, visit: Visit) -> None:
        episode = self._episodes.get(visit.unit)
        has = self._has[visit.card]
        is_paid = waited = False
        if self._may_ask(visit, episode):
            is_paid = self._town.pay(visit.card, visit.unit, visit.yen)
            if not is_paid and episode is None:
                self._town.wait_a_moment()
                is_paid = waited = self._town.pay(visit.card, visit.unit, visit.yen)
        if not is_paid and episode is not None:
            is_paid = self._beyond_rights(visit, episode)
        self._figures.all_visits += 1
        if visit.at_ms >= self._season.measured_from_ms:
            is_new = (visit.card, visit.unit) not in self._been
            self._figures.note(
                is_away=episode is not None,
                is_false=not is_paid and has >= visit.yen,
                is_new=is_new,
                waited=waited,
                overspent=max(0, visit.yen - max(has, 0)) if is_paid else 0,
            )
        self._been.add((visit.card, visit.unit))
        if is_paid:
            self._take(visit, episode)

    def _may_ask(self, visit: Visit, episode: Episode | None) -> bool:
        if episode is not None or not self._way.always or self._way.beyond is None:
            return True
        now = Episode(self._booked, self._booked_steps)
        return self._way.beyond(now, Asked(visit.card, visit.yen, 0, self._steps[visit.card]))

    def _beyond_rights(self, visit: Visit, episode: Episode) -> bool:
        rights = self._town.rights(visit.card, visit.unit)
        asked = Asked(visit.card, visit.yen, rights, self._steps[visit.card])
        if self._way.beyond is None or not self._way.beyond(episode, asked):
            return False
        self._town.pay_regardless(visit.card, visit.unit, visit.yen)
        episode.lent[visit.card] += visit.yen - max(0, rights)
        return True

    def _take(self, visit: Visit, episode: Episode | None) -> None:
        moved = unsafe.steps(visit.yen)
        self._has[visit.card] -= visit.yen
        self._steps[visit.card] += moved
        if episode is None:
            self._booked[visit.card] -= visit.yen
            self._booked_steps[visit.card] += moved
        else:
            episode.spent[visit.card] += visit.yen
            episode.steps[visit.card] += moved
        self._come_to_the_desk(visit.card, visit.at_ms)

    def _note_exposure(self) -> None:
        self._figures.largest_yen = max(self._figures.largest_yen, *self._town.held().values(), 0)
