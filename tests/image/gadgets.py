"""A scanner and a printer at a machine's own USB: its Linux plays both ends of the cable (dummy_hcd).

The near end is all the image's: kernel drivers, udev, names, our drivers behind their walls. The far end is a gadget of
configfs, with the maker's number of a real device; to bind it to a controller is to plug it in.
"""

import base64
import io
from dataclasses import dataclass
from typing import Final

from PIL import Image

from tests.image.emulated import Machine
from tests.image.service import PYTHON

CONTROLLERS: Final = "modprobe dummy_hcd num=2 && modprobe -a libcomposite usb_f_acm usb_f_printer"
MAKE: Final = """
set -e
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
mkdir -p /sys/kernel/config/usb_gadget/{name} && cd /sys/kernel/config/usb_gadget/{name}
echo {vendor} >idVendor; echo {product} >idProduct
mkdir -p strings/0x409 configs/c.1 functions/{function}
echo {maker} >strings/0x409/manufacturer; echo {name} >strings/0x409/product; echo 1 >strings/0x409/serialnumber
ln -s functions/{function} configs/c.1
"""
SLIPS: Final = "/run/slips"
PAPER: Final = f"""
import os
from drivers.printer._machine import Machine
machine, far, out = Machine(576), os.open("/dev/g_printer0", os.O_RDWR), 0
os.makedirs("{SLIPS}")
while True:
    answer = machine.work(os.read(far, 4096))
    while answer:
        answer = answer[os.write(far, answer):]
    for slip in machine.slips[out:]:
        out += 1
        slip.save("{SLIPS}/new.png")
        os.rename("{SLIPS}/new.png", f"{SLIPS}/{{out}}.png")
"""


@dataclass(frozen=True)
class Gadget:
    """One device. `function`: of configfs; `controller`: the number of the one that it is plugged into."""

    machine: Machine
    name: str
    function: str
    maker: str
    vendor: str
    product: str
    controller: int

    def make(self) -> None:
        """Make it, and plug it in."""
        self.machine.do(MAKE.format(**vars(self)))
        self.plug()

    def plug(self) -> None:
        self._bind(f"dummy_udc.{self.controller}")

    def unplug(self) -> None:
        self._bind("")

    def _bind(self, controller: str) -> None:
        self.machine.do(f"echo '{controller}' >/sys/kernel/config/usb_gadget/{self.name}/UDC")


def scanner(machine: Machine) -> Gadget:
    return Gadget(machine, "scanner", "acm.usb0", "Newland", "0x1eab", "0x1a06", 0)


def printer(machine: Machine) -> Gadget:
    return Gadget(machine, "printer", "printer.usb0", "EPSON", "0x04b8", "0x0202", 1)


def begin_to_print(machine: Machine) -> None:
    """Put paper into the printer: what it takes comes out as pictures, one for each slip."""
    machine.do("cat >/run/paper.py", given=PAPER.encode())
    machine.do(f"systemd-run --quiet --unit=paper {PYTHON} /run/paper.py")


def slips(machine: Machine) -> list[Image.Image]:
    """Return what came out so far."""
    names = machine.run(f"ls {SLIPS} | grep -v new | sort -n").stdout.split()
    packed = [machine.do(f"base64 {SLIPS}/{name}") for name in names]
    return [Image.open(io.BytesIO(base64.b64decode(one))) for one in packed]
