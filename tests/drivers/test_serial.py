"""Serial lines: a real pseudo-terminal through pyserial, and the simulated line against the same expectations."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.check import State
from drivers.serial import READ_MAX, LineBusyError, LineDeniedError, LineError, LineGoneError, found, sim, tty
from tests.drivers.far_end import far_end


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "line"


def line_to(path: Path, baud: int = 9600) -> tty.Driver:
    return tty.Driver(tty.Driver.Options(str(path), baud))


def test_every_byte_passes_both_ways(path: Path) -> None:
    every = bytes(range(256))
    with far_end(path) as end:
        line = line_to(path)
        line.open()
        end.say(every)
        heard = b""
        while len(heard) < len(every):
            heard += line.read(1)
        assert heard == every
        assert line.write(every, 1) == len(every)
        assert end.heard(len(every)) == every
        line.close()


def test_nothing_comes_and_nobody_waits_longer_than_asked(path: Path) -> None:
    with far_end(path):
        line = line_to(path)
        line.open()
        assert line.read(0.01) == b""
        assert line.framing_errors() is None  # a pseudo-terminal has no wire to count on
        line.close()


def test_no_read_returns_more_than_is_promised(path: Path) -> None:
    with far_end(path) as end:
        line = line_to(path)
        line.open()
        end.say(b"x" * 3000)
        assert 0 < len(line.read(1)) <= READ_MAX
        line.close()


def test_a_far_end_that_takes_nothing_is_given_up(path: Path) -> None:
    with far_end(path):
        line = line_to(path)
        line.open()
        assert 0 < line.write(b"x" * 100_000, 0.05) < 100_000
        line.close()


def test_two_cannot_have_it(path: Path) -> None:
    with far_end(path):
        first, second = line_to(path), line_to(path)
        first.open()
        with pytest.raises(LineBusyError) as busy:
            second.open()
        assert found("x", busy.value).state is State.BUSY
        first.close()
        second.open()
        second.close()


def test_pulled_out_and_put_back_under_the_same_name(path: Path) -> None:
    with far_end(path) as end:
        line = line_to(path)
        line.open()
        end.unplug()
        with pytest.raises(LineGoneError):
            line.read(1)
        with pytest.raises(LineError, match="not open"):
            line.read(0)
        with pytest.raises(LineGoneError):
            line.open()
        end.plug()
        line.open()
        end.say(b"again")
        assert line.read(1) == b"again"
        line.close()


def test_a_write_into_nothing_is_noticed(path: Path) -> None:
    with far_end(path) as end:
        line = line_to(path)
        line.open()
        end.unplug()
        with pytest.raises(LineGoneError):
            line.write(b"x", 0.1)


def test_what_is_no_line_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "none", Path("/dev/null")):
        with pytest.raises(LineGoneError):
            line_to(path).open()
    with far_end(tmp_path / "line"), pytest.raises(LineError):
        line_to(tmp_path / "line", -1).open()


def test_trouble_is_said_in_both_languages() -> None:
    for error in (LineGoneError("x"), LineDeniedError("x"), LineError("x")):
        check = found("/dev/machitap/scanner", error)
        assert check.state is State.FAIL
        assert "/dev/machitap/scanner" in check.ja
        assert "/dev/machitap/scanner" in check.en
        assert check.do_ja
        assert check.do_en


def test_the_kernels_numbers_are_those_of_its_headers(tmp_path: Path) -> None:
    """What is spelled out in these drivers is compared with what the C headers say."""
    source = tmp_path / "numbers.c"
    source.write_text(
        """
        #include <stddef.h>
        #include <stdio.h>
        #include <linux/rtc.h>
        #include <linux/serial.h>
        #include <linux/watchdog.h>
        #include <sys/ioctl.h>
        #include <sys/timex.h>
        int main(void) {
            printf("%lu %lu %lu %u %zu %zu %zu %d %d", (unsigned long)WDIOC_SETTIMEOUT,
                   (unsigned long)WDIOC_GETTIMEOUT, (unsigned long)RTC_VL_READ, TIOCGICOUNT,
                   sizeof(struct serial_icounter_struct), offsetof(struct serial_icounter_struct, frame),
                   offsetof(struct timex, status), RTC_VL_DATA_INVALID, RTC_VL_BACKUP_EMPTY);
        }
        """
    )
    subprocess.run(["gcc", "-o", tmp_path / "numbers", source], check=True)
    said = subprocess.run([tmp_path / "numbers"], capture_output=True, text=True, check=True).stdout
    from drivers.clock import _kernel  # noqa: PLC0415 - private, and looked into by this test only
    from drivers.watchdog import linux  # noqa: PLC0415

    assert [int(number) for number in said.split()] == [
        linux.SETTIMEOUT,
        linux.GETTIMEOUT,
        _kernel.RTC_VL_READ,
        tty._TIOCGICOUNT,
        tty._COUNTERS.size,
        4 * tty._FRAME,
        _kernel._STATUS_OFFSET,
        _kernel._VL_DATA_INVALID,
        _kernel._VL_BACKUP_EMPTY,
    ]


# ---------------------------------------------------------------------------------------------- the simulated line


def test_the_simulated_line_does_as_the_real_one() -> None:
    line = sim.Driver()
    with pytest.raises(LineError, match="not open"):
        line.read(0)
    line.open()
    line.say(b"x" * (READ_MAX + 1))
    assert [len(line.read(0)) for _ in range(3)] == [READ_MAX, 1, 0]
    assert line.write(b"abc", 0) == 3
    assert bytes(line.heard) == b"abc"
    line.hold = True
    assert line.write(b"abc", 0) == 0
    line.unplug()
    line.say(b"lost")
    with pytest.raises(LineGoneError):
        line.read(0)
    with pytest.raises(LineGoneError):
        line.open()
    line.plug()
    line.busy = True
    with pytest.raises(LineBusyError):
        line.open()


def test_a_wrong_speed_is_noise_and_is_counted() -> None:
    line = sim.Driver()
    line.open()
    line.far_baud = 4800
    line.say(b"Todai town\r")
    assert b"Todai" not in line.read(0)
    assert line.framing_errors()


@given(st.binary(max_size=300), st.sampled_from([1200, 4800, 9600, 38_400, 115_200]))
def test_at_the_same_speed_nothing_changes(data: bytes, baud: int) -> None:
    assert sim.misread(data, baud, baud) == (data, 0)


@given(st.binary(max_size=100), st.integers(300, 230_400), st.integers(300, 230_400))
def test_at_any_speed_a_receiver_comes_to_an_end(data: bytes, sent: int, read: int) -> None:
    out, wrong = sim.misread(data, sent, read)
    assert 0 <= wrong <= len(out) <= 10 * len(data) * max(1, read // sent + 1)
