"""The fast path: a card that is known is identified and proven in at most four commands and 700 bytes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Literal

import pytest

from drivers.card import (
    ExpiredCardError,
    ForgedCardError,
    OtherCardError,
    PassProfile,
    PinWrongError,
    Proof,
    Trust,
    UnknownIssuerError,
    face,
    identify,
)
from drivers.card.air import air_ms
from drivers.card.channel import Channel, Exchange
from drivers.card.memory import Memory
from drivers.card.service_pass import credential
from drivers.card.service_pass.credential import Credential
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.issue import make
from drivers.card.sim.layout import Quirk, Transparent
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
    """Return a unit of the town: cards with a face are enrolled, nothing was touched yet."""
    order = {Kind.SUN_TAG: ("sun",), Kind.TAG: ("type_a",), Kind.TRANSIT: ("felica",)}.get(plan.kind, ("pass",))
    if Fault.NO_PASS in plan.faults:
        learned = face.enrol(Channel(lay(make(plan, pki))), date(1985, 4, 1), pki.trust().cv_roots, NONCE)
        return replace(pki.trust(("face",)), face_key={learned.index: learned.public_key}.get)
    first_bytes = 112 if plan.pass_key == "rsa2048" else 256  # noqa: S105
    profile = PassProfile(terminal_key=TERMINAL_KEY if plan.pass_mutual else None, first_bytes=first_bytes)
    terminal = pki.terminal() if plan.pass_mutual else None
    return replace(pki.trust(order), pass_profile=profile, terminal=terminal, memory=Memory())


def cost(pki: TestPki, lay: Lay, plan: Plan, trust: Trust, pin: str | None = None) -> tuple[int, int]:
    """Touch; return what it took: commands and bytes."""
    steps: list[Exchange] = []
    presented = identify(lay(make(plan, pki)), NONCE, trust, NOW, pin, trace=steps.append)
    expected = Proof.PIN if pin else Proof.CARD
    assert presented.proof is (expected if plan.kind is Kind.MY_NUMBER else presented.proof)
    return len(steps), sum(step.sent_bytes + step.received_bytes for step in steps)


RSA: Literal["rsa2048"] = "rsa2048"
PROFILES = {  # measured: commands and bytes, at the first touch at a unit, and at every later one
    "pass": (Plan(), (3, 266), (3, 266)),
    "pass, RSA": (Plan(pass_key=RSA), (4, 680), (3, 432)),
    "pass, mutual": (Plan(pass_mutual=True), (4, 499), (4, 499)),
    "face": (Plan(faults=frozenset({Fault.NO_PASS})), (4, 386), (4, 386)),
    "sun": (Plan(kind=Kind.SUN_TAG), (3, 116), (3, 116)),
    "felica": (Plan(kind=Kind.TRANSIT), (1, 15), (1, 15)),
    "type_a": (Plan(kind=Kind.TAG), (1, 14), (1, 14)),
}
SLOW_AT_FIRST = {
    "pass, mutual, RSA": (Plan(pass_mutual=True, pass_key=RSA), (5, 913), (4, 665)),
}


@pytest.mark.parametrize("name", PROFILES | SLOW_AT_FIRST)
def test_a_known_card_costs_little(pki: TestPki, lay: Lay, name: str) -> None:
    plan, first, later = (PROFILES | SLOW_AT_FIRST)[name]
    trust = town(pki, lay, plan)
    assert cost(pki, lay, plan, trust) == first
    assert [cost(pki, lay, plan, trust) for _ in range(2)] == [later, later]
    for apdus, count in (later,) if name in SLOW_AT_FIRST else (first, later):
        assert apdus <= APDUS_MAX
        assert count <= BYTES_MAX


@pytest.mark.parametrize("first_bytes", [112, 256])
def test_the_longest_credential_is_within_the_limits_at_its_first_touch(
    pki: TestPki, lay: Lay, first_bytes: int
) -> None:
    """With RSA, and as long an issuer's reference as there can be."""
    issuer = "TEST-" + "a" * 16 + ".12"
    card = make(Plan(pass_key=RSA), pki)
    assert isinstance(card, IsoCard)
    key = pki.keys.rsa(f"cards/{Plan().serial}/pass-rsa").public_key()
    said = Credential(issuer, bytes(range(16)), date(2024, 4, 1), date(2030, 3, 31), key)
    card.applications["pass"].files[1] = Transparent(credential.issue(said, pki.own.pass_key) + b"\xff" * 100)
    trust = replace(
        pki.trust(("pass",)),
        pass_issuers={issuer: pki.own.pass_key.public_key()},
        pass_profile=PassProfile(first_bytes=first_bytes),
        memory=Memory(),
    )
    steps: list[Exchange] = []
    assert identify(lay(card), NONCE, trust, NOW, trace=steps.append).issuer == issuer
    assert (len(steps), sum(step.sent_bytes + step.received_bytes for step in steps)) == (4, 693)


# ---------------------------------------------------------------------------------------------- with a PIN


def test_certificate_and_pin_are_no_fast_path_but_no_slower_than_they_must_be(pki: TestPki, lay: Lay) -> None:
    """Who is it, how many tries, the PIN, the signature: each is one command, behind and before a SELECT."""
    plan, trust = Plan(), replace(pki.trust(("jpki",)), memory=Memory())
    card = make(plan, pki)
    steps: list[Exchange] = []
    identify(lay(card), NONCE, trust, NOW, plan.pin, trace=steps.append)
    assert (len(steps), sum(step.sent_bytes + step.received_bytes for step in steps)) == (10, 1282)
    steps.clear()
    presented = identify(lay(card), NONCE, trust, NOW, plan.pin, trace=steps.append)
    assert (presented.profile, presented.proof) == ("jpki", Proof.PIN)
    assert [step.sent[:11] for step in steps] == [
        "00 A4 04 0C",  # SELECT the application
        "00 B0 8A 00",  # READ the beginning of the certificate: whose it is
        "00 20 00 98",  # VERIFY without a PIN: how many tries are left
        "00 20 00 98",  # VERIFY
        "80 2A 00 97",  # sign
        "00 A4 04 0C",  # SELECT: the card forgets the PIN
    ]
    assert sum(step.sent_bytes + step.received_bytes for step in steps) == 628


def test_a_known_certificate_is_checked_like_one_that_was_read(pki: TestPki, lay: Lay) -> None:
    plan, memory = Plan(), Memory()
    trust = replace(pki.trust(("jpki",)), memory=memory)
    identify(lay(make(plan, pki)), NONCE, trust, NOW, plan.pin)
    with pytest.raises(ForgedCardError):  # a copy of the certificate without the key
        identify(lay(make(Plan(faults=frozenset({Fault.WRONG_KEY})), pki)), NONCE, trust, NOW, plan.pin)
    with pytest.raises(ExpiredCardError):
        identify(lay(make(plan, pki)), NONCE, trust, datetime(2095, 1, 1, tzinfo=UTC), plan.pin)
    with pytest.raises(UnknownIssuerError):  # the authority was withdrawn
        identify(lay(make(plan, pki)), NONCE, replace(trust, jpki_authorities=()), NOW, plan.pin)
    with pytest.raises(PinWrongError):
        identify(lay(make(plan, pki)), NONCE, trust, NOW, "9999")


@pytest.mark.parametrize("quirk", Quirk)
def test_a_card_with_ways_of_its_own_is_known_again_too(pki: TestPki, lay: Lay, quirk: Quirk) -> None:
    plan, trust = Plan(quirks=frozenset({quirk})), replace(pki.trust(("jpki",)), memory=Memory())
    found = {identify(lay(make(plan, pki)), NONCE, trust, NOW, plan.pin).identifier for _ in range(3)}
    assert len(found) == 1


def test_only_a_card_that_has_proven_itself_is_remembered(pki: TestPki, lay: Lay) -> None:
    memory = Memory()
    trust = replace(pki.trust(("jpki",)), memory=memory, allow_certificate_only=True)
    forged = make(Plan(faults=frozenset({Fault.WRONG_KEY})), pki)
    for card, pin, error in ((forged, "1234", ForgedCardError), (make(Plan(), pki), "9999", PinWrongError)):
        with pytest.raises(error):
            identify(lay(card), NONCE, trust, NOW, pin)
    assert identify(lay(make(Plan(), pki)), NONCE, trust, NOW).proof is Proof.NONE
    assert memory._shown == {}


@pytest.mark.parametrize(("kind", "name"), [(Kind.OLD, "old_card"), (Kind.ANDROID, "phone"), (Kind.IPHONE, "phone")])
def test_what_is_no_card_is_named_and_sent_no_pin_though_a_memory_is_asked_first(
    pki: TestPki, lay: Lay, kind: Kind, name: str
) -> None:
    trust = replace(pki.trust(("jpki",)), memory=Memory())
    steps: list[Exchange] = []
    with pytest.raises(OtherCardError) as other:
        identify(lay(make(Plan(kind=kind), pki)), NONCE, trust, NOW, "1234", trace=steps.append)
    assert other.value.kind == name
    assert not any(step.sent.startswith("00 20") for step in steps)


def test_of_too_many_the_oldest_goes() -> None:
    memory = Memory(cards_max=2)
    cards = [bytes((number,)) * 100 for number in range(3)]
    for data in (cards[0], cards[1], cards[0], cards[2]):
        memory.remember(data, 64)
    assert [memory.find(data[:64]) for data in cards] == [cards[0], None, cards[2]]


# ---------------------------------------------------------------------------------------------- the rest


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
