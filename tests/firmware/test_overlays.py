"""Our overlays, applied to the device trees that Debian ships for the boards, and what then stands in the tree."""

import re
import subprocess
from pathlib import Path

import pytest

import render
import wiring
from tests.firmware.conftest import ROOT, run
from tests.firmware.test_render import BOARDS, KINDS

SOURCES = sorted((ROOT / "firmware-config/overlays").glob("*.dts"))
TPM = ROOT / "firmware-config/overlays/machitap-tpm-slb9670.dts"  # on the bus of the light ring, so without that
TOGETHER = [source for source in SOURCES if source != TPM]
PROVEN = [name for name in BOARDS if render.read(name, "tap")[0].kernel == "debian"]
I2C, I2S, SPI = "/soc/i2c@7e804000", "/soc/i2s@7e203000", "/soc/spi@7e204000"

# What drives each thing that an overlay names, by its word in the configuration of Debian's kernel.
DRIVERS = {
    "maxim,ds3231": "RTC_DRV_DS1307",
    "nxp,pcf85063a": "RTC_DRV_PCF85063",
    "lwn,bk4": "SPI_SPIDEV",
    "infineon,slb9670": "TCG_TIS_SPI",
    "maxim,max98357a": "SND_SOC_MAX98357A",
    "simple-audio-card": "SND_SIMPLE_CARD",
    "brcm,bcm2835": "ARCH_BCM2835",
}
# What docs/device.md says that it has none for: under-voltage, small screens on SPI, the Pi 5's inputs and outputs.
LACKS = ["SENSORS_RASPBERRYPI_HWMON", "TINYDRM_ILI9486", "FB_TFT", "DRM_PANEL_MIPI_DBI", "MISC_RP1"]
BUSES = ["I2C_BCM2835", "SPI_BCM2835", "SND_BCM2835_SOC_I2S", "BCM2835_WDT", "RTC_HCTOSYS"]

every_proven_board = pytest.mark.parametrize("board", PROVEN)


def tree(debian: Path, board: str) -> Path:
    (found,) = debian.glob(f"usr/lib/linux-image-*/broadcom/{render.read(board, 'tap')[0].device_tree}")
    return found


def compiled(source: Path, folder: Path) -> Path:
    render.compile_overlay(source, folder / f"{source.stem}.dtbo")
    return folder / f"{source.stem}.dtbo"


def applied(to: Path, overlays: list[Path], out: Path) -> subprocess.CompletedProcess[str]:
    return run("fdtoverlay", "-i", to, "-o", out, *overlays)


def said(of: Path, node: str, name: str, kind: str = "s") -> str:
    """Return what a node of a tree says; "" if it does not."""
    return run("fdtget", "-t", kind, "-d", "", of, node, name).stdout.strip()


def node_of(of: Path, phandle: str) -> str:
    """Return the path of the node that a reference leads to."""
    text = subprocess.run(
        ["dtc", "-q", "-I", "dtb", "-O", "dts", of], capture_output=True, text=True, check=True
    ).stdout
    path: list[str] = []
    for line in text.splitlines():
        if opened := re.match(r"\s*([^\s{]+) \{", line):
            path.append(opened.group(1).strip("/"))
        elif line.strip() == "};":
            path.pop()
        elif line.strip() == f"phandle = <{int(phandle):#04x}>;":
            return "/".join(path)
    raise AssertionError(f"nothing has the phandle {phandle}")


def pins_of(of: Path, node: str) -> set[int]:
    """Return the pins that a node switches to itself."""
    groups = said(of, node, "pinctrl-0", "i").split()
    return {int(pin) for group in groups for pin in said(of, node_of(of, group), "brcm,pins", "i").split()}


def test_the_boards_that_are_checked() -> None:
    assert PROVEN == ["cm4", "pi-3b-plus", "pi-4"]


@every_proven_board
def test_all_that_config_txt_asks_for_can_be_applied(debian: Path, tmp_path: Path, board: str) -> None:
    for kind in KINDS:
        asked = render.overlays(*render.read(board, kind))
        overlays = [compiled(ROOT / f"firmware-config/overlays/{name}.dts", tmp_path) for name in asked]
        done = applied(tree(debian, board), overlays, tmp_path / "whole.dtb") if overlays else None
        assert done is None or (done.returncode, done.stderr) == (0, ""), kind


@every_proven_board
def test_what_then_stands_in_the_tree(debian: Path, tmp_path: Path, board: str) -> None:
    whole, before = tmp_path / "whole.dtb", tree(debian, board)
    assert applied(before, [compiled(source, tmp_path) for source in TOGETHER], whole).returncode == 0
    assert [said(before, node, "status") for node in (SPI, I2S)] == ["disabled"] * 2, "so they have to be switched on"
    assert [said(whole, node, "status") for node in (I2C, SPI, I2S)] == ["okay"] * 3
    assert said(whole, f"{I2C}/rtc@68", "compatible") == "maxim,ds3231"
    assert said(whole, f"{I2C}/rtc@51", "compatible") == "nxp,pcf85063a"
    assert said(whole, "/aliases", "spi0") == SPI, "the ring is looked for at /dev/spidev0.0"
    assert said(whole, f"{SPI}/light-ring@0", "compatible") == "lwn,bk4"
    card = "/machitap-sound/simple-audio-card"
    assert node_of(whole, said(whole, f"{card},cpu", "sound-dai", "i")) == I2S
    assert node_of(whole, said(whole, f"{card},codec", "sound-dai", "i")) == "/machitap-amplifier"
    assert said(whole, I2S, "dma-names") == "tx rx"


@every_proven_board
def test_the_pins_are_those_that_wiring_reserves(debian: Path, tmp_path: Path, board: str) -> None:
    whole = tmp_path / "whole.dtb"
    applied(tree(debian, board), [compiled(source, tmp_path) for source in TOGETHER], whole)
    assert pins_of(whole, I2C) == set(wiring.PINS_OF["clock"])
    assert pins_of(whole, SPI) == set(wiring.PINS_OF["light ring"])
    assert pins_of(whole, I2S) == set(wiring.PINS_OF["amplifier"])
    assert pins_of(whole, "/soc/serial@7e215040") == set(wiring.PINS_OF[wiring.SERIAL])


@every_proven_board
def test_a_tpm_has_the_second_select_of_its_bus_and_the_pins_that_wiring_reserves(
    debian: Path, tmp_path: Path, board: str
) -> None:
    whole = tmp_path / "whole.dtb"
    assert applied(tree(debian, board), [compiled(TPM, tmp_path)], whole).returncode == 0
    assert (said(whole, SPI, "status"), said(whole, f"{SPI}/tpm@1", "compatible")) == ("okay", "infineon,slb9670")
    none, chip, pin, is_low = said(whole, SPI, "cs-gpios", "i").split()
    assert (none, node_of(whole, chip), pin, is_low) == ("0", "/soc/gpio@7e200000", "7", "1")
    assert pins_of(whole, SPI) == set(wiring.PINS_OF["TPM"])


@every_proven_board
def test_a_board_has_a_clock_of_its_own_only_where_we_say_so(debian: Path, board: str) -> None:
    path = tree(debian, board)
    has = b"nxp,pcf85063a" in path.read_bytes()
    assert has == (render.read(board, "tap")[0].clock == "pcf85063")


def test_debians_kernel_has_a_driver_for_all_that_is_named(debian: Path) -> None:
    (config,) = debian.glob("boot/config-*")
    has = set(re.findall("^CONFIG_(.*)=[ym]$", config.read_text(), re.MULTILINE))
    named = {name for source in SOURCES for name in re.findall(r'compatible = "(.*)"', source.read_text())}
    assert named == set(DRIVERS)
    assert {*DRIVERS.values(), *BUSES} <= has
    assert has.isdisjoint(LACKS)


def test_an_overlay_for_what_no_board_has_is_found_out(debian: Path, tmp_path: Path) -> None:
    text = (ROOT / "firmware-config/overlays/machitap-rtc-ds3231.dts").read_text()
    (tmp_path / "wrong.dts").write_text(text.replace("&i2c1", "&i2c9"))
    done = applied(tree(debian, "pi-4"), [compiled(tmp_path / "wrong.dts", tmp_path)], tmp_path / "whole.dtb")
    assert done.returncode != 0
    assert "FDT_ERR_NOTFOUND" in done.stderr
    (tmp_path / "torn.dts").write_text(text.replace("};", "", 1))
    with pytest.raises(wiring.WiringError, match=r"torn\.dts: .*syntax error"):
        compiled(tmp_path / "torn.dts", tmp_path)
