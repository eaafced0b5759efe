"""A street with a desk and two shops: a real centre and real units, for whatever a card's money goes through."""

import itertools
import random

import sqlalchemy as sa

from appliance.boots import history
from appliance.outbox import Outbox
from appliance.rights import Rights
from central import ledger, shelves
from central.store import reading
from drivers.clock.sim import Driver as Clock
from drivers.disk.sim import Driver as Disk
from programs.coin.entries import money
from programs.coin.lots import books as lots
from programs.coin.rules import CHARGE
from simulation.cards import Mint
from simulation.centre import SimCentre, name_place
from simulation.road import Road, Weather
from simulation.unit import Body, SimHatch, SimUnit
from sync.cards import pseudonym
from sync.messages import ONE_UNIT
from sync.program import Wish
from sync.segment import pack, to_text

SEED = "coin counters"


class Street:
    """A centre, a desk and two shops with a good road to it, and one resident with a card, and another one at home."""

    def __init__(self, url: str = "sqlite://") -> None:
        self.clock = Clock()
        self.centre = SimCentre(self.clock, SEED, url)
        self.mint = mint = self.make_mint()
        self.card = mint.resident(0)
        for place in ("hall", "fish", "bakery"):
            name_place(self.centre.centre, place)
        self.units = {
            name: SimUnit(self.centre.centre, name, place, self.clock, mint.trust(), SEED, counter=counter)
            for name, place, counter in (
                ("desk01", "hall", "desk"),
                ("shop01", "fish", "shop"),
                ("shop02", "bakery", "shop"),
            )
        }
        self.name = pseudonym(self.centre.card_key, *mint.identity(0))
        self.what = money(self.name)
        self.other_card, self.other = mint.resident(1), pseudonym(self.centre.card_key, *mint.identity(1))

    def make_mint(self) -> Mint:
        return Mint(SEED)

    def hold(self, unit: str, wish: Wish) -> str:
        """Set a counter and hold the card to it; return the id of the words that the unit says."""
        self.units[unit].running.tap.set(wish)
        shown = self.units[unit].tap(self.card)
        assert shown is not None
        self.last = shown.entry
        return shown.message

    def talk(self, *units: str) -> None:
        """Let units sync until they have nothing more to say."""
        for name in units:
            unit = self.units[name]
            for _ in range(3):
                unit.sync(self.road(name))
            assert unit.running.hatch.backlog().unsent == 0

    def road(self, unit: str) -> Road:
        """Return a good road from a unit to the centre."""
        return Road(self.centre, self.units[unit].peer, Weather(), _dice())

    def connect(self, unit: str) -> Road:
        """Let a unit ask the centre while somebody stands before it."""
        road = Road(self.centre, self.units[unit].peer, Weather(), _dice(), self.centre.ask)
        self.units[unit].ask = road.ask
        return road

    def rights(self, unit: str) -> int:
        running = self.units[unit].running
        return Rights(running.opened.shelf, running.name, running.epoch).amount(self.what)

    def give(self, unit: str, yen: int) -> None:
        """Charge some of the resident's money at the desk, and let a shop have it."""
        granter = self.centre.centre.granter
        self.hold("desk01", Wish(CHARGE, -(-yen // 1000) * 1000))
        self.talk("desk01")
        granter.recall(self.what, "desk01", yen)
        self.talk("desk01")
        granter.grant(self.what, unit, yen)
        self.talk(unit)

    def copy(self, unit: str, name: str) -> None:
        """Let a second machine run from a copy of a unit's disk, under its name and with its key."""
        real = self.units[unit]
        disk = Disk(Disk.Options(seed=1))
        disk.restore(real.disk.snapshot())
        body = Body(disk, real.keystore)
        trust = Mint(SEED).trust()
        self.units[name] = SimUnit(
            *(self.centre.centre, unit, real.place, self.clock, trust, name), body=body, enrolment=real.enrolment
        )

    def hear(self, unit: str) -> None:
        """Carry what the centre has to say to a unit, and nothing back."""
        with self.centre.centre.engine.begin() as connection:
            segments = list(shelves.take(connection, ONE_UNIT + unit, [], shelves.EVERYTHING))
        SimHatch(self.units[unit].running).take(pack(b"".join(to_text(segment) for segment in segments)))

    def bring(self, unit: str, segments: int | None = None) -> None:
        """Carry a unit's journal to the centre, as somebody who has found it, or as much of it; some may be there."""
        opened = self.units[unit].running.opened
        register = self.centre.centre.town.register
        self.centre.centre.reconciler.catch_up()
        whole = Outbox(opened.journal, history(opened.journal.connection, register)).rest()
        for segment in itertools.islice(whole, segments):
            self.centre.centre.intake.carry_in(pack(to_text(segment)), found=True)

    def balance(self, account: str) -> int:
        self.centre.centre.reconciler.catch_up()
        with reading(self.centre.centre.engine) as connection:
            assert ledger.total(connection) == 0
            return ledger.true_sum(connection, account)

    def books(self) -> dict[str, int]:
        """Return every account that is not empty; a replay must come to the same, and lots make up each purse."""
        reconciler = self.centre.centre.reconciler
        reconciler.catch_up()
        before = reconciler.digest()
        reconciler.wipe()
        reconciler.catch_up()
        assert reconciler.digest() == before
        with reading(self.centre.centre.engine) as connection:
            assert ledger.total(connection) == 0
            for what in (self.what, money(self.other)):
                purse = lots.purse(connection, what)
                assert sum(lot.left for lot in purse.lots) - purse.owed == lots.worth(connection, what)
            table = ledger.account
            asked = sa.select(table.c.name, table.c.balance).where(table.c.balance != 0).order_by(table.c.name)
            return {row.name: row.balance for row in connection.execute(asked)}


def _dice() -> random.Random:
    return random.Random(SEED)  # noqa: S311 - a good road throws no dice
