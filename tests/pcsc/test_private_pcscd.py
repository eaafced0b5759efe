"""The private pcscd itself: quick, apart from the machine's own, and gone without a trace."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import drivers
from drivers.card.sim import pcscd as pcscd_module
from drivers.card.sim.client import TableClient
from drivers.card.sim.pcscd import PrivatePcscd, PrivatePcscdError
from drivers.card.sim.plan import Plan
from drivers.card.sim.table import Order, RefusedError

pytestmark = pytest.mark.pcsc

ROOT = Path(drivers.__file__).parent.parent
HOLD = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts tests in the background ignores it
from drivers.card.sim.pcscd import PrivatePcscd
from smartcard import scard
private = PrivatePcscd(["held"])
private.start()
os.environ.update(private.environment)
code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
print(code, *scard.SCardListReaders(context, [])[1], sep="|", flush=True)
print(private._home, flush=True)
time.sleep(60)
"""


def hold(python: str = sys.executable, **more: object) -> tuple["subprocess.Popen[str]", str, Path]:
    """Start a process that holds a private pcscd; return it, what it saw, and its folder."""
    process = subprocess.Popen(
        [python, "-c", HOLD], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
    )  # type: ignore[call-overload]
    assert process.stdout is not None
    seen = process.stdout.readline().strip()
    return process, seen, Path(process.stdout.readline().strip())


def processes_of(home: Path) -> list[str]:
    """Find processes that were started with this folder in their command line."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
            if str(home) in words:
                found.append(words)
    return found


def wait_until(true: Callable[[], bool], seconds: float = 3.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def test_it_is_ready_in_well_under_a_second_and_leaves_nothing() -> None:
    begun = time.monotonic()
    with PrivatePcscd(["one", "two"]) as private:
        assert time.monotonic() - begun < 1.0
        home = private._home
        assert len(processes_of(home)) >= 2
    assert not home.exists()
    assert processes_of(home) == []


def test_two_of_them_do_not_meet() -> None:
    with PrivatePcscd(["one"]) as one, PrivatePcscd(["one"]) as other:
        assert one.socket != other.socket
        one.table.tell(Order("kill_pcscd"))
        assert list(other.table.state()) == ["one", "one/1"]
        one.restart()


def test_the_machine_s_own_pcscd_is_not_touched() -> None:
    before = Path("/run/pcscd").exists(), listening()
    with PrivatePcscd(["one"]):
        assert (Path("/run/pcscd").exists(), listening()) == before
    assert (Path("/run/pcscd").exists(), listening()) == before


def listening() -> bool:
    """Tell whether anything in this network listens at vpcd's port."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(line.split()[1].endswith(":8C7B") for line in lines)


def test_what_pcscd_says_goes_into_a_file() -> None:
    """It tells of every card that is torn away; a pipe that nobody empties would stop it after a few hundred."""
    with PrivatePcscd(["talker"]) as private:
        mine = f"--config\0{private._home}/readers.conf".encode()
        found = [one for one in Path("/proc").glob("[0-9]*") if mine in _bytes(one / "cmdline")]
        assert len(found) == 1
        assert [(found[0] / "fd" / number).readlink() for number in "12"] == [private._home / "log"] * 2


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it has just ended


def test_it_ends_when_its_owner_is_killed() -> None:
    process, seen, home = hold()
    assert seen == "0|held 00 00|held 00 01"
    assert processes_of(home)
    process.kill()
    process.communicate()
    wait_until(lambda: not processes_of(home))
    shutil.rmtree(home)  # the folder is all that a killed owner leaves


def test_ctrl_c_at_the_terminal_is_the_owner_s() -> None:
    process, _, home = hold(start_new_session=True)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=5)
    assert "KeyboardInterrupt" in errors
    wait_until(lambda: not processes_of(home))
    shutil.rmtree(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else; everybody else is somebody already")
def test_an_ordinary_user_can_have_one() -> None:
    nobody = pwd.getpwnam("nobody")
    python, environment = sys.executable, dict(os.environ)
    try:
        subprocess.run([python, "-V"], user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[], check=True)
    except PermissionError:
        # This Python lies in somebody's home; the system's can use the same packages if it is of the same version.
        python = "/usr/bin/python3"
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
        version = subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout
        if not version.startswith(f"Python {sys.version_info.major}.{sys.version_info.minor}."):
            pytest.skip("no Python here that another user could run")
    process, seen, home = hold(python, user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[], env=environment)
    assert seen == "0|held 00 00|held 00 01", process.communicate()
    process.kill()
    process.communicate()
    wait_until(lambda: not processes_of(home))
    shutil.rmtree(home)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcscd_module, "_DRIVER", Path("/nowhere/libifdvpcd.so"))
    with pytest.raises(PrivatePcscdError, match="vsmartcard-vpcd"):
        PrivatePcscd(["one"]).start()


def test_a_machine_without_namespaces_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    unshare = tmp_path / "unshare"
    unshare.write_text("#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n")
    unshare.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    private = PrivatePcscd(["one"])
    with pytest.raises(PrivatePcscdError, match="unprivileged_userns_clone"):
        private.start()
    assert not private._home.exists()


@pytest.mark.parametrize("names", [[], ["a"] * 2, [f"r{n}" for n in range(9)], ['a"b'], ["a\nb"], [""], ["x" * 61]])
def test_names_that_no_reader_can_have(names: list[str]) -> None:
    with pytest.raises(ValueError, match="reader"):
        PrivatePcscd(names)


def test_a_path_too_long_for_a_socket(tmp_path: Path) -> None:
    with pytest.raises(PrivatePcscdError, match="too long"):
        PrivatePcscd(["one"], home=tmp_path / ("x" * 100))


# ---------------------------------------------------------------------------------------------- the table


def test_the_table_says_what_lies_where(pcscd: PrivatePcscd, planned: Callable[..., Plan]) -> None:
    plan = planned()
    pcscd.table.present("reader0", plan)
    state = pcscd.table.state()
    assert state["reader0"].card == plan.serial
    assert state["reader1"].card == ""
    pcscd.table.remove("reader0")
    assert pcscd.table.state()["reader0"].card == ""


def test_a_card_file_can_be_laid_down(pcscd: PrivatePcscd, tmp_path: Path, planned: Callable[..., Plan]) -> None:
    file = tmp_path / "card.toml"
    file.write_text(f'pki = "{planned().pki}"\n')
    pcscd.table.present("reader0", file)
    assert pcscd.table.state()["reader0"].card == str(file)


def test_one_card_lies_on_one_reader(pcscd: PrivatePcscd, planned: Callable[..., Plan]) -> None:
    plan = planned()
    pcscd.table.present("reader0", plan)
    with pytest.raises(RefusedError, match="lies on reader0"):
        pcscd.table.present("reader1", plan)
    pcscd.table.remove("reader0")
    pcscd.table.present("reader1", plan)


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (Order("present", "reader9"), "reader9"),
        (Order("dance", "reader0"), "dance"),
        (Order("present", "reader0", card="/nowhere.toml"), "nowhere"),
        (Order("start_pcscd"), "running"),
        (Order("present", "reader0", plan=Plan(pki=".")), "full path"),
    ],
)
def test_orders_that_cannot_be_obeyed(pcscd: PrivatePcscd, order: Order, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        pcscd.table.tell(order)


@pytest.mark.parametrize("line", [b"\n", b"{}\n", b'{"do": 3}\n', b'{"do": "state", "more": 1}\n', b"\xff\xfe\n"])
def test_lines_that_are_no_orders(pcscd: PrivatePcscd, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(pcscd.control))
        link.sendall(line)
        assert b'"ok":false' in link.recv(65_536)
    assert pcscd.table.state()


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        TableClient(tmp_path / "table").state()
