"""The nfcpy driver with an RC-S380 made of bytes: kinds of card, broken cards, broken devices, and what it costs.

Nothing here has been near a real device: the chip is as the public driver's source describes it. What was recorded of
real ones is in `test_nfc_replay.py`.
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import nfc.clf.transport  # type: ignore[import-untyped]
import pytest

from drivers.card import Proof, identify
from drivers.card.sim.issue import make
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from drivers.card.validity import JAPAN
from drivers.choose import UnknownDriverError, load
from drivers.clock.system import Driver as Clock
from drivers.reader import (
    CardCame,
    CardGoneError,
    CardLeft,
    CardMuteError,
    ReaderCame,
    ReaderError,
    ReaderLeft,
    ServiceBack,
    ServiceLost,
)
from drivers.reader import nfc as nfc_module
from drivers.reader.nfc import Driver
from tests.pcsc.bench import Ear
from tests.pcsc.picc import ATS, IDM, PUPI, UID, Kind, Picc
from tests.pcsc.rcs380 import Rcs380
from tests.pcsc.usb import plug

SELECT = bytes.fromhex("00A4040C0AD392F000260100000001")
GET_UID = bytes.fromhex("FFCA000000")
OK = b"\x90\x00"
NONCE = bytes(range(32))
Planned = Callable[..., Plan]


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> Rcs380:
    chip = Rcs380()
    plug(chip, monkeypatch)
    return chip


@pytest.fixture
def hear(chip: Rcs380) -> Iterator[Callable[..., Ear]]:
    del chip
    ears: list[Ear] = []

    def listen(**options: object) -> Ear:
        ears.append(Ear(Driver(Driver.Options(**options))))  # type: ignore[arg-type]
        return ears[-1]

    yield listen
    for each in ears:
        each.driver.stop()


@pytest.fixture
def picc(planned: Planned, pki: TestPki) -> Callable[..., Picc]:
    def made(kind: Kind = "B", **more: int) -> Picc:
        return Picc(make(planned(), pki), kind, **more)

    return made


KINDS: list[tuple[Kind, bytes, str]] = [
    ("A", UID, "3b878001" + ATS[5:].hex()),
    ("B", PUPI, "3b888001000005e0b381a100"),
    ("F", IDM, "3b8f8001804f0ca0000003061100 3b00000000"),
]


@pytest.mark.parametrize(("kind", "identifier", "atr"), KINDS)
def test_every_kind_of_card_has_an_identifier_and_an_answer_to_reset(
    chip: Rcs380, hear: Callable[..., Ear], picc: Callable[..., Picc], kind: Kind, identifier: bytes, atr: str
) -> None:
    chip.picc = picc(kind)
    field = hear().card()
    assert field.atr.startswith(bytes.fromhex(atr))
    assert len(field.atr) == len(bytes.fromhex(atr)) + 1
    assert field.transmit(GET_UID) == identifier + OK
    assert field.transmit(SELECT) == (b"\x6d\x00" if kind == "F" else OK)


@pytest.mark.parametrize("kind", ["A", "B"])
def test_a_card_proves_itself_over_the_air(
    chip: Rcs380, hear: Callable[..., Ear], picc: Callable[..., Picc], pki: TestPki, kind: Kind
) -> None:
    chip.picc = picc(kind, part_max=61)
    now = datetime.fromtimestamp(Clock().wall_ms() / 1000, JAPAN)
    assert identify(hear().card(), NONCE, pki.trust(), now).proof is Proof.CARD


def test_felica_comes_and_goes_and_is_told_from_another(
    chip: Rcs380, hear: Callable[..., Ear], picc: Callable[..., Picc]
) -> None:
    listener = hear()
    for _ in range(2):
        chip.picc = picc("F")
        assert listener.card().transmit(GET_UID) == IDM + OK
        chip.picc = None
        listener.next(CardLeft)


def test_a_command_and_an_answer_longer_than_any_frame(
    chip: Rcs380, hear: Callable[..., Ear], picc: Callable[..., Picc]
) -> None:
    chip.picc = card = picc()
    field = hear().card()
    assert field.command_max == 65_544
    select_long = SELECT[:4] + b"\0\0\x0a" + SELECT[5:]
    assert field.transmit(select_long) == OK
    certificate = field.transmit(bytes.fromhex("00B08A00000400"))  # the whole file in one extended answer
    assert len(certificate) > 700  # filler included
    too_long = bytes.fromhex("00A4040C000400") + bytes(1024)
    assert len(field.transmit(too_long)) == 2
    assert max(map(len, card.frames)) <= 256 - 2


def test_a_card_that_is_mute_stays_one_card_until_it_is_taken_away(
    chip: Rcs380, hear: Callable[..., Ear], picc: Callable[..., Picc]
) -> None:
    listener = hear()
    chip.picc = picc()
    chip.picc.is_mute = True
    field = listener.card()
    with pytest.raises(CardMuteError):
        field.transmit(SELECT)
    field.close()
    time.sleep(0.5)
    assert listener.events.empty()
    chip.picc = None
    listener.next(CardLeft)


def test_a_card_that_answers_nonsense_when_it_is_woken_says_so_when_it_is_used(
    chip: Rcs380, hear: Callable[..., Ear], picc: Callable[..., Picc], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.pcsc.picc.ATS", b"\x05\x78")  # shorter than it says; nfcpy would stumble over it
    listener = hear()
    chip.picc = picc("A")
    with pytest.raises(CardMuteError):
        listener.card().transmit(SELECT)
    chip.picc = None
    listener.next(CardLeft)


def test_a_card_left_lying_after_it_was_served_is_reported_once_and_its_going_too(
    chip: Rcs380, hear: Callable[..., Ear], picc: Callable[..., Picc]
) -> None:
    listener = hear()
    for swap in (False, True):
        chip.picc = picc()
        field = listener.card()
        assert field.transmit(SELECT) == OK
        field.close()
        time.sleep(0.4)
        assert listener.events.empty()
        if swap:
            chip.picc = picc()  # another card at once: same radio identifier, no power
            listener.next(CardLeft)
            assert listener.card().transmit(SELECT) == OK
        chip.picc = None
        listener.next(CardLeft)


def test_no_device_yet_and_the_cable_pulled_ten_times(
    chip: Rcs380, hear: Callable[..., Ear], picc: Callable[..., Picc]
) -> None:
    chip.pull()
    chip.picc = picc()
    listener = hear()
    time.sleep(0.1)
    assert listener.events.empty()
    kept: list[object] = []
    for number in range(10):
        chip.is_plugged = True
        begun = time.monotonic()
        field = listener.card(3.0)
        assert time.monotonic() - begun < 3.0
        if number % 2:
            chip.pull()
            with pytest.raises(ReaderError) as caught:
                field.transmit(SELECT)
            kept.append(caught)  # whoever keeps an error keeps everything that it came through
        else:
            assert field.transmit(SELECT) == OK
            chip.pull()
        listener.next(CardLeft)
        listener.next(ReaderLeft)
        field.close()
    assert chip.opened <= 1


def test_a_device_that_may_not_be_used_is_said_to_be_so_once(
    chip: Rcs380, hear: Callable[..., Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    chip.is_forbidden = True
    monkeypatch.setattr(nfc_module, "_REOPEN_SECONDS", 0.05)
    listener = hear(path="usb:054c:06c3")
    assert "Permission denied" in listener.next(ServiceLost).why
    time.sleep(0.2)
    assert listener.events.empty()
    chip.is_forbidden = False
    listener.next(ServiceBack)
    listener.next(ReaderCame)


@pytest.mark.parametrize("fault", ["is_hung", "talks_nonsense"])
def test_a_device_that_has_lost_its_mind_is_opened_anew(
    chip: Rcs380, hear: Callable[..., Ear], picc: Callable[..., Picc], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(nfc.clf.transport.USB.read, "__defaults__", (100,))
    listener = hear()
    chip.picc = picc()
    field = listener.card()
    setattr(chip, fault, True)
    with pytest.raises(ReaderError):
        field.transmit(SELECT)
    listener.next(ReaderLeft)
    setattr(chip, fault, False)
    assert listener.card().transmit(SELECT) == OK


def test_nine_cards_leave_nothing_behind(chip: Rcs380, hear: Callable[..., Ear], picc: Callable[..., Picc]) -> None:
    listener = hear(look_ms=10, kinds="B")
    listener.next(ReaderCame)
    threads, files = threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
    card = picc()
    for number in range(9):
        card.is_gone, card.exchanges_left = False, 0 if number % 3 == 2 else None
        chip.picc = card
        field = listener.card()
        if number % 3 == 2:
            with pytest.raises(CardGoneError):
                field.transmit(SELECT)
        else:
            assert field.transmit(SELECT) == OK
        field.close()
        card.field_off()
        chip.picc = None
        listener.next(CardLeft)
    assert listener.events.empty()
    assert (threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))) == (threads, files)


def test_looking_costs_next_to_nothing(chip: Rcs380, hear: Callable[..., Ear], picc: Callable[..., Picc]) -> None:
    """Three kinds of card looked for, and then a card that lies there: less than a tenth of a core together."""
    listener = hear()
    listener.next(ReaderCame)
    begun = time.process_time()
    time.sleep(1)
    assert time.process_time() - begun < 0.1
    chip.picc = picc()
    listener.next(CardCame)
    begun, frames = time.process_time(), len(chip.written)
    time.sleep(1)
    assert time.process_time() - begun < 0.1
    assert len(chip.written) - frames < 60


def test_no_device_is_waited_for_without_end(chip: Rcs380) -> None:
    """As the driver sets it, without the shorter time that a test gives it; nfcpy's own default is for ever."""
    del chip
    for transfer in (nfc.clf.transport.USB.read, nfc.clf.transport.USB.write):
        assert transfer.__defaults__ == (8_000,)


def test_what_cannot_be_configured() -> None:
    with pytest.raises(UnknownDriverError, match="kinds"):
        load("reader", "nfc", {"kinds": "BX"})
    with pytest.raises(UnknownDriverError, match="look_ms"):
        load("reader", "nfc", {"speed": 9})


def test_stop_is_quick_and_ends_every_thread(chip: Rcs380, hear: Callable[..., Ear]) -> None:
    threads = threading.active_count()
    listener = hear()
    listener.next(ReaderCame)
    begun = time.monotonic()
    listener.driver.stop()
    assert time.monotonic() - begun < 0.5
    assert threading.active_count() == threads
    assert chip.opened == 0
