"""One box in the town: the simulated unit in it, its own clock, its road, and what people know of it."""

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from appliance.uplink import courier
from drivers.card.sim.held import Held
from drivers.card.sim.others import VirtualCard
from drivers.card.sim.plan import Trouble
from drivers.clock import Confidence
from drivers.clock.sim import Driver as Clock
from drivers.disk.sim import Driver as Disk
from programs.visits.entries import Touch as Touched
from simulation.deeds import FACILITY
from simulation.people import Box as Seen
from simulation.people import Touch
from simulation.road import Road, Weather
from simulation.unit import Body, SimUnit, enrol, grow
from sync import installed
from sync.facts import UnitState
from sync.program import NO_WISH, Wish

if TYPE_CHECKING:
    from simulation.town import SimTown

BALLAST_BYTES: Final = 1 << 17
_MS: Final = 1000
_LATE_MS: Final = (1_000, 3 * 3_600_000)
_REBOOT_MS: Final = (20_000, 1_800_000)
_REGISTER: Final = installed.register()


class Box:
    """A box with a unit in it.

    Attributes:
        number: its place among all boxes there ever were.
        seen: what people know of it.
        copy: an old state of its disk, or None.
        is_dead: its disk has died; nobody will switch it on again.
        dice: for what goes on in it beside the plan.
    """

    def __init__(
        self,
        town: "SimTown",
        number: int,
        name: str,
        place: str,
        *,
        counter: str = FACILITY,
        body: Body | None = None,
        like: SimUnit | None = None,
    ) -> None:
        """Let a new unit in, or run a copied one: its `body`, under the enrolment of the unit that it is `like`."""
        self._town = town
        self.number = number
        self.place = place
        self.clock = Clock()
        self.clock.advance(town.now / _MS)
        self.seen = Seen(name, place, town.now, counter)
        seed = f"{town.setting.seed}/{number}"
        self.dice = random.Random(seed)  # noqa: S311 - a simulator wants dice that can be thrown again
        body = body or grow(f"{seed}/{name}", town.signatures)
        enrolment = (
            like.enrolment
            if like
            else town.office(lambda: enrol(town.centre.centre, name, place, body.keystore, counter=counter))
        )
        self.unit = SimUnit(
            town.centre.centre,
            name,
            place,
            self.clock,
            town.trust,
            seed,
            body=body,
            enrolment=enrolment,
            ballast_bytes=BALLAST_BYTES,
            signatures=town.signatures,
        )
        self.road = Road(town.centre, self.unit.peer, replace(town.profile.weather), self.dice, town.centre.ask)
        self.unit.ask = self.road.ask
        self.copy: dict[str, Any] | None = None
        self.is_dead = False
        self.closed_until = 0
        self._life = 0
        self._waiting_for_power = False

    @property
    def name(self) -> str:
        return self.unit.name

    @property
    def is_on(self) -> bool:
        return self.unit.unit is not None

    @property
    def is_retired(self) -> bool:
        """Whether nobody uses it any more, or only a thief."""
        return self.seen.closed_at is not None

    @property
    def is_stopped(self) -> bool:
        """Whether this box has heard that the centre takes nothing more from it."""
        return self.is_on and not self.is_retired and self.unit.running.hatch.standing.state is not UnitState.ACTIVE

    @property
    def waits(self) -> str:
        """Return what is still to be done before this box is at rest, or ""."""
        if self.is_retired:
            return ""
        if not self.is_on:
            return "does not start"
        if self.is_stopped:
            return "is suspended"
        unsent = self.unit.running.hatch.backlog().unsent
        return f"still has {unsent} entries to send" if unsent or self.road.holds_back else ""

    # ---- what people do

    def touch(self, card: VirtualCard, number: int, *, torn_after: int | None = None, wish: Wish = NO_WISH) -> Touch:
        """Set its counter and hold a card to it, and take it away too early if so many commands are said."""
        self.catch_up()
        held = card if torn_after is None else Held(card, Trouble(torn_after_apdus=torn_after))
        wall_ms, lit, began = self.clock.wall_ms(), self.is_on, self.clock.mono()
        said = self.unit.tap(held, wish)
        touch = Touch(
            at=self._town.now,
            unit=self.name,
            box=self.number,
            life=self._life,
            day=self._town.day_of(wall_ms),
            wall_ms=wall_ms,
            card=number,
            lit=lit,
            cut=lit and not self.is_on,
            torn=torn_after is not None,
            said=said,
            wish=wish,
            has_clock=self.clock.confidence() is not Confidence.UNKNOWN,
            waited_s=self.clock.mono() - began,
        )
        self.look_after()
        return touch

    def show(self, card: VirtualCard) -> None:
        """Hold a card to it of somebody who works there: they begin, if they are known, and note nothing down."""
        self.catch_up()
        self.unit.tap(card)
        self.look_after()

    def journey(self, dice: random.Random) -> str:
        """Let the uplink go to the centre and back in the weather of the day; return what became of it."""
        self.road.dice = dice
        self.catch_up()
        done = self._go()
        setting = self._town.setting
        if done and (setting.insured or setting.counters) and self.is_on and self._town.centre_answers():
            self._go()
        if self.road.holds_back:
            self._town.later(dice.randrange(*_LATE_MS), self.road.bring_late_ones)
        self.look_after()
        if done is None:
            return "failed"
        self._town.reached["given back to the centre"] += done.given_back
        return f"+{done.delivered} -{done.fetched}" + (f" {done.problem.type}" if done.problem else "")

    def sync(self) -> None:
        """Go to the centre and back in good weather, all the way."""
        self.catch_up()
        self.road.bring_late_ones()
        self._go()
        if not self.is_on and not self.is_dead:
            self.power_up()

    def _go(self) -> courier.Round | None:
        done = self.unit.sync(self.road)
        if done and not done.problem and not self.is_stopped:
            self.seen.synced.append(self._town.now)
        return done

    # ---- power

    def catch_up(self) -> None:
        """Let this box's clock go on to the town's time."""
        self.clock.advance(max(0.0, self._town.now / _MS - self.clock.mono()))

    def look_after(self) -> None:
        """If it has gone dark, let it start again after a while, as systemd or the returning power would."""
        if not self.is_on and not self.is_dead and not self._waiting_for_power:
            self._waiting_for_power = True
            self._town.later(self.dice.randrange(*_REBOOT_MS), self._power_back)

    def _power_back(self) -> None:
        self._waiting_for_power = False
        if not self.is_on and not self.is_dead:
            self.power_up()
            self.look_after()

    def power_up(self) -> None:
        self.catch_up()
        self._life += 1
        self._town.reached["started"] += 1
        self.unit.start()

    def stop(self) -> None:
        """End in order."""
        self.unit.stop()
        self._town.reached["stopped in order"] += 1

    def mend(self) -> None:
        """Let all be well from now on: weather, disk and clock, as far as that can be mended."""
        self.road.weather = Weather()
        disk = self.unit.disk
        disk.cut_after(None)
        disk.lies, disk.size = 0.0, Disk.Options().size
        if disk.broken:
            disk.broken = False
            self.unit.crash()
        if not self.is_on and not self.is_dead:
            self.power_up()

    def retire(self, stored: int) -> None:
        """Let nobody use it any more; `stored`: how much the centre holds of anybody."""
        self.seen.closed_at = self._town.now
        self.seen.closed_n = stored
        self.seen.closed_words = len(self.words()) if self.is_on else None

    # ---- what is in it, for whoever looks inside

    def hashes(self) -> dict[str, str]:
        """Return the hash of each entry in its journal."""
        rows = self.unit.running.opened.journal.select("SELECT boot, seq, hash FROM entry")
        return {f"{self.name}/{boot}/{seq}": hashed.hex() for boot, seq, hashed in rows}

    def words(self) -> dict[str, str]:
        """Return the hash of each entry of the centre's own journals that it has heard."""
        rows = self.unit.running.opened.journal.select("SELECT writer, boot, seq, hash FROM stream")
        return {f"{writer}/{boot}/{seq}": hashed.hex() for writer, boot, seq, hashed in rows}

    def touches(self) -> list[Touched]:
        """Return the touches in its journal."""
        sql = 'SELECT body FROM entry WHERE body LIKE \'{"kind":"visits.touch"%\''
        bodies = self.unit.running.opened.journal.select(sql)
        return [fact for (body,) in bodies if isinstance(fact := _REGISTER.decode(body.encode()).fact, Touched)]
