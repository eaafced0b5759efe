"""What a unit knows of counters: what was told of a card, whether it has heard everything, and what it did itself."""

from typing import Final

import msgspec

from programs.coin.counter.facts import Seat, Told
from programs.coin.entries import CounterPay
from sync.entries import Entry
from sync.program import Fold
from sync.steps import Counted, Step, Stepped, Steps

TOLD_READER: Final = "coin-counter"
GATE_READER: Final = "coin-counter-gate"
SEAT_READER: Final = "coin-counter-seat"
OWN_READER: Final = "coin-counter-own"
GATE_KEY: Final = "town"
KEPT: Final = 32


class Known(msgspec.Struct, frozen=True):
    """What was told of a card last. `when`: (number, time by the centre, boot, seq), which orders what was told."""

    yen: int = 0
    step: int = 0
    unexplained: int = 0
    when: tuple[int, int, str, int] | None = None


class Gate(msgspec.Struct, frozen=True):
    """Up to which number all was heard that was told of any card; `beyond`: what was heard after a gap."""

    upto: int = 0
    beyond: tuple[int, ...] = ()


class Seated(msgspec.Struct, frozen=True):
    """Since which number this life of a unit may decide by counters, and how much a step stands for; -1: it may not."""

    since: int = -1
    step_yen: int = 0


class Own(msgspec.Struct, frozen=True):
    """One touch of a card at this unit: its first step, how many there were, and what was paid by it."""

    first: int
    steps: int
    yen: int


class Touches(msgspec.Struct, frozen=True):
    """The last touches of a card at this unit: of those before them it knows no more than of others'."""

    last: tuple[Own, ...] = ()


def own_key(unit: str, card: str) -> str:
    return f"{unit}/{card}"


def seat_key(unit: str, life: int) -> str:
    return f"{unit}/{life}"


def _tell(known: Known, entry: Entry) -> Known:
    fact = entry.fact
    if not isinstance(fact, Told):
        return known
    when = (fact.number, entry.at, entry.boot, entry.seq)
    if known.when and when < known.when:
        return known
    return Known(fact.yen, fact.step, fact.unexplained, when)


def passed(gate: Gate, number: int) -> Gate:
    """Return the gate after one number more was heard."""
    upto, beyond = gate.upto, {*gate.beyond, number}
    while upto + 1 in beyond:
        upto += 1
    return Gate(upto, tuple(sorted(one for one in beyond if one > upto)))


def _seat(seated: Seated, entry: Entry) -> Seated:
    fact = entry.fact
    if not isinstance(fact, Seat):
        return seated
    return max(seated, Seated(fact.since, fact.step_yen), key=lambda one: (one.since, one.step_yen))


def _note(touches: Touches, entry: Entry) -> Touches:
    fact = entry.fact
    if not isinstance(fact, Counted):
        return touches
    _, steps = fact.counted
    own = Own(steps.values[0], len(steps.made), fact.yen if isinstance(fact, CounterPay) else 0)
    return Touches((*touches.last, own)[-KEPT:])


def _key_of_touch(entry: Entry) -> str:
    return own_key(entry.unit, entry.fact.counted[0]) if isinstance(entry.fact, Counted) else ""


_CARD: Final = "0a" * 16
_STEPS: Final = Steps("0c" * 32, 1_280, (Step(8, 1, "A" * 86 + "=="),))
_TOLD: Final = Told(3, _CARD, 5_000, 8_000, 1_500, 7, 1, 5)

TOLD: Final[Fold[Known]] = Fold(
    name=TOLD_READER,
    kinds=(Told,),
    state=Known,
    empty=Known(),
    key=lambda entry: entry.fact.card if isinstance(entry.fact, Told) else "",
    fold=_tell,
    samples=(_TOLD,),
)

GATE: Final[Fold[Gate]] = Fold(
    name=GATE_READER,
    kinds=(Told,),
    state=Gate,
    empty=Gate(),
    key=lambda _: GATE_KEY,
    fold=lambda gate, entry: passed(gate, entry.fact.number) if isinstance(entry.fact, Told) else gate,
    samples=(_TOLD,),
)

SEAT: Final[Fold[Seated]] = Fold(
    name=SEAT_READER,
    kinds=(Seat,),
    state=Seated,
    empty=Seated(),
    key=lambda entry: seat_key(entry.fact.to, entry.fact.life) if isinstance(entry.fact, Seat) else "",
    fold=_seat,
    samples=(Seat("lib01", 1, 3, 3_000),),
)

OWN: Final[Fold[Touches]] = Fold(
    name=OWN_READER,
    kinds=(CounterPay, Stepped),
    state=Touches,
    empty=Touches(),
    key=_key_of_touch,
    fold=_note,
    samples=(
        CounterPay(1, _CARD, 1_280, "fish", 20_780, "card", 120, steps=_STEPS),
        Stepped(_CARD, _STEPS),
    ),
    safe=lambda touches: len(touches.last) <= KEPT,
)

READERS: Final = (TOLD, GATE, SEAT, OWN)
