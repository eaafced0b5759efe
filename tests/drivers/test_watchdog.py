"""Watchdogs: datagrams to a real socket as systemd has it, the device's own protocol, and the simulated one."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.check import State
from drivers.clock.sim import Driver as SimClock
from drivers.watchdog import KICKS_IN_A_PERIOD, WatchdogError, linux, none, sim, systemd

# Stands below the C library, in the place of the kernel: grants 15 seconds at most, as a Raspberry Pi's watchdog does.
KERNEL = """
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <linux/watchdog.h>
int ioctl(int handle, unsigned long request, ...) {
    va_list more;
    va_start(more, request);
    int *period = va_arg(more, int *);
    va_end(more);
    if (request == WDIOC_SETTIMEOUT && getenv("CANNOT_SET")) { errno = EOPNOTSUPP; return -1; }
    if (request == WDIOC_SETTIMEOUT) { if (*period > 15) *period = 15; return 0; }
    if (request == WDIOC_GETTIMEOUT) { *period = 9; return 0; }
    errno = ENOTTY;
    return -1;
}
"""
SERVE = """
import sys
from drivers.watchdog.linux import Driver
watchdog = Driver(Driver.Options(path=sys.argv[1], period_s=int(sys.argv[2])))
print(watchdog.start())
for _ in range(int(sys.argv[3])):
    watchdog.kick()
if sys.argv[4] == "stop":
    watchdog.stop()
    watchdog.stop()
"""


# ---------------------------------------------------------------------------------------------- systemd


@contextlib.contextmanager
def manager(name: str) -> Iterator[socket.socket]:
    """The socket at which systemd listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name[1:] if name.startswith("@") else name)
        listening.settimeout(2)
        yield listening


@pytest.mark.parametrize("abstract", [False, True])
def test_it_says_what_systemd_wants_to_hear(tmp_path: Path, abstract: bool) -> None:
    name = f"@machitap-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with manager(name) as listening:
        watchdog = systemd.Driver(environ={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "15000000"})
        assert watchdog.start() == pytest.approx(15 / KICKS_IN_A_PERIOD)
        watchdog.kick()
        watchdog.stop()
        watchdog.stop()
        assert [listening.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.recv(100)


@pytest.mark.parametrize(
    ("more", "interval_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None),  # meant for somebody else
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 1.0),
    ],
)
def test_it_kicks_only_if_it_is_watched(tmp_path: Path, more: dict[str, str], interval_s: float | None) -> None:
    with manager(str(tmp_path / "notify")):
        watchdog = systemd.Driver(environ={"NOTIFY_SOCKET": str(tmp_path / "notify")} | more)
        assert watchdog.start() == interval_s
        watchdog.stop()


def test_started_by_hand_nobody_listens_and_nothing_fails() -> None:
    watchdog = systemd.Driver(environ={})
    assert watchdog.start() is None
    watchdog.kick()
    watchdog.stop()


def test_a_socket_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(WatchdogError, match="does not listen"):
        systemd.Driver(environ={"NOTIFY_SOCKET": str(tmp_path / "none")}).start()


def test_a_manager_that_hangs_or_dies_holds_nobody_up(tmp_path: Path) -> None:
    with manager(str(tmp_path / "notify")):
        watchdog = systemd.Driver(environ={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"})
        watchdog.start()
        begun = time.monotonic()
        for _ in range(2000):  # nobody reads: the queue is full after a few
            watchdog.kick()
        assert time.monotonic() - begun < 1
    watchdog.kick()
    watchdog.stop()


# ---------------------------------------------------------------------------------------------- the board's own


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kernel")
    (folder / "kernel.c").write_text(KERNEL)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", folder / "kernel.so", folder / "kernel.c"], check=True)
    return folder / "kernel.so"


@pytest.fixture
def device(tmp_path: Path) -> Path:
    path = tmp_path / "watchdog0"
    path.touch()
    return path


def serve(kernel: Path, device: Path, period_s: int, kicks: int, how: str, **more: str) -> str:
    command = [sys.executable, "-c", SERVE, str(device), str(period_s), str(kicks), how]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | {"LD_PRELOAD": str(kernel)} | more
    )
    return done.stdout.strip()


def test_an_orderly_end_lets_the_board_off(kernel: Path, device: Path) -> None:
    assert float(serve(kernel, device, 12, 3, "stop")) == pytest.approx(12 / KICKS_IN_A_PERIOD)
    assert device.read_bytes() == b"\0\0\0V"


def test_an_end_without_a_word_does_not(kernel: Path, device: Path) -> None:
    serve(kernel, device, 12, 2, "die")
    assert device.read_bytes() == b"\0\0"


def test_the_period_is_the_one_that_the_board_grants(kernel: Path, device: Path) -> None:
    assert float(serve(kernel, device, 60, 0, "stop")) == pytest.approx(15 / KICKS_IN_A_PERIOD)
    assert float(serve(kernel, device, 60, 0, "stop", CANNOT_SET="1")) == pytest.approx(9 / KICKS_IN_A_PERIOD)


def test_what_is_no_watchdog_is_refused(device: Path, tmp_path: Path) -> None:
    with pytest.raises(WatchdogError, match="no watchdog"):
        linux.Driver(linux.Driver.Options(path=str(device))).start()
    with pytest.raises(WatchdogError, match="dtparam=watchdog=on"):
        linux.Driver(linux.Driver.Options(path=str(tmp_path / "none"))).start()


def test_a_look_reads_what_the_kernel_says_and_starts_nothing(device: Path, tmp_path: Path) -> None:
    told = tmp_path / "sys" / "watchdog0"
    told.mkdir(parents=True)
    (told / "identity").write_text("Broadcom BCM2835 Watchdog timer\n")
    options = linux.Driver.Options(path=str(device), sysfs=str(tmp_path / "sys"))
    for name, content, state in (
        ("state", "inactive\n", State.OK),
        ("state", "active\n", State.BUSY),
        ("bootstatus", "32\n", State.WARN),
    ):
        (told / name).write_text(content)
        check = linux.Driver.probe(options)
        assert check.state is state
        assert "Broadcom" in check.ja
    assert device.read_bytes() == b""
    device.unlink()
    assert linux.Driver.probe(options).state is State.FAIL


def test_nobody_watching_is_said() -> None:
    assert none.Driver().start() is None
    assert none.Driver.probe(none.Driver.Options()).state is State.WARN


# ---------------------------------------------------------------------------------------------- the simulated one


def test_it_bites_whoever_does_not_kick() -> None:
    clock = SimClock()
    watchdog = sim.Driver(sim.Driver.Options(period_s=9), clock)
    interval_s = watchdog.start()
    assert interval_s == 3
    for _ in range(10):
        clock.advance(interval_s)
        watchdog.kick()
    assert not watchdog.has_bitten()
    clock.advance(9.1)
    watchdog.kick()
    watchdog.stop()
    assert watchdog.has_bitten(), "a kick that comes too late is none"


def test_an_orderly_end_is_no_bite_unless_there_is_no_way_out() -> None:
    clock = SimClock()
    for nowayout in (False, True):
        watchdog = sim.Driver(clock=clock)
        watchdog.nowayout = nowayout
        watchdog.start()
        watchdog.stop()
        clock.advance(60)
        assert watchdog.has_bitten() is nowayout


def test_a_missing_one_is_said() -> None:
    watchdog = sim.Driver()
    watchdog.missing = True
    with pytest.raises(WatchdogError):
        watchdog.start()
