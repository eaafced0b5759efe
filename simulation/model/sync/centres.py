"""All moments of the centre, by number. What happens to it at a moment is run once, with the real code."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from central import incidents
from central.centre import Centre, assemble
from central.history import begin_history
from central.refusal import RefusedError
from drivers.clock.sim import MS
from drivers.clock.sim import Driver as Clock
from drivers.keystore.sim import Driver as Keystore
from simulation.centre import name_place, open_sim_centre
from simulation.model.sync.box import CARD, Dice
from simulation.model.sync.canonical import digest
from simulation.model.sync.centre import Held, fork, judge, look, put_in
from simulation.model.sync.messages import Answer, Ask, Fetch, Mail, Message, News, Post, Unknown
from simulation.road import STREAM_ENTRIES, Door
from simulation.unit import any_csr
from simulation.unit import enrol as let_in
from sync.facts import CardState
from sync.messages import (
    ONE_UNIT,
    Enrolment,
    Holdings,
    Why,
    is_stream,
    open_signed,
)
from sync.segment import join, pack
from sync.tree import ends_from_text

Led = tuple[int, tuple[int, ...]]  # the moment after it, and the messages that went out

_NOWHERE: Final = -1
_STATEMENT_MS: Final = 1000  # the centre's time goes on with what it says: of two statements the later one counts
_RESTORE_MS: Final = 3_600_000
_MONDAY_MS: Final = 1_795_395_600_000


@dataclass
class CentreParts:
    """What stands at the centre's door; `wrong` hands in something broken."""

    door: Callable[[Centre], Door] = lambda centre: centre.intake


class Centres:
    """Knows every moment of the centre, and what each led to."""

    def __init__(self, mail: Mail, places: tuple[str, ...]) -> None:
        self._mail = mail
        self._parts = CentreParts()
        self._clock = Clock()
        self._dice = Dice()
        founded = open_sim_centre(self._clock, "model")
        for place in places:
            name_place(founded, place)
        self._founded = founded
        self._csr = any_csr()
        self._numbers: dict[bytes, int] = {}
        self._led: dict[tuple[int, str, int], Led] = {}
        self._enrolments: dict[tuple[int, str], Enrolment] = {}
        self.moments: list[Held] = []
        self.runs = 0  # how often the real code was run
        self._at = self.first = self._number(look(Held(self._start(), {})))

    def give(self, number: int, message: int) -> Led:
        """Let a message arrive; what is refused changes nothing that matters."""
        return self._once(number, "message", lambda centre: self._take(centre, self._mail.messages[message]), message)

    def close(self, number: int, unit: str) -> int:
        """Let the office end the present life of a unit."""

        def close(centre: Centre) -> None:
            centre.enroller.close(unit, "lost")

        return self._once(number, f"close {unit}", close, ends=unit)[0]

    def enrol(self, number: int, unit: str, place: str) -> tuple[int, Enrolment]:
        """Let the office give a unit a new life; return also what the unit is given."""

        def enrol(centre: Centre) -> None:
            life = self.moments[number].lives.get(unit, (0, ""))[0] + 1
            keystore = Keystore(Keystore.Options(key_seed(unit, life)))
            self._enrolments[number, unit] = let_in(centre, unit, place, keystore, self._csr)

        after, _ = self._once(number, f"enrol {unit}", enrol, ends=unit)
        return after, self._enrolments[number, unit]

    def settle(self, number: int) -> int:
        """Let the office close the oldest incident that is open, if there is one."""

        def settle(centre: Centre) -> None:
            with centre.engine.begin() as connection:
                for row in incidents.open_ones(connection)[:1]:
                    incidents.close(connection, centre.streams, row["n"], "looked at", self._clock.wall_ms())

        return self._once(number, "settle", settle)[0]

    def say(self, number: int) -> int:
        """Let the office tell all units something: that the card is stopped."""
        return self._once(number, "say", lambda centre: centre.registrar.set_card(CARD, CardState.STOPPED))[0]

    def crash(self, number: int) -> int:
        """Let the process end without a word, and a fresh one run over the same database."""
        asked = number, "crash", _NOWHERE
        if asked not in self._led:
            held = replace(self._be_at(number), process=self._start())
            self._led[asked] = self._number(look(held)), ()
            self._at = self._led[asked][0]
        return self._led[asked][0]

    def restore(self, number: int, backup: int) -> int:
        """Put the centre back to how it was at another moment, as the manual says, and let a fresh process run it."""
        asked = number, "restore", backup
        if asked not in self._led:
            lost = self.moments[number]
            self._put(self.moments[backup])
            self._dice.throw_on(str(asked))
            begin_history(self._founded.engine, self._dice)
            held = replace(self.moments[backup], process=self._start(), restored=lost.restored + 1)
            self._at = self._number(look(held))
            self._led[asked] = self._at, ()
        return self._led[asked][0]

    def run(self, number: int) -> Held:
        """Return the centre as it is at a moment, running; use it before asking for anything else."""
        held = self._be_at(number)
        self._dice.throw_on(f"run {number}")
        self._at = _NOWHERE
        return held

    def door(self, held: Held) -> Door:
        """Return the door of a running centre."""
        return self._parts.door(held.process)

    def hand_in(self, parts: CentreParts) -> None:
        """Put something else at the door from now on."""
        self._parts = parts

    # ---- running it

    def _once(
        self, number: int, what: str, do: Callable[[Centre], Message | None], message: int = 0, ends: str = ""
    ) -> Led:
        asked = number, what, message
        if asked not in self._led:
            self._led[asked] = self._run(asked, do, ends)
        return self._led[asked]

    def _run(self, asked: tuple[int, str, int], do: Callable[[Centre], Message | None], ends: str) -> Led:
        """Do something at a moment, and look what became of it. `ends`: the unit whose life is over by it."""
        held = self._be_at(asked[0])
        self._dice.throw_on(str(asked))
        self.runs += 1
        answer = None
        try:
            answer = do(held.process)
        except Exception as error:  # noqa: BLE001 - whatever the centre raises is what the search looks for
            held = replace(held, trouble=f"the centre fails: {error!r}")
        if ends in held.lives:
            life = ends, held.lives[ends][0]
            held = replace(held, over={life: held.of_life(*life), **held.over})
        held = look(held)
        if isinstance(answer, Answer) and not held.trouble:
            held = replace(held, trouble=_unfounded(held, answer.holdings))
        self._at = self._number(held)
        return self._at, (self._mail.number(answer),) if answer else ()

    def _take(self, centre: Centre, message: Message) -> Message | None:
        """Let a message in; return the answer, if there is one that a unit can use."""
        door = self._parts.door(centre)
        try:
            if isinstance(message, Ask):
                raw = door.holdings(message.peer, message.report, message.nonce)
            elif isinstance(message, Post):
                raw = door.receive(message.peer, message.packed, message.fence, message.nonce)
            else:
                return _news(door, message)
        except RefusedError:
            return None
        return Answer(message.unit, message.life, raw, open_signed(raw, Holdings, centre.town.signer.public))

    def _start(self) -> Centre:
        """Start a process over the database."""
        one = self._founded
        return assemble(one.engine, one.town.signer, one.authority, b"", one.town_id, self._clock, self._dice)

    def _be_at(self, number: int) -> Held:
        """Let the database, the clock and the memory of a process be as they were at a moment."""
        held = self.moments[number]
        if self._at != number:
            self._put(held)
            self._at = number
        statements = sum(is_stream(row["writer"]) for row in held.rows["segment"])
        now = _MONDAY_MS + _STATEMENT_MS * statements + _RESTORE_MS * held.restored
        self._clock.jump((now - self._clock.wall_ms()) / MS)
        return replace(held, process=fork(held.process))

    def _put(self, held: Held) -> None:
        with self._founded.engine.begin() as connection:
            put_in(connection, held.rows)

    def _number(self, held: Held) -> int:
        """Return the number of a moment; one that cannot be told apart from it is the same."""
        known = digest(repr((held.form, sorted(held.over), held.trouble)).encode())
        if known not in self._numbers:
            self._numbers[known] = len(self.moments)
            self.moments.append(replace(held, trouble=held.trouble or judge(held)))
        return self._numbers[known]


def key_seed(unit: str, life: int) -> str:
    """Return from what the key of a unit grows in one of its lives."""
    return f"{unit}/{life}"


def _news(door: Door, message: Message) -> Message | None:
    if not isinstance(message, Fetch):
        raise TypeError(f"{message} does not go to the centre")
    name, ends = message.stream.removeprefix(ONE_UNIT), ends_from_text(message.since)
    try:
        segments = door.stream(message.peer, name, ends, STREAM_ENTRIES)
    except RefusedError as error:
        if error.problem.type != Why.UNKNOWN_HEAD:
            raise
        return Unknown(message.unit, message.life, message.stream, error.problem.heads)
    return News(message.unit, message.life, pack(join(segments))) if segments else None


def _unfounded(held: Held, holdings: Holdings) -> str:
    for head in holdings.heads:
        if not held.has_all_before(holdings.unit, head):
            return f"the centre says that it holds {holdings.unit}/{head.boot}/{head.seq}, and does not"
    return ""
