"""How much a clock is believed: by the kernel's flag, by an earlier synchronisation, by the battery clock."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drivers.check import State
from drivers.clock import Confidence, _kernel, system
from drivers.clock._confidence import APART_MAX_S, Battery, judge, told

NOW = 1_795_392_000
GOOD = Battery("rtc-ds1307", NOW, is_doubtful=False)

# Asks adjtimex(2) as the header declares it.
ASK = """
#include <stdio.h>
#include <sys/timex.h>
int main(void) {
    struct timex now = {0};
    int state = adjtimex(&now);
    printf("%d", state >= 0 && state < TIME_ERROR && !(now.status & STA_UNSYNC));
}
"""
# Stands below the C library, in the place of a clock chip that has the flag.
CHIP = """
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <linux/rtc.h>
int ioctl(int handle, unsigned long request, ...) {
    va_list more;
    va_start(more, request);
    unsigned int *flags = va_arg(more, unsigned int *);
    va_end(more);
    if (request == RTC_VL_READ && getenv("FLAGS")) { *flags = atoi(getenv("FLAGS")); return 0; }
    errno = ENOTTY;
    return -1;
}
"""
LOOK = """
import sys
from pathlib import Path
from drivers.clock._kernel import battery
print(battery("rtc0", Path(sys.argv[1]), Path(sys.argv[1])).is_doubtful)
"""


@pytest.mark.parametrize(
    ("battery", "expected"),
    [
        (None, Confidence.UNKNOWN),
        (GOOD, Confidence.HELD),
        (Battery("rtc", NOW, is_doubtful=None), Confidence.HELD),  # a chip without the flag
        (Battery("rtc", NOW, is_doubtful=True), Confidence.UNKNOWN),
        (Battery("rtc", None, is_doubtful=False), Confidence.UNKNOWN),
        (Battery("rtc", NOW - int(APART_MAX_S) - 1, is_doubtful=False), Confidence.UNKNOWN),
        (Battery("rtc", NOW - int(APART_MAX_S), is_doubtful=False), Confidence.HELD),
    ],
)
def test_the_battery_clock_is_weighed(battery: Battery | None, expected: Confidence) -> None:
    def weigh(*, now: bool, before: bool) -> Confidence:
        return judge(is_synchronised=now, was_synchronised=before, battery=battery, wall_s=NOW)

    assert weigh(now=True, before=True) is Confidence.SYNCED
    assert weigh(now=False, before=True) is Confidence.HELD
    assert weigh(now=False, before=False) is expected


def test_a_battery_clock_in_1970_vouches_for_nothing() -> None:
    old = Battery("rtc", 100, is_doubtful=False)
    confidence = judge(is_synchronised=False, was_synchronised=False, battery=old, wall_s=100)
    assert confidence is Confidence.UNKNOWN


@pytest.mark.parametrize(
    ("battery", "expects", "state", "words"),
    [
        (GOOD, True, State.OK, "held"),
        (None, True, State.FAIL, "missing"),
        (None, False, State.OK, "held"),
        (Battery("rtc", NOW, is_doubtful=True), True, State.FAIL, "empty"),
        (Battery("rtc", None, is_doubtful=None), True, State.FAIL, "lost its time"),
        (Battery("rtc", NOW - 100, is_doubtful=False), True, State.WARN, "+100 s"),
    ],
)
def test_it_is_said_to_a_technician(battery: Battery | None, expects: bool, state: State, words: str) -> None:
    check = told(Confidence.HELD, battery, NOW, expects_battery=expects)
    assert check.state is state
    assert words in check.en
    assert bool(check.do_ja) == bool(check.do_en) == (state is not State.OK)


def test_nothing_vouching_is_a_warning_and_no_stop() -> None:
    check = told(Confidence.UNKNOWN, None, NOW, expects_battery=False)
    assert check.state is State.WARN
    assert "営業は続けられます" in check.ja


# ---------------------------------------------------------------------------------------------- what the kernel says


def compiled(folder: Path, source: str, *flags: str) -> Path:
    (folder / "it.c").write_text(source)
    subprocess.run(["gcc", *flags, "-o", folder / "it", folder / "it.c"], check=True)
    return folder / "it"


def test_the_kernels_flag_is_read_as_the_header_has_it(tmp_path: Path) -> None:
    said = subprocess.run([compiled(tmp_path, ASK)], capture_output=True, text=True, check=True).stdout
    assert _kernel.is_synchronised() == (said == "1")


def rtc(folder: Path, since: str = str(NOW)) -> None:
    (folder / "rtc0").mkdir(parents=True)
    (folder / "rtc0" / "name").write_text("rtc-ds1307 1-0068\n")
    (folder / "rtc0" / "since_epoch").write_text(f"{since}\n")


def test_a_battery_clock_is_read(tmp_path: Path) -> None:
    rtc(tmp_path)
    assert _kernel.battery("rtc0", tmp_path, tmp_path / "dev") == Battery("rtc-ds1307", NOW, is_doubtful=None)
    assert _kernel.battery("rtc1", tmp_path, tmp_path / "dev") is None
    (tmp_path / "rtc0" / "since_epoch").unlink()  # the kernel refuses to read a clock that has lost its time
    found = _kernel.battery("rtc0", tmp_path, tmp_path / "dev")
    assert found
    assert found.unix_s is None


@pytest.mark.parametrize(
    ("flags", "expected"), [("0", "False"), ("1", "True"), ("4", "True"), ("2", "False"), ("", "None")]
)
def test_the_chips_own_flag_is_asked(tmp_path: Path, flags: str, expected: str) -> None:
    """1: the time is not valid, 4: the battery is empty (RTC_VL_DATA_INVALID, RTC_VL_BACKUP_EMPTY); 2 is only low."""
    rtc(tmp_path / "sys")
    chip = compiled(tmp_path, CHIP, "-shared", "-fPIC")
    environ = os.environ | {"LD_PRELOAD": str(chip)} | ({"FLAGS": flags} if flags else {})
    done = subprocess.run(
        [sys.executable, "-c", LOOK, tmp_path / "sys"], capture_output=True, text=True, check=True, env=environ
    )
    assert done.stdout.strip() == expected


def test_the_unit_goes_by_its_battery_clock(tmp_path: Path) -> None:
    rtc(tmp_path / "sys", str(int(time.time())))

    def clock(*, battery: bool) -> system.Driver:
        return system.Driver(system.Driver.Options(battery, sysfs=str(tmp_path / "sys"), dev=str(tmp_path)))

    usual = Confidence.SYNCED if _kernel.is_synchronised() else None
    usual = usual or (Confidence.HELD if _kernel.was_synchronised() else None)
    assert clock(battery=True).confidence() is (usual or Confidence.HELD)
    assert clock(battery=False).confidence() is (usual or Confidence.UNKNOWN)
    (tmp_path / "sys" / "rtc0" / "since_epoch").write_text(str(int(time.time()) - 86_400))
    assert clock(battery=True).confidence() is (usual or Confidence.UNKNOWN)
    away = system.Driver.probe(system.Driver.Options(battery=True, sysfs=str(tmp_path), dev=str(tmp_path)))
    assert away.state is State.FAIL


def test_the_battery_clock_is_not_asked_at_every_touch(tmp_path: Path) -> None:
    rtc(tmp_path, str(int(time.time())))
    clock = system.Driver(system.Driver.Options(battery=True, sysfs=str(tmp_path), dev=str(tmp_path)))
    first = clock._battery()
    (tmp_path / "rtc0" / "since_epoch").write_text("5")
    assert first == clock._battery()


def test_systemds_mark_is_looked_for(tmp_path: Path) -> None:
    assert not _kernel.was_synchronised(tmp_path / "synchronized")
    (tmp_path / "synchronized").touch()
    assert _kernel.was_synchronised(tmp_path / "synchronized")
