"""The office brings a new system to its units: ring by ring, held or taken back, and held by itself if one went back.

What the office decides stands in its own journal; what a unit is told, in the journal for that unit alone.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from central import became, rings, shelves, store
from central.became import Outcome
from central.bundles import Bundle
from central.incidents import Incidents
from central.reconcile import Reconciler, statements
from central.rings import Plan, RollOut, Trouble, UnitSeen
from central.streams import Streams
from central.town import Town
from sync.directory import offer_key
from sync.entries import Fact
from sync.facts import UnitState
from sync.messages import OFFICE_STREAM
from sync.updates import BundleAdded, Hours, Offered, OfferState, RingOpened, RingSet, RollOutSet


class UnknownError(Exception):
    """There is no such version, ring or unit: Japanese and English."""


class HinderedError(Exception):
    """This is not done now; `why` says it."""

    def __init__(self, why: Sequence[Trouble]) -> None:
        super().__init__("; ".join(one.en for one in why))
        self.why = tuple(why)


class Picture(msgspec.Struct, frozen=True):
    """How the town's systems are: the rings, the roll-outs by version, the units. `number`: of the latest offer."""

    rings: dict[int, RingSet]
    roll_outs: dict[str, RollOut]
    units: tuple[UnitSeen, ...]
    number: int


class Done(msgspec.Struct, frozen=True):
    """Whom something was said to, and who was passed over because no bundle is for him."""

    told: tuple[str, ...]
    passed_over: tuple[str, ...] = ()


class RollOuts:
    """The desk at which new systems are offered."""

    def __init__(self, engine: sa.Engine, town: Town, streams: Streams, reconciler: Reconciler) -> None:
        self._engine = engine
        self._town = town
        self._streams = streams
        self._reconciler = reconciler
        self._seen: frozenset[tuple[str, int]] = frozenset()

    def picture(self) -> Picture:
        """Return how everything is."""
        with self._reconciler.counted() as connection:
            return self._picture(connection)

    def add(self, bundle: Bundle) -> bool:
        """Note a bundle that may be offered; return whether it is new.

        Raises:
            HinderedError: there is another one of this version, for the same units.
        """
        with self._reconciler.counted() as connection:
            known = self._picture(connection).roll_outs.get(bundle.version)
            others = [one for one in known.bundles if one.compatible == bundle.compatible] if known else []
            if bundle in others:
                return False
            if others:
                raise HinderedError([_other(bundle)])
            fact = BundleAdded(bundle.version, bundle.compatible, bundle.digest, bundle.size)
            self._streams.append(connection, OFFICE_STREAM, [fact])
            return True

    def set_ring(self, ring: RingSet) -> None:
        """Say who is in a ring.

        Raises:
            UnknownError: there is no such unit.
        """
        with self._reconciler.counted() as connection:
            known = {unit.name for unit in self._picture(connection).units}
            if strangers := sorted(set(ring.units) - known):
                names = ", ".join(strangers)
                raise UnknownError(f"そのような端末はありません: {names}\nthere is no such unit: {names}")
            self._streams.append(connection, OFFICE_STREAM, [ring])

    def offer(self, version: str, number: int, hours: Hours, *, again: bool = False, dry: bool = False) -> Done:
        """Open a ring for a version, or go on with it; whoever has it before him already is told nothing new.

        Args:
            again: those of the ring that went back or refused it are offered it once more.
            dry: say only whom something would be said to.

        Raises:
            UnknownError: there is no such version or ring.
            HinderedError: it may not be opened.
        """
        with self._reconciler.counted() as connection:
            seen = self._picture(connection)
            roll_out, ring = _known(seen, version), seen.rings.get(number)
            if ring is None:
                raise UnknownError(f"組 {number} はまだ決まっていません\nnobody has said who is in ring {number}")
            if why := rings.hindered(roll_out, number, seen.rings, seen.units, again=again):
                raise HinderedError(why)
            fresh = max(self._town.clock.wall_ms(), seen.number + 1)
            found: Plan = rings.plan(roll_out, ring, seen.units, fresh, hours, again=again)
            done = Done(tuple(one.to for one in found.offers), found.passed_over)
            if dry:
                return done
            self._tell(connection, found.offers)
            said: list[Fact] = [RingOpened(version, number, fresh)]
            if roll_out.state is not OfferState.OPEN:
                said.append(RollOutSet(version, OfferState.OPEN))
            self._streams.append(connection, OFFICE_STREAM, said)
        self._reconciler.catch_up()  # who asks for it at once is let have it
        return done

    def stop(self, version: str, state: OfferState) -> Done:
        """Hold a version, or take it back, wherever it has not begun to go in.

        Raises:
            UnknownError: there is no such version.
        """
        with self._reconciler.counted() as connection:
            seen = self._picture(connection)
            _known(seen, version)
            done = self._stop(connection, seen, version, state)
        self._reconciler.catch_up()
        return done

    def turn(self) -> int:
        """Hold what made a unit go back, if that is news; return how many roll-outs that were."""
        with store.reading(self._engine) as connection:
            heard = became.went_back(connection)
        if heard <= self._seen:
            return 0
        stopped = 0
        with self._reconciler.counted() as connection:
            seen = self._picture(connection)
            for roll_out in seen.roll_outs.values():
                back = rings.backs(roll_out, seen.rings, seen.units)
                news = [unit for unit in back if unit.name not in roll_out.back]
                if news and roll_out.state is not OfferState.WITHDRAWN:
                    self._stop(connection, seen, roll_out.version, OfferState.HELD, tuple(one.name for one in back))
                    self._note(connection, roll_out.version, news)
                    stopped += 1
        self._seen = heard
        return stopped

    def _stop(
        self, connection: sa.Connection, seen: Picture, version: str, state: OfferState, back: tuple[str, ...] = ()
    ) -> Done:
        offers = rings.changed(version, seen.units, state)
        self._tell(connection, offers)
        self._streams.append(connection, OFFICE_STREAM, [RollOutSet(version, state, back)])
        return Done(tuple(one.to for one in offers))

    def _note(self, connection: sa.Connection, version: str, back: Sequence[UnitSeen]) -> None:
        incidents = Incidents(connection, self._streams, self._town.clock.wall_ms())
        for unit in back:
            number = unit.outcomes[version].number
            incidents.note(unit.name, "went back", {"version": version, "offer": number, "why": unit.why(version)})

    def _tell(self, connection: sa.Connection, offers: Sequence[Offered]) -> None:
        for offer in offers:
            self._streams.append_for(connection, offer.to, [offer])

    def _picture(self, connection: sa.Connection) -> Picture:
        segments = shelves.take(connection, OFFICE_STREAM, [], shelves.EVERYTHING)
        facts = [one.fact for segment in segments for one in segment.stored_entries(self._town.register)]
        found: dict[str, RollOut] = {}
        for fact in facts:
            _fold(found, fact)
        number = max((fact.number for fact in facts if isinstance(fact, RingOpened)), default=0)
        return Picture(
            rings={fact.number: fact for fact in facts if isinstance(fact, RingSet)},
            roll_outs=found,
            units=tuple(_units(connection)),
            number=number,
        )


def offered(connection: sa.Connection, unit: str) -> Offered | None:
    """Return what a unit was offered last."""
    fact = statements(connection, [offer_key(unit)]).get(offer_key(unit))
    return fact.fact if fact and isinstance(fact.fact, Offered) else None


def _known(seen: Picture, version: str) -> RollOut:
    found = seen.roll_outs.get(version)
    if found is None:
        raise UnknownError(
            f"版 {version} はここにありません(machi central update add)\n"
            f"version {version} is not here; bring it: machi central update add"
        )
    return found


def _fold(found: dict[str, RollOut], fact: Fact) -> None:
    """Fold what the office has said of its roll-outs, in the order in which it said so."""
    match fact:
        case BundleAdded(version=version):
            bundle = Bundle(fact.compatible, version, fact.digest, fact.size)
            before = found.get(version, RollOut(version, ()))
            found[version] = msgspec.structs.replace(before, bundles=(*before.bundles, bundle))
        case RingOpened(version=version) if version in found:
            opened = {fact.ring: fact.number} | found[version].opened
            found[version] = msgspec.structs.replace(found[version], opened=opened)
        case RollOutSet(version=version) if version in found:
            found[version] = msgspec.structs.replace(found[version], state=fact.state, back=fact.back)
        case _:
            pass


def unit_seen(connection: sa.Connection, name: str) -> UnitSeen | None:
    """Return how a unit stands with the systems that it was offered; None if there is no such unit, or no more."""
    return next(iter(_units(connection, store.unit.c.name == name)), None)


_ALL: Final = sa.true()


def _units(connection: sa.Connection, which: sa.ColumnElement[bool] = _ALL) -> list[UnitSeen]:
    table = store.unit
    there = table.c.state != UnitState.CLOSED
    asked = sa.select(table.c.name, table.c.report).where(there, which).order_by(table.c.name)
    rows = connection.execute(asked).all()
    outcomes: dict[str, dict[str, Outcome]] = {}
    for (unit, version), outcome in became.outcomes(connection).items():
        outcomes.setdefault(unit, {})[version] = outcome
    said = statements(connection, [offer_key(name) for name, _ in rows])
    found = []
    for name, report in rows:
        image = str(msgspec.json.decode(report).get("image") or "") if report else ""
        compatible, _, runs = image.partition(" ")
        fact = said[offer_key(name)].fact if offer_key(name) in said else None
        offer = fact if isinstance(fact, Offered) else None
        found.append(UnitSeen(name, compatible, runs, offer, outcomes.get(name, {})))
    return found


def _other(bundle: Bundle) -> Trouble:
    return Trouble(
        "exists",
        ja=f"版 {bundle.version}({bundle.compatible} 用)には、中身の違うものがもうあります",
        en=f"another bundle of version {bundle.version} for {bundle.compatible} is here already",
    )
