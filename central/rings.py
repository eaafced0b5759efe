"""Who gets a new system when: the rings of a town, and whether the next one may be opened. Pure.

A ring is opened by an officer's word and by nothing else; not before the one before it was, and not while anybody in
an open ring went back. Then the way on is to offer it to those units once more, or to take them out of their ring.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from central.became import Outcome
from central.bundles import Bundle
from sync.updates import Hours, Offered, OfferState, RingSet, Stage, words

NOT_OFFERED: Final = "none"
OFFERED: Final = "offered"
_NOT_BEGUN: Final = frozenset({OFFERED, "held", Stage.FETCHED.value})
_ONCE_MORE: Final = frozenset({Stage.BACK.value, Stage.REFUSED.value})


class Trouble(msgspec.Struct, frozen=True):
    """Why a ring is not opened, and what can be done. `about`: for programs."""

    about: str
    ja: str
    en: str


class UnitSeen(msgspec.Struct, frozen=True):
    """A unit as far as its system goes.

    Attributes:
        compatible, runs: the image that it runs, by its last report; "" if it never said so.
        offer: the last that it was offered.
        outcomes: what became of each version.
    """

    name: str
    compatible: str
    runs: str
    offer: Offered | None
    outcomes: Mapping[str, Outcome]

    def stage(self, version: str) -> str:
        """Return how it stands with a version, in one word."""
        offer, outcome = self.offer, self.outcomes.get(version)
        if offer is None or offer.version != version:
            return outcome.stage.value if outcome else NOT_OFFERED
        if outcome and outcome.number == offer.number and outcome.stage is not Stage.FETCHED:
            return outcome.stage.value
        if offer.state is not OfferState.OPEN:
            return offer.state.value
        return outcome.stage.value if outcome and outcome.number == offer.number else OFFERED

    def why(self, version: str) -> str:
        """Return why it does not go in there, or went out again; "" where that is not so."""
        outcome = self.outcomes.get(version)
        return outcome.why if outcome and self.stage(version) == outcome.stage.value else ""


class RollOut(msgspec.Struct, frozen=True):
    """How far the roll-out of a version is.

    Attributes:
        opened: the rings that are open, each with the number of the offers with which it was opened first.
        back: the units for which it is held by itself.
    """

    version: str
    bundles: tuple[Bundle, ...]
    opened: dict[int, int] = {}
    state: OfferState = OfferState.OPEN
    back: tuple[str, ...] = ()


def members(ring: RingSet, units: Iterable[UnitSeen]) -> list[UnitSeen]:
    """Return the units of a ring that there are."""
    return [unit for unit in units if ring.everybody or unit.name in ring.units]


def backs(roll_out: RollOut, rings: Mapping[int, RingSet], units: Sequence[UnitSeen]) -> list[UnitSeen]:
    """Return the units of the open rings that went back; whoever opened a ring later knew of those before."""
    last = {unit.name: unit.outcomes[roll_out.version].number for unit in units if roll_out.version in unit.outcomes}
    there = {
        unit.name
        for ring, opened in roll_out.opened.items()
        if ring in rings
        for unit in members(rings[ring], units)
        if last.get(unit.name, 0) >= opened
    }
    return [unit for unit in units if unit.name in there and unit.stage(roll_out.version) == Stage.BACK]


def hindered(
    roll_out: RollOut, number: int, rings: Mapping[int, RingSet], units: Sequence[UnitSeen], *, again: bool
) -> list[Trouble]:
    """Return what forbids to open a ring. `again`: those of its units that went back are offered it once more."""
    found: list[Trouble] = []
    version, there = roll_out.version, members(rings[number], units)
    if roll_out.state is OfferState.WITHDRAWN:
        found.append(_withdrawn(version))
    if not there:
        found.append(_empty(number))
    tried_again = {unit.name for unit in there} if again else set[str]()
    if stopped := [unit for unit in backs(roll_out, rings, units) if unit.name not in tried_again]:
        found.append(_stopped(version, stopped))
    before = max((one for one in rings if one < number), default=None)
    if before is None or number in roll_out.opened:
        return found
    if before not in roll_out.opened:
        found.append(_out_of_turn(before))
    elif not any(unit.stage(version) == Stage.KEPT for unit in members(rings[before], units)):
        found.append(_untried(before))
    return found


class Plan(msgspec.Struct, frozen=True):
    """What is said to whom when a ring is opened, and who is passed over because no bundle is for him."""

    offers: tuple[Offered, ...]
    passed_over: tuple[str, ...]


def plan(
    roll_out: RollOut, ring: RingSet, units: Sequence[UnitSeen], number: int, hours: Hours, *, again: bool
) -> Plan:
    """Say what units are offered: the ring, and whoever was held. `number`: of what is offered anew."""
    offers: list[Offered] = []
    passed_over: list[str] = []
    there = {unit.name for unit in members(ring, units)}
    for unit in units:
        stage = unit.stage(roll_out.version)
        if unit.offer and stage == OfferState.HELD:
            offers.append(msgspec.structs.replace(unit.offer, state=OfferState.OPEN, hours=hours))
        elif unit.name in there and (stage == NOT_OFFERED or (again and stage in _ONCE_MORE)):
            bundle = bundle_for(unit, roll_out.bundles)
            if bundle is None:
                passed_over.append(unit.name)
                continue
            what = (bundle.version, bundle.compatible, bundle.digest, bundle.size)
            offers.append(Offered(unit.name, number, OfferState.OPEN, *what, hours))
    return Plan(tuple(offers), tuple(passed_over))


def bundle_for(unit: UnitSeen, bundles: Sequence[Bundle]) -> Bundle | None:
    """Return the bundle for a unit's board and kind; one that never said what it is gets the only one there is.

    The unit itself refuses what is not for it.
    """
    if not unit.compatible:
        return bundles[0] if len(bundles) == 1 else None
    return next((bundle for bundle in bundles if bundle.compatible == unit.compatible), None)


def changed(version: str, units: Iterable[UnitSeen], state: OfferState) -> list[Offered]:
    """Return what is said to those who have a version before them and have not begun it: it is held, or taken back."""
    return [
        msgspec.structs.replace(unit.offer, state=state)
        for unit in units
        if unit.offer and unit.stage(version) in _NOT_BEGUN and unit.offer.state is not state
    ]


def ring_of(unit: str, rings: Mapping[int, RingSet]) -> int | None:
    """Return the first ring that a unit is in; None for one that is in none."""
    return next((one for one in sorted(rings) if rings[one].everybody or unit in rings[one].units), None)


def _withdrawn(version: str) -> Trouble:
    return Trouble(
        "withdrawn",
        ja=f"版 {version} は取り下げられています。新しい版を作ってください",
        en=f"version {version} was withdrawn; build a newer one",
    )


def _empty(number: int) -> Trouble:
    return Trouble(
        "empty",
        ja=f"組 {number} には端末がありません(machi central update ring)",
        en=f"nobody is in ring {number}; say who: machi central update ring",
    )


def _stopped(version: str, units: Sequence[UnitSeen]) -> Trouble:
    ja, en = (", ".join(f"{unit.name} ({words(unit.why(version))[at]})" for unit in units) for at in (0, 1))
    return Trouble(
        "went-back",
        ja=f"前のシステムに戻った端末があります: {ja}。理由を直してから、"
        "その組に --again でもう一度出すか、組から外してください",
        en=f"these went back: {en}. See to the reason and offer it to their ring once more with --again, or take"
        " them out of the ring",
    )


def _out_of_turn(before: int) -> Trouble:
    return Trouble(
        "order",
        ja=f"先に組 {before} に出してください",
        en=f"ring {before} comes first",
    )


def _untried(before: int) -> Trouble:
    return Trouble(
        "untried",
        ja=f"組 {before} で新しいシステムを残した端末が、まだありません",
        en=f"nobody in ring {before} has kept it yet",
    )
