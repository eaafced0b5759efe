"""Which system is started: one sector on a FAT that nobody mounts, and a firmware that can be told to fail."""

import subprocess
from pathlib import Path

import pytest

from appliance.slots import Slots
from drivers.boot import Boot, BootError, Boots, CannotTryError, Slot, _fat, none
from drivers.boot.pi import Driver as Pi
from drivers.boot.sim import Driver as Sim
from drivers.boot.sim import Fault, PowerCutError
from drivers.check import State

A, B = Slot.A, Slot.B
AUTOBOOT = b"[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n"
CMDLINE = b"root=PARTLABEL=system_a ro rootwait net.ifnames=0 panic=10 quiet\n"


def fat(partition: Path, files: dict[str, bytes], kib: int = 16_384, *options: str) -> Path:
    """Make a FAT with a few files, by other programs than ours; the first of them is in the way."""
    with partition.open("wb") as file:
        file.truncate(kib * 1024)
    subprocess.run(["mkfs.vfat", *options, str(partition)], check=True, capture_output=True)
    for name, content in {"a long name that is in the way.txt": b"x" * 5_000, **files}.items():
        path = partition.with_name("one")
        path.write_bytes(content)
        subprocess.run(["mcopy", "-i", str(partition), str(path), f"::{name}"], check=True)
    return partition


def pi(folder: Path, sign: str = "vcio") -> Pi:
    """Return a board's driver on partitions that are files; `sign`: by what it sees that its kernel can try."""
    fat(folder / "bootcfg", {"autoboot.txt": AUTOBOOT})
    for slot in Slot:
        fat(folder / f"boot_{slot}", {"cmdline.txt": CMDLINE})
    (folder / "cmdline").write_bytes(CMDLINE)
    (folder / sign).touch()
    names = {"bootcfg": "bootcfg", "slots": "boot_", "cmdline": "cmdline", "reboot": "reboot"}
    names |= {"firmware": "vcio", "module": "machitap_tryboot"}
    return Pi(Pi.Options(**{option: str(folder / name) for option, name in names.items()}))


@pytest.fixture(params=["pi", "sim"])
def boot(request: pytest.FixtureRequest, tmp_path: Path) -> Boot:
    if request.param == "pi":
        return pi(tmp_path)
    sim = Sim(Sim.Options(str(tmp_path / "firmware")))
    sim.set(A, B)
    return sim


def test_every_make_says_what_is_started(boot: Boot) -> None:
    assert boot.tries
    assert boot.look() == Boots(A, A, B, is_armed=False)
    boot.set(B, A)
    boot.arm()
    assert boot.look() == Boots(A, B, A, is_armed=True)
    boot.set(B, B)
    boot.disarm()
    boot.disarm()
    assert boot.look() == Boots(A, B, B, is_armed=False)
    boot.point(B)
    boot.point(B)


# ---------------------------------------------------------------------------------------------- a board


@pytest.mark.parametrize(("kib", "options"), [(4_096, ()), (16_384, ()), (98_304, ()), (98_304, ("-F", "32"))])
def test_one_sector_is_written_and_other_programs_read_it(tmp_path: Path, kib: int, options: tuple[str, ...]) -> None:
    partition = fat(tmp_path / "p", {"autoboot.txt": AUTOBOOT, "cmdline.txt": CMDLINE}, kib, *options)
    before = partition.read_bytes()
    assert _fat.read(partition, "autoboot.txt") == AUTOBOOT
    _fat.change(partition, "autoboot.txt", lambda text: text.replace(b"2\n[try", b"3\n[try"))
    after = partition.read_bytes()
    differ = [at for at in range(0, len(before), 512) if before[at : at + 512] != after[at : at + 512]]
    assert len(differ) == 1
    read = subprocess.run(["mtype", "-i", str(partition), "::autoboot.txt"], check=True, capture_output=True).stdout
    assert read == AUTOBOOT.replace(b"2\n[try", b"3\n[try")
    assert subprocess.run(["fsck.vfat", "-n", str(partition)], check=False, capture_output=True).returncode == 0


def test_what_is_not_as_it_should_be_is_left_as_it_is(tmp_path: Path) -> None:
    partition = fat(tmp_path / "p", {"cmdline.txt": b"x" * 600, "autoboot.txt": AUTOBOOT})
    before = partition.read_bytes()
    with pytest.raises(BootError, match="600 bytes"):
        _fat.read(partition, "cmdline.txt")
    with pytest.raises(BootError, match="another length"):
        _fat.change(partition, "autoboot.txt", lambda text: text + b"\n")
    with pytest.raises(BootError, match=r"there is no config\.txt"):
        _fat.read(partition, "config.txt")
    with pytest.raises(BootError, match="No such file"):
        _fat.read(tmp_path / "nowhere", "config.txt")
    (tmp_path / "erofs").write_bytes(bytes(4096))
    with pytest.raises(BootError, match="no FAT"):
        _fat.read(tmp_path / "erofs", "config.txt")
    assert partition.read_bytes() == before


def test_a_line_of_somebodys_own_is_not_written_over(tmp_path: Path) -> None:
    board = pi(tmp_path)
    own = AUTOBOOT + b"# mine\n"
    (tmp_path / "bootcfg").unlink()
    fat(tmp_path / "bootcfg", {"autoboot.txt": own})
    with pytest.raises(BootError, match="not as this system writes it"):
        board.set(B, A)
    assert _fat.read(tmp_path / "bootcfg", "autoboot.txt") == own
    assert Pi.probe(board._options).state is State.FAIL


def test_the_same_files_start_either_root(tmp_path: Path) -> None:
    board = pi(tmp_path)
    board.point(B)
    assert _fat.read(tmp_path / "boot_b", "cmdline.txt") == CMDLINE.replace(b"system_a", b"system_b")
    assert _fat.read(tmp_path / "boot_a", "cmdline.txt") == CMDLINE
    (tmp_path / "cmdline").write_bytes(CMDLINE.replace(b"system_a", b"system_b"))
    assert board.look().booted is B


@pytest.mark.parametrize("sign", ["vcio", "machitap_tryboot"])
def test_the_makers_kernel_can_try_and_debians_with_our_module(tmp_path: Path, sign: str) -> None:
    board = pi(tmp_path, sign)
    assert board.tries
    Slots(board).start_next(B)
    assert (tmp_path / "reboot").read_text() == "0 tryboot"
    assert Pi.probe(board._options).state is State.OK


def test_debians_kernel_alone_cannot_try_and_says_so(tmp_path: Path) -> None:
    board = pi(tmp_path, "nothing")
    assert not board.tries
    with pytest.raises(CannotTryError, match="and no module does"):
        Slots(board).start_next(B)
    assert board.look() == Boots(A, A, B, is_armed=False)
    check = Pi.probe(board._options)
    assert (check.state, "cannot try an update" in check.en) == (State.WARN, True)


def test_a_restart_for_something_else_is_no_trial(tmp_path: Path) -> None:
    board = pi(tmp_path)
    (tmp_path / "reboot").write_text("3")
    assert not board.look().is_armed
    board.disarm()
    assert (tmp_path / "reboot").read_text() == "3"
    board.arm()
    assert (tmp_path / "reboot").read_text() == "0 tryboot"


def test_a_device_without_slots_refuses() -> None:
    device = none.Driver()
    assert not device.tries
    for refused in (device.look, device.arm, lambda: device.set(A, B), lambda: device.point(A)):
        with pytest.raises(BootError, match="no second slot"):
            refused()
    device.disarm()


# ---------------------------------------------------------------------------------------------- a firmware that fails


def test_a_trial_is_a_single_one(tmp_path: Path) -> None:
    board = Sim(Sim.Options(str(tmp_path)))
    board.set(A, B)
    board.arm()
    assert [board.start(), board.start()] == [B, A]
    board.arm()
    board.fail(Fault.FLAG_LOST)
    assert board.start() is A
    board.fail(Fault.FLAG_LOST, on=False)
    board.arm()
    board.fail(Fault.B_DEAD)
    assert board.start() is A, "a kernel that gives up starts anew, and that is no trial"
    board.fail(Fault.A_DEAD)
    with pytest.raises(BootError, match="no slot"):
        board.start()


@pytest.mark.parametrize("fault", [Fault.CUT_BEFORE_SET, Fault.CUT_BEFORE_POINT, Fault.CUT_BEFORE_ARM])
def test_power_that_goes_in_between_starts_what_ran_before(tmp_path: Path, fault: Fault) -> None:
    board = Sim(Sim.Options(str(tmp_path)))
    board.fail(fault)
    with pytest.raises(PowerCutError):
        Slots(board).start_next(B)
    board.fail(fault, on=False)
    assert Sim(Sim.Options(str(tmp_path))).start() is A
    Slots(board).start_next(B)
    assert board.start() is B
