"""Traces that others have recorded of real RC-S380 readers, replayed through the real nfcpy and our driver.

Our stack must say byte for byte what was said then, and understand what came back. `tests/pcsc/traces` has the frames,
where they were published, and what in them is not as it was recorded.
"""

from collections.abc import Iterator

import pytest

from drivers.card.channel import Channel
from drivers.card.tokens import uid
from drivers.reader import CardLeft, ReaderCame, ReaderLeft
from drivers.reader.nfc import Driver
from tests.pcsc.bench import Ear
from tests.pcsc.rcs380 import Rcs380
from tests.pcsc.replay import TRACES, Replay, load
from tests.pcsc.usb import plug

S, P = (0x06C1, "RC-S380/S"), (0x06C3, "RC-S380/P")
IN_COMM_RF = b"\xd6\x04"
IDM = bytes.fromhex("0101000102030405")
UID = bytes.fromhex("01020304")


class Played:
    """One trace on the cable, and a driver that looks for one kind of card."""

    def __init__(self, device: tuple[int, str], trace: str, kinds: str, patch: pytest.MonkeyPatch) -> None:
        self.replay = Replay(*device, load(trace))
        plug(self.replay, patch)
        path = f"usb:054c:{device[0]:04x}"
        self.ear = Ear(Driver(Driver.Options(path=path, kinds=kinds, look_ms=10)))

    def ended(self) -> bool:
        """Wait until the driver has gone on behind the end of the trace; tell whether it followed it to there."""
        self.ear.next(ReaderLeft)
        return not self.replay.rest and not self.replay.wrong


@pytest.fixture
def played(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    device, trace, kinds = request.param
    one = Played(device, trace, kinds, monkeypatch)
    yield one
    one.ear.driver.stop()


@pytest.mark.parametrize("played", [(S, "rc-s380-s-opened", "B")], indirect=True)
def test_a_real_reader_is_opened_as_it_was_when_it_was_recorded(played: Played) -> None:
    assert played.ear.next(ReaderCame).reader == "SONY RC-S380/S"
    assert played.ended()


@pytest.mark.parametrize("played", [(P, "rc-s380-p-felica", "F")], indirect=True)
def test_a_felica_card_on_a_real_reader(played: Played) -> None:
    field = played.ear.card()
    assert field.atr.hex() == "3b8f8001804f0ca00000030611003b0000000042"
    assert uid.read(Channel(field), "felica") == IDM.hex()
    played.ear.next(CardLeft)
    assert played.ended()


@pytest.mark.parametrize("played", [(P, "rc-s380-p-type-a", "A")], indirect=True)
def test_a_tag_of_type_a_on_a_real_reader(played: Played) -> None:
    field = played.ear.card()
    assert uid.read(Channel(field), "type_a") == UID.hex()
    played.ear.next(CardLeft)
    assert played.ended()


@pytest.mark.parametrize("played", [(P, "rc-s380-p-felica", "A")], indirect=True)
def test_a_replay_notices_what_is_said_otherwise(played: Played) -> None:
    played.ear.next(ReaderCame)
    assert not played.ended()
    assert [frame.hex() for frame in played.replay.wrong] == ["0000ffffff0600fad60002030f031300"]


@pytest.mark.parametrize("trace", sorted(path.stem for path in TRACES.glob("*.txt")))
def test_the_reader_made_of_bytes_speaks_as_the_real_one(trace: str) -> None:
    """What the simulated RC-S380 of the other tests answers to the same commands, as far as no card is concerned."""
    chip = Rcs380()
    compared = 0
    for step in load(trace):
        if step.from_host:
            chip.write(step.frame)
            continue
        answer = chip.read(100)
        if step.is_recorded and chip.written[-1][8:10] != IN_COMM_RF:
            assert answer == step.frame
            compared += 1
    assert compared >= 10
