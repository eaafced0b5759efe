"""What a board is made of, read from trees of files as Linux shows them."""

from pathlib import Path

from drivers.inventory import Part, take

FILES = {
    "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.5\0",
    "proc/meminfo": "MemTotal:        1894324 kB\nMemFree: 5 kB\n",
    "proc/sys/kernel/arch": "aarch64\n",
    "proc/sys/kernel/osrelease": "6.12.117+deb13-arm64\n",
    "etc/os-release": 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n',
    "var/lib/dpkg/status": "Package: pcscd\nStatus: install ok installed\nVersion: 2.3.3-1\n\n"
    "Package: libccid\nStatus: deinstall ok config-files\nVersion: 1.6.2-1\n\n"
    "Package: nano\nStatus: install ok installed\nVersion: 8.4-1\nDescription: an editor\n of text\n",
    "sys/bus/usb/devices/usb1/idVendor": "1d6b\n",
    "sys/bus/usb/devices/usb1/idProduct": "0002\n",
    "sys/bus/usb/devices/1-1.2/idVendor": "072f\n",
    "sys/bus/usb/devices/1-1.2/idProduct": "223b\n",
    "sys/bus/usb/devices/1-1.2/manufacturer": "ACS\n",
    "sys/bus/usb/devices/1-1.2/product": "ACR1252 Dual Reader\n",
    "sys/bus/usb/devices/1-1.2/serial": "SECRET-7\n",
    "sys/bus/usb/devices/1-1.2:1.0/bInterfaceClass": "0b\n",
    "sys/block/mmcblk0/size": "31116288\n",
    "sys/block/mmcblk0/device/name": "SC16G\n",
    "sys/block/loop0/size": "8\n",
}


def test_a_board_is_told_apart_and_no_serial_number_is_read(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    board = take(tmp_path)
    assert (board.model, board.processor, board.memory_bytes) == (
        "Raspberry Pi 4 Model B Rev 1.5", "aarch64", 1_894_324 * 1024,
    )  # fmt: skip
    assert (board.linux, board.system) == ("6.12.117+deb13-arm64", "Debian GNU/Linux 13 (trixie)")
    assert board.packages == {"pcscd": "2.3.3-1"}
    assert board.parts == [
        Part("usb", "072f:223b", "ACS ACR1252 Dual Reader"),
        Part("disk", "mmcblk0", "SC16G", 31_116_288 * 512),
    ]
    assert "SECRET" not in str(board)


def test_what_cannot_be_read_is_left_empty(tmp_path: Path) -> None:
    (tmp_path / "proc/device-tree/model").mkdir(parents=True)
    (tmp_path / "sys/block/sda").mkdir(parents=True)
    (tmp_path / "sys/block/sda/size").write_text("many\n")
    board = take(tmp_path)
    assert (board.model, board.memory_bytes, board.packages, board.parts) == ("", 0, {}, [])


def test_this_machine_can_be_looked_at() -> None:
    board = take()
    assert board.memory_bytes > 0
    assert board.packages["pcscd"]
