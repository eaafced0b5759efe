"""The street again, where the resident holds a card with a counter of its own, and the town pays by it."""

from typing import Final

from central.dealing import Dealer
from central.store import reading
from drivers.card.sim.others import VirtualCard
from programs.coin.counter import books
from programs.coin.counter.facts import counted
from programs.coin.counter.fold import TOLD_READER, Known
from programs.coin.rules import CHARGE
from programs.coin.terms import ByCounter, Terms
from simulation.cards import Mint
from sync.cards import pseudonym
from sync.program import Wish
from tests.programs.coin.street import SEED, Street

RESIDENT: Final = 1
STEP_YEN: Final = 3_000


class CounterStreet(Street):
    """A centre, a desk and two shops; a card that counts, and a town that has switched that on."""

    def __init__(self, url: str = "sqlite://", *, is_on: bool = True) -> None:
        super().__init__(url)
        assert self.mint.counts(RESIDENT)
        self.card: VirtualCard = self.mint.resident(RESIDENT)
        self.name = pseudonym(self.centre.card_key, *self.mint.identity(RESIDENT))
        self.what = f"coin/{self.name}"
        self.switch(on=is_on)
        self.centre.centre.registrar.say([self.mint.counter_key(RESIDENT, self.centre.card_key)])
        self.settle()

    def make_mint(self) -> Mint:
        return Mint(SEED, counters=True)

    def switch(self, *, on: bool, step_yen: int = STEP_YEN) -> None:
        self.centre.centre.registrar.say([Terms(counter=ByCounter(on, step_yen))])

    def dealer(self) -> Dealer:
        return self.centre.centre.dealer

    def settle(self, *away: str) -> None:
        """Let the centre tend, and everybody who is not away talk, until nobody has anything more to say."""
        for _ in range(6):
            while self.centre.centre.reconciler.catch_up() + self.dealer().turn(200):
                pass
            self.talk(*(name for name in self.units if name not in away))

    def charge(self, yen: int) -> None:
        assert self.hold("desk01", Wish(CHARGE, yen)) == "COI-031"
        self.settle()

    def under_counter(self) -> int:
        """Return what lies under the card's counter, by the books."""
        return self.balance(counted(self.name))

    def known(self, unit: str) -> Known:
        """Return what a unit was told of the card."""
        known: Known = self.units[unit].running.opened.shelf.state_of(TOLD_READER, self.name)
        return known

    def seats(self) -> set[str]:
        with reading(self.centre.centre.engine) as connection:
            return {unit for unit, _ in books.seats(connection)}
