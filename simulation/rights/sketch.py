"""The town of a season in plain arithmetic: as `town.Town`, without journals, signatures and books.

It answers in seconds what takes the real town minutes, for comparing policies over many seeds. Whether money is safe it
cannot show, and it is held to the real town's figures by a test.
"""

from collections import Counter

import msgspec

from central.dealing import Policy, least_of, usual, weights
from central.granting import BLOCK
from central.habits import LATE_MS, Road, Use, guess
from central.placement import Habit, Site, Terms, changes
from simulation.rights.fund import Fund
from simulation.rights.season import DAY_MS, HOUR_MS
from simulation.rights.town import DESK, name_of
from sync.rights import AMOUNT_MAX


class _Seen:
    """What was seen of one unit's road."""

    def __init__(self) -> None:
        self.visits = self.late = self.outages = 0

    def road(self, now_ms: int) -> Road:
        return guess(now_ms, self.outages, self.visits, self.late)


class Sketch:
    """Fills `play.Played`; rights are numbers in a table."""

    def __init__(self, units: int, cards: int, policy: Policy, terms: Terms, *, is_insured: bool = False) -> None:
        self._fund = Fund(cards) if is_insured else None
        self._policy = policy
        self._terms = terms
        self._names = [DESK, *map(name_of, range(units))]
        self._free = [0] * cards
        self._rights: list[Counter[str]] = [Counter() for _ in range(cards)]
        self._uses: list[dict[str, Use]] = [{} for _ in range(cards)]
        self._all_uses: Counter[str] = Counter()
        self._seen = {name: _Seen() for name in self._names}
        self._held: Counter[str] = Counter()
        self._away: dict[str, list[tuple[int, int, int]]] = {}
        self._asked: tuple[int, str, int] | None = None
        self._stale: set[int] = set()
        self._words = 0
        self._now_ms = 0
        self._around_at = -1
        self._around: list[Site] = []

    # ---- as the real town

    def move_to(self, at_ms: int) -> None:
        self._now_ms = at_ms

    def cut_off(self, unit: int) -> None:
        name = name_of(unit)
        if self._fund:
            worth = (free + sum(rights.values()) for free, rights in zip(self._free, self._rights, strict=True))
            self._fund.cut_off(name, [yen - held[name] for yen, held in zip(worth, self._rights, strict=True)])
        self._away[name] = []

    def bring_back(self, unit: int) -> None:
        name = name_of(unit)
        told = self._away.pop(name)
        late = [at for _, _, at in told if self._now_ms - at >= LATE_MS]
        self._seen[name].outages += bool(late)
        self._seen[name].late += len(late)
        if self._fund:
            self._fund.bring_back(name)
        for card, yen, _ in told:
            self._count(card, name, yen)
        for card in sorted({card for card, _, _ in told}):
            self._deal(card)

    def charge(self, card: int, yen: int) -> None:
        self._move(card, DESK, yen)
        self._deal(card)

    def pay(self, card: int, unit: int, yen: int) -> bool:
        name = name_of(unit)
        lacks = yen - self._rights[card][name]
        if lacks > 0 and name not in self._away:
            self._ask(card, name, lacks)
        is_paid = self._rights[card][name] >= yen
        if is_paid:
            self._move(card, name, -yen)
            if self._fund:
                self._fund.note_payment(card, name, self._now_ms)
        elif self._fund and name in self._away:
            is_paid = self._fund.promise(card, name, yen, self._now_ms, self._uses[card])
        if is_paid or name in self._away:
            self._tell(card, name, yen if is_paid else 0)
        return is_paid

    def wait_a_moment(self) -> None:
        if self._asked is None:
            return
        card, name, lacks = self._asked
        for other, yen in sorted(self._reachable(card).items(), key=lambda one: (-one[1], one[0])):
            if (more := min(yen, lacks - self._free[card])) > 0 and other != name:
                self._recall(card, other, more)
        if self._free[card] >= lacks:
            self._grant(card, name, lacks)
        self._asked = None

    def settle(self) -> None:
        """Deal anew what was last dealt while other units were away."""
        stale, self._stale = sorted(self._stale), set()
        for card in stale:
            self._deal(card)

    def pay_regardless(self, card: int, unit: int, yen: int) -> None:
        self._move(card, name_of(unit), -yen)
        self._tell(card, name_of(unit), yen)

    def rights(self, card: int, unit: int) -> int:
        return self._rights[card][name_of(unit)]

    def make_good(self, card: int, unit: int) -> None:
        name = name_of(unit)
        if (yen := min(self._free[card], -self._rights[card][name])) > 0:
            self._grant(card, name, yen)

    def held(self) -> dict[str, int]:
        return dict(self._held)

    def held_by(self, unit: int) -> int:
        return self._held[name_of(unit)]

    def short(self) -> int:
        return -sum(min(0, yen) for rights in self._rights for yen in rights.values())

    def owed(self) -> int:
        return sum(self._fund.owed) if self._fund else 0

    def words(self) -> int:
        return self._words

    def end(self) -> None:
        for name in sorted(self._away):
            self.bring_back(int(name.removeprefix("unit")))

    # ---- what is behind it

    def _tell(self, card: int, name: str, yen: int) -> None:
        if name in self._away:
            self._away[name].append((card, yen, self._now_ms))
        else:
            self._count(card, name, yen)
            self._deal(card)

    def _count(self, card: int, name: str, yen: int) -> None:
        use = self._uses[card].get(name, Use(0, 0, 0))
        self._uses[card][name] = Use(use.times + 1, use.paid + (yen > 0), use.amount + yen)
        self._all_uses[name] += 1
        self._seen[name].visits += 1

    def _ask(self, card: int, name: str, lacks: int) -> None:
        if self._free[card] >= lacks:
            self._grant(card, name, min(self._free[card], max(lacks, BLOCK)))
        elif self._free[card] + sum(self._reachable(card).values()) - self._rights[card][name] >= lacks:
            self._asked = card, name, lacks

    def _deal(self, card: int) -> None:
        if self._fund:
            self._recover(card, self._fund)
        held = self._reachable(card)
        uses = self._uses[card]
        habit = Habit(
            amount=self._free[card] + sum(held.values()),
            visits={name: use.times for name, use in uses.items()},
            days=self._now_ms / DAY_MS,
            usual=usual(uses),
        )
        wanted = self._policy(habit, self._sites(held), self._terms)
        asked, _ = changes(wanted, held, 0, least_of(habit))
        for name, yen in asked.items():
            self._recall(card, name, yen)
        _, granted = changes(wanted, self._reachable(card), self._free[card], least_of(habit))
        for name, yen in granted.items():
            self._grant(card, name, yen)
        self._stale.add(card)

    def _recover(self, card: int, fund: Fund) -> None:
        """Take what a card owes from what is free of its money and from what can be had back."""
        missing = fund.owed[card] - self._free[card]
        for name, yen in sorted(self._reachable(card).items(), key=lambda one: (-one[1], one[0])):
            if (back := max(0, min(missing, yen))) > 0:
                self._recall(card, name, back)
                missing -= back
        taken = min(fund.owed[card], self._free[card])
        self._free[card] -= taken
        fund.owed[card] -= taken

    def _sites(self, held: dict[str, int]) -> list[Site]:
        """Return the units in reach, as they were known within the hour, with the room that each has now."""
        hour, limit = self._now_ms // HOUR_MS, self._terms.limit
        if self._around_at != hour:
            self._around_at, self._around = hour, self._look_around()
        return [
            site
            if limit is None
            else msgspec.structs.replace(site, room=max(0, limit - self._held[site.name] + held.get(site.name, 0)))
            for site in self._around
            if site.name not in self._away
        ]

    def _look_around(self) -> list[Site]:
        counters = {name: "desk" if name == DESK else "shop" for name in self._names}
        weight = weights({name: self._all_uses[name] for name in self._names}, counters)
        total = sum(weight.values())
        roads = {name: self._seen[name].road(self._now_ms) for name in self._names}
        return [
            Site(name, weight[name] / total, roads[name].outages, roads[name].away, AMOUNT_MAX)
            for name in self._names
            if weight[name] > 0
        ]

    def _reachable(self, card: int) -> dict[str, int]:
        return {name: yen for name, yen in self._rights[card].items() if yen > 0 and name not in self._away}

    def _grant(self, card: int, name: str, yen: int) -> None:
        self._free[card] -= yen
        self._move(card, name, yen)
        self._words += 1

    def _recall(self, card: int, name: str, yen: int) -> None:
        self._free[card] += yen
        self._move(card, name, -yen)
        self._words += 1

    def _move(self, card: int, name: str, yen: int) -> None:
        self._rights[card][name] += yen
        self._held[name] += yen
