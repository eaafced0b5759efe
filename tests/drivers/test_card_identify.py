"""Every kind of card and every fault, by every profile: who it is, what it proved, or the one reason why not."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.card import (
    CardError,
    ClockDoubtError,
    ExpiredCardError,
    ForgedCardError,
    NotReadableError,
    OtherCardError,
    PinBlockedError,
    PinFormatError,
    PinLastTryError,
    PinWrongError,
    Presented,
    Proof,
    Trust,
    UnknownCardError,
    UnknownIssuerError,
    face,
    identify,
)
from drivers.card.channel import Channel, Exchange
from drivers.card.proofs import message, p256_holds, rsa_holds, spki
from drivers.card.service_pass import PROOF_PURPOSE, PassProfile
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.issue import make
from drivers.card.sim.layout import Quirk, Transparent
from drivers.card.sim.others import OddCard
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Kind, Plan
from drivers.clock.sim import Driver as Clock
from drivers.reader import CardCame, Event, Field, sim

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NONCE = bytes(range(32))
PASS, FACE, JPKI = ("pass",), ("face",), ("jpki",)
Lay = Callable[..., Field]


def plan(*faults: Fault, **more: object) -> Plan:
    return Plan(faults=frozenset(faults), **more)  # type: ignore[arg-type]


@pytest.fixture
def trust(pki: TestPki, lay: Lay) -> Trust:
    """The test town, where hanako's card is enrolled by its face application."""
    learned = face.enrol(Channel(lay(make(Plan(), pki))), date(1985, 4, 1), pki.trust().cv_roots, NONCE)
    return replace(pki.trust(), face_key={learned.index: learned.public_key}.get)


# ---------------------------------------------------------------------------------------------- what works


def test_a_pass_proves_itself_in_three_commands(pki: TestPki, trust: Trust, lay: Lay) -> None:
    steps: list[Exchange] = []
    presented = identify(lay(make(Plan(), pki)), NONCE, trust, NOW, trace=steps.append)
    assert (presented.profile, presented.proof, presented.issuer) == ("pass", Proof.CARD, "TEST-town.1")
    assert presented.expires == date(2094, 4, 1)
    assert presented.time_checked
    assert len(steps) <= 3
    assert sum(step.sent_bytes + step.received_bytes for step in steps) <= 700


def test_an_enrolled_face_proves_itself_in_four_commands(pki: TestPki, trust: Trust, lay: Lay) -> None:
    steps: list[Exchange] = []
    presented = identify(lay(make(Plan(), pki)), NONCE, replace(trust, order=FACE), NOW, trace=steps.append)
    assert (presented.profile, presented.proof) == ("face", Proof.CARD)
    assert len(steps) <= 4
    assert sum(step.sent_bytes + step.received_bytes for step in steps) <= 700


def test_a_pin_proves_card_and_holder(pki: TestPki, trust: Trust, lay: Lay) -> None:
    presented = identify(lay(make(Plan(), pki)), NONCE, replace(trust, order=JPKI), NOW, "1234")
    assert (presented.profile, presented.proof) == ("jpki", Proof.PIN)


def test_with_a_pin_the_card_s_key_is_asked_first(pki: TestPki, trust: Trust, lay: Lay) -> None:
    """Otherwise a pass would answer, and nobody would have looked at the PIN."""
    assert identify(lay(make(Plan(), pki)), NONCE, trust, NOW, "1234").proof is Proof.PIN


def test_evidence_can_be_checked_again(pki: TestPki, trust: Trust, lay: Lay) -> None:
    checks: list[tuple[tuple[str, ...], Callable[[Any, bytes, bytes], bool], str | None]] = [
        (PASS, p256_holds, None),
        (FACE, rsa_holds, None),
        (JPKI, rsa_holds, "1234"),
    ]
    for order, holds, pin in checks:
        evidence = identify(lay(make(Plan(), pki)), NONCE, replace(trust, order=order), NOW, pin).evidence
        assert evidence is not None
        key = load_der_public_key(evidence.public_key)
        assert holds(key, evidence.signature, evidence.message)
        assert not holds(key, evidence.signature, evidence.message + b"!")
        assert evidence.message.endswith(NONCE)
        assert len(evidence.digest) == 64


def test_another_nonce_is_another_proof(pki: TestPki, trust: Trust, lay: Lay) -> None:
    field = lay(make(Plan(), pki))
    one, other = (identify(field, nonce, trust, NOW).evidence for nonce in (NONCE, NONCE[::-1]))
    assert one is not None
    assert other is not None
    assert one.digest != other.digest


def test_identifiers_are_stable_and_say_nothing(pki: TestPki, trust: Trust, lay: Lay) -> None:
    for order, pin in ((PASS, None), (FACE, None), (JPKI, "1234")):
        seen = {
            identify(lay(make(Plan(), pki)), nonce, replace(trust, order=order), NOW, pin).identifier
            for nonce in (NONCE, NONCE[::-1])
        }
        (identifier,) = seen
        assert bytes.fromhex(identifier)
        assert Plan().serial not in identifier


@pytest.mark.parametrize("quirk", list(Quirk))
def test_every_chip_can_be_used_in_every_way(pki: TestPki, trust: Trust, lay: Lay, quirk: Quirk) -> None:
    for order, pin in ((PASS, None), (FACE, None), (JPKI, "1234")):
        card = make(Plan(quirks=frozenset({quirk})), pki)
        assert identify(lay(card), NONCE, replace(trust, order=order), NOW, pin).profile == order[0]


def test_a_certificate_alone_proves_nothing_and_must_be_allowed(pki: TestPki, trust: Trust, lay: Lay) -> None:
    card = make(Plan(), pki)
    with pytest.raises(UnknownCardError):
        identify(lay(card), NONCE, replace(trust, order=JPKI), NOW)
    presented = identify(lay(card), NONCE, replace(trust, order=JPKI, allow_certificate_only=True), NOW)
    assert (presented.proof, presented.evidence) == (Proof.NONE, None)
    by_pin = identify(lay(card), NONCE, replace(trust, order=JPKI), NOW, "1234")
    assert presented.identifier == by_pin.identifier


# ---------------------------------------------------------------------------------------------- what falls through


def test_a_card_without_a_pass_is_known_by_its_face(pki: TestPki, trust: Trust, lay: Lay) -> None:
    assert identify(lay(make(plan(Fault.NO_PASS), pki)), NONCE, trust, NOW).profile == "face"


def test_another_town_s_pass_does_not_hide_our_own_enrolment(pki: TestPki, trust: Trust, lay: Lay) -> None:
    assert identify(lay(make(plan(Fault.UNKNOWN_CA), pki)), NONCE, trust, NOW).profile == "face"


def test_a_card_that_nobody_enrolled_is_told_from_another_card(pki: TestPki, trust: Trust, lay: Lay) -> None:
    stranger = plan(Fault.NO_PASS, serial="990000000000002")
    with pytest.raises(UnknownCardError) as error:
        identify(lay(make(stranger, pki)), NONCE, trust, NOW)
    assert error.value.index is not None
    assert stranger.serial not in error.value.index
    for order in (PASS, FACE, JPKI):
        with pytest.raises(UnknownCardError):
            identify(lay(make(stranger, pki)), NONCE, replace(trust, order=order), NOW)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Kind.TRANSIT, "transit"),
        (Kind.TAG, "tag"),
        (Kind.SUN_TAG, "tag"),
        (Kind.LICENCE, "licence"),
        (Kind.RESIDENCE, "residence"),
        (Kind.PASSPORT, "passport"),
        (Kind.BANK, "bank"),
        (Kind.EMPTY, "other"),
        (Kind.OLD, "old_card"),
        (Kind.ANDROID, "phone"),
        (Kind.IPHONE, "phone"),
    ],
)
@pytest.mark.parametrize("order", [PASS, FACE, JPKI, ("pass", "face", "jpki")], ids=" ".join)
@pytest.mark.parametrize("pin", [None, "1234"])
def test_other_cards_are_refused_kindly_and_never_sent_a_pin(
    pki: TestPki, trust: Trust, lay: Lay, kind: Kind, said: str, order: tuple[str, ...], pin: str | None
) -> None:
    steps: list[Exchange] = []
    with pytest.raises(OtherCardError) as error:
        identify(lay(make(plan(kind=kind), pki)), NONCE, replace(trust, order=order), NOW, pin, trace=steps.append)
    assert error.value.kind == said
    assert not any(step.sent.startswith("00 20") for step in steps)
    assert len(steps) <= 8  # every name that we know is tried, and nothing is read


@pytest.mark.parametrize("pin", [None, "1234"])
def test_a_token_that_nobody_knows_is_another_card(hanako: IsoCard, trust: Trust, lay: Lay, pin: str | None) -> None:
    hanako.applications["jpki"].files[0x0006] = Transparent(b"JPKIAPICCTOKEN3".ljust(160))
    steps: list[Exchange] = []
    with pytest.raises(OtherCardError) as error:
        identify(lay(hanako), NONCE, replace(trust, order=JPKI), NOW, pin, trace=steps.append)
    assert error.value.kind == "other"
    assert [step.sent[:11] for step in steps if step.sent.startswith("00 20")] == []
    assert len(steps) == (3 if pin else 2)  # with a PIN, the certificate might have been one that is known


@pytest.mark.parametrize("kind", [Kind.GARBAGE, Kind.TOO_LONG, Kind.ENDLESS])
@pytest.mark.threat("malformed card")
def test_nonsense_is_not_readable(pki: TestPki, trust: Trust, lay: Lay, kind: Kind) -> None:
    with pytest.raises(NotReadableError):
        identify(lay(make(plan(kind=kind), pki)), NONCE, trust, NOW)


# ---------------------------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("fault", "order", "pin", "error"),
    [
        (Fault.EXPIRED, PASS, None, ExpiredCardError),
        (Fault.EXPIRED, JPKI, "1234", ExpiredCardError),
        (Fault.NOT_YET_VALID, PASS, None, ClockDoubtError),
        (Fault.NOT_YET_VALID, JPKI, "1234", ClockDoubtError),
        (Fault.UNKNOWN_CA, PASS, None, UnknownIssuerError),
        (Fault.UNKNOWN_CA, JPKI, "1234", UnknownIssuerError),
        (Fault.FORGED_CREDENTIAL, PASS, None, ForgedCardError),
        (Fault.FORGED_CREDENTIAL, JPKI, "1234", ForgedCardError),
        (Fault.FORGED_KEY, PASS, None, ForgedCardError),
        (Fault.FORGED_KEY, FACE, None, ForgedCardError),
        (Fault.FORGED_KEY, JPKI, "1234", ForgedCardError),
        (Fault.BLOCKED_PIN, JPKI, "1234", PinBlockedError),
        (Fault.LAST_TRY, JPKI, "1234", PinLastTryError),
    ],
)
def test_faults(
    pki: TestPki,
    trust: Trust,
    lay: Lay,
    fault: Fault,
    order: tuple[str, ...],
    pin: str | None,
    error: type[CardError],
) -> None:
    with pytest.raises(error) as raised:
        identify(lay(make(plan(fault), pki)), NONCE, replace(trust, order=order), NOW, pin)
    assert type(raised.value) is error


def test_an_expired_card_is_told_by_its_own_record(pki: TestPki, trust: Trust, lay: Lay) -> None:
    card = make(plan(Fault.EXPIRED), pki)
    learned = face.enrol(Channel(lay(card)), date(1985, 4, 1), trust.cv_roots, NONCE)
    with pytest.raises(ExpiredCardError) as error:
        identify(lay(card), NONCE, replace(trust, order=FACE, face_key={learned.index: learned.public_key}.get), NOW)
    assert error.value.ended == date(2020, 4, 1)


@pytest.mark.parametrize("fault", [Fault.EXPIRED, Fault.NOT_YET_VALID])
def test_without_a_clock_nothing_is_expired_and_it_says_so(pki: TestPki, trust: Trust, lay: Lay, fault: Fault) -> None:
    for order, pin in ((PASS, None), (JPKI, "1234")):
        presented = identify(lay(make(plan(fault), pki)), NONCE, replace(trust, order=order), None, pin)
        assert presented.time_checked is False


def test_the_days_count_in_japan(pki: TestPki, trust: Trust, lay: Lay) -> None:
    last = plan(issued=date(2026, 1, 1), expires=date(2026, 11, 23))
    until_midnight = datetime(2026, 11, 23, 14, 59, 59, tzinfo=UTC)
    after_midnight = datetime(2026, 11, 23, 15, 0, 0, tzinfo=UTC)
    for order, pin in ((PASS, None), (JPKI, "1234")):
        chosen = replace(trust, order=order)
        assert identify(lay(make(last, pki)), NONCE, chosen, until_midnight, pin).expires == date(2026, 11, 23)
        with pytest.raises(ExpiredCardError):
            identify(lay(make(last, pki)), NONCE, chosen, after_midnight, pin)


def test_a_clock_from_1970_is_doubted_and_no_card_called_forged(pki: TestPki, trust: Trust, lay: Lay) -> None:
    with pytest.raises(ClockDoubtError):
        identify(lay(make(Plan(), pki)), NONCE, trust, datetime(1970, 1, 1, tzinfo=UTC))


@pytest.mark.threat("replayed certificate")
def test_a_recorded_proof_is_refused(pki: TestPki, trust: Trust, lay: Lay) -> None:
    """A device that replays what a card once said: right credential, signature over yesterday's nonce."""
    genuine = make(Plan(), pki)
    old = identify(lay(genuine), NONCE, trust, NOW).evidence
    assert old is not None

    class Replay:
        def power_on(self) -> bytes:
            return genuine.power_on()

        def power_off(self) -> None:
            genuine.power_off()

        def transmit(self, raw: bytes) -> bytes:
            assert old is not None
            return old.signature + b"\x90\x00" if raw[1] == 0x88 else genuine.transmit(raw)

    assert identify(lay(Replay()), NONCE, trust, NOW).evidence == old  # the replay itself works
    with pytest.raises(ForgedCardError):
        identify(lay(Replay()), NONCE[::-1], trust, NOW)


def test_a_signature_for_another_purpose_proves_nothing(pki: TestPki, hanako: IsoCard) -> None:
    """The card signs our words with the nonce; the same nonce under other words does not verify."""
    hanako.power_on()
    hanako.transmit(bytes.fromhex("00A4040C0AF06D6163686974617001"))
    signature = hanako.transmit(bytes.fromhex("0088000120") + NONCE + b"\0")[:-2]
    key = pki.keys.p256("cards/990000000000001/pass").public_key()
    assert p256_holds(key, signature, message(PROOF_PURPOSE, NONCE))
    assert not p256_holds(key, signature, NONCE)
    assert not p256_holds(key, signature, message(face.PROOF_PURPOSE, NONCE))


# ---------------------------------------------------------------------------------------------- the PIN


def test_a_wrong_pin_costs_one_try_and_the_last_is_kept(pki: TestPki, trust: Trust, lay: Lay) -> None:
    card = make(Plan(), pki)
    by_pin = replace(trust, order=JPKI)
    left = []
    for _ in range(2):
        with pytest.raises(PinWrongError) as wrong:
            identify(lay(card), NONCE, by_pin, NOW, "9999")
        left.append(wrong.value.tries_left)
    assert left == [2, 1]
    for pin in ("9999", "1234"):
        with pytest.raises(PinLastTryError):
            identify(lay(card), NONCE, by_pin, NOW, pin)
    assert identify(lay(card), NONCE, by_pin, NOW, "1234", spend_last_try=True).proof is Proof.PIN
    with pytest.raises(PinWrongError):
        identify(lay(card), NONCE, by_pin, NOW, "9999")  # a right PIN gave all three back


def test_the_last_try_spent_on_a_wrong_pin_blocks(pki: TestPki, trust: Trust, lay: Lay) -> None:
    card = make(plan(Fault.LAST_TRY), pki)
    with pytest.raises(PinBlockedError):
        identify(lay(card), NONCE, replace(trust, order=JPKI), NOW, "9999", spend_last_try=True)


@pytest.mark.parametrize("pin", ["", "123", "12345", "12a4", "１２３４", " 123", "999999999990"])
def test_what_is_no_pin_is_not_sent(pki: TestPki, trust: Trust, lay: Lay, pin: str) -> None:
    steps: list[Exchange] = []
    with pytest.raises(PinFormatError):
        identify(lay(make(Plan(), pki)), NONCE, replace(trust, order=JPKI), NOW, pin, trace=steps.append)
    assert not any(step.sent.startswith("00 20") for step in steps)


@pytest.mark.parametrize("fault", [Fault.UNKNOWN_CA, Fault.FORGED_CREDENTIAL, Fault.EXPIRED])
def test_a_card_that_is_not_believed_is_not_sent_the_pin(pki: TestPki, trust: Trust, lay: Lay, fault: Fault) -> None:
    steps: list[Exchange] = []
    with pytest.raises(CardError):
        identify(lay(make(plan(fault), pki)), NONCE, replace(trust, order=JPKI), NOW, "1234", trace=steps.append)
    assert not any(step.sent.startswith("00 20") for step in steps)


@pytest.mark.parametrize("pin", ["1234", "9999"])
def test_the_card_forgets_the_pin_at_the_end(pki: TestPki, trust: Trust, lay: Lay, pin: str) -> None:
    card = make(Plan(), pki)
    assert isinstance(card, IsoCard)
    field = lay(card)
    try:
        identify(field, NONCE, replace(trust, order=JPKI), NOW, pin)
    except PinWrongError:
        assert pin == "9999"
    assert field.transmit(bytes.fromhex("00A4020C020017")) == b"\x90\x00"
    sign = bytes.fromhex("802A008033 3031300D060960864801650304020105000420") + bytes(32) + b"\0"
    assert field.transmit(sign) == bytes.fromhex("6982")


# ---------------------------------------------------------------------------------------------- torn, slow, mute


def test_a_card_torn_away_at_any_moment_is_not_readable(pki: TestPki, trust: Trust) -> None:
    for order, pin in ((PASS, None), (FACE, None), (JPKI, "1234")):
        chosen = replace(trust, order=order)
        for apdus in range(40):
            events: list[Event] = []
            reader = sim.Driver()
            reader.start(events.append)
            reader.present(make(Plan(), pki))
            came = events[-1]
            assert isinstance(came, CardCame)
            reader.remove_after(apdus)
            try:
                presented = identify(came.field, NONCE, chosen, NOW, pin)
            except NotReadableError:
                continue
            assert presented.profile == order[0]
            # The last command of the PIN way only makes the card forget; it may be lost.
            assert apdus >= {"pass": 3, "face": 4, "jpki": 9}[order[0]]
            break
        else:
            pytest.fail("never enough commands")


def test_a_mute_card_is_not_readable(pki: TestPki, trust: Trust) -> None:
    clock = Clock()
    events: list[Event] = []
    reader = sim.Driver(clock=clock)
    reader.start(events.append)
    reader.present(make(Plan(), pki))
    reader.mute()
    came = events[-1]
    assert isinstance(came, CardCame)
    with pytest.raises(NotReadableError):
        identify(came.field, NONCE, trust, NOW, mono=clock.mono)
    assert clock.mono() <= 2.5


def test_a_slow_card_is_waited_for(pki: TestPki, trust: Trust) -> None:
    clock = Clock()
    events: list[Event] = []
    reader = sim.Driver(clock=clock)
    reader.start(events.append)
    reader.slow(900)
    reader.present(make(Plan(), pki))
    came = events[-1]
    assert isinstance(came, CardCame)
    assert identify(came.field, NONCE, trust, NOW, mono=clock.mono).proof is Proof.CARD
    assert clock.mono() == pytest.approx(2.7)


# ---------------------------------------------------------------------------------------------- noise

STATUSES = st.sampled_from([0x9000, 0x9000, 0x9000, 0x6282, 0x6A82, 0x63C3, 0x6110, 0x6100, 0x6C10, 0x6F00, 0x6984, 0])
ANSWERS = st.tuples(st.one_of(st.binary(max_size=40), st.just(b"JPKIAPICCTOKEN2".ljust(32))), STATUSES)


@settings(max_examples=150, deadline=2000)
@given(st.lists(ANSWERS, min_size=1, max_size=40), st.sampled_from([PASS, FACE, JPKI, ("pass", "face", "jpki")]))
@pytest.mark.threat(
    "malformed card",
    control="Whatever a card answers ends in a visit that it proved or in one of a few kind refusals: lengths, "
    "nesting and commands are capped, and a touch ends after a fixed number of them.",
    residual="The reader's own software (pcscd, the kernel's USB) is not ours. A card that answers slowly holds up "
    "the one reader that it lies on.",
)
def test_a_card_that_answers_anything_ends_in_one_of_our_errors(
    pki: TestPki, answers: list[tuple[bytes, int]], order: tuple[str, ...]
) -> None:
    turns = itertools.cycle(answers)

    def answer(_: bytes) -> bytes:
        data, sw = next(turns)
        return data + sw.to_bytes(2, "big")

    chosen = replace(pki.trust(order), face_key=lambda _: spki(pki.own.card_issuer.key.public_key()))
    for pin in (None, "1234"):
        with pytest.raises(CardError):
            identify(field_with(OddCard(b"\x3b\x00", answer)), NONCE, chosen, NOW, pin)


@settings(max_examples=100, deadline=2000)
@given(st.integers(0, 11), st.data())
def test_one_damaged_answer_is_never_a_wrong_identity(pki: TestPki, at: int, data: st.DataObject) -> None:
    """Line noise, or somebody in the middle: another answer than the card gave, once."""
    genuine = make(Plan(), pki)
    count = itertools.count()

    class Damaged:
        def power_on(self) -> bytes:
            return genuine.power_on()

        def power_off(self) -> None:
            genuine.power_off()

        def transmit(self, raw: bytes) -> bytes:
            answer = bytearray(genuine.transmit(raw))
            if next(count) == at:
                answer[data.draw(st.integers(0, len(answer) - 1))] ^= data.draw(st.integers(1, 255))
            return bytes(answer)

    order, pin = data.draw(st.sampled_from([(PASS, None), (JPKI, "1234")]))
    whole = identify(field_with(make(Plan(), pki)), NONCE, pki.trust(order), NOW, pin)
    try:
        presented = identify(field_with(Damaged()), NONCE, pki.trust(order), NOW, pin)
    except CardError:
        return
    assert (presented.identifier, presented.proof) == (whole.identifier, whole.proof)


def field_with(card: sim.Card) -> Field:
    events: list[Event] = []
    reader = sim.Driver()
    reader.start(events.append)
    reader.present(card)
    came = events[-1]
    assert isinstance(came, CardCame)
    return came.field


# ---------------------------------------------------------------------------------------------- the caller's bugs


def test_a_short_nonce_and_a_time_without_zone_are_bugs(pki: TestPki, trust: Trust, lay: Lay) -> None:
    with pytest.raises(ValueError, match="zone"):
        identify(lay(make(Plan(), pki)), NONCE, trust, datetime(2026, 11, 23))  # noqa: DTZ001
    for order in (PASS, FACE, JPKI):
        with pytest.raises(ValueError, match="nonce"):
            identify(lay(make(Plan(), pki)), b"short", replace(trust, order=order), NOW)


def test_cards_on_two_readers_at_once_do_not_meet(pki: TestPki, trust: Trust, lay: Lay) -> None:
    plans = [plan(serial=f"99000000000010{number}") for number in range(4)]
    expected = {one.serial: identify(lay(make(one, pki)), NONCE, trust, NOW).identifier for one in plans}
    assert len(set(expected.values())) == len(plans)
    wrong: list[Presented] = []

    def keep_tapping(one: Plan) -> None:
        field = lay(make(one, pki))
        for _ in range(30):
            presented = identify(field, NONCE, trust, NOW)
            if presented.identifier != expected[one.serial]:
                wrong.append(presented)

    threads = [threading.Thread(target=keep_tapping, args=(one,)) for one in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_town_may_put_its_pass_elsewhere(pki: TestPki, trust: Trust, lay: Lay) -> None:
    card = make(Plan(), pki)
    assert isinstance(card, IsoCard)
    town = card.applications["pass"]
    town.aid = b"\xf0OTHERTOWN"
    town.files[7] = town.files.pop(1)
    town.answers[9] = town.answers.pop(1)
    elsewhere = replace(trust, order=PASS, pass_profile=PassProfile(b"\xf0OTHERTOWN", 7, 9))
    assert identify(lay(card), NONCE, elsewhere, NOW).proof is Proof.CARD
