"""The conversation: what the transport asks for, what it may cost, and what a trace may show."""

from collections.abc import Callable

import pytest

from drivers.card import NotReadableError, commands, files, jpki
from drivers.card.apdu import Command, Ins, Status
from drivers.card.channel import ANSWER_SECONDS_MAX, Channel, Exchange
from drivers.card.gate import NotAllowedError
from drivers.card.reading import read_object, select
from drivers.card.service_pass import PassProfile
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.issue import make
from drivers.card.sim.layout import Quirk
from drivers.card.sim.others import OddCard
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Kind, Plan
from drivers.clock.sim import Driver as Clock
from drivers.reader import CardCame, CardGoneError, Event, Field, ReaderError, sim

TOWN = PassProfile().application()
LONG_NONCE = bytes(600)


class Recorder:
    """A chip that remembers what it was sent and answers from a list."""

    def __init__(self, *answers: str) -> None:
        self.sent: list[str] = []
        self._answers = [bytes.fromhex(answer) for answer in answers]

    def __call__(self, raw: bytes) -> bytes:
        self.sent.append(raw.hex().upper())
        return self._answers.pop(0)

    def card(self) -> OddCard:
        return OddCard(b"\x3b\x00", self)


SELECT_JPKI = commands.select_application(files.JPKI.aid)
SELECT_JPKI_HEX = "00A4040C0AD392F000260100000001"


def with_quirks(pki: TestPki, *quirks: Quirk) -> IsoCard:
    card = make(Plan(quirks=frozenset(quirks)), pki)
    assert isinstance(card, IsoCard)
    return card


@pytest.mark.parametrize("quirk", [None, Quirk.ANNOUNCES, Quirk.EXACT, Quirk.NO_SHORT_IDS, Quirk.STUMBLES])
def test_every_chip_gives_the_same_certificate(pki: TestPki, lay: Callable[..., Field], quirk: Quirk | None) -> None:
    plain, odd = (Channel(lay(with_quirks(pki, *q))) for q in ((), (quirk,) if quirk else ()))
    assert jpki.present(plain)
    assert jpki.present(odd)
    assert jpki.certificate(odd) == jpki.certificate(plain)


def test_get_response_until_the_end(lay: Callable[..., Field]) -> None:
    chip = Recorder("9000", "6103", "0102 6101", "03 9000")
    channel = Channel(lay(chip.card()))
    assert select(channel, files.JPKI)
    response = channel.exchange(commands.read_file(files.TOKEN_INFO, 32))
    assert (response.data, response.sw) == (b"\x01\x02\x03", Status.OK)
    assert chip.sent[1:] == ["00B0860020", "00C0000003", "00C0000001"]


def test_a_wrong_length_is_put_right_once(lay: Callable[..., Field]) -> None:
    chip = Recorder("9000", "6C02", "6C03")
    channel = Channel(lay(chip.card()))
    select(channel, files.JPKI)
    assert channel.exchange(commands.read_file(files.TOKEN_INFO, 32)).sw == 0x6C03
    assert chip.sent[1:] == ["00B0860020", "00B0860002"]


def test_the_first_command_may_stumble_once(lay: Callable[..., Field]) -> None:
    chip = Recorder("6F00", "9000")
    assert Channel(lay(chip.card())).exchange(SELECT_JPKI).ok
    assert chip.sent == [SELECT_JPKI_HEX, SELECT_JPKI_HEX]


def test_the_first_command_is_repeated_only_once(lay: Callable[..., Field]) -> None:
    chip = Recorder("6F00", "6F00")
    assert Channel(lay(chip.card())).exchange(SELECT_JPKI).sw == Status.INTERNAL
    assert len(chip.sent) == 2


def test_a_later_6f00_is_an_answer(lay: Callable[..., Field]) -> None:
    chip = Recorder("9000", "6F00")
    channel = Channel(lay(chip.card()))
    select(channel, files.JPKI)
    assert channel.exchange(SELECT_JPKI).sw == Status.INTERNAL
    assert len(chip.sent) == 2


def test_a_pin_is_never_sent_twice(lay: Callable[..., Field]) -> None:
    """Whatever a card says to VERIFY: 6F00, 61xx and 6Cxx are the answers that other commands are repeated for."""
    for answer in ("6F00", "6C04", "6700", "6982"):
        chip = Recorder("9000", "9000", answer)
        channel = Channel(lay(chip.card()))
        select(channel, files.JPKI)
        channel.exchange(commands.select_file(files.AUTH_PIN))
        channel.exchange(commands.verify("1234", commands.CURRENT))
        assert [sent for sent in chip.sent if sent.startswith("0020")] == ["002000800431323334"]


@pytest.mark.parametrize(
    ("quirks", "command_max", "apdus"),
    [
        ((), 65_544, 1),  # extended length
        ((), 261, 3),  # a reader for short commands only: a chain
        ((Quirk.NO_EXTENDED,), 65_544, 4),  # a card that refuses, then a chain
    ],
)
def test_long_data_goes_as_reader_and_card_take_it(
    pki: TestPki, lay: Callable[..., Field], quirks: tuple[Quirk, ...], command_max: int, apdus: int
) -> None:
    channel = Channel(lay(with_quirks(pki, *quirks), command_max=command_max), TOWN)
    select(channel, TOWN)
    before = channel.totals.apdus
    response = channel.exchange(commands.internal_authenticate(1, LONG_NONCE))
    assert response.ok
    assert len(response.data) == 64
    assert channel.totals.apdus - before == apdus


def test_a_card_that_knows_neither_says_so(pki: TestPki, lay: Callable[..., Field]) -> None:
    channel = Channel(lay(with_quirks(pki, Quirk.NO_EXTENDED, Quirk.NO_CHAINING)), TOWN)
    select(channel, TOWN)
    assert channel.exchange(commands.internal_authenticate(1, LONG_NONCE)).sw == Status.CHAINING_NOT_SUPPORTED


@pytest.mark.parametrize("kind", [Kind.ENDLESS, Kind.TOO_LONG])
def test_a_card_cannot_talk_without_end(pki: TestPki, lay: Callable[..., Field], kind: Kind) -> None:
    channel = Channel(lay(make(Plan(kind=kind), pki)))
    with pytest.raises(NotReadableError):
        channel.exchange(SELECT_JPKI)
    assert channel.totals.received_bytes <= 65_536 + 2 * 300


def test_announcing_without_giving_ends_at_once(lay: Callable[..., Field]) -> None:
    channel = Channel(lay(OddCard(b"\x3b\x00", lambda _: b"\x61\x10")))
    with pytest.raises(NotReadableError):
        channel.exchange(SELECT_JPKI)
    assert channel.totals.apdus == 2


def test_a_slow_endless_card_ends_within_two_seconds_and_one_exchange(pki: TestPki) -> None:
    clock = Clock()
    events: list[Event] = []
    reader = sim.Driver(clock=clock)
    reader.start(events.append)
    reader.slow(100)
    reader.present(make(Plan(kind=Kind.ENDLESS), pki))
    came = events[-1]
    assert isinstance(came, CardCame)
    with pytest.raises(NotReadableError):
        Channel(came.field, mono=clock.mono).exchange(SELECT_JPKI)
    assert clock.mono() < ANSWER_SECONDS_MAX + 0.3


def test_a_lost_answer_leaves_nothing_current(pki: TestPki) -> None:
    events: list[Event] = []
    reader = sim.Driver()
    reader.start(events.append)
    reader.present(with_quirks(pki))
    came = events[-1]
    assert isinstance(came, CardCame)
    channel = Channel(came.field)
    select(channel, files.JPKI)
    assert channel.exchange(commands.select_file(files.TOKEN_INFO)).ok
    reader.remove_after(0)
    with pytest.raises(CardGoneError):
        channel.exchange(commands.select_file(files.AUTH_PIN))
    for command in (
        commands.read_on(0, 4),
        commands.ask_tries(commands.CURRENT),
        commands.select_file(files.TOKEN_INFO),
    ):
        with pytest.raises(NotAllowedError):
            channel.exchange(command)


def test_half_a_status_is_a_card_that_has_gone(lay: Callable[..., Field]) -> None:
    with pytest.raises(CardGoneError):
        Channel(lay(OddCard(b"\x3b\x00", lambda _: b"\x90"))).exchange(SELECT_JPKI)


def test_a_command_longer_than_the_reader_takes_is_not_sent(hanako: IsoCard, lay: Callable[..., Field]) -> None:
    field = lay(hanako, command_max=20)
    with pytest.raises(ReaderError, match="takes 20"):
        field.transmit(bytes(21))


def test_a_trace_shows_lengths_and_no_secret(hanako: IsoCard, lay: Callable[..., Field]) -> None:
    steps: list[Exchange] = []
    channel = Channel(lay(hanako), trace=steps.append)
    jpki.present(channel)
    with jpki.pin_shown(channel, "1234"):
        read_object(channel, files.AUTH_CERTIFICATE)
    shown = " ".join(str(step) for step in steps)
    assert "31323334" not in shown
    assert "masked" in shown
    assert "3082" not in shown  # nothing that was read, either
    assert channel.totals.apdus == len(steps)
    assert channel.totals.sent_bytes == sum(step.sent_bytes for step in steps)
    assert channel.totals.received_bytes == sum(step.received_bytes for step in steps)


def test_the_gate_s_refusal_names_the_header_only(hanako: IsoCard, lay: Callable[..., Field]) -> None:
    with pytest.raises(NotAllowedError) as refused:
        Channel(lay(hanako)).exchange(Command(0, Ins.VERIFY, 0, 0x80, b"999999999990"))
    assert str(refused.value) == "00 20 00 80 is not on the allow-list here"
