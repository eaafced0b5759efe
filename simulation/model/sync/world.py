"""Two units, the centre and what is between them, as something to be searched: every order of what may happen."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from simulation.model.sync import laws
from simulation.model.sync.box import BoxParts, Owner
from simulation.model.sync.boxes import Boxes
from simulation.model.sync.canonical import key
from simulation.model.sync.centres import CentreParts, Centres, key_seed
from simulation.model.sync.liveness import left_behind
from simulation.model.sync.messages import Mail
from sync.messages import ONE_UNIT, TOWN_STREAM

UNITS: Final = (("lib01", "library"), ("bus01", "bus"))  # the first has a counter outside its disk
_FIRST: Final = 0  # the box whose disk is copied and put back, and whose unit gets another life


class Left(msgspec.Struct, frozen=True, gc=False):
    """How often something may still happen; a message that was sent may arrive any number of times.

    Attributes:
        asks: a unit asks what the centre holds.
        fetches: a unit asks for what the centre said.
        put_back: a disk is put back to how it was at the start of the search.
        copies: a copy of that disk is started in another box.
        twins: a machine is copied while it runs, and both run on.
        closings, lives: the office ends a life of a unit; it gives a unit another one.
        crashes: the centre's process ends and another one starts.
        restores: the centre is put back to how it was at the start of the search.
        settles: the office closes an incident.
        says: the office says something to all units.
    """

    touches: int = 0
    asks: int = 0
    fetches: int = 0
    restarts: int = 0
    put_back: int = 0
    copies: int = 0
    twins: int = 0
    closings: int = 0
    lives: int = 0
    crashes: int = 0
    restores: int = 0
    settles: int = 0
    says: int = 0


SCENARIOS: Final[Mapping[str, tuple[int, Left]]] = {
    "messages and power": (2, Left(touches=2, asks=2, restarts=1, crashes=1)),
    "news of the town": (2, Left(touches=1, asks=1, fetches=2, says=1)),
    "a disk put back": (2, Left(touches=1, asks=2, restarts=1, put_back=1, settles=1)),
    "a disk copied": (2, Left(touches=2, asks=2, copies=1)),
    "a machine woken twice": (2, Left(touches=2, asks=2, twins=1)),
    "another life": (2, Left(touches=1, asks=2, closings=1, lives=1)),
    "a restored centre": (2, Left(touches=2, asks=2, restores=1)),
    "a restored centre with news": (2, Left(touches=1, asks=1, fetches=1, says=1, restores=1)),
    "a disk put back, and a restored centre": (1, Left(touches=1, asks=2, put_back=1, restores=1)),
    "a disk put back, and a copy of it": (1, Left(touches=1, asks=2, put_back=1, copies=1)),
    "a copy and another life": (1, Left(touches=1, asks=2, copies=1, lives=1)),
}
"""How many units take part, and what may happen how often. Each can be searched to its end."""


class State(msgspec.Struct, frozen=True, gc=False):
    """Numbers of moments, of every box and of the centre, and of the messages that may still arrive.

    Attributes:
        bag: every message that was ever sent.
        kept, backup: the moments to which a disk and the centre may be put back.
    """

    boxes: tuple[int, ...]
    centre: int
    left: Left
    kept: int
    backup: int
    bag: frozenset[int] = frozenset()


Step = tuple[str, State]


class World:
    """What is searched. It begins in sync: both units have started, and one touch was delivered.

    Args:
        box, centre: what units and centre are made of; `wrong` hands in something broken.
        calm_every: of so many states one is followed through a calm day; 0: none.
        units: so many of them take part; others stand still.
    """

    def __init__(
        self,
        left: Left,
        box: BoxParts | None = None,
        centre: CentreParts | None = None,
        calm_every: int = 100,
        units: int = len(UNITS),
    ) -> None:
        self._left = left
        self._units = UNITS[:units]
        self._calm_every = calm_every
        self._visited = self._calm_days = 0
        self._keys: dict[State, bytes] = {}
        self.mail = Mail()
        self.boxes = Boxes(self.mail, box or BoxParts())
        self.centres = Centres(self.mail, tuple(place for _, place in UNITS))
        self._centre_parts = centre or CentreParts()

    def start(self) -> State:
        centre, boxes = self.centres.first, []
        for unit, place in self._units:
            centre, enrolment = self.centres.enrol(centre, unit, place)
            boxes.append(self.boxes.begin(Owner(unit, key_seed(unit, 1), enrolment, has_counter=unit == UNITS[0][0])))
        boxes[_FIRST], _ = self.boxes.give(boxes[_FIRST], "touch")
        for at, box in enumerate(boxes):
            boxes[at], centre = self._in_sync(box, centre)
        self.centres.hand_in(self._centre_parts)
        return State(tuple(boxes), centre, self._left, kept=boxes[_FIRST], backup=centre)

    def _in_sync(self, box: int, centre: int) -> tuple[int, int]:
        box, sent = self.boxes.give(box, "ask")
        while sent:
            centre, answers = self.centres.give(centre, *sent)
            box, sent = self.boxes.give(box, "message", *answers)
        return box, centre

    def reached(self) -> dict[str, int]:
        """Return how often rare things were met: a search that never meets them has tried nothing."""
        found: Counter[str] = Counter({"calm days": self._calm_days})
        found.update(f"centres with the incident {kind}" for one in self.centres.moments for _, kind in one.incidents)
        found.update("units that froze" for one in self.boxes.moments if one.frozen)
        found.update("units that knew that something is gone" for one in self.boxes.moments if one.lacks and one.frozen)
        found["messages"] = len(self.mail.messages)
        found["moments of units"] = len(self.boxes.moments)
        found["moments of the centre"] = len(self.centres.moments)
        found["runs of the real code"] = self.boxes.runs + self.centres.runs
        return dict(sorted(found.items()))

    # ---- what may happen

    def steps(self, state: State) -> Iterator[Step]:
        for at in range(len(state.boxes)):
            yield from self._serve(state, at)
        for message in sorted(state.bag):
            yield from self._arrive(state, message)
        yield from self._manage(state)
        yield from self._tamper(state)

    def _serve(self, state: State, at: int) -> Iterator[Step]:
        number, left = state.boxes[at], state.left
        moment = self.boxes.moments[number]
        name = moment.owner.name
        if left.touches and not moment.closed:
            after, _ = self.boxes.give(number, "touch")
            yield f"somebody touches at {name}", _with(state, at, after, "touches")
        if left.restarts:
            yield f"the power of {name} goes and comes back", _with(state, at, self.boxes.restart(number), "restarts")
        if left.asks:
            yield f"{name} asks what the centre holds", self._call(state, at, "ask", "asks")
        if left.fetches:
            for stream in (TOWN_STREAM, ONE_UNIT + moment.owner.unit):
                yield f"{name} asks what the centre said to {stream}", self._call(state, at, stream, "fetches")

    def _call(self, state: State, at: int, what: str, counted: str) -> State:
        """Let a unit call. The call reaches the centre at once, and may do so again; the answer may arrive.

        So there is no state in which a first call is still on its way. None is missed: a call changes nothing there.
        """
        after, sent = self.boxes.give(state.boxes[at], what)
        centre, answers = self.centres.give(state.centre, *sent)
        if centre != state.centre:
            raise AssertionError(f"{what} changes the centre: let it arrive by a step of its own")
        return replace(_with(state, at, after, counted), bag=state.bag.union(sent, answers))

    def _arrive(self, state: State, number: int) -> Iterator[Step]:
        message = self.mail.messages[number]
        if message.to_centre:
            centre, sent = self.centres.give(state.centre, number)
            yield f"{message} arrives", replace(state, centre=centre, bag=state.bag.union(sent))
            return
        for at, box in enumerate(state.boxes):
            owner = self.boxes.moments[box].owner
            if owner.unit == message.unit:
                after, sent = self.boxes.give(box, "message", number)
                yield f"{message} arrives at {owner.name}", replace(_with(state, at, after), bag=state.bag.union(sent))

    def _manage(self, state: State) -> Iterator[Step]:
        """What the office may do, and what may happen to the centre."""
        left, (unit, place) = state.left, UNITS[_FIRST]
        if left.closings:
            after = replace(state, centre=self.centres.close(state.centre, unit))
            yield f"the office closes {unit}", _fewer(after, "closings")
        if left.lives:
            centre, enrolment = self.centres.enrol(state.centre, unit, place)
            name, seed = f"{unit} in life {enrolment.epoch}", key_seed(unit, enrolment.epoch)
            box = self.boxes.begin(Owner(name, seed, enrolment, has_counter=True))
            yield f"{unit} gets another life", _fewer(replace(state, boxes=(*state.boxes, box), centre=centre), "lives")
        if left.settles:
            after = replace(state, centre=self.centres.settle(state.centre))
            yield "the office settles an incident", _fewer(after, "settles")
        if left.says:
            yield "the office stops a card", _fewer(replace(state, centre=self.centres.say(state.centre)), "says")
        if left.crashes:
            after = replace(state, centre=self.centres.crash(state.centre))
            yield "the centre's process dies and comes back", _fewer(after, "crashes")
        if left.restores:
            after = replace(state, centre=self.centres.restore(state.centre, state.backup))
            yield "the centre is restored from its backup", _fewer(after, "restores")

    def _tamper(self, state: State) -> Iterator[Step]:
        left, box = state.left, state.boxes[_FIRST]
        name = self.boxes.moments[box].owner.name
        if left.put_back:
            after = self.boxes.put_back(box, state.kept)
            yield f"the disk of {name} is put back", _with(state, _FIRST, after, "put_back")
        if left.copies:
            copy = self.boxes.copy(state.kept, f"the copy of {name}")
            yield f"a copy of the disk of {name} is started", _fewer(_and(state, copy), "copies")
        if left.twins:
            twin = self.boxes.twin(box, f"the twin of {name}")
            yield f"the very machine of {name} wakes up a second time", _fewer(_and(state, twin), "twins")

    # ---- telling states apart, and judging them

    def key(self, state: State) -> bytes:
        if state not in self._keys:
            moments = [self.boxes.moments[box] for box in state.boxes]
            parts = [moment.form for moment in moments] + [self.centres.moments[state.centre].form]
            if state.left.put_back or state.left.copies:
                parts.append(self.boxes.moments[state.kept].form)
            if state.left.restores:
                parts.append(self.centres.moments[state.backup].form)
            besides = msgspec.structs.astuple(state.left), [moment.tampering for moment in moments]
            self._keys[state] = key(parts, [self.mail.forms[message] for message in state.bag], besides)
        return self._keys[state]

    def broken(self, state: State) -> str:
        boxes = [self.boxes.moments[box] for box in state.boxes]
        found = laws.broken(
            boxes, self.centres.moments[state.centre], looked_at=state.left.settles < self._left.settles
        )
        self._visited += 1
        if found or not self._calm_every or self._visited % self._calm_every:
            return found
        self._calm_days += 1
        bag = [self.mail.messages[message] for message in sorted(state.bag)]
        return left_behind(self.boxes, state.boxes, self.centres, state.centre, bag)


def _with(state: State, at: int, box: int, counted: str = "") -> State:
    """Return the state with another moment of a box."""
    after = replace(state, boxes=(*state.boxes[:at], box, *state.boxes[at + 1 :]))
    return _fewer(after, counted) if counted else after


def _and(state: State, box: int) -> State:
    """Return the state with one box more."""
    return replace(state, boxes=(*state.boxes, box))


def _fewer(state: State, counted: str) -> State:
    """Note that something may happen once less from here on."""
    return replace(state, left=replace(state.left, **{counted: getattr(state.left, counted) - 1}))
