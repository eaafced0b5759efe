"""The port that a program fills at a unit: what happens when a card is held there.

A counter is brought by a program (`programs/<name>/terminal.py`, value `COUNTERS`); the office names the one that a
unit serves. Deciding is the program's rules, pure; a counter adds what a unit needs around them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Protocol

import msgspec

from appliance.papers import Papers
from sync import installed
from sync.entries import Entry, Fact
from sync.program import Answers, Decision, Fold, Moment, Program, Wish


class Told(msgspec.Struct, frozen=True):
    """Something that the centre has decided elsewhere, and that is to be said at this counter.

    Attributes:
        setting: which setting of the counter is settled by it (`TapPath.wish_name`); "" for none.
        decision: what is said if the counter is set to that now.
        later: what is said otherwise, once the counter is set to nothing; its words may mention `time`.
    """

    setting: str
    decision: Decision
    later: Decision


class Counter(Protocol):
    """One way in which a unit serves."""

    @property
    def program(self) -> Program[Any]:
        """The rules by which it decides."""

    @property
    def wishes(self) -> tuple[str, ...]:
        """What it can be set to before a card comes; nothing, if a card is all that it needs."""

    @property
    def page(self) -> str:
        """Where the page of its screen is, if it can be set to something; `screens` says which there are."""

    @property
    def acts(self) -> tuple[str, ...]:
        """What can be done behind it without a card; nothing, if its program has no such acts."""

    @property
    def spends(self) -> bool:
        """Whether it uses rights; then it is closed as long as this unit's journal may be shorter than it was."""

    @property
    def papers(self) -> Papers | None:
        """What it gives out on paper or as a code; None if it does not."""

    def steps(self, wish: Wish, card: str, value: int, unit: str, life: int, state: Callable[[str, str], Any]) -> int:
        """Return how often a card is to raise its counter for a wish, which stands at `value` after the first time."""

    def for_practice(self, state: Callable[[str, str], Any]) -> Sequence[Fact]:
        """Return what a practice has to be told, by the states of this unit (reader and key)."""

    def practice_money(self, card: str, unit: str, life: int) -> Sequence[Fact]:
        """Return what gives a card something to spend in a practice; nothing, if nothing is spent here."""

    def recorded(self, entry: Entry) -> Decision | None:
        """Say what happened in an entry that was written but perhaps never announced; None if it is not ours."""

    def told(self, entry: Entry) -> Told | None:
        """Return what is to be said here of an entry of the centre for this unit alone; None for nothing."""

    def sheet(self, states: Sequence[Any], moment: Moment, waiting: Sequence[Fact]) -> Any:
        """Return what the person behind the counter reads there, made of what JSON can hold; None for nothing.

        Args:
            states: those that decide its program's acts, in their order.
            waiting: what the centre has not heard yet, in order.
        """


class CardOnly:
    """What a counter inherits that needs a card and nothing else: it is set to nothing, spends and prints nothing."""

    wishes: tuple[str, ...] = ()
    page: str = "/"
    acts: tuple[str, ...] = ()
    spends: bool = False
    papers: Papers | None = None

    def steps(self, *_asked: Any) -> int:
        return 1

    def for_practice(self, _state: Callable[[str, str], Any]) -> Sequence[Fact]:
        return ()

    def practice_money(self, _card: str, _unit: str, _life: int) -> Sequence[Fact]:
        return ()

    def told(self, _entry: Entry) -> Told | None:
        return None

    def sheet(self, _states: Sequence[Any], _moment: Moment, _waiting: Sequence[Fact]) -> Any:
        return None


def counters() -> Mapping[str, Counter]:
    """Return the counters of all installed programs, by the name that the office uses."""
    found: dict[str, Counter] = {}
    for program, module in installed.parts("terminal").items():
        for name, counter in module.COUNTERS.items():
            if name in found:
                raise ValueError(f'programs/{program} brings a counter "{name}" that another program has already')
            found[name] = counter
    return found


def _programs() -> tuple[Program[Any], ...]:
    return tuple({counter.program.name: counter.program for counter in counters().values()}.values())


def folds() -> tuple[Fold[Any], ...]:
    """Return the readers that a unit needs: the programs that serve or speak there with theirs, and that of rights."""
    serving, besides = _programs(), installed.besides()
    readers = (*(one.readers for one in serving), *(one.readers for one in besides))
    return (*serving, *besides, *(fold for some in readers for fold in some), installed.rights_fold())


def answers() -> tuple[Answers, ...]:
    """Return what the programs that serve at a counter say to what a unit hears of the centre."""
    return tuple(program.answers for program in _programs())


def pays_in_town(state: Callable[[str, str], Any]) -> bool:
    """Tell whether the town's journal has ever moved money of any of them, by a unit's states."""
    return any(program.pays_in_town(state) for program in _programs())


def screens() -> Iterator[tuple[str, Traversable]]:
    """Return the files of the programs' folders `screen/`, with where a unit serves them: `/<program>/<file>`."""
    for name in installed.with_part("terminal"):
        folder = files(f"programs.{name}") / "screen"
        if folder.is_dir():
            yield from ((f"/{name}/{file.name}", file) for file in folder.iterdir() if file.is_file())


def words_folders() -> tuple[Traversable, ...]:
    """Return the folders in which the words of the core and of the counters' programs are kept."""
    programs = (files(f"programs.{name}") for name in installed.parts("terminal"))
    return (files("appliance"), *programs)
