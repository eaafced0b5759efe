"""A unit as an appliance: booted with a real systemd, let in by a real town, hung, killed and looked at."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.appliance.live import machi, wait_until
from tests.appliance.uplink.serving import Served
from tests.systemd.box import MACHI, ROOT, Box
from tests.systemd.conftest import FOLDER

TAP, UPLINK = "machi-tap.service", "machi-uplink.service"
CARDS, CALLS = "machi-tap", "machi-uplink"


def status(box: Box) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(box.run(MACHI, "unit", "status", FOLDER, "--json").stdout or "{}")
    return found


def as_user(box: Box, user: str, *command: str) -> bool:
    """Tell whether a user, with all groups that it has, can do something."""
    done = box.run("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *command)
    return done.returncode == 0


def test_the_unit_serves_and_its_journal_reaches_the_town(box: Box, town: Served) -> None:
    wait_until(lambda: status(box).get("unsent") == 0, lambda: f"{status(box)}\n{box.log(UPLINK)}", 60)
    seen = status(box)
    assert (seen["closed"], seen["reader_service"]) == (None, True), "pcscd answers behind its own walls"
    assert seen["contact_ms"] > 0
    (here,) = [line for line in machi("central", "status", town.folder).stdout.splitlines() if line.startswith("lib01")]
    assert "active" in here
    assert " 0 entries" not in here
    assert (box.shown(TAP, "User"), box.shown(UPLINK, "User")) == (CARDS, CALLS)
    assert box.do("systemctl", "list-units", "--failed", "--plain", "--no-legend") == ""


def test_root_asks_for_what_the_town_offers_from_behind_walls_of_its_own(box: Box) -> None:
    name = "machitap-update.service"
    service = ROOT / "image-build/root/usr/lib/systemd/system" / name
    box.do("tee", f"/usr/lib/systemd/system/{name}", given=service.read_text())
    box.do("mkdir", "-p", "/var/lib/machi-update", "/usr/lib/machitap")
    box.do("tee", "/usr/lib/machitap/updates.toml", given='name = "machitap-pi-4-tap"\nversion = "0.1.0"\n')
    box.do("systemctl", "daemon-reload")
    box.do("systemctl", "start", name)
    assert (box.shown(name, "ConditionResult"), box.log(name)) == ("no", ""), "nothing was fetched"
    begun = "mkdir -p /var/lib/machi-uplink/update && touch /var/lib/machi-uplink/update/0.part"
    box.do("sh", "-c", f"{begun} && chown -R {CALLS}: /var/lib/machi-uplink/update && systemctl start {name}")
    assert "the town offers nothing" in box.log(name)
    assert box.shown(name, "Result") == "success"


def test_systemd_calls_it_started_when_it_serves_and_not_before(box: Box) -> None:
    box.do("systemctl", "stop", TAP)
    box.do("systemctl", "start", TAP)  # returns at READY=1
    seen = status(box)
    assert seen["tip"], "the journal is open"
    assert seen["closed"] is None
    assert box.shown(TAP, "Type") == "notify"


def test_what_moves_pins_can_be_loaded_where_the_daemon_is_started(box: Box) -> None:
    """It makes a pipe there, behind the walls that all of our services have. Pins themselves are in tests/image."""
    as_tap = [f"{name}={box.shown(TAP, name)}" for name in ("User", "Group", "WorkingDirectory")]
    lines = ["[Service]", "Type=oneshot", *as_tap, "ExecStart=/opt/machitap/bin/python3 -c 'import lgpio'", ""]
    box.do("tee", "/run/systemd/system/machi-pins.service", given="\n".join(lines))
    box.do("systemctl", "daemon-reload")
    box.do("systemctl", "start", "machi-pins.service")


def test_the_daemon_has_no_network(box: Box) -> None:
    tap, uplink = (f"/proc/{box.process(service)}/net/dev" for service in (TAP, UPLINK))
    assert interfaces(tap) == ["lo"]
    assert interfaces(uplink) == interfaces("/proc/self/net/dev")
    wait_until(lambda: "127.0.0.1" in Path(tap).with_name("fib_trie").read_text(), "its own page cannot be reached")


def test_of_the_kernel_s_settings_the_daemon_may_reach_those_of_devices_only(box: Box) -> None:
    box.do("mount", "-o", "remount,rw", "/sys")  # as on a device; a container has it read-only
    box.do("systemctl", "restart", TAP)
    lines = Path(f"/proc/{box.process(TAP)}/mountinfo").read_text().splitlines()
    mounts = {line.split()[4]: line.split()[5].split(",")[0] for line in lines}
    assert (mounts["/sys"], mounts["/sys/devices"]) == ("ro", "rw")


def interfaces(table: str) -> list[str]:
    return sorted(line.split(":")[0].strip() for line in Path(table).read_text().splitlines()[2:])


def test_the_uplink_has_no_key_of_the_daemon_and_the_daemon_none_of_the_uplink(box: Box) -> None:
    for secret in ("unit.key.sealed", "enrolment.json", "journal.db"):
        assert as_user(box, CARDS, "cp", f"{FOLDER}/{secret}", "/dev/null")
        assert not as_user(box, CALLS, "cp", f"{FOLDER}/{secret}", "/dev/null")
    assert as_user(box, CALLS, "cp", "/var/lib/machi-uplink/device.key.sealed", "/dev/null")
    assert not as_user(box, CARDS, "cp", "/var/lib/machi-uplink/device.key.sealed", "/dev/null")
    assert not as_user(box, CALLS, "touch", f"{FOLDER}/new")


def test_each_can_write_where_its_own_things_are_and_nowhere_else(box: Box) -> None:
    """Tried as root, among what the service sees: these places are read-only whoever asks."""
    for service, own in ((TAP, FOLDER), (UPLINK, "/var/lib/machi-uplink")):
        inside = ["nsenter", f"--target={box.process(service)}", "--mount", "touch"]
        for place in ("/etc", "/opt", "/run", "/usr", "/var", "/var/lib"):
            done = subprocess.run([*inside, f"{place}/new"], capture_output=True, text=True, check=False)
            assert "Read-only file system" in done.stderr, f"{service} can write to {place}"
        subprocess.run([*inside, own], check=True)


@pytest.mark.parametrize("service", [TAP, UPLINK])
def test_nothing_is_left_of_what_it_could_have_done_as_root(box: Box, service: str) -> None:
    told = dict(line.split(":\t", 1) for line in Path(f"/proc/{box.process(service)}/status").read_text().splitlines())
    assert {int(told[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert (told["NoNewPrivs"], told["Seccomp"]) == ("1", "2")


def test_the_walls_let_it_ask_whether_the_clock_is_followed_and_not_set_it(box: Box) -> None:
    """Under ProtectClock= the question would be refused, and every unit would say that it does not know the time."""
    system = ROOT / "systemd/system"
    walls = "".join(
        (system / name).read_text() for name in ("machi-.service.d/10-walls.conf", f"{TAP}.d/20-clock.conf")
    )
    program = (
        "import ctypes, time\n"
        "print(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(256)) >= 0)\n"
        "time.clock_settime(time.CLOCK_REALTIME, time.time())\n"
    )
    run = "Type=oneshot\nExecStart=/usr/bin/python3 /run/clock.py\nStandardOutput=file:/run/said\nStandardError=inherit"
    box.do("tee", "/run/clock.py", given=program)
    box.do("tee", "/run/systemd/system/clock.service", given=f"{walls}\n{run}\n")
    box.do("systemctl", "daemon-reload")
    assert box.run("systemctl", "start", "clock.service").returncode != 0
    said = box.do("cat", "/run/said").splitlines()
    assert (said[0], said[-1]) == ("True", "PermissionError: [Errno 1] Operation not permitted")
    box.do("systemctl", "reset-failed", "clock.service")


@pytest.mark.fault(
    "the daemon hangs",
    people="The screen stands still; within half a minute the unit serves again.",
    lost="nothing",
    found="By systemd, which the loop that serves cards has to tell again and again that it is well; in the log.",
)
def test_a_loop_that_hangs_is_started_again(box: Box) -> None:
    """Only the thread that serves cards is held up; the others live, and must not be taken for it."""
    before = box.process(TAP)
    restarts = int(box.shown(TAP, "NRestarts"))
    hold = ["strace", "-qq", "-o", "/dev/null", "-p", str(before), "-e", "inject=all:delay_enter=60s"]
    with subprocess.Popen(hold, stderr=subprocess.DEVNULL) as held:
        try:
            wait_until(lambda: "Watchdog timeout" in box.log(TAP), lambda: box.log(TAP), 60)
        finally:
            held.kill()
    wait_until(lambda: int(box.shown(TAP, "NRestarts")) == restarts + 1, lambda: box.log(TAP), 60)
    wait_until(lambda: box.is_active(TAP), lambda: box.log(TAP), 60)
    assert box.process(TAP) != before
    assert status(box)["closed"] is None
    verified = json.loads(box.do(MACHI, "unit", "verify", FOLDER, "--json"))
    assert not verified["broken"]


def test_a_loop_that_works_is_left_alone(box: Box) -> None:
    before = box.process(TAP)
    time.sleep(3)  # its watchdog waits for two seconds here
    assert box.process(TAP) == before


@pytest.mark.parametrize("service", [TAP, UPLINK, "pcscd.service"])
def test_whoever_is_killed_comes_back(box: Box, service: str) -> None:
    before = box.process(service)
    box.do("systemctl", "kill", "--kill-whom=main", "--signal=KILL", service)
    wait_until(lambda: box.is_active(service) and box.process(service) not in (0, before), lambda: box.log(service), 60)
    wait_until(lambda: status(box).get("reader_service") is True, lambda: box.log(TAP), 60)


def test_what_only_a_person_can_mend_is_not_tried_for_ever(box: Box) -> None:
    box.do("systemctl", "stop", TAP)
    box.do("mv", f"{FOLDER}/unit.toml", f"{FOLDER}/unit.toml.away")
    assert box.run("systemctl", "start", TAP).returncode != 0
    assert box.shown(TAP, "ActiveState") == "failed"
    assert "no such file" in box.log(TAP)
    box.do("mv", f"{FOLDER}/unit.toml.away", f"{FOLDER}/unit.toml")
    box.do("systemctl", "start", TAP)
    assert status(box)["closed"] is None


def test_the_whole_unit_stops_and_starts_by_its_target(box: Box) -> None:
    box.do("systemctl", "stop", "machi-unit.target")
    assert not box.is_active(TAP)
    assert not box.is_active(UPLINK)
    box.do("systemctl", "start", "machi-unit.target")
    wait_until(lambda: box.is_active(TAP) and box.is_active(UPLINK), lambda: box.log(TAP), 60)


def test_the_log_lies_in_memory_and_journald_understands_how(box: Box) -> None:
    files = box.run("find", "/run/log/journal", "/var/log/journal", "-name", "*.journal").stdout.splitlines()
    assert files
    assert [path for path in files if not path.startswith("/run/")] == []
    assert "Runtime Journal (/run/log/journal/" in box.log("systemd-journald")
    assert "max 32.0M" in box.log("systemd-journald")
    assert "Unknown" not in box.log("systemd-journald")


def test_chrony_starts_behind_its_walls_and_hears_whom_dhcp_names(box: Box) -> None:
    """Without the right to set a clock, which in here is this machine's: that much is changed, and only here."""
    ours = box.shown("chrony.service", "Environment").removeprefix('"').removesuffix('"')
    assert ours == "DAEMON_OPTS=-F 1 -f /etc/chrony/machitap.conf"
    lines = ["[Unit]", "ConditionCapability=", "[Service]", f'Environment="{ours} -x"']
    box.do("mkdir", "-p", "/etc/systemd/system/chrony.service.d", "/run/systemd/netif")
    box.do("tee", "/etc/systemd/system/chrony.service.d/test.conf", given="\n".join(lines))
    box.do("tee", "/run/systemd/netif/state", given="OPER_STATE=routable\nNTP=192.0.2.7\n")
    box.do("systemctl", "daemon-reload")
    box.do("systemctl", "start", "chrony.service", "machi-time-sources.path")
    box.do("systemctl", "start", "machi-time-sources.service")
    assert "192.0.2.7" in box.do("chronyc", "-n", "sources")
    box.do(
        "sh", "-c", "echo NTP=192.0.2.8 >/run/systemd/netif/new && mv /run/systemd/netif/new /run/systemd/netif/state"
    )
    wait_until(lambda: "192.0.2.8" in box.do("chronyc", "-n", "sources"), lambda: box.log("machi-time-sources"))
    box.do("systemctl", "stop", "chrony.service", "machi-time-sources.path")
