"""Which of the slots that PC/SC lists are for cards that people hold there.

One device can be several slots: a field for contactless cards (PICC), a slit for contact cards (ICC), and a place for
an access module (SAM), which nobody but a technician ever touches. pcscd names a slot "Make Model [Interface] (serial)
01 00": the last numbers are the device's and the slot's. Pure.
"""

import re
from collections.abc import Sequence

_SECURE_MODULE = re.compile(r"\bSAM\b")
_CONTACTLESS = re.compile(r"\bPICC\b|\d?CL\b|\bNFC\b|\bRF\b|contactless|\bFeliCa\b", re.IGNORECASE)
_NUMBERS = re.compile(r"( \d\d \d\d)$")
_INTERFACE = re.compile(r"\[([^\]]*)\]")
_SERIAL = re.compile(r"\([^)]*\)")


def chosen(names: Sequence[str], part: str) -> list[str]:
    """Return the slots to use, in the order in which they are listed.

    Args:
        names: all that pcscd lists.
        part: a part of the name. Empty: every slot but those of access modules, and of a device that has a slot for
            contactless cards only this one. Whoever wants another one names it.
    """
    wanted = [name for name in names if part in name]
    if part:
        return [name for name in wanted if not _SECURE_MODULE.search(name) or _SECURE_MODULE.search(part)]
    wanted = [name for name in wanted if not _SECURE_MODULE.search(name)]
    contactless = {_device(name) for name in wanted if _is_contactless(name)}
    return [name for name in wanted if _is_contactless(name) or _device(name) not in contactless]


def _device(name: str) -> str:
    """Return what all slots of one model have in common."""
    return " ".join(_SERIAL.sub("", _INTERFACE.sub("", _NUMBERS.sub("", name))).split())


def _is_contactless(name: str) -> bool:
    """Tell whether the interface says so; "CL" in the name of the whole device says nothing about this slot."""
    interface = _INTERFACE.search(name)
    return bool(interface and _CONTACTLESS.search(interface[1]))
