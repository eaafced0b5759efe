"""The image as a whole, started: it serves people, keeps what it has to, and leaves its disk alone.

An emulated machine is slow, and its times are printed rather than judged.
"""

import time

import pytest

from drivers.card.sim.issue import make
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from tests.appliance.live import machi, wait_until
from tests.appliance.uplink.serving import Served
from tests.image.conftest import Say
from tests.image.emulated import Machine
from tests.image.service import FOLDER, MACHI, PATIENCE_S, TAP, megabytes, status

pytestmark = pytest.mark.image

UPLINK, PCSCD = "machi-uplink.service", "pcscd.service"
IDLE_S = 60
SECTORS_WRITTEN = 6  # field of /sys/block/*/stat (Linux, admin-guide/iostats)
OURS = (TAP, UPLINK, PCSCD)
OURS_MB_MAX = 120
IDLE_SHARE_MAX = 0.4  # of an emulated processor, which takes ten times as long
TICKS = 100  # USER_HZ, in which /proc counts
READER = "$(grep -l 08e6 /sys/bus/usb/devices/*/idVendor | sed s/idVendor/authorized/)"
DATA_GIB_MIN = 1.5  # of a card of 4: the rest is the two slots


def test_a_fresh_unit_starts_whole_and_knows_nobody(fresh: Machine, say: Say) -> None:
    def is_up() -> bool:
        return fresh.run("systemctl is-system-running").stdout.strip() in ("running", "degraded")

    wait_until(is_up, fresh.said, PATIENCE_S, 1)
    assert fresh.do("systemctl list-units --failed --plain --no-legend") == ""
    assert fresh.run(f"systemctl is-active {TAP}").returncode != 0, "no town has let it in"
    say(fresh.do("systemd-analyze time"))


def test_what_is_written_lies_in_memory_or_is_kept(fresh: Machine) -> None:
    mounts = [line.split() for line in fresh.do("cat /proc/mounts").splitlines()]
    disks = {where: (device, kind) for device, where, kind, *_ in mounts if device.startswith("/dev/vd")}
    assert {kind for _, kind in disks.values()} == {"ext4"}, "the only disk that a path leads to is the data partition"
    kept = {line for line in fresh.do("cat /usr/lib/machitap/kept").splitlines() if line.startswith("/")}
    assert set(disks) == {*kept, "/data"}
    assert [kind for _, where, kind, *_ in mounts if where == "/"] == ["overlay"]


def test_the_card_is_used_to_its_end(fresh: Machine) -> None:
    def gibibytes() -> float:
        blocks, size = map(int, fresh.do("stat --file-system --format='%b %S' /data").split())
        return blocks * size / 2**30

    wait_until(lambda: gibibytes() > DATA_GIB_MIN, lambda: f"/data has {gibibytes():.2f} GiB", PATIENCE_S, 1)


def test_nothing_tells_of_the_machine_that_built_it(fresh: Machine) -> None:
    assert fresh.do("find /etc/apt /var/lib/apt /var/log/apt -type f; true") == ""
    assert fresh.do("cat /etc/hostname") == "machitap"
    assert fresh.do("find /etc/ssh -name 'ssh_host_*'") == ""


def test_a_machine_that_is_no_board_has_no_trials(fresh: Machine) -> None:
    refused = fresh.run("modprobe machitap_tryboot")
    assert (refused.returncode, "No such device" in refused.stderr) == (1, True), refused.stderr
    assert fresh.run(f"{MACHI} unit boot-slot set-primary b").returncode == 6


def test_a_card_in_a_usb_reader_is_an_entry_that_reaches_the_town(
    unit: Machine, town: Served, pki: TestPki, say: Say
) -> None:
    wait_until(lambda: status(unit).get("readers"), lambda: f"{status(unit)}", PATIENCE_S, 1)
    before = status(unit)["tip"]
    with unit.reader() as reader:
        began = time.monotonic()
        reader.present(make(Plan(serial="990000000000001", pki=str(pki.folder)), pki))
        wait_until(lambda: status(unit)["tip"] != before, lambda: unit.do(f"journalctl -b -u {TAP}"), PATIENCE_S, 0.2)
        say(f"a touch is in the journal {time.monotonic() - began:.1f} s after the card came, with the asking")
        reader.remove()
    wait_until(lambda: status(unit).get("unsent") == 0, lambda: f"{status(unit)}", PATIENCE_S, 1)
    (here,) = [line for line in machi("central", "status", town.folder).stdout.splitlines() if line.startswith("lib01")]
    assert "active" in here


def test_the_doctor_finds_nothing_that_a_board_would_not_lack(unit: Machine, say: Say) -> None:
    done = unit.run(f"{MACHI} unit doctor {FOLDER}")
    say(f"machi unit doctor there ({done.returncode}):\n{done.stdout}{done.stderr}")
    assert done.returncode in (0, 2)


def test_an_idle_unit_does_not_write_to_its_card_and_hardly_works(unit: Machine, say: Say) -> None:
    """Also after its reader came anew: pcscd then counts more comings than there are readers."""
    for plugged in (0, 1):
        unit.do(f"for one in {READER}; do echo {plugged} >$one; done")
        wait_until(lambda: len(status(unit)["readers"]) == plugged, lambda: f"{status(unit)}", PATIENCE_S, 1)  # noqa: B023
    wait_until(lambda: status(unit).get("unsent") == 0, lambda: f"{status(unit)}", PATIENCE_S, 1)
    unit.do("sync")
    pids = " ".join(f"/proc/{unit.shown(service, 'MainPID')}/stat" for service in OURS)
    look = f"cat /sys/block/vda/stat; cat {pids}"
    before, *busy = unit.do(f"{look}; sleep {IDLE_S}; {look}", seconds=IDLE_S * 3).splitlines()
    busy, after, busier = busy[: len(OURS)], busy[len(OURS)], busy[len(OURS) + 1 :]
    written = int(after.split()[SECTORS_WRITTEN]) - int(before.split()[SECTORS_WRITTEN])
    assert written == 0, f"{written} sectors in {IDLE_S} s"
    shares = {one: worked(now) - worked(then) for one, then, now in zip(OURS, busy, busier, strict=True)}
    say("of a processor in an idle minute: " + ", ".join(f"{one} {share:.0%}" for one, share in shares.items()))
    assert sum(shares.values()) < IDLE_SHARE_MAX


def worked(stat: str) -> float:
    """Return the time that a process has worked, of /proc/PID/stat, as a share of an idle minute."""
    after_name = stat.rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / TICKS / IDLE_S


def test_our_processes_fit_into_the_memory_of_the_smallest_board(unit: Machine, say: Say) -> None:
    sizes = {service: megabytes(unit, service) for service in OURS}
    say(", ".join(f"{service} {size:.0f} MB" for service, size in sizes.items()))
    assert min(sizes.values()) > 0
    assert sum(sizes.values()) <= OURS_MB_MAX


def test_a_second_start_is_the_same_unit(unit: Machine, say: Say) -> None:
    look = f"cat /etc/machine-id {FOLDER}/enrolment.json"
    before = unit.do(look)
    unit.restart()
    assert unit.do(look) == before
    wait_until(lambda: unit.run(f"systemctl is-active {TAP}").returncode == 0, unit.said, PATIENCE_S, 1)
    ready = int(unit.shown(TAP, "ActiveEnterTimestampMonotonic")) / 1e6
    begun = int(unit.shown(TAP, "ExecMainStartTimestampMonotonic")) / 1e6
    say(f"a tap can be served {ready:.0f} s after the kernel began; {ready - begun:.0f} s of them are the daemon's")
