"""Steps that can be taken again: each first looks whether it is so already, says what it did, and stays done."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

import msgspec

from device.errors import DeviceError

Work = TypeVar("Work")

_WIDTH: Final = 44


class State(StrEnum):
    """How a step ended. Only FAIL and STOP need a person."""

    OK = "OK"  # done now
    SO = "SO"  # it was so already, and was left
    WARN = "WARN"  # done, and somebody should know something about it
    FAIL = "FAIL"  # it does not work; the steps behind it do not need it
    STOP = "STOP"  # it does not work, and the steps behind it need it
    PLAN = "PLAN"  # would be done


class Outcome(msgspec.Struct, frozen=True):
    """What a step came to, in both languages, and what a person does about it."""

    state: State
    ja: str = ""
    en: str = ""
    do_ja: str = ""
    do_en: str = ""


@dataclass(frozen=True)
class Step(Generic[Work]):
    """One step.

    Attributes:
        name: in the JSON.
        so: returns what is so already, or None if there is something to do. It changes nothing.
        do: does it.
    """

    name: str
    ja: str
    en: str
    so: Callable[[Work], Outcome | None]
    do: Callable[[Work], Outcome]


def never_so(_work: object) -> Outcome | None:
    """Tell that there is always something to do: to look anew costs nothing."""
    return None


def nothing(_work: object) -> Outcome:
    """Do nothing: that it is so was the step."""
    return Outcome(State.OK)


class Taken(msgspec.Struct, frozen=True):
    """A step and its outcome. `code`: the exit code, if it stopped everything."""

    step: str
    outcome: Outcome
    code: int = 0


def take(steps: Sequence[Step[Work]], work: Work, say: Callable[[str], None], *, dry: bool = False) -> list[Taken]:
    """Take one step after the other, and say each as it ends; one that stops is the last.

    Args:
        dry: change nothing, and say what would be done.
    """
    taken: list[Taken] = []
    for number, step in enumerate(steps, 1):
        code = 0
        try:
            outcome = step.so(work)
            if outcome is None:
                outcome = Outcome(State.PLAN) if dry else step.do(work)
        except DeviceError as error:
            code = int(error.code)
            outcome = Outcome(State.STOP, error.ja, error.en, error.do_ja, error.do_en)
        taken.append(Taken(step.name, outcome, code))
        for line in lines(f"[{number}/{len(steps)}] {step.ja} {step.en}", outcome):
            say(line)
        if outcome.state is State.STOP:
            break
    return taken


def lines(title: str, outcome: Outcome) -> list[str]:
    """Put an outcome into lines for a terminal, Japanese first, English below it."""
    dots = "." * max(3, _WIDTH - _columns(title))
    out = [f"{title} {dots} {outcome.state:<4} {outcome.ja}".rstrip()]
    indent = " " * 6
    if outcome.en and outcome.en != outcome.ja:
        out.append(f"{indent}{outcome.en}")
    if outcome.do_ja:
        out += [f"{indent}> {outcome.do_ja}", f"{indent}> {outcome.do_en}"]
    return out


def _columns(text: str) -> int:
    """Return how wide a terminal draws a text: Japanese signs take two columns."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
