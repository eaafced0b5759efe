"""What the firmware of a board reads: every board with every kind of unit, and what is refused."""

import re
import sys
from pathlib import Path

import msgspec
import pytest

import render
import wiring
from drivers.button.gpio import Driver as Buttons
from drivers.light.gpio import Driver as Lamps
from drivers.sound.buzzer import Driver as Buzzer
from tests.firmware.conftest import ROOT, run

FOLDER = ROOT / "firmware-config"
BOARDS = sorted(path.stem for path in FOLDER.glob("boards/*.toml"))
KINDS = sorted(path.stem for path in FOLDER.glob("kinds/*.toml"))
every_board = pytest.mark.parametrize("board", BOARDS)
every_kind = pytest.mark.parametrize("kind", KINDS)

PI_4_TAP = """\
# Raspberry Pi 4 Model B; a tap without a screen. Rendered by firmware-config/render.py: change its TOML, not this file.
arm_64bit=1
kernel=vmlinuz
initramfs initrd.img followkernel
upstream_kernel=1
device_tree=bcm2711-rpi-4-b.dtb
enable_uart=0
camera_auto_detect=0
display_auto_detect=0
disable_splash=1
core_freq_min=500
dtoverlay=machitap-rtc-ds3231
dtoverlay=machitap-light-ring
dtoverlay=machitap-amplifier
"""
PI_5_SMALL_SCREEN = """\
# Raspberry Pi 5; a tap with a small screen. Rendered by firmware-config/render.py: change its TOML, not this file.
# Not proven: nobody has tried these lines, and none of them is checked against a device tree.
arm_64bit=1
kernel=vmlinuz
initramfs initrd.img followkernel
enable_uart=0
camera_auto_detect=0
display_auto_detect=0
disable_splash=1
dtparam=i2c_arm=on
dtoverlay=i2c-rtc,ds3231
dtparam=spi=on
dtoverlay=hifiberry-dac
dtoverlay=vc4-kms-v3d
"""


def rendered(board: str, kind: str, out: Path) -> Path:
    done = run(sys.executable, FOLDER / "render.py", board, kind, out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return out


def words(config: str) -> list[str]:
    """Return the word that each line of a config.txt begins with."""
    return [re.split("[ =]", line)[0] for line in config.splitlines() if not line.startswith("#")]


def test_the_boards_and_kinds_that_we_speak_of() -> None:
    assert BOARDS == ["cm4", "pi-3b-plus", "pi-4", "pi-5", "zero-2-w"]
    assert KINDS == ["bus", "kiosk", "small-screen", "tap", "tap-lamps"]


@every_board
@every_kind
def test_every_board_with_every_kind(board: str, kind: str) -> None:
    described = render.read(board, kind)
    config = render.config_txt(*described)
    said = words(config)
    single = [word for word in said if word not in ("dtoverlay", "dtparam")]
    assert len(set(single)) == len(single), "the firmware takes the last of two, and a reader the first"
    lines = [line for line in config.splitlines() if line[0] != "#"]
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9_]+=\S+|initramfs initrd.img followkernel", line)] == []
    assert ("Not proven" in config) == (described[0].kernel == "vendor") == (board in ("pi-5", "zero-2-w"))
    assert ("dtparam" in said) <= (described[0].kernel == "vendor"), "Debian's device trees know no parameter"
    ours = [f"dtoverlay={name}" for name in render.overlays(*described)]
    assert [line for line in lines if "machitap-" in line] == ours
    assert bool(ours) == (board in ("pi-3b-plus", "pi-4") or (board == "cm4" and kind != "tap-lamps"))


@every_kind
def test_each_slot_names_its_own_root_and_else_says_the_same(kind: str) -> None:
    _, described = render.read("pi-4", kind)
    slot_a, slot_b = (render.cmdline_txt(described, slot) for slot in "ab")
    assert "root=PARTLABEL=system_a " in slot_a
    assert slot_a.replace("system_a", "system_b") == slot_b
    assert slot_a.count("\n") == 1, "the firmware reads one line"
    assert {"ro", "panic=10"} <= set(slot_a.split())
    on_screen = {"fbcon=map:9", "vt.global_cursor_default=0", "consoleblank=0"}
    assert (on_screen <= set(slot_a.split())) == (kind in ("small-screen", "kiosk"))


def test_to_the_letter() -> None:
    assert render.config_txt(*render.read("pi-4", "tap")) == PI_4_TAP
    assert render.config_txt(*render.read("pi-5", "small-screen")) == PI_5_SMALL_SCREEN
    assert render.autoboot_txt("a", "b") == "[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n"
    assert render.autoboot_txt("b", "a") == "[all]\ntryboot_a_b=1\nboot_partition=3\n[tryboot]\nboot_partition=2\n"


def test_a_ring_keeps_its_pace_only_where_there_is_one() -> None:
    for board, pace in (("pi-3b-plus", "core_freq=250"), ("pi-4", "core_freq_min=500"), ("cm4", "core_freq_min=500")):
        assert pace in render.config_txt(*render.read(board, "tap")).splitlines()
        assert "core_freq" not in render.config_txt(*render.read(board, "tap-lamps"))


def test_a_board_with_a_clock_gets_no_second_one() -> None:
    assert render.overlays(*render.read("cm4", "tap")) == ["machitap-light-ring", "machitap-amplifier"]
    assert render.overlays(*render.read("pi-4", "tap"))[0] == "machitap-rtc-ds3231"


def test_a_tpm_is_asked_for_where_a_kind_says_so(tmp_path: Path) -> None:
    (tmp_path / "till.toml").write_text('title = "a till"\ntpm = "slb9670"\n')
    for board, line in (("pi-4", "dtoverlay=machitap-tpm-slb9670"), ("pi-5", "dtoverlay=tpm-slb9670")):
        assert line in render.config_txt(*render.read(board, str(tmp_path / "till.toml"))).splitlines()
    described = [render.read("pi-4", kind)[1] for kind in ("tap-lamps", str(tmp_path / "till.toml"))]
    assert "tpm" not in render.config_txt(*render.read("pi-4", "tap-lamps"))
    assert ["systemd.tpm2_wait=1" in render.cmdline_txt(kind, "a") for kind in described] == [False, True]


def test_what_a_person_gets(tmp_path: Path) -> None:
    out = rendered("pi-4", "tap", tmp_path / "out")
    slot = ["cmdline.txt", "config.txt", "overlays"]
    files = {folder.name: sorted(path.name for path in folder.iterdir()) for folder in out.iterdir()}
    assert files == {"bootcfg": ["autoboot.txt"], "boot_a": slot, "boot_b": slot}
    asked = re.findall("^dtoverlay=(.*)$", (out / "boot_a/config.txt").read_text(), re.MULTILINE)
    assert sorted(path.stem for path in (out / "boot_a/overlays").iterdir()) == sorted(asked)
    assert (out / "bootcfg/autoboot.txt").stat().st_size < 512, "one sector: the old one or the new one"


def test_the_same_description_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = (rendered("cm4", "bus", tmp_path / name) for name in ("one", "two"))
    assert run("diff", "-r", one, two).returncode == 0


def test_debians_firmware_knows_every_word(debian: Path) -> None:
    """The firmware passes over a word that it does not know, and nobody would be told."""
    firmware = debian / "usr/lib/raspi-firmware"
    for name, elf in (("pi-3b-plus", "start.elf"), ("pi-4", "start4.elf"), ("cm4", "start4.elf")):
        known = (firmware / elf).read_bytes()
        for kind in KINDS:
            for word in (*words(render.config_txt(*render.read(name, kind))), *wiring.KEYS):
                assert re.search(rb"\b%s\b" % word.encode(), known), f"{elf} knows no {word}"
        assert b"kernel_watchdog_timeout" not in known, "docs/device.md says that it has none"
    for what in (b"tryboot_a_b", b"boot_partition", b"tryboot"):
        assert what in (firmware / "bootcode.bin").read_bytes()


TAP = 'title = "t"\nlight = "ring"\nsound = "amplifier"\nclock = "ds3231"\n'
BOARD = 'title = "b"\nkernel = "debian"\ndevice_tree = "x.dtb"\n'


@pytest.mark.parametrize(
    ("board", "kind", "says"),
    [
        (BOARD, TAP.replace('"amplifier"', '"buzzer"'), r'a buzzer needs both sound = "buzzer" and its pin'),
        (BOARD, TAP + "[pins]\nbuzzer = 18\n", r'a buzzer needs both sound = "buzzer" and its pin'),
        (
            BOARD,
            TAP + "[pins.buttons]\ncall = 18\n",
            "GPIO 18 is needed by amplifier and by button call; move",
        ),
        (BOARD, TAP + 'tpm = "slb9670"\n', "GPIO 9 is needed by light ring and by TPM; leave one of them out"),
        (BOARD, TAP + "[pins.buttons]\ncall = 10\n", "GPIO 10 is needed by light ring and by button call"),
        (BOARD, TAP + "[pins.buttons]\ncall = 3\n", "GPIO 3 is needed by clock and by button call"),
        (BOARD, TAP + "[pins.buttons]\ncall = 14\n", "GPIO 14 is needed by the serial line and by button call"),
        (BOARD, TAP + "[pins.buttons]\ncall = 5\ncancel = 5\n", "GPIO 5 is needed by button call and by button cancel"),
        (BOARD, TAP + "[pins.buttons]\ncall = 40\n", "button call is on GPIO 40; say the chip's number, 2 to 27"),
        (BOARD, TAP + "[pins.lamps]\nwhite = 5\n", 'lamps need both light = "lamps" and their pins'),
        (BOARD, TAP.replace('"ring"', '"lamps"'), 'lamps need both light = "lamps" and their pins'),
        (
            BOARD,
            TAP.replace('"ring"', '"rings"'),
            r"Invalid enum value 'rings' - at `\$.light`; Kind in",
        ),
        (BOARD, TAP + "speaker = 1\n", "unknown field `speaker`; Kind in wiring.py lists what may be said"),
        (BOARD, "title = ", "Kind in wiring.py lists what may be said"),
        (BOARD.replace('device_tree = "x.dtb"', ""), TAP, "device_tree is missing; name the file in Debian's kernel"),
        (BOARD + "[config]\ncore_frequency = 250\n", TAP, "we know no core_frequency; take one of core_freq,"),
        (
            BOARD + "[config]\ncore_freq = 250\n[config_ring]\ncore_freq = 400\n",
            TAP,
            "core_freq stands in both config and",
        ),
        (BOARD.replace('"b"', '"b\\nkernel=x"'), TAP, r"at `\$.title`; Board in wiring.py lists what may be said"),
        (BOARD.replace("x.dtb", "../x.dtb"), TAP, r"at `\$.device_tree`; Board in wiring.py lists what may be said"),
        (BOARD + "[config_ring]\ncore_freq = 251\n", TAP, "core_freq = 251 is not allowed; take one of 250, 400"),
    ],
)
def test_what_cannot_be_built_is_refused(tmp_path: Path, board: str, kind: str, says: str) -> None:
    (tmp_path / "board.toml").write_text(board)
    (tmp_path / "kind.toml").write_text(kind)
    with pytest.raises(wiring.WiringError, match=says):
        render.read(str(tmp_path / "board.toml"), str(tmp_path / "kind.toml"))


def test_a_person_is_told_what_to_say_instead(tmp_path: Path) -> None:
    done = run(sys.executable, FOLDER / "render.py", "pi-6", "tap", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("render: ")
    assert "pi-6.toml: no such file; say one of cm4, pi-3b-plus, pi-4, pi-5, zero-2-w, or" in done.stderr
    assert list(tmp_path.iterdir()) == []


@every_kind
def test_the_drivers_take_the_pins_as_they_are_named_here(kind: str) -> None:
    pins = render.read("pi-4", kind)[1].pins
    if pins.lamps:
        msgspec.convert({"lamps": pins.lamps}, Lamps.Options)
    if pins.buttons:
        msgspec.convert({"pins": pins.buttons}, Buttons.Options)
    if pins.buzzer is not None:
        msgspec.convert({"pin": pins.buzzer}, Buzzer.Options)
