"""Writes what a Raspberry Pi's firmware reads: `python firmware-config/render.py BOARD KIND OUT`.

Three folders come out, one for each small partition at the head of a card: `bootcfg` says which of the two others is
booted, `boot_a` and `boot_b` hold all that is told to firmware and kernel. The kernel (`vmlinuz`), `initrd.img`, the
device tree and the firmware itself come beside these from whoever builds the image.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import TypeVar

import msgspec

import wiring

Described = TypeVar("Described", wiring.Board, wiring.Kind)

HERE = Path(__file__).parent
SLOTS = {"a": 2, "b": 3}  # the numbers of the partitions that the firmware boots from
PREFIX = "machitap-"  # of our overlays, so that none is taken for one of Raspberry Pi's

# How each thing is said: with Debian's device trees by our own overlays (theirs know no dtparam=), with the vendor's by
# the vendor's.
SAID = {
    "debian": {
        "ds3231": ["dtoverlay=machitap-rtc-ds3231"],
        "pcf85063": ["dtoverlay=machitap-rtc-pcf85063"],
        "ring": ["dtoverlay=machitap-light-ring"],
        "amplifier": ["dtoverlay=machitap-amplifier"],
        "slb9670": ["dtoverlay=machitap-tpm-slb9670"],
        "screen": [],
    },
    "vendor": {
        "ds3231": ["dtparam=i2c_arm=on", "dtoverlay=i2c-rtc,ds3231"],
        "pcf85063": ["dtparam=i2c_arm=on", "dtoverlay=i2c-rtc,pcf85063a"],
        "ring": ["dtparam=spi=on"],
        "amplifier": ["dtoverlay=hifiberry-dac"],
        "slb9670": ["dtoverlay=tpm-slb9670"],
        "screen": ["dtoverlay=vc4-kms-v3d"],
    },
}


def autoboot_txt(good: str, other: str) -> str:
    """Return what boots the good slot, and the other one for a single trial."""
    return f"[all]\ntryboot_a_b=1\nboot_partition={SLOTS[good]}\n[tryboot]\nboot_partition={SLOTS[other]}\n"


def config_txt(board: wiring.Board, kind: wiring.Kind) -> str:
    """Return config.txt; the same for both slots."""
    lines = [f"# {board.title}; {kind.title}. Rendered by firmware-config/render.py: change its TOML, not this file."]
    if board.kernel == "vendor":
        lines.append("# Not proven: nobody has tried these lines, and none of them is checked against a device tree.")
    lines += ["arm_64bit=1", "kernel=vmlinuz", "initramfs initrd.img followkernel"]
    if board.kernel == "debian":
        lines += ["upstream_kernel=1", f"device_tree={board.device_tree}"]
    # Nobody listens at the serial line, and what the firmware finds by itself may take pins that are in use.
    lines += ["enable_uart=0", "camera_auto_detect=0", "display_auto_detect=0", "disable_splash=1"]
    lines += [f"{key}={value}" for key, value in board.config.items()]
    if kind.light == "ring":
        lines += [f"{key}={value}" for key, value in board.config_ring.items()]
    said = SAID[board.kernel]
    for thing in _things(board, kind):
        lines += said[thing]
    return "\n".join(lines) + "\n"


def cmdline_txt(kind: wiring.Kind, slot: str) -> str:
    """Return the one line for the kernel; it names the slot's own root."""
    words = [f"root=PARTLABEL=system_{slot}", "ro", "rootwait", "net.ifnames=0"]
    # A kernel that gives up starts anew: after a trial that is the way back to the good slot.
    words += ["panic=10", "quiet", "loglevel=4"]
    if kind.tpm != "none":
        words.append("systemd.tpm2_wait=1")  # what was sealed before it is there would be sealed by something less
    if kind.screen != "none":
        # A display that is switched on later than the board still gets a picture, and nothing but ours is on it.
        words += ["video=HDMI-A-1:D", "consoleblank=0", "vt.global_cursor_default=0", "fbcon=map:9"]
    return " ".join(words) + "\n"


def overlays(board: wiring.Board, kind: wiring.Kind) -> list[str]:
    """Return the names of our own overlays that config.txt asks for."""
    said = [line.removeprefix("dtoverlay=") for thing in _things(board, kind) for line in SAID[board.kernel][thing]]
    return [name for name in said if name.startswith(PREFIX)]


def _things(board: wiring.Board, kind: wiring.Kind) -> list[str]:
    clock = wiring.clock_to_add(board, kind)
    asked = {
        clock: clock != "none",
        "ring": kind.light == "ring",
        "amplifier": kind.sound == "amplifier",
        kind.tpm: kind.tpm != "none",
        "screen": kind.screen != "none",
    }
    return [thing for thing, wanted in asked.items() if wanted]


def read(board: str, kind: str) -> tuple[wiring.Board, wiring.Kind]:
    """Read a board and a kind of unit, each by its name in `boards/` and `kinds/` or by the path of a file elsewhere.

    Raises:
        WiringError: there is no such file, it is spelled wrongly, or the two cannot be built together.
    """
    described = _read("boards", board, wiring.Board), _read("kinds", kind, wiring.Kind)
    wiring.check(*described)
    return described


def _read(folder: str, name: str, what: type[Described]) -> Described:
    path = Path(name) if name.endswith(".toml") else HERE / folder / f"{name}.toml"
    try:
        return msgspec.toml.decode(path.read_bytes(), type=what)
    except FileNotFoundError:
        there = ", ".join(sorted(path.stem for path in (HERE / folder).glob("*.toml")))
        raise wiring.WiringError(
            f"{path}: no such file; say one of {there}, or the path of a .toml of your own"
        ) from None
    except msgspec.MsgspecError as error:
        raise wiring.WiringError(f"{path}: {error}; {what.__name__} in wiring.py lists what may be said") from error


def write(board: wiring.Board, kind: wiring.Kind, out: Path) -> None:
    """Write all three folders; compiles our overlays with dtc."""
    (out / "bootcfg").mkdir(parents=True, exist_ok=True)
    (out / "bootcfg" / "autoboot.txt").write_text(autoboot_txt("a", "a"))  # the other one is empty
    for slot in SLOTS:
        folder = out / f"boot_{slot}"
        (folder / "overlays").mkdir(parents=True, exist_ok=True)
        (folder / "config.txt").write_text(config_txt(board, kind))
        (folder / "cmdline.txt").write_text(cmdline_txt(kind, slot))
        for name in overlays(board, kind):
            compile_overlay(HERE / "overlays" / f"{name}.dts", folder / "overlays" / f"{name}.dtbo")


def compile_overlay(source: Path, out: Path) -> None:
    """Compile one overlay.

    Raises:
        WiringError: dtc is missing, or does not understand it.
    """
    try:
        command = ["dtc", "-@", "-O", "dtb", "-o", str(out), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise wiring.WiringError("dtc is missing; install the package device-tree-compiler") from None
    if done.returncode or done.stderr:
        raise wiring.WiringError(f"{source}: {done.stderr.strip()}")


def main() -> int:
    """Render what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("board", help="such as pi-4: a name in firmware-config/boards, or a .toml of your own")
    parser.add_argument("kind", help="such as tap: a name in firmware-config/kinds, or a .toml of your own")
    parser.add_argument("out", type=Path, help="a folder; what lies in it under the same names is written over")
    given = parser.parse_args()
    try:
        write(*read(given.board, given.kind), given.out)
    except wiring.WiringError as error:
        sys.stderr.write(f"render: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
