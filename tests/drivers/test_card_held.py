"""What happens to a card at the reader: torn, slow, mute, and how long it takes. And what is wrong with it, by name."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from drivers.card import CardError, ForgedCardError, NotReadableError, Proof, UnknownCardError, face, identify
from drivers.card.channel import Channel
from drivers.card.sim.held import Held
from drivers.card.sim.issue import make
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Kind, Plan, Timing, Trouble
from drivers.clock.sim import Driver as Clock
from drivers.reader import CardCame, Event, Field, sim

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NONCE = bytes(range(32))


def lay(pki: TestPki, plan: Plan, clock: Clock) -> Field:
    events: list[Event] = []
    reader = sim.Driver(clock=clock)
    reader.start(events.append)
    reader.present(make(plan, pki, wait=clock.sleep))
    came = events[-1]
    assert isinstance(came, CardCame)
    return came.field


@pytest.mark.parametrize("apdus", range(4))
def test_a_card_torn_after_so_many_commands(pki: TestPki, apdus: int) -> None:
    field = lay(pki, Plan(trouble=Trouble(torn_after_apdus=apdus)), Clock())
    if apdus == 3:
        assert identify(field, NONCE, pki.trust(("pass",)), NOW).proof is Proof.CARD
        return
    with pytest.raises(NotReadableError):
        identify(field, NONCE, pki.trust(("pass",)), NOW)


@pytest.mark.parametrize(("count", "is_read"), [(0, False), (17, False), (200, False), (260, False), (400, True)])
def test_a_card_torn_after_so_many_bytes(pki: TestPki, count: int, is_read: bool) -> None:
    field = lay(pki, Plan(trouble=Trouble(torn_after_bytes=count)), Clock())
    try:
        assert identify(field, NONCE, pki.trust(("pass",)), NOW).proof is Proof.CARD
    except NotReadableError:
        assert not is_read
    else:
        assert is_read


def test_a_torn_card_is_whole_when_it_is_held_there_again(pki: TestPki) -> None:
    card = make(Plan(trouble=Trouble(torn_after_apdus=1)), pki)
    for _ in range(2):
        assert card.power_on()
        assert card.transmit(bytes.fromhex("00A4040C0AD392F000260100000001")) == b"\x90\x00"
        assert card.transmit(bytes.fromhex("00B0860020")) == b""
        assert isinstance(card, Held)
        assert card.gone


def test_a_lost_answer_to_a_pin_has_cost_a_try(pki: TestPki) -> None:
    """Whoever tears a card away while its PIN is checked must be told: the try may be gone."""
    card = make(Plan(trouble=Trouble(torn_after_apdus=1)), pki)
    wrong, ask = bytes.fromhex("002000980439393939"), bytes.fromhex("00200098")
    card.power_on()
    card.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
    assert card.transmit(wrong) == b""
    assert isinstance(card, Held)
    inside = card.card
    inside.power_on()
    inside.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
    assert inside.transmit(ask) == bytes.fromhex("63C2")


def test_a_slow_card_takes_its_time(pki: TestPki) -> None:
    clock = Clock()
    field = lay(pki, Plan(trouble=Trouble(slow_ms=300)), clock)
    begun = clock.mono()
    identify(field, NONCE, pki.trust(("pass",)), NOW, mono=clock.mono)
    assert clock.mono() - begun == pytest.approx(0.9)


def test_a_card_that_falls_silent(pki: TestPki) -> None:
    clock = Clock()
    field = lay(pki, Plan(trouble=Trouble(mute_after_apdus=2)), clock)
    with pytest.raises(NotReadableError):
        identify(field, NONCE, pki.trust(("pass",)), NOW, mono=clock.mono)
    assert clock.mono() > 60


def test_a_key_s_own_time_is_counted(pki: TestPki) -> None:
    taken = {}
    for name, plan in {
        "ecc": Plan(timing=Timing(rsa_ms=1000, ecc_ms=100)),
        "rsa": Plan(timing=Timing(rsa_ms=1000, ecc_ms=100), pass_key="rsa2048"),  # noqa: S106
    }.items():
        clock = Clock()
        field = lay(pki, plan, clock)
        begun = clock.mono()
        identify(field, NONCE, pki.trust(("pass",)), NOW, mono=clock.mono)
        taken[name] = clock.mono() - begun
    assert 0.1 < taken["ecc"] < 0.3
    assert 1.0 < taken["rsa"] < 1.3


# ---------------------------------------------------------------------------------------------- what is wrong with it


@pytest.mark.parametrize("fault", [Fault.CLONED_CERTIFICATE, Fault.WRONG_KEY])
def test_a_clone_fails_where_its_key_is_asked(pki: TestPki, fault: Fault) -> None:
    plan = Plan(faults=frozenset({fault}))
    with pytest.raises(ForgedCardError):
        identify(lay(pki, plan, Clock()), NONCE, pki.trust(("jpki",)), NOW, "1234")
    trust = replace(pki.trust(("jpki",)), allow_certificate_only=True)
    alone = identify(lay(pki, plan, Clock()), NONCE, trust, NOW)
    genuine = identify(lay(pki, Plan(), Clock()), NONCE, trust, NOW)
    assert alone.proof is Proof.NONE  # its certificate alone looks genuine, which is why it proves nothing
    assert (alone.identifier == genuine.identifier) is (fault is Fault.WRONG_KEY)


def test_a_forged_issuer_is_not_an_unknown_one(pki: TestPki) -> None:
    field = lay(pki, Plan(faults=frozenset({Fault.FORGED_CV})), Clock())
    with pytest.raises(ForgedCardError, match="9000023/001"):
        face.enrol(Channel(field), date(1985, 4, 1), pki.trust().cv_roots, NONCE)


@pytest.mark.parametrize(
    ("missing", "order", "pin", "error"),
    [
        ("pass/0001", ("pass",), None, NotReadableError),
        ("common/0001", ("face",), None, NotReadableError),
        ("jpki/000A", ("jpki",), "1234", NotReadableError),
        ("jpki/0017", ("jpki",), "1234", NotReadableError),
        ("jpki/0006", ("jpki",), "1234", NotReadableError),
        ("entry/0002", ("jpki",), None, UnknownCardError),  # one that a touch never looks at
    ],
)
def test_files_that_are_not_there(
    pki: TestPki, missing: str, order: tuple[str, ...], pin: str | None, error: type[CardError]
) -> None:
    with pytest.raises(error):
        identify(lay(pki, Plan(missing=frozenset({missing})), Clock()), NONCE, pki.trust(order), NOW, pin)


def test_every_kind_and_fault_can_be_made_and_held(pki: TestPki) -> None:
    for kind in Kind:
        for faults in (frozenset[Fault](), frozenset(Fault)):
            card = make(Plan(kind=kind, faults=faults, trouble=Trouble(slow_ms=1)), pki, wait=lambda _: None)
            assert card.power_on()[0] == 0x3B
            assert len(card.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))) >= 2
