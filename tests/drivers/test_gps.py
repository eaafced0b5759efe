"""Positions: sentences as the standard has them, moments put together, jumps refused, a receiver on a real terminal."""

import contextlib
import queue
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.check import State
from drivers.gps import Event, Fix, Fixed, GpsCame, GpsLeft, Jumped, NoFix, Quality, Unreadable, Why, nmea, sim
from drivers.gps._nmea import BadSentenceError, Lines, checksum_of, read, utc_ms
from drivers.gps._plausible import Plausible, distance_m
from drivers.gps._receiver import Receiver
from tests.drivers.far_end import FarEnd, far_end

# The two sentences that every description of NMEA 0183 shows.
GGA = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47"
RMC = b"$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A"


def sentence(body: str) -> bytes:
    return f"${body}*{checksum_of(body.encode()):02X}".encode()


def fixes(events: list[Event]) -> list[Fix]:
    return [event.fix for event in events if isinstance(event, Fixed)]


# ---------------------------------------------------------------------------------------------- sentences


def test_what_gga_says() -> None:
    told = read(GGA)
    assert told
    assert told.place == pytest.approx((48.1173, 11.516667))
    assert (told.time, told.quality, told.satellites, told.hdop) == ("123519", Quality.PLAIN, 8, 0.9)


def test_what_rmc_says() -> None:
    told = read(RMC)
    assert told
    assert told.place == pytest.approx((48.1173, 11.516667))
    assert told.speed_mps == pytest.approx(11.5236, abs=1e-4)
    assert told.day is not None
    assert utc_ms(told) == told.day * 1000 + ((12 * 60 + 35) * 60 + 19) * 1000


@pytest.mark.parametrize("talker", ["GP", "GN", "GL", "GA", "GQ", "QZ"])
def test_every_system_in_the_sky_counts(talker: str) -> None:
    told = read(sentence(f"{talker}GGA,000000.50,3657.0000,S,13733.0000,W,2,10,1.2,3,M,36,M,,"))
    assert told
    assert told.place == pytest.approx((-36.95, -137.55))
    assert told.quality is Quality.BETTER


@pytest.mark.parametrize(
    "body",
    [
        "GPGGA,123519,4807.038,,01131.000,E,1,08,0.9,545.4,M,46.9,M,,",  # no hemisphere: not the equator
        "GPGGA,123519,4807.038,N,01131.000,X,1,08,0.9,545.4,M,46.9,M,,",
        "GPGGA,123519,,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,",
        "GPGGA,123519,4867.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,",  # 67 minutes
        "GPGGA,123519,9107.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,",
        "GPGGA,123519,4807.038,N,1131.000,E,1,08,0.9,545.4,M,46.9,M,,",
        "GPGGA,243519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,",
        "GPGGA,123519,4807.038,N,01131.000,E,1,08,nan,545.4,M,46.9,M,,",
        "GPGGA,123519,4807.038,N,01131.000,E,1,08,1e9,545.4,M,46.9,M,,",
        "GPGGA,123519,4807.038,N,01131.000,E,1",
        "GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,310294,003.1,W",  # 31 February
        "GPRMC,123519,A,4807.038,N,01131.000,E,-22.4,084.4,230394,003.1,W",
    ],
)
def test_a_sentence_with_nonsense_is_none(body: str) -> None:
    with pytest.raises(BadSentenceError):
        read(sentence(body))


@pytest.mark.parametrize("line", [GGA[:-1] + b"8", GGA[:30], GGA[20:], GGA[1:], GGA + b"7", b"", b"\xff\x00"])
def test_a_damaged_sentence_is_none(line: bytes) -> None:
    with pytest.raises(BadSentenceError):
        read(line)


def test_other_sentences_are_passed_over() -> None:
    assert read(sentence("GPGSV,1,1,00")) is None
    assert read(sentence("GPTXT,01,01,02,ANTSTATUS=OK")) is None


@given(st.binary(max_size=150))
def test_no_line_makes_it_fail(line: bytes) -> None:
    with contextlib.suppress(BadSentenceError):
        read(line)


@given(st.sampled_from([GGA, RMC]), st.data())
def test_no_well_formed_nonsense_makes_it_fail(line: bytes, data: st.DataObject) -> None:
    fields = line[1:-3].decode().split(",")
    at = data.draw(st.integers(1, len(fields) - 1))
    fields[at] = data.draw(
        st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters=",*"), max_size=12)
    )
    try:
        told = read(sentence(",".join(fields)))
    except BadSentenceError:
        return
    if told and told.place:
        assert -90 <= told.place[0] <= 90
        assert -180 <= told.place[1] <= 180
        utc_ms(told)


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_lines_in_any_chunks_and_never_too_long(chunks: list[bytes]) -> None:
    lines = Lines()
    cut = [line for chunk in chunks for line in lines.feed(chunk)]
    assert all(0 < len(line) <= 120 for line in cut)
    assert len(lines._kept) <= 320


# ---------------------------------------------------------------------------------------------- moments


def test_two_sentences_about_one_moment_are_one_fix() -> None:
    receiver = Receiver(45)
    assert receiver.hear(GGA + b"\r\n", 1.0) == []
    (event,) = receiver.hear(RMC + b"\r\n", 1.1)
    assert isinstance(event, Fixed)
    assert event.fix.hdop == 0.9
    assert event.fix.utc_ms is not None
    assert event.fix.speed_mps == pytest.approx(11.52, abs=0.01)
    assert event.fix.mono == 1.1
    assert receiver.hear(GGA + b"\r\n" + RMC + b"\r\n", 1.2) == [], "the same moment is not told twice"


@pytest.mark.parametrize("line", [GGA, RMC])
def test_one_sentence_alone_is_enough(line: bytes) -> None:
    receiver = Receiver(45)
    assert receiver.hear(line + b"\r\n", 1.0) == []
    (fix,) = fixes(receiver.silence(1.3))
    assert (fix.hdop is None) == (line is RMC)
    assert (fix.utc_ms is None) == (line is GGA)


def test_no_fix_is_said_once() -> None:
    receiver = Receiver(45)
    nothing = sentence("GPGGA,,,,,,0,00,99.9,,,,,,") + b"\r\n" + sentence("GPRMC,,V,,,,,,,,,,N") + b"\r\n"
    assert receiver.hear(nothing, 1) == [NoFix()]
    assert receiver.hear(nothing * 3, 2) == []


def test_the_half_sentence_at_the_beginning_is_no_damage() -> None:
    receiver = Receiver(45)
    assert receiver.hear(b"N,$GP*47\r\n", 0) == []
    assert receiver.hear(GGA[:40] + b"\r\n", 0) == [Unreadable(Why.DAMAGED)]


def test_noise_is_said_once_and_forgiven() -> None:
    receiver = Receiver(45)
    said = [event for now in range(10) for event in receiver.hear(b"\x80\xfe\x00\n", now)]
    assert said == [Unreadable(Why.NOISE)]
    assert len(fixes(receiver.hear(GGA + b"\n" + RMC + b"\n", 11))) == 1


# ---------------------------------------------------------------------------------------------- jumps


def at(lat: float, lon: float, mono: float, hdop: float = 1.0) -> Fix:
    return Fix(lat, lon, Quality.PLAIN, hdop, 8, None, None, mono)


def test_distances() -> None:
    assert distance_m(at(0, 0, 0), at(0, 1, 0)) == pytest.approx(111_195, rel=1e-3)
    assert distance_m(at(36, 179.9999, 0), at(36, -179.9999, 0)) < 20
    assert distance_m(at(90, 0, 0), at(-90, 0, 0)) == pytest.approx(20_015_000, rel=1e-3)


def test_a_jump_is_refused_and_the_way_back_is_not() -> None:
    plausible = Plausible(45)
    assert plausible.believes(at(36.9, 137.5, 0))
    assert plausible.believes(at(36.9003, 137.5, 1))
    assert not plausible.believes(at(36.95, 137.5, 2))
    assert plausible.believes(at(36.9006, 137.5, 3))


def test_a_wrong_beginning_is_given_up_in_the_end() -> None:
    plausible = Plausible(45)
    plausible.believes(at(0, 0, 0))
    assert [plausible.believes(at(36.9, 137.5, second)) for second in range(1, 8)] == [False] * 4 + [True] * 3


def test_wild_jumping_never_becomes_true() -> None:
    plausible = Plausible(45)
    plausible.believes(at(36.9, 137.5, 0))
    assert not any(plausible.believes(at(36 + second % 2 / 10, 137, second)) for second in range(1, 50))


def test_a_poor_sky_is_given_more_room() -> None:
    far = 0.0015  # degrees: 167 m, in a second
    assert not _believed_after(far, hdop=1.0)
    assert _believed_after(far, hdop=12.0)


def _believed_after(degrees: float, hdop: float) -> bool:
    plausible = Plausible(45)
    plausible.believes(at(36.9, 137.5, 0, hdop))
    return plausible.believes(at(36.9 + degrees, 137.5, 1, hdop))


# ---------------------------------------------------------------------------------------------- the simulated receiver


def driving(**options: object) -> tuple[sim.Driver, list[Event]]:
    events: list[Event] = []
    receiver = sim.Driver(sim.Driver.Options(**options))  # type: ignore[arg-type]
    receiver.start(events.append)
    assert events.pop() == GpsCame()
    return receiver, events


def test_it_drives_along_its_track() -> None:
    receiver, events = driving(track=((0.0, 36.95, 137.55), (100.0, 36.96, -137.55), (200.0, -36.96, -137.55)))
    receiver.advance(1)
    receiver._at = 49
    events.clear()
    receiver._receiver = Receiver(1e9)
    receiver.advance(1)
    (fix,) = fixes(events)
    assert (fix.lat_deg, fix.lon_deg) == pytest.approx((36.955, 0.0), abs=1e-5)
    receiver._at = 999
    receiver.advance(1)
    assert (fixes(events)[-1].lat_deg, fixes(events)[-1].lon_deg) == pytest.approx((-36.96, -137.55), abs=1e-5)


def test_its_faults_are_those_of_a_real_one() -> None:
    receiver, events = driving()
    receiver.advance(3)
    assert len(fixes(events)) == 3
    receiver.lose()
    receiver.advance(3)
    assert events[3:] == [NoFix()]
    receiver.has_sky = True
    receiver.advance(1)
    receiver.jump_m = 3000
    receiver.advance(2)
    assert all(isinstance(event, Jumped) for event in events[-2:])
    receiver.jump_m = 0
    receiver.damage = True
    receiver.advance(1)
    assert events[-2:] == [Unreadable(Why.DAMAGED)] * 2
    receiver.damage = False
    receiver.unplug()
    receiver.advance(5)
    assert events[-1] == GpsLeft("unplugged")
    receiver.plug()
    receiver.advance(1)
    assert isinstance(events[-1], Fixed)


@pytest.mark.parametrize("baud", [1200, 4800, 19_200, 38_400, 115_200])
def test_a_wrong_speed_is_told_apart_from_silence(baud: int) -> None:
    receiver, events = driving()
    receiver.far_baud = baud
    receiver.advance(10)
    assert events == [Unreadable(Why.NOISE)]


def test_it_can_drive_by_itself() -> None:
    heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
    receiver = sim.Driver(sim.Driver.Options(pace=100))
    receiver.start(heard.put)
    assert heard.get(timeout=10) == GpsCame()
    assert isinstance(heard.get(timeout=10), Fixed)
    receiver.stop()


# ---------------------------------------------------------------------------------------------- on a real terminal


@pytest.fixture
def end(tmp_path: Path) -> Iterator[FarEnd]:
    with far_end(tmp_path / "gps") as end:
        yield end


def options(end: FarEnd) -> nmea.Driver.Options:
    return nmea.Driver.Options(path=str(end.path), silent_s=0.8)


@pytest.fixture
def heard(end: FarEnd) -> Iterator["queue.SimpleQueue[Event]"]:
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    driver = nmea.Driver(options(end))
    driver.start(events.put)
    yield events
    driver.stop()


def until(heard: "queue.SimpleQueue[Event]", kind: type[Event]) -> Event:
    while not isinstance(event := heard.get(timeout=10), kind):
        pass
    return event


BOTH = GGA + b"\r\n" + RMC + b"\r\n"


def test_a_receiver_falls_silent_and_speaks_again(end: FarEnd, heard: "queue.SimpleQueue[Event]") -> None:
    with end.chatter(BOTH):
        assert heard.get(timeout=10) == GpsCame()
        assert isinstance(until(heard, Fixed), Fixed)
    silent = until(heard, GpsLeft)
    assert isinstance(silent, GpsLeft)
    assert "silent" in silent.why
    with end.chatter(BOTH):
        assert heard.get(timeout=10) == GpsCame()


def test_a_receiver_is_pulled_out_and_put_back(end: FarEnd, heard: "queue.SimpleQueue[Event]") -> None:
    with end.chatter(BOTH):
        assert heard.get(timeout=10) == GpsCame()
    end.unplug()
    until(heard, GpsLeft)
    end.plug()
    with end.chatter(BOTH):
        assert heard.get(timeout=10) == GpsCame()


LOOKS = {
    "silent": (b"", State.FAIL, "says nothing"),
    "noise": (b"\x80\x00\xfe" * 30, State.FAIL, "cannot be read"),
    "indoors": (sentence("GPGGA,,,,,,0,00,99.9,,,,,,") + b"\r\n", State.WARN, "no position yet"),
    "well": (BOTH, State.OK, "8 satellites"),
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_says_how_it_is(end: FarEnd, name: str) -> None:
    said, state, words = LOOKS[name]
    with end.chatter(said) if said else contextlib.nullcontext():
        check = nmea.Driver.probe(options(end))
    assert (check.state, words in check.en) == (state, True), check
    assert check.ja


def test_a_look_at_nothing(tmp_path: Path) -> None:
    assert nmea.Driver.probe(nmea.Driver.Options(path=str(tmp_path / "none"))).state is State.FAIL
