"""autoboot.txt as bytes: what a Raspberry Pi's firmware reads in the first partition of a card.

It is always of the same length, so that it can be written over in its place.
"""

import re
from typing import Final

from drivers.boot import BootError, Slot

PARTITIONS: Final = {Slot.A: 2, Slot.B: 3}  # as image-build and firmware-config number them
_FORM: Final = re.compile(
    rb"\[all\]\ntryboot_a_b=1\nboot_partition=([23])\n\[tryboot\]\nboot_partition=([23])\n", re.ASCII
)


def text(primary: Slot, tried: Slot) -> bytes:
    """Return the file that starts one slot, and one for a trial."""
    always, once = PARTITIONS[primary], PARTITIONS[tried]
    return f"[all]\ntryboot_a_b=1\nboot_partition={always}\n[tryboot]\nboot_partition={once}\n".encode()


def read(raw: bytes) -> tuple[Slot, Slot]:
    """Undo `text`.

    Raises:
        BootError: somebody wrote it by hand.
    """
    found = _FORM.fullmatch(raw)
    if not found:
        raise BootError("autoboot.txt is not as this system writes it, so nothing in it is changed")
    slots = {number: slot for slot, number in PARTITIONS.items()}
    return slots[int(found[1])], slots[int(found[2])]
