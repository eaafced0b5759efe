"""A card with a counter of its own: what it proves, that it never goes back, and what is refused."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from drivers.card import (
    CounterKey,
    ForgedCardError,
    Fresh,
    NotReadableError,
    OtherCardError,
    PresenceError,
    Proof,
    Trust,
    TrustError,
    TurnedBackError,
    UnknownIssuerError,
    files,
    identify,
    u2f,
)
from drivers.card.apdu import Command, Ins
from drivers.card.channel import Channel
from drivers.card.gate import NotAllowedError
from drivers.card.proofs import p256_holds, spki
from drivers.card.sim.held import Held
from drivers.card.sim.issue import make
from drivers.card.sim.others import OddCard, VirtualCard
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Kind, Plan, Trouble
from drivers.card.tokens import uid
from drivers.reader import Field

NONCE, OTHER_NONCE = bytes(range(32)), bytes(range(1, 33))
Lay = Callable[..., Field]
ORDER = ("pass", "face", "u2f", "type_a")


def counter_card(pki: TestPki, *faults: Fault, **more: object) -> VirtualCard:
    return make(Plan(kind=Kind.COUNTER, faults=frozenset(faults), **more), pki)  # type: ignore[arg-type]


def learn(pki: TestPki, field: Field) -> u2f.CounterEnrolment:
    channel = Channel(field, allowed=files.DESK)
    return u2f.enrol(channel, uid.of_a_chip(channel) or "", (pki.own.maker.certificate,), NONCE)


def knowing(pki: TestPki, learned: u2f.CounterEnrolment, last: int | None = None) -> Trust:
    return replace(pki.trust(ORDER), counter_key={learned.index: learned.key}.get, last_counter=lambda _: last)


def test_a_card_is_enrolled_once_and_proves_itself_with_every_step(pki: TestPki, lay: Lay) -> None:
    card = counter_card(pki, counter=41)
    learned = learn(pki, lay(card))
    assert learned.value == 42
    assert "JPKI-TEST-LOCAL" in learned.maker
    trust = knowing(pki, learned)
    presented = identify(lay(card), NONCE, trust, None, steps=lambda _identifier, _value: 3)
    assert (presented.profile, presented.identifier) == ("u2f", learned.identifier)
    assert (presented.proof, presented.fresh, presented.counter) == (Proof.CARD, Fresh.NONCE, 45)
    assert [step.value for step in presented.steps] == [43, 44, 45]
    assert presented.evidence is not None
    key = load_der_public_key(learned.key.key)
    assert isinstance(key, EllipticCurvePublicKey)
    assert p256_holds(key, presented.evidence.signature, presented.evidence.message)
    assert identify(lay(card), OTHER_NONCE, trust, None).counter == 46


def test_torn_away_the_counter_has_risen_and_nobody_knows(pki: TestPki, lay: Lay) -> None:
    card = counter_card(pki)
    learned = learn(pki, lay(card))
    trust = replace(knowing(pki, learned), order=("u2f",))
    with pytest.raises(NotReadableError):  # its number, the application, and then the signature that nobody hears
        identify(lay(Held(card, Trouble(torn_after_apdus=2))), NONCE, trust, None)
    assert identify(lay(card), NONCE, trust, None).counter == learned.value + 2


def test_a_card_that_signs_once_gives_one_step_and_says_so_if_it_gives_none(pki: TestPki, lay: Lay) -> None:
    card = counter_card(pki, Fault.SIGNS_ONCE)
    with pytest.raises(PresenceError):
        learn(pki, lay(card))
    learned = learn(pki, lay(counter_card(pki)))
    trust = knowing(pki, learned)
    field = lay(card)
    assert len(identify(field, NONCE, trust, None, steps=lambda _identifier, _value: 3).steps) == 1
    with pytest.raises(PresenceError):
        identify(field, OTHER_NONCE, trust, None)
    assert len(identify(lay(card), OTHER_NONCE, trust, None).steps) == 1
    with pytest.raises(PresenceError):
        identify(lay(counter_card(pki, Fault.NO_PRESENCE)), NONCE, trust, None)


def test_a_copy_whose_counter_stands_lower_is_refused(pki: TestPki, lay: Lay) -> None:
    card = counter_card(pki)
    learned = learn(pki, lay(card))
    identify(lay(card), NONCE, knowing(pki, learned), None, steps=lambda _identifier, _value: 4)
    with pytest.raises(TurnedBackError):
        identify(lay(counter_card(pki, counter=2)), NONCE, knowing(pki, learned, last=5), None)
    with pytest.raises(TurnedBackError):
        identify(
            lay(counter_card(pki, rise=0)), NONCE, knowing(pki, learned), None, steps=lambda _identifier, _value: 2
        )


def test_a_copy_without_the_key_and_a_foreign_one_are_refused(pki: TestPki, lay: Lay) -> None:
    learned = learn(pki, lay(counter_card(pki)))
    with pytest.raises(ForgedCardError):
        identify(lay(counter_card(pki, Fault.FORGED_KEY)), NONCE, knowing(pki, learned), None)
    other = replace(learned, key=CounterKey(spki(pki.own.maker.key.public_key()), learned.key.handle))
    with pytest.raises(ForgedCardError):
        identify(lay(counter_card(pki)), NONCE, knowing(pki, other), None)
    ed = replace(learned, key=CounterKey(spki(Ed25519PrivateKey.generate().public_key()), learned.key.handle))
    with pytest.raises(NotReadableError):
        identify(lay(counter_card(pki)), NONCE, knowing(pki, ed), None)


def test_a_card_that_is_not_enrolled_is_asked_for_nothing(pki: TestPki, lay: Lay) -> None:
    card = counter_card(pki)
    with pytest.raises(OtherCardError):
        identify(lay(card), NONCE, pki.trust(("pass", "u2f")), None)
    assert learn(pki, lay(card)).value == 1, "its counter had not risen"


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ((Fault.UNKNOWN_CA,), UnknownIssuerError),
        ((Fault.NEW_NUMBER,), OtherCardError),
        ((Fault.NO_PRESENCE,), PresenceError),
    ],
)
def test_what_a_desk_does_not_take(pki: TestPki, lay: Lay, faults: tuple[Fault, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        learn(pki, lay(counter_card(pki, *faults)))
    with pytest.raises(OtherCardError):
        learn(pki, lay(make(Plan(), pki)))


def test_what_a_card_said_of_its_key_to_somebody_else_is_not_believed(pki: TestPki, lay: Lay) -> None:
    class Replayed(OddCard):
        """A card that answers with what it has said to another challenge."""

        def __init__(self) -> None:
            self.real = counter_card(pki)
            super().__init__(self.real.power_on(), self._answer, bytes.fromhex("04112233445566"))

        def _answer(self, raw: bytes) -> bytes:
            is_key = raw[1] == Ins.U2F_REGISTER
            return self.real.transmit(raw[:5] + bytes(32) + raw[37:] if is_key else raw)

    with pytest.raises(ForgedCardError, match="do not belong together"):
        learn(pki, lay(Replayed()))


def test_the_gate_lets_through_the_town_s_parameter_and_no_other(pki: TestPki, lay: Lay) -> None:
    card = counter_card(pki)
    learned = learn(pki, lay(card))
    touch, desk = Channel(lay(card)), Channel(lay(card), allowed=files.DESK)
    foreign = bytes(32)
    handle = bytes((len(learned.key.handle),)) + learned.key.handle
    signs = Command(0, Ins.U2F_AUTHENTICATE, 3, 0, NONCE + files.U2F_PARAMETER + handle, le=256)
    with pytest.raises(NotAllowedError):
        touch.exchange(signs)  # nothing is selected
    assert u2f.select(touch)
    assert u2f.select(desk)
    refused = [
        Command(0, Ins.U2F_AUTHENTICATE, 3, 0, NONCE + foreign + handle, le=256),
        Command(0, Ins.U2F_AUTHENTICATE, 7, 0, signs.data, le=256),
        Command(0, Ins.U2F_AUTHENTICATE, 3, 0, signs.data + b"\0", le=256),
        Command(0, Ins.U2F_REGISTER, 0, 0, NONCE + files.U2F_PARAMETER, le=256),
    ]
    for command in refused:
        with pytest.raises(NotAllowedError):
            touch.exchange(command)
    with pytest.raises(NotAllowedError):
        desk.exchange(Command(0, Ins.U2F_REGISTER, 0, 0, NONCE + foreign, le=256))
    assert touch.exchange(signs).ok


def test_a_unit_in_production_believes_no_maker_of_test_cards(pki: TestPki) -> None:
    with pytest.raises(TrustError, match="test keys"):
        Trust(order=ORDER, counter_makers=(pki.own.maker.certificate,))
