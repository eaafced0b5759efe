"""Somebody copied what a card shows, or recorded what it said, into a card of his own: it proves nothing.

Certificates, credentials and records can be read by anybody with a reader. What cannot be copied is the key; so a card
is asked to sign something new each time.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drivers.card import ForgedCardError, Presented, Proof, StaleCodeError, Trust, identify
from drivers.card.apdu import Ins
from drivers.card.service_pass import PassProfile
from drivers.card.sim.issue import make
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Kind, Plan
from drivers.entropy.system import Driver as SystemEntropy
from drivers.reader import CardCame, Event, Field
from drivers.reader.sim import Card
from drivers.reader.sim import Driver as Reader
from sync.program import Result
from sync.steps import nonce
from tests.security.conftest import FolderUnit, Hand, Place, register_face

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NONCE = bytes(range(32))
TOUCHES = 100_000
SIGNING = Ins.INTERNAL_AUTHENTICATE, Ins.MUTUAL_AUTHENTICATE, Ins.PERFORM_SECURITY_OPERATION
ROW = pytest.mark.threat("replayed certificate")


@dataclass
class Emulator:
    """A card that remembers what another one said, and says it again; without any key.

    To whatever it is to sign it answers with the last signature that it heard.
    """

    victim: Card | None
    said: dict[bytes, bytes] = field(default_factory=dict)
    signatures: dict[int, bytes] = field(default_factory=dict)
    atr: bytes = b""

    def power_on(self) -> bytes:
        self.atr = self.victim.power_on() if self.victim else self.atr
        return self.atr

    def power_off(self) -> None:
        if self.victim:
            self.victim.power_off()

    def transmit(self, raw: bytes) -> bytes:
        if self.victim:
            self.said[raw] = answer = self.victim.transmit(raw)
            if raw[1] in SIGNING:
                self.signatures[raw[1]] = answer
            return answer
        return self.said.get(raw) or self.signatures.get(raw[1]) or b"\x6a\x82"


def laid(card: Card) -> Field:
    events: list[Event] = []
    reader = Reader()
    reader.start(events.append)
    reader.present(card)
    came = events[-1]
    assert isinstance(came, CardCame)
    return came.field


def by_pass(_pki: TestPki, trust: Trust) -> tuple[Plan, Trust, str | None]:
    return Plan(), replace(trust, order=("pass",)), None


def by_rsa_pass(_pki: TestPki, trust: Trust) -> tuple[Plan, Trust, str | None]:
    return Plan(pass_key="rsa2048"), replace(trust, order=("pass",)), None  # noqa: S106 - a kind of key


def by_pass_that_asks(pki: TestPki, trust: Trust) -> tuple[Plan, Trust, str | None]:
    asks = replace(trust, order=("pass",), pass_profile=PassProfile(terminal_key=2), terminal=pki.terminal())
    return Plan(pass_mutual=True), asks, None


def by_face(_pki: TestPki, trust: Trust) -> tuple[Plan, Trust, str | None]:
    return Plan(), replace(trust, order=("face",)), None


def by_certificate_and_pin(_pki: TestPki, trust: Trust) -> tuple[Plan, Trust, str | None]:
    return Plan(), replace(trust, order=("jpki",)), Plan().pin


@pytest.fixture
def trust(pki: TestPki, town: Place) -> Trust:
    """A town that believes every kind of proof, and where this card's face is registered."""
    key = register_face(town.centre, pki, make(Plan(), pki))
    return replace(pki.trust(), face_key=lambda _: key)


@pytest.mark.threat(
    "replayed certificate",
    control="A card signs 32 fresh bytes at every touch, with a key that cannot be read out of it. Certificate, "
    "credential and all else that can be copied only say whose key that is. What proves nothing is written down as "
    "no proof. A unit's certificate that ran out is replaced by the journal's key alone, in the same life, within "
    "`renew_days`, and never once the unit has had a newer one.",
    residual="A card that is relayed from elsewhere while it is touched is not noticed: how long it takes is not "
    "judged. Where a town turns on ways without a proof (certificate without PIN, a tag's number), a copy passes as "
    "no proof. A photograph of a printed code is as good as the code; one of a phone's code is good at another unit "
    "for a minute. Who copies a unit's key for calling can listen in its name for the days that its certificate has "
    "left.",
)
@pytest.mark.parametrize("way", [by_pass, by_rsa_pass, by_pass_that_asks, by_face, by_certificate_and_pin])
def test_a_recorded_card_proves_nothing(
    pki: TestPki, trust: Trust, way: Callable[[TestPki, Trust], tuple[Plan, Trust, str | None]]
) -> None:
    plan, believed, pin = way(pki, trust)

    def show(card: Card, nonce: bytes) -> Presented:
        return identify(laid(card), nonce, believed, NOW, pin)

    emulator = Emulator(make(plan, pki))
    genuine = show(emulator, NONCE)
    assert genuine.proof in (Proof.CARD, Proof.PIN)
    emulator.victim = None
    if believed.terminal is None:  # else the card's own challenge is another each time, and asked for first
        assert show(emulator, NONCE).identifier == genuine.identifier, "the recording is good: only the nonce is old"
    with pytest.raises(ForgedCardError):
        show(emulator, bytes(32))
    for at in range(0, 32, 8):
        with pytest.raises(ForgedCardError):
            show(emulator, NONCE[:at] + bytes([NONCE[at] ^ 1]) + NONCE[at + 1 :])


@ROW
@pytest.mark.parametrize("fault", [Fault.FORGED_KEY, Fault.WRONG_KEY, Fault.CLONED_CERTIFICATE])
def test_somebody_elses_certificate_with_a_key_of_ones_own(pki: TestPki, trust: Trust, fault: Fault) -> None:
    card = make(Plan(faults=frozenset({fault})), pki)
    with pytest.raises(ForgedCardError):
        identify(laid(card), NONCE, replace(trust, order=("jpki",)), NOW, Plan().pin)


@ROW
def test_at_a_unit_a_copy_is_refused_and_not_written_down(town: Place, card: Hand) -> None:
    unit = town.unit()
    emulator = Emulator(card(serial=7))
    shown = unit.tap(emulator)
    assert shown
    assert shown.result is Result.OK_POINTS
    tip = unit.running.opened.journal.tip
    emulator.victim = None
    for _ in range(3):
        town.clock.advance(60)
        shown = unit.tap(emulator)
        assert shown
        assert (shown.result, shown.message) == (Result.REFUSED, "TAP-033")
    assert unit.running.opened.journal.tip == tip


@ROW
def test_a_certificate_alone_is_refused_or_counts_as_no_proof(pki: TestPki, card: Hand) -> None:
    """The certificate is public. A town has to turn it on, and the books say what it was."""
    for allowed in (False, True):
        town = Place(pki, profiles=("jpki",))
        town.trust = replace(town.trust, allow_certificate_only=allowed)
        unit = town.unit()
        emulator = Emulator(card(serial=7))
        unit.tap(emulator)
        emulator.victim = None
        town.clock.advance(60)
        shown = unit.tap(emulator)
        assert shown
        proofs = unit.running.opened.journal.select(
            "SELECT DISTINCT body ->> '$.proof' FROM entry WHERE body ->> '$.kind' = 'visits.touch'"
        )
        assert (shown.message == "VIS-020", proofs) == ((True, [("none",)]) if allowed else (False, []))
        town.centre.engine.dispose()


@ROW
def test_a_copied_number_is_no_proof_and_a_copied_tag_is_refused(pki: TestPki) -> None:
    tag = make(Plan(kind=Kind.TAG), pki)
    assert identify(laid(tag), NONCE, pki.trust(("type_a",)), NOW).proof is Proof.NONE
    seen: dict[str, int] = {}
    believed = replace(pki.trust(("sun",)), last_counter=seen.get)
    emulator = Emulator(make(Plan(kind=Kind.SUN_TAG), pki))
    genuine = identify(laid(emulator), NONCE, believed, NOW)
    assert genuine.counter is not None
    seen[genuine.identifier] = genuine.counter
    emulator.victim = None
    with pytest.raises(StaleCodeError):
        identify(laid(emulator), NONCE, believed, NOW)


class Dice:
    """The unit's own dice, with somebody who writes down what they show."""

    def __init__(self) -> None:
        self._real = SystemEntropy()
        self.thrown: list[bytes] = []

    def bytes(self, count: int) -> bytes:
        self.thrown.append(self._real.bytes(count))
        return self.thrown[-1]


@ROW
def test_no_nonce_comes_twice(town: Place, card: Hand, tmp_path: Path) -> None:
    """Neither in a hundred thousand touches, nor after a restart, nor in two units that began as one."""
    first = FolderUnit.enrolled(tmp_path / "lib01", town.centre, town.trust)
    shutil.copytree(first.folder, tmp_path / "copy" / "lib01")
    thrown: list[bytes] = []
    asked: list[bytes] = []
    for unit in (first, first, FolderUnit(tmp_path / "copy" / "lib01")):
        tap, dice = unit.start().tap, Dice()
        tap.entropy = dice
        emulator = Emulator(card())
        for _ in range(5):
            unit.clock.advance(60)
            unit.tap(emulator)
        asked += [raw[5:-1] for raw in emulator.said if raw[1] == Ins.INTERNAL_AUTHENTICATE]
        tap.has_room = lambda: False  # from here on it serves nobody, which is quicker
        nobody = laid(card())
        for _ in range(TOUCHES // 3):
            tap.touch(nobody)
        thrown += dice.thrown
        unit.stop()
    assert len(asked) == 15, "the card was asked to sign something at every touch"
    made = {nonce(dice, "lib01", 0) for dice in thrown}
    assert set(asked) <= made, "and it was made of what the dice had shown, for this unit"
    assert len(made) == len(thrown)
    assert len(thrown) > TOUCHES
    assert len(set(thrown)) == len(thrown)
    assert {len(dice) for dice in thrown} == {32}
