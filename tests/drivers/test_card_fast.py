"""The fast path: a card that is known is identified and proven in at most four commands and 700 bytes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from drivers.card import PassProfile, Proof, Trust, face, identify
from drivers.card.air import air_ms
from drivers.card.channel import Channel, Exchange
from drivers.card.service_pass import PassMemory
from drivers.card.sim.issue import make
from drivers.card.sim.pass_applet import TERMINAL_KEY
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Kind, Plan, Timing
from drivers.clock.sim import Driver as Clock
from drivers.reader import CardCame, Event, Field, sim

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NONCE = bytes(range(32))
APDUS_MAX, BYTES_MAX = 4, 700
Lay = Callable[..., Field]


def town(pki: TestPki, lay: Lay, plan: Plan) -> Trust:
    """Return a unit that knows the card of this plan: enrolled, and touched once before."""
    order = {Kind.SUN_TAG: ("sun",), Kind.TAG: ("type_a",), Kind.TRANSIT: ("felica",)}.get(plan.kind, ("pass",))
    if Fault.NO_PASS in plan.faults:
        learned = face.enrol(Channel(lay(make(plan, pki))), date(1985, 4, 1), pki.trust().cv_roots, NONCE)
        return replace(pki.trust(("face",)), face_key={learned.index: learned.public_key}.get)
    first_bytes = 64 if plan.pass_key == "rsa2048" else 256  # noqa: S105
    profile = PassProfile(terminal_key=TERMINAL_KEY if plan.pass_mutual else None, first_bytes=first_bytes)
    terminal = pki.terminal() if plan.pass_mutual else None
    trust = replace(pki.trust(order), pass_profile=profile, terminal=terminal, pass_memory=PassMemory())
    identify(lay(make(plan, pki)), NONCE, trust, NOW)
    return trust


PROFILES = {  # what it costs, measured: commands and bytes
    "pass": (Plan(), 3, 349),
    "pass, RSA": (Plan(pass_key="rsa2048"), 3, 384),  # noqa: S106
    "pass, mutual": (Plan(pass_mutual=True), 4, 582),
    "pass, mutual, RSA": (Plan(pass_mutual=True, pass_key="rsa2048"), 4, 617),  # noqa: S106
    "face": (Plan(faults=frozenset({Fault.NO_PASS})), 4, 386),
    "sun": (Plan(kind=Kind.SUN_TAG), 3, 116),
    "felica": (Plan(kind=Kind.TRANSIT), 1, 15),
    "type_a": (Plan(kind=Kind.TAG), 1, 14),
}


@pytest.mark.parametrize("name", PROFILES)
def test_a_known_card_costs_little(pki: TestPki, lay: Lay, name: str) -> None:
    plan, apdus, count = PROFILES[name]
    trust = town(pki, lay, plan)
    steps: list[Exchange] = []
    presented = identify(lay(make(plan, pki)), NONCE, trust, NOW, trace=steps.append)
    assert presented.proof is (Proof.CARD if plan.kind is Kind.MY_NUMBER else presented.proof)
    assert len(steps) <= APDUS_MAX
    total = sum(step.sent_bytes + step.received_bytes for step in steps)
    assert (len(steps), total) == (apdus, count)
    assert total <= BYTES_MAX


def test_a_pass_before_the_face_costs_one_command_more(pki: TestPki, lay: Lay) -> None:
    plan = Plan(faults=frozenset({Fault.NO_PASS}))
    trust = replace(town(pki, lay, plan), order=("pass", "face", "jpki"))
    steps: list[Exchange] = []
    assert identify(lay(make(plan, pki)), NONCE, trust, NOW, trace=steps.append).profile == "face"
    assert len(steps) == APDUS_MAX + 1


@pytest.mark.parametrize(("kbit", "least", "most"), [(106, 80, 120), (212, 60, 100), (424, 55, 90)])
def test_a_touch_in_the_time_of_a_real_card(pki: TestPki, kbit: int, least: int, most: int) -> None:
    """With the guessed times of the timing model; a change of the walk that makes it slower is seen here."""
    plan, clock = Plan(timing=Timing(kbit=kbit)), Clock()
    events: list[Event] = []
    reader = sim.Driver(clock=clock)
    reader.start(events.append)
    reader.present(make(plan, pki, wait=clock.sleep))
    came = events[-1]
    assert isinstance(came, CardCame)
    begun = clock.mono()
    identify(came.field, NONCE, pki.trust(("pass",)), NOW, mono=clock.mono)
    assert least <= (clock.mono() - begun) * 1000 <= most


def test_bytes_take_their_time_in_the_air() -> None:
    """1,583 bytes, a certificate, at 106 kbit/s: 150 ms for the bits alone, and something for each frame."""
    assert 150 < air_ms(1583) < 165
    assert air_ms(1583, kbit=212) == pytest.approx(air_ms(1583) / 2)
    assert air_ms(1583, frame=64) > air_ms(1583)
