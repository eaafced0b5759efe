"""Plays a plan: the whole town in one process, under a virtual clock, with the real tap path, journal, sync and centre.

At the end the weather clears, what is broken is mended as the manual says, and everybody syncs until nothing is left to
send. Then `simulation.oracle` holds what people saw against the books.
"""

import contextlib
import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from typing import Final, TypeVar

import sqlalchemy as sa

from central import store
from central.losses import NotLostError
from central.reconcile import Reconciler
from central.resident.purse import Order
from drivers.card.sim.others import VirtualCard
from drivers.clock.sim import Driver as Clock
from simulation import mishaps, money
from simulation.answers import SHOWN_AGAIN
from simulation.box import Box
from simulation.cards import Mint
from simulation.centre import SimCentre, name_place
from simulation.deeds import HOUR_MS, SHOP, Deed, Setting, What
from simulation.people import People, Touch
from simulation.profiles import PROFILES
from simulation.signatures import of_seed
from simulation.trace import Trace
from sync.cards import pseudonym
from sync.client import UnreachableError
from sync.facts import CardState
from sync.program import JAPAN_MINUTES, NO_WISH, Wish, town_day
from sync.segment import ENTRIES_MAX

PLACES: Final = ("library", "fishshop", "bus", "clinic", "school", "hall")
HEALING_ROUNDS: Final = 60
TORN_WITHIN: Final = 4  # commands; a pass answers three
_Result = TypeVar("_Result")


class SimTown:
    """A town from a seed.

    Attributes:
        boxes: every box there ever was; `slots` says which one stands where now.
        reached: how often each thing really happened; a run in which a fault never struck has tried nothing.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.profile = PROFILES[setting.faults]
        self.now = 0
        self.clock = Clock()
        self.signatures = of_seed(setting.seed)
        self.centre = SimCentre(self.clock, setting.seed, signatures=self.signatures)
        self.people = People()
        self.reached: Counter[str] = Counter()
        self.trace = Trace()
        self.backup_at: int | None = None
        must_prove = self.signatures.are_real or setting.insured or setting.counters
        how: dict[str, bool] = {"mostly_tags": not must_prove, "counters": setting.counters}
        self.mint = Mint(setting.seed, signatures=self.signatures, **how)
        self.trust = self.mint.trust()
        self.cards: list[VirtualCard] = [self.mint.resident(number) for number in range(setting.cards)]
        self.boss: VirtualCard = self.mint.resident(money.BOSS)
        self.boxes: list[Box] = []
        self.slots: list[Box] = []
        self.phones: dict[int, str] = {}  # of residents, by card
        self.orders: dict[int, Order] = {}  # what each sent last from the page
        self._consequences: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        for place in sorted(set(self._places())):
            name_place(self.centre.centre, place)
        if setting.shops:
            money.begin(self)
        for slot, place in enumerate(self._places()):
            self.slots.append(self.let_in(slot, place))

    def _places(self) -> list[str]:
        return [PLACES[slot // 2 % len(PLACES)] for slot in range(self.setting.units)]

    @property
    def reconciler(self) -> Reconciler:
        return self.centre.centre.reconciler

    def let_in(self, slot: int, place: str) -> Box:
        """Let the office put a new box in a slot."""
        box = Box(self, len(self.boxes), f"unit{slot:02d}", place, counter=self.setting.counter(slot))
        self.add(box)
        if box.seen.counter == SHOP:
            money.name_boss(self, place)
        return box

    def add(self, box: Box) -> None:
        self.boxes.append(box)
        self.people.boxes.append(box.seen)

    # ---- playing

    def live(self, deeds: tuple[Deed, ...]) -> None:
        """Let a plan happen, and heal."""
        for deed in deeds:
            self._let_pass(deed.at)
            self.reached[deed.what] += 1
            self.trace.add(self.now, deed, self._do(deed))
        self._let_pass(self.setting.days * 24 * HOUR_MS)
        self.heal()

    def later(self, wait_ms: int, do: Callable[[], None]) -> None:
        """Let a consequence of what happens now happen after a while."""
        heapq.heappush(self._consequences, (self.now + wait_ms, next(self._numbers), do))

    def _let_pass(self, until: int) -> None:
        while self._consequences and self._consequences[0][0] <= until:
            at, _, do = heapq.heappop(self._consequences)
            self._move_to(at)
            do()
        self._move_to(until)

    def _move_to(self, at: int) -> None:
        self.now = max(self.now, at)
        self.clock.advance(self.now / 1000 - self.clock.mono())

    def heal(self) -> None:
        """Clear the weather, mend what is broken, switch everything on, and sync until nothing is left to do."""
        self._consequences.clear()
        self.centre.cut_after(None)
        for box in self.boxes:
            box.mend()
        for _ in range(HEALING_ROUNDS):
            self._let_pass(self.now + HOUR_MS)
            for box in [box for box in self.boxes if not box.is_retired]:
                box.sync()
                if box.is_stopped:  # as the manual says of a suspended unit: look into it, then give it a new life
                    box.sync()
                    if box.is_on and box.unit.running.tap.closed() != "TAP-044":
                        self.people.deaf.append(box.name)
                    self.replace(box)
            if not any(box.waits for box in self.boxes):
                break
        self.reconciler.catch_up()

    def replace(self, box: Box) -> Box:
        """Let the office give up the life of a box at the centre, and let a new one in under its name."""
        is_stolen = "it was stolen" in box.seen.mishaps
        with contextlib.suppress(NotLostError):  # a restored centre may not know it, or the first try went through
            self.office(lambda: self.centre.centre.losses.give_up(box.name, stolen=is_stolen, reason="looked into"))
        stored = self.office(self._count_stored)
        for one in self.boxes:
            if one.name == box.name and not one.is_retired:
                one.retire(stored)
        slot = next(slot for slot, one in enumerate(self.slots) if one.name == box.name)
        self.slots[slot] = self.let_in(slot, box.place)
        return self.slots[slot]

    def office(self, do: Callable[[], _Result]) -> _Result:
        """Let the office do something at the centre, and try again if the centre dies over it."""
        while True:
            try:
                return self.centre.run(do)
            except UnreachableError:
                self.reached["centre died"] += 1

    def centre_answers(self) -> bool:
        """Let the centre do what it does after each delivery in a real town; return whether there was anything."""
        return self.office(self.reconciler.catch_up) + self.office(self.centre.centre.dealer.turn) > 0

    def _count_stored(self) -> int:
        with store.reading(self.centre.centre.engine) as connection:
            return connection.execute(sa.select(sa.func.max(store.segment.c.n))).scalar() or 0

    # ---- the deeds

    def _do(self, deed: Deed) -> str:
        box = self.slots[deed.slot] if deed.slot >= 0 else None
        if box and deed.what is What.TOUCH:  # most deeds are touches, and need no dice
            return self._touch(box, self.cards[deed.card], deed.card)
        dice = random.Random(deed.dice)  # noqa: S311 - a simulator wants dice that can be thrown again
        match deed.what:
            case What.TORN | What.STRANGER | What.CROWD | What.CHARGE | What.PAY | What.VOID | What.REFUND if box:
                return self._by_people(box, deed, dice)
            case What.ROUND if box:
                return box.journey(dice)
            case What.STOP_CARD | What.FREE_CARD | What.ADD_UP | What.DEAL:
                return self._by_the_office(deed, dice)
            case _:
                return mishaps.strike(self, deed, box, dice)

    def _by_the_office(self, deed: Deed, dice: random.Random) -> str:
        if deed.what is What.ADD_UP:
            return f"{self.office(lambda: self.reconciler.step(dice.randrange(1, 40)))} segments"
        if deed.what is What.DEAL:
            return money.deal(self, deed.card, dice)
        return self._set_card(deed.card, stopped=deed.what is What.STOP_CARD)

    def _by_people(self, box: Box, deed: Deed, dice: random.Random) -> str:
        if deed.what is What.CROWD:
            return self._crowd(box, deed.card, dice)
        if deed.what is What.STRANGER:
            return self._touch(box, *self.mint.stranger(dice))
        card = self.cards[deed.card]
        if deed.what is What.TORN:
            return self._touch(box, card, deed.card, torn_after=dice.randrange(TORN_WITHIN))
        if deed.what is What.REFUND:
            number, wish = money.refund(self, box, dice)
            return self._touch(box, self.cards[number], number, wish=wish)
        return self._touch(box, card, deed.card, wish=money.wish(self, box, deed, dice))

    def _touch(
        self, box: Box, card: VirtualCard, number: int, torn_after: int | None = None, wish: Wish = NO_WISH
    ) -> str:
        touch = box.touch(card, number, torn_after=torn_after, wish=wish)
        self.note(touch)
        return f"{touch.said.message} {touch.said.entry}".strip() if touch.said else "dark" if touch.lit else "off"

    def _crowd(self, box: Box, first: int, dice: random.Random) -> str:
        """Let so many residents touch, one after the other, that the queue is longer than a segment."""
        count = ENTRIES_MAX + dice.randrange(1, ENTRIES_MAX)
        for card in range(first, first + count):
            number = card % len(self.cards)
            self.note(box.touch(self.cards[number], number))
        return f"{count} touches"

    def note(self, touch: Touch) -> None:
        """Let somebody remember a touch."""
        self.people.touches.append(touch)
        if touch.said:
            self.reached[f"heard {touch.said.result}"] += 1
            self.reached["given back at a shop"] += touch.said.message == money.GIVEN_BACK
            if self.setting.insured:
                self.reached["paid by the fund"] += touch.said.message in money.BY_FUND
            self.reached["heard that the touch before counted"] += touch.said.message in SHOWN_AGAIN
        self.reached["cut in a touch"] += touch.cut

    def _set_card(self, card: int, *, stopped: bool) -> str:
        state = CardState.STOPPED if stopped else CardState.ACTIVE
        self.office(lambda: self.centre.centre.registrar.set_card(self.name_of(card), state))
        self.people.stopped.append((self.now, card, stopped))
        return "said"

    def end(self) -> None:
        """Let every process be gone; what is on the disks stays."""
        for box in self.boxes:
            box.unit.disk.cut()  # a plan that broke the code may have left a power cut waiting
            box.unit.drop()

    def name_of(self, card: int) -> str:
        """Return a resident's card as the town's books name it."""
        profile, identifier = self.mint.identity(card)
        return pseudonym(self.centre.card_key, profile, identifier)

    def day_of(self, wall_ms: int) -> int:
        return town_day(wall_ms, JAPAN_MINUTES)
