"""Each way to identify a card: APDUs, bytes, our own work, and what it would take with a real card's time.

The virtual card answers at once, so "ours" is our own work alone: encoding, checking signatures and certificates. The
totals add the air at that bit rate and the card's own time as the virtual card's model has it (`Timing` in
`drivers/card/sim/plan.py`): its times for signatures are guesses until somebody has measured a real card.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import msgspec

from bench.report import median, ms, row, title
from drivers.card import Trust, face, identify
from drivers.card.channel import Channel, Exchange
from drivers.card.memory import Memory
from drivers.card.service_pass import PassProfile
from drivers.card.sim.issue import make
from drivers.card.sim.others import VirtualCard
from drivers.card.sim.pass_applet import TERMINAL_KEY
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Plan, Timing

ROUNDS: Final = 50
NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
NONCE: Final = bytes(range(32))
BIRTH: Final = date(1985, 4, 1)
KBITS: Final = (106, 424)
FIRST_BYTES: Final = 112  # as a town with RSA sets it
_MS: Final = 1000


class Field:
    """A card in a reader that costs nothing, with a stopwatch on the card."""

    reader = "bench"
    command_max = 261

    def __init__(self, card: VirtualCard) -> None:
        self.atr = card.power_on()
        self.card_s = 0.0
        self._card = card

    def transmit(self, command: bytes) -> bytes:
        began = time.perf_counter()
        answer = self._card.transmit(command)
        self.card_s += time.perf_counter() - began
        return answer

    def close(self) -> None:
        self._card.power_off()


@dataclass(frozen=True)
class Way:
    """One way to identify a card. `known`: it has proven itself at this unit before."""

    name: str
    plan: Plan
    trust: Trust
    pin: str | None = None
    known: bool = False


def measure(folder: Path) -> None:
    title(f"Cards: {ROUNDS} of each; totals with the air and the card's own time as modelled")
    pki = TestPki(folder / "pki")
    for way in _ways(pki):
        _measure(way, pki)


def _ways(pki: TestPki) -> list[Way]:
    plan = Plan(pki=str(pki.folder), birth=BIRTH)
    no_pass = msgspec.structs.replace(plan, faults=frozenset({Fault.NO_PASS}))
    learned = face.enrol(Channel(Field(make(no_pass, pki))), BIRTH, pki.trust().cv_roots, NONCE)
    passes = pki.trust(("pass",))
    with_rsa = msgspec.structs.replace(plan, pass_key="rsa2048")  # noqa: S106 - a kind of key
    mutual, mutual_rsa = (msgspec.structs.replace(each, pass_mutual=True) for each in (plan, with_rsa))
    shows = replace(passes, pass_profile=PassProfile(terminal_key=TERMINAL_KEY), terminal=pki.terminal())
    return [
        Way("service pass", plan, passes),
        Way("service pass with RSA, first touch here", with_rsa, passes),
        Way("service pass with RSA, known here", with_rsa, _remembers(passes), known=True),
        Way("service pass, mutual", mutual, shows),
        Way("service pass, mutual, with RSA, known here", mutual_rsa, _remembers(shows), known=True),
        Way("enrolled face", no_pass, replace(pki.trust(("face",)), face_key={learned.index: learned.public_key}.get)),
        Way("JPKI with PIN, first touch here", plan, pki.trust(("jpki",)), plan.pin),
        Way("JPKI with PIN, known here", plan, _remembers(pki.trust(("jpki",))), plan.pin, known=True),
    ]


def _remembers(trust: Trust) -> Trust:
    """Return this trust with a memory, and a profile that makes use of it."""
    return replace(trust, pass_profile=replace(trust.pass_profile, first_bytes=FIRST_BYTES), memory=Memory())


def _measure(way: Way, pki: TestPki) -> None:
    steps, own = _identify(way, make(way.plan, pki))
    if way.known:
        steps, own = _identify(way, make(way.plan, pki))
    times = [own, *(_identify(way, make(way.plan, pki))[1] for _ in range(ROUNDS - 1))]
    sent, received = sum(step.sent_bytes for step in steps), sum(step.received_bytes for step in steps)
    ours = median(times)
    totals = (f"{ours * _MS + _card_ms(way, pki, kbit):.0f} ms at {kbit} kbit/s" for kbit in KBITS)
    row(way.name, f"{len(steps)} APDUs", f"{sent} + {received} bytes; ours {ms(ours)}; {', '.join(totals)}")


def _identify(way: Way, card: VirtualCard) -> tuple[list[Exchange], float]:
    """Identify a card; return what was said, and the seconds that were not the card's."""
    steps: list[Exchange] = []
    field = Field(card)
    began = time.perf_counter()
    identify(field, NONCE, way.trust, NOW, way.pin, trace=steps.append)
    took = time.perf_counter() - began
    return steps, took - field.card_s


def _card_ms(way: Way, pki: TestPki, kbit: int) -> float:
    """Return how long air and card would take by the model, in milliseconds; nobody waits for it."""
    waited: list[float] = []
    collect: Callable[[float], None] = waited.append
    plan = msgspec.structs.replace(way.plan, timing=Timing(kbit=kbit))
    _identify(way, make(plan, pki, collect))
    return sum(waited) * _MS
