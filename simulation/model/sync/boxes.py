"""All moments of all boxes, by number. What happens to a box at a moment is run once, with the real code."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from appliance.checkup import examine
from drivers.disk.sim import Driver as Disk
from simulation.model.sync.box import REGISTER, BoxParts, Input, Moment, Owner, Running, Tampering
from simulation.model.sync.canonical import digest, form
from simulation.model.sync.messages import Mail, Message
from sync.chain import PublicKey

NO_MESSAGE: Final = -1
_WARM_MAX: Final = 16
Led = tuple[int, tuple[int, ...]]  # the moment after it, and the messages that went out


class Boxes:
    """Knows every moment, and what each led to."""

    def __init__(self, mail: Mail, parts: BoxParts) -> None:
        self._mail = mail
        self._parts = parts
        self._numbers: dict[bytes, int] = {}
        self._led: dict[tuple[int, str, int], Led] = {}
        self.moments: list[Moment] = []
        self._warm: dict[int, Running] = {}  # boxes that are still running, by the moment that they are at
        self.runs = 0  # how often the real code was started

    def run(self, number: int) -> Running:
        """Return a box with its power on, at a moment; switch it off afterwards."""
        return self._run(self.moments[number])

    def begin(self, owner: Owner) -> int:
        """Start a new box with an empty disk."""
        counter = 0 if owner.has_counter else None
        return self._note(Moment(owner, Disk().snapshot(), counter, dice=f"{owner.name}/1"))[0]

    def give(self, number: int, what: str, message: int = NO_MESSAGE) -> Led:
        """Let something come in.

        Args:
            what: "touch", "ask", "message", or the stream to fetch.
        """
        brought = None if message == NO_MESSAGE else self._mail.messages[message]
        return self._once(
            (number, what, message), lambda: self._note(self.moments[number], Input(what, brought), number)
        )

    def restart(self, number: int) -> int:
        """Take the power away and give it back."""
        return self._once((number, "restart", NO_MESSAGE), lambda: self._start(self.moments[number], number))[0]

    def put_back(self, number: int, kept: int) -> int:
        """Put the disk back to how it was at another moment, and start; the counter outside it stays as it is."""
        moment = replace(self.moments[number], tampering=Tampering.PUT_BACK)
        return self._once((number, "put back", kept), lambda: self._start(moment, kept))[0]

    def copy(self, kept: int, name: str) -> int:
        """Start a copy of a disk in another box, which has no counter."""
        moment = self.moments[kept]
        owner = replace(moment.owner, name=name, has_counter=False)
        fresh = replace(moment, owner=owner, counted=None, heard=frozenset(), tampering=Tampering.COPY)
        return self._once((kept, "copy", NO_MESSAGE), lambda: self._start(fresh, kept))[0]

    def twin(self, number: int, name: str) -> int:
        """Let a second box wake up in the very state of the first, as a resumed image of a running machine does."""
        moment = self.moments[number]
        owner = replace(moment.owner, name=name)
        fresh = replace(moment, owner=owner, heard=frozenset(), tampering=Tampering.TWIN)
        return self._once((number, "twin", NO_MESSAGE), lambda: self._note(fresh, Input("waken")))[0]

    def _once(self, asked: tuple[int, str, int], do: Callable[[], Led]) -> Led:
        if asked not in self._led:
            self._led[asked] = do()
        return self._led[asked]

    def _run(self, moment: Moment) -> Running:
        self.runs += 1
        return Running(moment, self._parts)

    def _start(self, moment: Moment, disk_of: int) -> Led:
        """Start a box from the disk that there was at a moment."""
        running = self._warm.pop(disk_of, None) or self.run(disk_of)
        files = running.disk.snapshot()
        running.off()
        starts = moment.starts + 1
        dice = f"{moment.owner.name}/{starts}"
        return self._note(replace(moment, files=files, counter=moment.counted, starts=starts, dice=dice, inputs=()))

    def _note(self, moment: Moment, one: Input | None = None, number: int = NO_MESSAGE) -> Led:
        """Let a box live up to a moment, let something more come in, and look what became of it.

        Args:
            number: of the moment, if it has one; a box that is still running there is used.
        """
        try:
            running = self._warm.pop(number, None) or self._run(moment)
        except Exception as error:  # noqa: BLE001 - whatever a start raises is what the search looks for
            return self._number(replace(moment, trouble=f"{moment.owner.name} does not start: {error!r}")), ()
        sent: list[Message] = []
        if one:
            moment = replace(moment, inputs=(*moment.inputs, one))
            try:
                sent = running.give(one)
            except Exception as error:  # noqa: BLE001 - the same
                moment = replace(moment, trouble=f"{moment.owner.name} fails: {error!r}")
        after = self._number(_look(moment, running, heard=one is not None and one.what == "touch"), running)
        self._keep(after, running)
        return after, tuple(self._mail.number(message) for message in sent)

    def _keep(self, number: int, running: Running) -> None:
        """Let a box run on for a while: what comes next often comes to the same moment, and changes nothing."""
        for cold in [number] if number in self._warm else list(self._warm)[: len(self._warm) + 1 - _WARM_MAX]:
            self._warm.pop(cold).off()
        self._warm[number] = running

    def _number(self, moment: Moment, running: Running | None = None) -> int:
        """Return the number of a moment; one that cannot be told apart from it is the same."""
        known = digest(repr((moment.owner.name, moment.starts, moment.tampering, moment.form, moment.trouble)).encode())
        if known not in self._numbers:
            self._numbers[known] = len(self.moments)
            trouble = moment.trouble or (_wrong(moment, running) if running else "")
            self.moments.append(replace(moment, trouble=trouble))
        return self._numbers[known]


def _look(moment: Moment, running: Running, *, heard: bool) -> Moment:
    """Note what a running box is like."""
    entries = running.entries()
    tip = running.unit.opened.journal.tip
    said = moment.heard | {(tip.boot, tip.seq)} if heard and tip else moment.heard
    written = {**moment.written, **entries}
    return replace(
        moment,
        written=written,
        heard=said,
        counted=running.counter.read(),
        lacks=not said <= entries.keys(),
        frozen=bool(running.unit.hatch.standing.frozen),
        closed=running.unit.tap.closed() is not None,
        form=form(f"{running.text()} {sorted(written.items() - entries.items())} {sorted(said)}"),
    )


def _wrong(moment: Moment, running: Running) -> str:
    """Return what no box may do, in words, or ""."""
    try:
        examine(running.unit.opened.journal.connection, REGISTER, PublicKey(running.public), every_seal=True)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a journal is what the search looks for
        return f"the journal of {moment.owner.name} is not whole: {error!r}"
    return ""
