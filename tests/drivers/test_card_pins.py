"""A secret and its counter: asked before anything is sent, by the short way or the long one, and never risked."""

import contextlib
import itertools
from collections.abc import Callable

import pytest

from drivers.card import NotReadableError, PinBlockedError, PinError, PinFormatError, PinWrongError, files, jpki, pins
from drivers.card.apdu import tries_left
from drivers.card.channel import Channel, Exchange
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.issue import make
from drivers.card.sim.layout import Quirk, Secret
from drivers.card.sim.others import OddCard
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Plan
from drivers.reader import Field

Lay = Callable[..., Field]
OK = "9000"
ASK_SHORT, ASK_LONG = "00200098", "00200080"
SHOW_SHORT, SHOW_LONG = "002000980431323334", "002000800431323334"
SAID = [
    OK,
    "63C0",
    "63C1",
    "63C2",
    "63C3",
    "63CF",
    "6984",
    "6983",
    "6A86",
    "6A88",
    "6982",
    "6985",
    "6300",
    "6700",
    "6F00",
]


def verifies(steps: list[Exchange]) -> list[str]:
    return [step.sent for step in steps if step.sent.startswith("00 20")]


def opened(lay: Lay, card: object) -> tuple[Channel, list[Exchange]]:
    steps: list[Exchange] = []
    channel = Channel(lay(card), trace=steps.append)
    jpki.present(channel)
    return channel, steps


class Clerk:
    """A card that gives set answers to the two ways to ask, takes any secret, and remembers what came."""

    def __init__(self, short: str, long: str, *, has_file: bool = True) -> None:
        self.says = {ASK_SHORT: short, ASK_LONG: long}
        self.has_file = has_file
        self.sent: list[str] = []

    def answer(self, raw: bytes) -> bytes:
        command = raw.hex().upper()
        self.sent.append(command)
        if command.startswith("00A4020C"):
            return bytes.fromhex(OK if self.has_file else "6A82")
        return bytes.fromhex(self.says.get(command, OK))


@pytest.mark.parametrize("spend_last_try", [False, True])
def test_no_answer_of_a_card_makes_us_risk_its_last_try(lay: Lay, *, spend_last_try: bool) -> None:
    """Every pair of answers: a secret goes out at most once, to the reference that was asked just before."""
    for short, long, has_file in itertools.product(SAID, SAID, [True, False]):
        clerk = Clerk(short, long, has_file=has_file)
        channel, _ = opened(lay, OddCard(b"\x3b\x00", clerk.answer))
        try:
            pins.show(channel, files.AUTH_PIN, "1234", spend_last_try=spend_last_try)
            was_shown = True
        except (PinError, NotReadableError):
            was_shown = False
        shown = [command for command in clerk.sent if command in {SHOW_SHORT, SHOW_LONG}]
        assert len(shown) == was_shown, (short, long)
        if was_shown:
            before = clerk.sent[clerk.sent.index(shown[0]) - 1]
            assert before == {SHOW_SHORT: ASK_SHORT, SHOW_LONG: ASK_LONG}[shown[0]]
            left = tries_left(int(clerk.says[before], 16))
            assert left is not None
            assert left >= (1 if spend_last_try and shown[0] == SHOW_LONG else 2)


def test_a_card_that_takes_the_short_way_is_asked_once(hanako: IsoCard, lay: Lay) -> None:
    channel, steps = opened(lay, hanako)
    pins.show(channel, files.AUTH_PIN, "1234")
    assert verifies(steps) == ["00 20 00 98", "00 20 00 98 [4] ** masked **"]


def test_a_card_that_does_not_take_it_is_asked_the_long_way(pki: TestPki, lay: Lay) -> None:
    channel, steps = opened(lay, make(Plan(quirks=frozenset({Quirk.NO_SHORT_IDS})), pki))
    with jpki.pin_shown(channel, "1234"):
        assert len(jpki.sign(channel, b"letter")) == 256
    assert verifies(steps) == ["00 20 00 98", "00 20 00 80", "00 20 00 80 [4] ** masked **"]
    with pytest.raises(NotReadableError):  # it has forgotten
        jpki.sign(channel, b"letter")


@pytest.mark.parametrize("quirk", [None, Quirk.NO_SHORT_IDS])
def test_asking_for_tries_spends_none(pki: TestPki, lay: Lay, quirk: Quirk | None) -> None:
    channel, _ = opened(lay, make(Plan(quirks=frozenset({quirk} if quirk else ())), pki))
    assert [pins.tries(channel, files.AUTH_PIN) for _ in range(5)] == [3] * 5
    with pytest.raises(PinWrongError) as wrong:
        pins.show(channel, files.AUTH_PIN, "9999")
    assert wrong.value.tries_left == 2
    assert pins.tries(channel, files.AUTH_PIN) == 2


def test_a_blocked_card_is_not_sent_the_pin(pki: TestPki, lay: Lay) -> None:
    channel, steps = opened(lay, make(Plan(faults=frozenset({Fault.BLOCKED_PIN})), pki))
    with pytest.raises(PinBlockedError), jpki.pin_shown(channel, "1234"):
        pass
    assert verifies(steps) == ["00 20 00 98", "00 20 00 80"]


def test_a_card_issued_without_a_pin_says_blocked(hanako: IsoCard, lay: Lay) -> None:
    del hanako.applications["jpki"].files[0x0018]
    channel, _ = opened(lay, hanako)
    assert pins.tries(channel, files.AUTH_PIN) == 0
    with pytest.raises(PinBlockedError):
        pins.show(channel, files.AUTH_PIN, "1234")


@pytest.mark.parametrize("secret", ["", "123", "12345", "12 4", "１２３４", "TEST1234"])
def test_what_is_no_pin_is_not_sent(hanako: IsoCard, lay: Lay, secret: str) -> None:
    channel, steps = opened(lay, hanako)
    with pytest.raises(PinFormatError), jpki.pin_shown(channel, secret):
        pass
    assert verifies(steps) == []


@pytest.mark.parametrize("trouble", [None, NotReadableError("in between")])
def test_at_the_end_the_card_forgets(hanako: IsoCard, lay: Lay, trouble: Exception | None) -> None:
    channel, _ = opened(lay, hanako)
    with pytest.raises(NotReadableError) if trouble else contextlib.nullcontext(), jpki.pin_shown(channel, "1234"):
        jpki.sign(channel, b"letter")
        assert hanako._shown == {files.AUTH_PIN}
        if trouble:
            raise trouble
    assert hanako._shown == set()
    secret = hanako.applications["jpki"].files[files.AUTH_PIN]
    assert isinstance(secret, Secret)
    assert secret.tries == 3
