"""One box: the real daemon's parts over a simulated disk, at every moment that it was ever in.

A moment is kept as what a disk held at a start and what came in since; to be there again, the box is started from that
disk and everything comes in once more. What the same thing does at the same moment is tried once and remembered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import msgspec

from appliance.counter import words_folders
from appliance.feedback import Feedback
from appliance.inbox import StrangeError
from appliance.opening import World
from appliance.unit import Unit, assemble
from appliance.words import load
from central.peers import Peer
from drivers.card import Trust
from drivers.clock.sim import Driver as Clock
from drivers.disk.sim import Driver as Disk
from drivers.entropy.sim import Driver as Entropy
from drivers.keystore.sim import Driver as Keystore
from drivers.light.sim import Driver as Light
from drivers.monotonic import Monotonic
from drivers.monotonic.none import Driver as NoCounter
from drivers.monotonic.sim import Driver as Counter
from drivers.sound.sim import Driver as Sound
from programs.visits.entries import Touch
from simulation.model.sync.canonical import BLANK, Form, memory
from simulation.model.sync.messages import Answer, Ask, Fetch, Message, News, Post, Unknown
from sync import installed
from sync.messages import Enrolment
from sync.segment import split, unpack

REGISTER: Final = installed.register()
CARD: Final = "0a" * 16
_START_MS: Final = 60_000  # each start of a box is a minute after the one before
_MONDAY_MS: Final = 1_795_392_000_000
_UNREAD: Final = frozenset({"strange", "contact_ms", "_log_pages"})  # shown to people, or how long SQLite's log is
_WORDS: Final = load(*words_folders())

Files = Any  # a snapshot of the simulated disk, which only that disk can read


class Tampering(StrEnum):
    """What may happen to a disk besides power cuts."""

    NONE = "none"
    PUT_BACK = "put back"  # an older state of it was restored
    COPY = "copy"  # a copy of it was started in another box
    TWIN = "twin"  # the whole machine was copied while it ran


@dataclass(frozen=True)
class Owner:
    """Whose box it is: a unit in one of its lives. `name`: as it is told apart from other boxes of that unit."""

    name: str
    seed: str
    enrolment: Enrolment
    has_counter: bool

    @property
    def unit(self) -> str:
        return self.enrolment.unit

    @property
    def life(self) -> int:
        return self.enrolment.epoch


class Input(msgspec.Struct, frozen=True):
    """What comes into a running box: "touch", "ask", "message", the name of a stream to fetch; or "waken" elsewhere."""

    what: str
    message: Message | None = None


@dataclass(frozen=True, eq=False)
class Moment:
    """A box as it is, and what is known of it besides.

    Attributes:
        files, counter: the disk and the counter outside it as they were at the last start; None: it has no counter.
        starts: how often it was started.
        dice: the seed of the dice that it throws since the last start.
        inputs: what came in since.
        tampering: what happened to its disk, if anything; nobody in the town knows.
        written: every entry that this box ever wrote, by boot and number, with its hash.
        heard: those of them for which somebody heard a beep.
        counted: where the counter stands now.
        lacks: something that somebody heard is not on its disk.
        frozen: the unit itself says that its journal is shorter than it was.
        closed: the unit serves nobody.
        form: what tells it apart from other moments.
        trouble: what no box may do, in words, or "".
    """

    owner: Owner
    files: Files
    counter: int | None
    starts: int = 1
    dice: str = ""
    inputs: tuple[Input, ...] = ()
    tampering: Tampering = Tampering.NONE
    written: Mapping[tuple[str, int], str] = field(default_factory=dict)
    heard: frozenset[tuple[str, int]] = frozenset()
    counted: int | None = None
    lacks: bool = False
    frozen: bool = False
    closed: bool = False
    form: Form = BLANK
    trouble: str = ""


class Dice:
    """Dice that throw the same for the same seed, and that can be told to throw on from another one."""

    def __init__(self, seed: str = "") -> None:
        self.throw_on(seed)

    def throw_on(self, seed: str) -> None:
        self._entropy = Entropy(Entropy.Options(seed))

    def bytes(self, count: int) -> bytes:
        return self._entropy.bytes(count)


@dataclass
class BoxParts:
    """What a box is made of; `wrong` hands in something broken."""

    counter: Callable[[int], Monotonic] = lambda value: Counter(Counter.Options(value))
    dice: Callable[[str], Dice] = Dice
    unit: Callable[[Unit], Unit] = lambda unit: unit


class Running:
    """A box with its power on."""

    def __init__(self, moment: Moment, parts: BoxParts) -> None:
        owner = moment.owner
        self.disk = Disk()
        self.disk.restore(moment.files)
        self.counter = parts.counter(moment.counter) if moment.counter is not None else NoCounter()
        self._dice = parts.dice(moment.dice)
        self._clock = Clock(Clock.Options(wall_ms=_MONDAY_MS + moment.starts * _START_MS))
        keystore = Keystore(Keystore.Options(owner.seed))
        world = World(self.disk, keystore, self._clock, self._dice, self.counter)
        feedback = Feedback(Light(), Sound(), _WORDS, lambda _shown: None)
        self.unit = parts.unit(assemble(world, owner.enrolment, Trust(order=("pass",)), feedback))
        self.public = keystore.public
        self._name = owner.name
        self._life = owner.life
        self.peer = Peer(owner.unit, owner.life)
        for one in moment.inputs:
            self.give(one)

    def give(self, one: Input) -> list[Message]:
        """Let something come in; return what goes out."""
        try:
            return self._give(one)
        except StrangeError:
            return []  # refused, and nothing changed

    def _give(self, one: Input) -> list[Message]:
        hatch, message = self.unit.hatch, one.message
        if one.what == "touch":
            self._touch()
        elif one.what == "ask":
            question = hatch.question()
            return [Ask(question.unit, self._life, question.nonce, question.report)]
        elif one.what == "waken":
            self._dice.throw_on(self._name)
            self._clock.advance(1)
        elif isinstance(message, Answer):
            return self._post(hatch.answer(message.raw))
        elif isinstance(message, Unknown):
            return self._post(hatch.give_back(message.stream, message.heads))
        elif isinstance(message, News):
            for part in split(unpack(message.packed)):
                hatch.take(part)
        else:
            return [Fetch(self.unit.name, self._life, one.what, hatch.since()[one.what])]
        return []

    def _touch(self) -> None:
        """Serve the card as the tap path does: commit, raise the counter, and only then say so."""
        opened = self.unit.opened
        here = self.unit.directory.here()
        touch = Touch(card=CARD, place=here.place if here else "nowhere", day=20_780, proof="card")
        opened.counted.raise_to(opened.journal.append([touch])[-1].entry.seq)

    def _post(self, packed: bytes | None) -> list[Message]:
        if packed is None:
            return []
        question = self.unit.hatch.question()
        return [Post(question.unit, self._life, packed, question.fence, question.nonce)]

    def entries(self) -> dict[tuple[str, int], str]:
        """Return what is in the journal: hashes by place."""
        sql = "SELECT boot, seq, hash FROM entry ORDER BY boot, seq"
        return {(boot, seq): raw.hex() for boot, seq, raw in self.unit.opened.journal.select(sql)}

    def text(self) -> str:
        """Return the disk and the memory in words: boots in the order in which they were begun."""
        select = self.unit.opened.journal.select
        lines: list[object] = []
        for one in self.unit.opened.history.boots:
            sql = "SELECT boot, seq, body, hex(hash), sig IS NULL FROM entry WHERE boot = ? ORDER BY seq"
            lines += select(sql, one.boot)
        lines += select("SELECT boot, seq FROM head")
        lines += select("SELECT writer, boot, seq, body, hex(hash), sig IS NULL FROM stream ORDER BY n")
        lines += select("SELECT name, value FROM note ORDER BY name")
        return f"{lines}{self.counter.read()}{memory(self.unit.hatch, _UNREAD)}".lower()

    def image(self) -> tuple[Files, int | None]:
        """Return what is left when the power goes."""
        return self.disk.snapshot(), self.counter.read()

    def off(self) -> None:
        """Take the power away."""
        self.disk.cut()
        self.unit.opened.journal.connection.close(True)  # noqa: FBT003 - apsw's own argument: whatever it says
